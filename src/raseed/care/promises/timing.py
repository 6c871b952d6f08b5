"""The clock of a question: its owner answers for it, or whom the team's duty names. In the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from raseed.kernel.clock import Clock

from ..clocks import api as clocks
from ..duty import api as duty
from .domain import Gap

RULE: Final = "gap"


def start(gap: Gap, *, at: datetime, clock: Clock) -> None:
    """Start it."""
    clocks.start_clock(
        subject_kind=clocks.SubjectKind.GAP, subject_id=gap.id, rule=RULE, institution_id=gap.institution_id,
        team_id=_team(gap, clock), assignee=gap.owner, at=at, clock=clock,
    )  # fmt: skip


def hand_over(gap: Gap, *, by: str, reason: str, at: datetime, clock: Clock) -> None:
    """Give it to the question's new owner."""
    clocks.handed_over(
        subject_id=gap.id, team_id=_team(gap, clock), to=gap.owner, by=by, reason=reason, at=at, clock=clock
    )


def stop(gap: Gap, *, by: str, at: datetime, clock: Clock) -> None:
    """Stop it: the question is answered, or another one's."""
    clocks.stop_clock(subject_id=gap.id, rule=RULE, by=by, reason=clocks.StopReason.DONE, at=at, clock=clock)


def _team(gap: Gap, clock: Clock) -> UUID:
    return gap.team_id or duty.default_team(gap.institution_id, clock=clock).id
