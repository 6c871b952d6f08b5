"""The server's own verifier, written apart from the stand-alone one, judges every vector as that one does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from raseed.display.proof.certificate import Certificate
from raseed.display.proof.refusals import CertificateRefused
from raseed.display.proof.verify import check
from raseed.ledger.log.note import Verifier

from .grove import AS_OF_US, KEY
from .vectors import PROVEN, Vector, vectors

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALL = [each for each in vectors() if each.name != "older_than_seen-batch"]
"""The server remembers no batch: it keeps no memory of roots at all."""


def verdict(vector: Vector) -> str:
    given = vector.given
    seen, account, amount = given.get("seen"), given.get("account"), given.get("amount")
    try:
        certificate = Certificate.parse(vector.data)
        check(
            certificate,
            [Verifier.parse(str(KEY))],
            now=EPOCH + timedelta(microseconds=int(str(given.get("oldest_us", AS_OF_US)))),
            fresh=timedelta(0),
            seen={certificate.root.origin: int(seen["as_of_us"])} if isinstance(seen, dict) else None,
            account_id=None if account is None else UUID(str(account)),
            booked_minor=None if amount is None else int(str(amount)),
        )
    except CertificateRefused as refused:
        return refused.code
    return PROVEN


@pytest.mark.parametrize("vector", ALL, ids=lambda each: each.name)
def test_the_servers_verifier_judges_as_the_index_says(vector: Vector) -> None:
    assert verdict(vector) == vector.expect
