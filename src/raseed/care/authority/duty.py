"""Approvals among the house's clocks and duty: each runs a clock in the name of whoever it is before, who is at work if anybody is."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from raseed.kernel.clock import Clock

from ..clocks import api as clocks
from ..duty import api as duty
from ..models import AuthorityRequestRow

RULE: Final = "approval"


def away(institution_id: UUID, now: datetime) -> frozenset[UUID]:
    """Return who of an institution is on leave, ill, or not let in at an instant."""
    return frozenset(one.staff_id for one in duty.absences_of(institution_id, at=now) if one.covers(now))


def start_clock(row: AuthorityRequestRow, now: datetime, clock: Clock) -> None:
    """Let the clock of a request run; an institution that has retired the rule has none."""
    with suppress(clocks.UnknownRule):
        clocks.start_clock(
            subject_kind=clocks.SubjectKind.APPROVAL, subject_id=row.id, rule=RULE, institution_id=row.institution_id,
            team_id=_team(row, clock), assignee=row.assigned_to, at=now, clock=clock,
        )  # fmt: skip


def hand_over(row: AuthorityRequestRow, by: str, now: datetime, clock: Clock) -> None:
    """Let the clock be that of whoever the request is before now."""
    clocks.handed_over(
        subject_id=row.id, team_id=_team(row, clock), to=row.assigned_to, by=by, reason="", at=now, clock=clock
    )


def stop_clock(row: AuthorityRequestRow, by: str, now: datetime, clock: Clock, *, decided: bool) -> None:
    """Stop the clock: somebody has decided, or nobody needs to any more."""
    reason = clocks.StopReason.DONE if decided else clocks.StopReason.NOT_NEEDED
    clocks.stop_clock(subject_id=row.id, rule=RULE, by=by, reason=reason, at=now, clock=clock)


def _team(row: AuthorityRequestRow, clock: Clock) -> UUID:
    return duty.default_team(row.institution_id, clock=clock).id
