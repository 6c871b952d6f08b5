"""The keys that receipts are signed with: one at a time for an institution, derived from one file outside the database.

A key that has ended still proves what it signed while it held. One that is revoked, because somebody else may have had it,
proves nothing to strangers; our own page looks into the books beside it, so it goes on knowing what was really paid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from ..permissions import RECEIPT_KEYS
from .errors import ReceiptKeyMissing
from .models import ReceiptKeyRow
from .wire import key_id_of

SECRET: Final = "receipts"  # noqa: S105  (the name of a file, not what is in it)
_log = structlog.get_logger("raseed.bills")


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """The public half of a key, as it is published.

    Attributes:
        key_id: its name in receipts.
        generation: 1 for an institution's first.
        valid_from, valid_until: between which it signs; ``None``: it still does.
        revoked: somebody else may have had it.
    """

    key_id: str
    institution_id: UUID
    generation: int
    public_key: bytes
    valid_from: datetime
    valid_until: datetime | None
    revoked: bool

    def signs_on(self, day: date) -> bool:
        """Whether it signed on a day (UTC)."""
        return self.valid_from.date() <= day and (self.valid_until is None or day <= self.valid_until.date())


def receipt_keys(institution_ids: Iterable[UUID] | None = None) -> list[ReceiptKey]:
    """Return every key that receipts were ever signed with, the latest first."""
    rows = ReceiptKeyRow.objects.order_by("-valid_from", "-generation", "key_id")
    return [
        _told(row) for row in (rows if institution_ids is None else rows.filter(institution_id__in=institution_ids))
    ]


def key_called(key_id: str) -> ReceiptKey | None:
    """Return a key by its name in receipts."""
    row = ReceiptKeyRow.objects.filter(key_id=key_id).first()
    return None if row is None else _told(row)


def signing_key(institution_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> Ed25519PrivateKey:
    """Return the key that an institution's receipts are signed with now; its first is made when it is first needed.

    Raises:
        ReceiptKeyMissing: the file that it was derived from is another now.
    """
    row = ReceiptKeyRow.objects.filter(institution_id=institution_id, valid_until=None).first()
    if row is None:
        with transaction.atomic():
            ReceiptKeyRow.objects.bulk_create([_made(institution_id, 1, clock)], ignore_conflicts=True)
        row = ReceiptKeyRow.objects.get(institution_id=institution_id, valid_until=None)
    key = _derived(institution_id, row.generation)
    if key.public_key().public_bytes_raw() != bytes(row.public_key):
        _log.error("receipt_key_missing", institution=str(institution_id), key=row.key_id)
        raise ReceiptKeyMissing
    return key


def renew_receipt_key(
    institution_id: UUID, *, by: people.Author, reason: str, revoke: bool = False, clock: Clock = SYSTEM_CLOCK
) -> ReceiptKey:
    """Sign receipts with a fresh key from now on, and return it. The one before ends; what it signed stays genuine.

    Args:
        institution_id: whose.
        by: who renews it.
        reason: why, 3 to 500 characters.
        revoke: somebody else may have had the one before: let strangers know that its signature proves nothing.
        clock: tells when.

    Raises:
        NotPermitted: ``by`` lacks ``bills.receipts.keys``. UnacceptableText: no reason.
    """
    people.require(by, RECEIPT_KEYS, institution_id)
    said, now = people.clean_reason(reason), clock.now()
    with transaction.atomic():
        known = list(
            ReceiptKeyRow.objects.select_for_update().filter(institution_id=institution_id).order_by("generation")
        )
        before = known[-1] if known else None
        if before is not None:
            before.valid_until, before.revoked = now, revoke
            before.save(update_fields=["valid_until", "revoked"])
        fresh = _made(institution_id, before.generation + 1 if before else 1, clock)
        fresh.save(force_insert=True)
        platform.record(
            actor=by.actor,
            action="bills.receipt_key_renewed",
            subject=f"institution:{institution_id}",
            before=None if before is None else {"key_id": before.key_id},
            after={"key_id": fresh.key_id, "revoked": revoke},
            reason=said,
            institution_id=institution_id,
            clock=clock,
        )
    return _told(fresh)


def _made(institution_id: UUID, generation: int, clock: Clock) -> ReceiptKeyRow:
    raw = _derived(institution_id, generation).public_key().public_bytes_raw()
    return ReceiptKeyRow(
        key_id=key_id_of(raw),
        institution_id=institution_id,
        generation=generation,
        public_key=raw,
        valid_from=clock.now(),
    )


def _derived(institution_id: UUID, generation: int) -> Ed25519PrivateKey:
    seed = platform.keyed_hash(SECRET, "sign", str(institution_id), str(generation))
    return Ed25519PrivateKey.from_private_bytes(seed)


def _told(row: ReceiptKeyRow) -> ReceiptKey:
    return ReceiptKey(
        key_id=row.key_id,
        institution_id=row.institution_id,
        generation=row.generation,
        public_key=bytes(row.public_key),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        revoked=row.revoked,
    )
