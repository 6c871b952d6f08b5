"""Who did what to which thing, when and why: written in the same transaction as the deed, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id

from .models import AuditRow

AuditValue = str | int | bool | None | list[str]
Facts = Mapping[str, AuditValue]

TRAIL_PAGE_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One deed. ``actor`` and ``subject`` are ``kind:id``, such as ``customer:0190…``; no personal data anywhere."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    before: Facts | None
    after: Facts | None
    reason: str
    institution_id: UUID | None


def record(
    *,
    actor: str,
    action: str,
    subject: str,
    before: Facts | None = None,
    after: Facts | None = None,
    reason: str = "",
    institution_id: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> UUID:
    """Record a deed in the caller's transaction and return the record's id.

    ``action`` is ``package.verb`` (``people.language_chosen``); ``before`` and ``after`` hold what changed, by id, code
    or count, never a name or a phone number: the table can't be erased from.
    """
    row = AuditRow(
        id=new_id(),
        at=clock.now(),
        actor=actor,
        action=action,
        subject=subject,
        institution_id=institution_id,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
        reason=reason,
    )
    row.save(force_insert=True)
    return row.id


def audit_trail(subject: str, *, limit: int = 50) -> list[AuditRecord]:
    """Return the latest deeds done to ``subject``, newest first, at most ``TRAIL_PAGE_MAX``."""
    rows = AuditRow.objects.filter(subject=subject).order_by("-position")[: min(limit, TRAIL_PAGE_MAX)]
    return [
        AuditRecord(
            row.id, row.at, row.actor, row.action, row.subject, row.before, row.after, row.reason, row.institution_id
        )
        for row in rows
    ]
