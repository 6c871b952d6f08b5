"""Who did what to which thing, when and why: written in the same transaction as the deed, never changed.

A record is found by its subject, by its actor, by its institution and, across packages, by the customer it is about.
Each is sealed with a key that is kept outside the database: a record altered or made up inside it is read as not intact.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id

from .cursors import decode_cursor, encode_cursor
from .keys import hash_with, key_text
from .models import AuditRow

AuditValue = str | int | bool | None | list[str]
Facts = Mapping[str, AuditValue]

TRAIL_PAGE_MAX: Final = 200
_KEY: Final = "audit-trail"
_CUSTOMER: Final = "customer:"
_KEY_MARK_BYTES: Final = 4
_SEAL_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One deed. ``actor`` and ``subject`` are ``kind:id``, such as ``customer:0190…``; no personal data anywhere.

    Attributes:
        customer_id: the customer whom the deed is about, whatever its subject is.
        intact: whether it is as it was written; ``None`` where that can't be told (written before there were seals, or
            its key is not here).
    """

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    before: Facts | None
    after: Facts | None
    reason: str
    institution_id: UUID | None
    customer_id: UUID | None = None
    intact: bool | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Records, the latest first, and the marker of the next page if there is one."""

    records: tuple[AuditRecord, ...]
    next: str | None


def record(
    *,
    actor: str,
    action: str,
    subject: str,
    before: Facts | None = None,
    after: Facts | None = None,
    reason: str = "",
    institution_id: UUID | None = None,
    customer_id: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> UUID:
    """Record a deed in the caller's transaction and return the record's id.

    ``action`` is ``package.verb`` (``people.language_chosen``); ``before`` and ``after`` hold what changed, by id, code
    or count, never a name or a phone number: the table can't be erased from. ``customer_id`` is whom the deed is about;
    by default the customer who is its subject, or else its actor. A view of something sensitive is a deed too.
    """
    row = AuditRow(
        id=new_id(),
        at=clock.now(),
        actor=actor,
        action=action,
        subject=subject,
        institution_id=institution_id,
        customer_id=customer_id or _customer_in(subject) or _customer_in(actor),
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
        reason=reason,
    )
    row.seal = _seal(row, key_text(_KEY))
    row.save(force_insert=True)
    return row.id


def audit_trail(subject: str, *, limit: int = 50) -> list[AuditRecord]:
    """Return the latest deeds done to ``subject``, newest first, at most ``TRAIL_PAGE_MAX``."""
    rows = AuditRow.objects.filter(subject=subject).order_by("-position")[: min(limit, TRAIL_PAGE_MAX)]
    key = key_text(_KEY)
    return [_read(row, key) for row in rows]


def audit_records(
    *,
    subject: str | None = None,
    actor: str | None = None,
    institution_id: UUID | None = None,
    customer_id: UUID | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: str | None = None,
    limit: int = 50,
) -> AuditPage:
    """Return a page of the deeds that fit all that is asked, the latest first.

    Args:
        subject: to this thing.
        actor: by this one.
        institution_id: at this institution.
        customer_id: about this customer, across packages; with ``institution_id`` also those of no institution, such
            as a choice of language.
        action: the beginning of the action's name, such as ``people.`` or ``banking.account_blocked``.
        since: at this instant or later.
        until: earlier than this instant.
        before: the marker of the last page.
        limit: at most so many, and never more than ``TRAIL_PAGE_MAX``.

    Raises:
        InvalidCursor: ``before`` is no marker of this list.
    """
    rows = _found(subject, actor, institution_id, customer_id)
    if action is not None:
        rows = rows.filter(action__startswith=action)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    asked = (subject, actor, institution_id, customer_id, action, since, until)
    list_name = "platform.audit:" + json.dumps([None if one is None else str(one) for one in asked])
    if before is not None:
        at, position = decode_cursor(list_name, before)
        moment = datetime.fromisoformat(str(at))
        rows = rows.filter(at__lte=moment).exclude(at=moment, position__gte=position)
    size = min(max(limit, 1), TRAIL_PAGE_MAX)
    found = list(rows.order_by("-at", "-position")[: size + 1])
    last = found[size - 1] if len(found) > size else None
    marker = encode_cursor(list_name, last.at.isoformat(), last.position) if last else None
    key = key_text(_KEY)
    return AuditPage(tuple(_read(row, key) for row in found[:size]), marker)


def _found(
    subject: str | None, actor: str | None, institution_id: UUID | None, customer_id: UUID | None
) -> QuerySet[AuditRow]:
    rows = AuditRow.objects.all()
    if subject is not None:
        rows = rows.filter(subject=subject)
    if actor is not None:
        rows = rows.filter(actor=actor)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if institution_id is None:
        return rows
    here = Q(institution_id=institution_id)
    return rows.filter(here if customer_id is None else here | Q(institution_id=None))


def _read(row: AuditRow, key: str) -> AuditRecord:
    return AuditRecord(
        id=row.id,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        before=row.before,
        after=row.after,
        reason=row.reason,
        institution_id=row.institution_id,
        customer_id=row.customer_id,
        intact=_intact(row, key),
    )


def _customer_in(name: str) -> UUID | None:
    if not name.startswith(_CUSTOMER):
        return None
    try:
        return UUID(name.removeprefix(_CUSTOMER))
    except ValueError:
        return None


def _seal(row: AuditRow, key: str) -> bytes:
    """Return the mark of the key, then the keyed hash of all that the record says."""
    said = [
        row.id, row.at.astimezone(UTC).isoformat(timespec="microseconds"), row.actor, row.action, row.subject,
        row.institution_id, row.customer_id, row.before, row.after, row.reason,
    ]  # fmt: skip
    text = json.dumps(said, default=str, sort_keys=True, separators=(",", ":"))
    return _mark_of(key) + hash_with(key, "record", text)[:_SEAL_BYTES]


def _intact(row: AuditRow, key: str) -> bool | None:
    if row.seal is None or bytes(row.seal)[:_KEY_MARK_BYTES] != _mark_of(key):
        return None
    return hmac.compare_digest(bytes(row.seal), _seal(row, key))


def _mark_of(key: str) -> bytes:
    return hash_with(key, "key")[:_KEY_MARK_BYTES]
