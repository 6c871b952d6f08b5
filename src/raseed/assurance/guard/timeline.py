"""A release goes a step on: under its row's lock, with the step's row, the audit record and the event, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection

from raseed.platform import api as platform

from ..events import RELEASE_MOVED
from .domain import BEFORE_GREEN, NEEDS_GREEN, SEEN_ANEW, ReleaseState, SystemKind, may_go
from .errors import IllegalMove, ReleaseUnknown, ShadowNotGreen
from .models import ReleaseRow, StepRow, SystemRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raseed.kernel.clock import Clock

AUDITED_FACTS_MAX = 12


def locked(release_id: UUID) -> ReleaseRow:
    """Return a release's row under its lock, with its system; call it in a transaction.

    Raises:
        ReleaseUnknown: there is none.
    """
    assert connection.in_atomic_block, "the look and the step are one transaction"
    row = ReleaseRow.objects.select_related("system").select_for_update(of=("self",)).filter(id=release_id).first()
    if row is None:
        raise ReleaseUnknown(field="release_id")
    return row


def locked_alone(release_id: UUID) -> ReleaseRow:
    """Return a release's row as ``locked`` does, and let nothing else begin to move what it moves meanwhile.

    Raises:
        ReleaseUnknown: there is none.
    """
    found = ReleaseRow.objects.select_related("system").filter(id=release_id).first()
    if found is None:
        raise ReleaseUnknown(field="release_id")
    lock_pointer(SystemKind(found.system.kind), found.system_id)
    return locked(release_id)


def lock_pointer(kind: SystemKind, code: str) -> SystemRow:
    """Lock the systems that show by the same pointer as this one, and return its row; before any of their releases."""
    rows = SystemRow.objects.select_for_update().order_by("code")
    same = rows.filter(kind=kind.value) if kind is SystemKind.GENERATION else rows.filter(code=code)
    return next(row for row in same if row.code == code)


def check_move(row: ReleaseRow, after: ReleaseState) -> None:
    """Refuse a step that is not open from where the release is.

    Raises:
        ShadowNotGreen: it leads to customers without a green shadow, and nobody forced it. IllegalMove: otherwise.
    """
    before, forced = ReleaseState(row.state), row.forced_by is not None
    if may_go(before, after, forced=forced):
        return
    if before in BEFORE_GREEN and after in NEEDS_GREEN:
        raise ShadowNotGreen
    raise IllegalMove(state=before.value, wanted=after.value)


def move(
    row: ReleaseRow,
    after: ReleaseState,
    *,
    actor: str,
    clock: Clock,
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Take the release that is locked in ``row`` a step on; nothing if it is there already and stays.

    Raises:
        ShadowNotGreen, IllegalMove: as ``check_move``.
    """
    check_move(row, after)
    before = row.state
    last = StepRow.objects.filter(release_id=row.id).order_by("-number").first()
    at = max(clock.now(), last.at) if last else clock.now()
    row.state = after.value
    if after in SEEN_ANEW:
        row.forced_by = None
    row.save(update_fields=["state", "forced_by"])
    append(row, last.number + 1 if last else 1, at=at, actor=actor, reason=reason, facts=facts or {})
    _tell(row, before, actor=actor, reason=reason, facts=facts or {}, clock=clock)


def begin(row: ReleaseRow, *, actor: str, clock: Clock, reason: str) -> None:
    """Keep a new release with its first step."""
    row.state = ReleaseState.REGISTERED.value
    row.save(force_insert=True)
    append(row, 1, at=row.registered_at, actor=actor, reason=reason, facts={})
    _tell(row, "", actor=actor, reason=reason, facts={"candidate": row.candidate}, clock=clock)


def append(row: ReleaseRow, number: int, *, at: Any, actor: str, reason: str, facts: Mapping[str, Any]) -> None:
    """Write a step of the timeline."""
    StepRow.objects.bulk_create(
        [
            StepRow(
                release_id=row.id, number=number, state=row.state, at=at, actor=actor, reason=reason, facts=dict(facts)
            )
        ]
    )


def _tell(row: ReleaseRow, before: str, *, actor: str, reason: str, facts: Mapping[str, Any], clock: Clock) -> None:
    said = {name: value for name, value in facts.items() if isinstance(value, str | int | bool)}
    platform.record(
        actor=actor,
        action="assurance.release_moved" if before else "assurance.release_registered",
        subject=f"release:{row.id}",
        before={"state": before} if before else None,
        after={"state": row.state, **dict(list(said.items())[:AUDITED_FACTS_MAX])},
        reason=reason,
        institution_id=row.system.institution_id,
        clock=clock,
    )
    platform.emit(
        RELEASE_MOVED,
        {"release_id": str(row.id), "system": row.system_id, "state": row.state, "before": before},
        institution_id=row.system.institution_id,
        clock=clock,
    )
