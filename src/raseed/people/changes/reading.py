"""Reads of changes: one, or those of an institution page by page; a proposal that nobody decided in time reads expired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.platform.api import decode_cursor, encode_cursor

from ..models import ChangeRow, ChangeStepRow
from .domain import Change, ChangeLine, ChangePage, ChangeState, ChangeStep, UnknownChange, as_json, change_kind

PAGE_MAX: Final = 200


def change(change_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> Change:
    """Return a change.

    Raises:
        UnknownChange: there is none with this id.
    """
    row = ChangeRow.objects.filter(id=change_id).first()
    if row is None:
        raise UnknownChange(field="change_id")
    return read(row, now=clock.now())


def changes(
    *,
    institution_id: UUID,
    state: ChangeState | str | None = None,
    subject: str | None = None,
    kind: str | None = None,
    before: str | None = None,
    limit: int = 50,
    clock: Clock = SYSTEM_CLOCK,
) -> ChangePage:
    """Return a page of an institution's changes, the latest proposed first; ``before`` is the marker of the last page.

    Raises:
        InvalidCursor: ``before`` is no marker of this list.
    """
    size, now = min(max(limit, 1), PAGE_MAX), clock.now()
    rows = ChangeRow.objects.filter(institution_id=institution_id)
    if state is not None:
        rows = rows.filter(_in_state(ChangeState(state), now))
    if subject is not None:
        rows = rows.filter(subject=subject)
    if kind is not None:
        rows = rows.filter(kind=kind)
    list_name = f"people.changes:{institution_id}:{state or ''}:{subject or ''}:{kind or ''}"
    if before is not None:
        at, change_id = decode_cursor(list_name, before)
        moment = datetime.fromisoformat(str(at))
        rows = rows.filter(Q(proposed_at__lt=moment) | Q(proposed_at=moment, id__lt=str(change_id)))
    found = list(rows.order_by("-proposed_at", "-id")[: size + 1])
    page = tuple(read(row, now=now) for row in found[:size])
    last = page[-1] if len(found) > size else None
    marker = encode_cursor(list_name, last.proposed_at.isoformat(), str(last.id)) if last else None
    return ChangePage(page, marker)


def change_history(change_id: UUID) -> list[ChangeStep]:
    """Return the steps of a change, the first one first."""
    rows = ChangeStepRow.objects.filter(change_id=change_id).order_by("position")
    return [ChangeStep(ChangeState(row.state), row.at, row.by, row.note) for row in rows]


def describe_change(one: Change, language: str) -> Sequence[ChangeLine]:
    """Return what a change alters, line by line, in ``language``."""
    return change_kind(one.kind).describe(one, language)


def change_is_outdated(one: Change) -> bool:
    """Say whether what an open change would alter is no longer as it was when it was proposed, so that it can't be confirmed."""
    try:
        return as_json(change_kind(one.kind).current(one)) != one.before
    except RaseedError:  # its subject is gone
        return True


def read(row: ChangeRow, *, now: datetime) -> Change:
    """Return the change that a row holds, as it stands ``now``."""
    state, decided_by, decided_at = ChangeState(row.state), row.decided_by, row.decided_at
    if state is ChangeState.OPEN and now >= row.expires_at:
        state, decided_by, decided_at = ChangeState.EXPIRED, "system", row.expires_at
    return Change(
        id=row.id,
        kind=row.kind,
        institution_id=row.institution_id,
        subject=row.subject,
        payload=row.payload,
        before=row.before,
        reason=row.reason,
        proposed_by=row.proposed_by,
        proposer=row.proposer,
        proposed_at=row.proposed_at,
        expires_at=row.expires_at,
        state=state,
        decided_by=decided_by,
        decided_at=decided_at,
        decision_note=row.decision_note,
    )


def _in_state(state: ChangeState, now: datetime) -> Q:
    if state is ChangeState.OPEN:
        return Q(state="open", expires_at__gt=now)
    if state is ChangeState.EXPIRED:
        return Q(state="expired") | Q(state="open", expires_at__lte=now)
    return Q(state=state.value)
