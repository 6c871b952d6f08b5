"""The rooms beside conversations, behind the doors that conversations ask: duty and clocks of this house."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from raseed.kernel.clock import Clock

from ..clocks import api as clocks
from ..duty import api as duty

SYSTEM: Final = "system"
ANSWERS: Final = frozenset({clocks.ClockKind.FIRST_ANSWER, clocks.ClockKind.NEXT_ANSWER})


class HouseDuty:
    """Who answers, by teams, shifts and leave."""

    def default_team(self, institution_id: UUID, *, clock: Clock) -> UUID:
        """Return the team that takes what is for no team."""
        return duty.default_team(institution_id, clock=clock).id

    def is_team_of(self, team_id: UUID, institution_id: UUID) -> bool:
        """Say whether it is a team of the institution."""
        return any(team.id == team_id for team in duty.teams(institution_id))

    def teams_of(self, staff_id: UUID, institution_id: UUID, at: datetime) -> Sequence[UUID]:
        """Return the teams that someone belongs to or leads."""
        return [team.id for team in duty.teams_of(staff_id, institution_id, at=at)]

    def accountable(self, team_id: UUID, assignee: UUID | None, at: datetime) -> UUID:
        """Return who answers at an instant; never nobody."""
        return duty.accountable(team_id, assignee, at)


class HouseClocks:
    """The clocks of conversations and cases."""

    def message_arrived(
        self, *, conversation_id: UUID, institution_id: UUID, team_id: UUID, assignee: UUID | None, at: datetime,
        clock: Clock,
    ) -> None:  # fmt: skip
        """Start what runs until somebody answers."""
        clocks.message_arrived(
            conversation_id=conversation_id, institution_id=institution_id, team_id=team_id, assignee=assignee, at=at,
            clock=clock,
        )  # fmt: skip

    def answered(self, *, subject_id: UUID, by: UUID, at: datetime, clock: Clock) -> None:
        """Stop it, to somebody's credit."""
        clocks.answered(subject_id=subject_id, by=by, at=at, clock=clock)

    def answer_failed(
        self, *, conversation_id: UUID, institution_id: UUID, team_id: UUID, assignee: UUID | None, since: datetime,
        after: datetime | None, clock: Clock,
    ) -> datetime | None:  # fmt: skip
        """Let what answers stopped run on, in the hands in which the conversation is now; return when it was broken."""
        clocks.answer_failed(subject_id=conversation_id, after=after, clock=clock)
        clocks.handed_over(
            subject_id=conversation_id, team_id=team_id, to=assignee, by=SYSTEM, reason="", at=clock.now(), clock=clock
        )
        running = clocks.message_arrived(
            conversation_id=conversation_id, institution_id=institution_id, team_id=team_id, assignee=assignee, at=since,
            clock=clock,
        )  # fmt: skip
        return min((one.breached_at for one in running if one.kind in ANSWERS and one.breached_at), default=None)

    def waits_for_customer(self, *, subject_id: UUID, by: str, at: datetime, clock: Clock) -> None:
        """Let the clocks stand still whose rules count that; a message of the customer's lets them run on."""
        clocks.pause_clock(
            subject_id=subject_id, reason=clocks.PauseReason.WAITING_FOR_CUSTOMER, by=by, at=at, clock=clock
        )

    def taken_over_by(self, *, clock_id: UUID, at: datetime) -> UUID | None:
        """Return whose a broken clock is now, if it runs and its ladder was climbed."""
        return clocks.taken_over_by(clock_id, at=at)

    def closed(self, *, subject_id: UUID, by: str, at: datetime, clock: Clock) -> None:
        """Stop whatever runs."""
        clocks.closed(subject_id=subject_id, by=by, at=at, clock=clock)

    def handed_over(
        self, *, subject_id: UUID, team_id: UUID, to: UUID | None, by: str, reason: str, at: datetime, clock: Clock
    ) -> None:
        """Let it be somebody else's."""
        clocks.handed_over(subject_id=subject_id, team_id=team_id, to=to, by=by, reason=reason, at=at, clock=clock)

    def reopened(
        self, *, subject_kind: clocks.SubjectKind, subject_id: UUID, institution_id: UUID, team_id: UUID,
        assignee: UUID | None, by: str, at: datetime, clock: Clock,
    ) -> None:  # fmt: skip
        """Let run again what a closing stopped."""
        clocks.reopened(
            subject_kind=subject_kind, subject_id=subject_id, institution_id=institution_id, team_id=team_id,
            assignee=assignee, by=by, at=at, clock=clock,
        )  # fmt: skip

    def case_opened(
        self,
        *,
        case_id: UUID,
        institution_id: UUID,
        team_id: UUID,
        category: str,
        owner: UUID,
        at: datetime,
        clock: Clock,
    ) -> None:
        """Start what runs until a case is resolved, the regulators' too."""
        clocks.case_opened(
            case_id=case_id, institution_id=institution_id, team_id=team_id, category=category, owner=owner, at=at,
            clock=clock,
        )  # fmt: skip
