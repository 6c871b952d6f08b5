"""The prover as what is shown knows it: how far each ledger is certified, certificates, and why one is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from numpy.typing import NDArray

from ..proof.certificate import Certificate
from ..proof.refusals import CertificateRefused
from ..proving import Certified
from .certificates import certificates_of, checked, proven_population

_CERTIFIED = "SELECT ledger, batch FROM display_tree WHERE note <> ''"


class TreesOfThisHome:
    """Certifies by the trees and keys in this installation's home (``proving.Prover``)."""

    def certified_to(self) -> Mapping[int, int]:
        """Return, by ledger, the last batch that its latest root holds, as the prover has noted it."""
        with connection.cursor() as cursor:
            cursor.execute(_CERTIFIED)
            return dict(cursor.fetchall())

    def certificates(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Certified]:
        """Return the latest certificates of those accounts that have one."""
        return certificates_of(account_ids)

    def population(self, ledger: int) -> Iterator[NDArray[Any]]:
        """Yield all leaves of a ledger's tree."""
        return proven_population(ledger)

    def refusal(self, certificate: Certified, *, now: datetime) -> str:
        """Return the code with which a certificate is refused, or nothing where it proves its balance."""
        if not isinstance(certificate, Certificate):
            return CertificateRefused.code
        try:
            checked(certificate, now=now, account_id=certificate.account_id)
        except CertificateRefused as refused:
            return refused.code
        return ""
