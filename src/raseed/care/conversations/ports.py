"""What conversations ask of the rooms beside them: one door each.

Whoever has the door registers it from ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from raseed.kernel.clock import Clock

from ..clocks.domain import SubjectKind


class Duty(Protocol):
    """Who answers."""

    def default_team(self, institution_id: UUID, *, clock: Clock) -> UUID:
        """Return the team that takes what is for no team."""

    def is_team_of(self, team_id: UUID, institution_id: UUID) -> bool:
        """Say whether it is a team of the institution."""

    def teams_of(self, staff_id: UUID, institution_id: UUID, at: datetime) -> Sequence[UUID]:
        """Return the teams that someone belongs to."""

    def accountable(self, team_id: UUID, assignee: UUID | None, at: datetime) -> UUID:
        """Return who answers at an instant; never nobody."""


class Clocks(Protocol):
    """The clocks of a conversation or a case."""

    def message_arrived(
        self,
        *,
        conversation_id: UUID,
        institution_id: UUID,
        team_id: UUID,
        assignee: UUID | None,
        at: datetime,
        clock: Clock,
    ) -> object:
        """Start what runs until somebody answers."""  # fmt: skip

    def answered(self, *, subject_id: UUID, by: UUID, at: datetime, clock: Clock) -> object:
        """Stop it, to somebody's credit."""

    def answer_failed(
        self,
        *,
        conversation_id: UUID,
        institution_id: UUID,
        team_id: UUID,
        assignee: UUID | None,
        since: datetime,
        after: datetime | None,
        clock: Clock,
    ) -> datetime | None:
        """Let what answers after an instant stopped run on: none of them arrived, and somebody waits since ``since``.

        Returns when it was broken, if it is.
        """

    def waits_for_customer(self, *, subject_id: UUID, by: str, at: datetime, clock: Clock) -> object:
        """Let what may stand still do so until the customer writes."""

    def taken_over_by(self, *, clock_id: UUID, at: datetime) -> UUID | None:
        """Return whose a clock that runs has become on its ladder, if somebody took it over or was given it since."""

    def closed(self, *, subject_id: UUID, by: str, at: datetime, clock: Clock) -> object:
        """Stop whatever runs."""

    def handed_over(
        self, *, subject_id: UUID, team_id: UUID, to: UUID | None, by: str, reason: str, at: datetime, clock: Clock
    ) -> object:
        """Let it be somebody else's."""

    def reopened(
        self, *, subject_kind: SubjectKind, subject_id: UUID, institution_id: UUID, team_id: UUID,
        assignee: UUID | None, by: str, at: datetime, clock: Clock,
    ) -> object:  # fmt: skip
        """Let run again what a closing stopped."""

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
    ) -> object:
        """Start what runs until a case is resolved."""


@dataclass(slots=True)
class Doors:
    """The doors that are registered."""

    duty: Duty | None = None
    clocks: Clocks | None = None


_doors = Doors()


def register(
    *,
    duty: Duty | None = None,
    clocks: Clocks | None = None,
) -> None:
    """Make doors known; those not given stay."""
    _doors.duty = duty or _doors.duty
    _doors.clocks = clocks or _doors.clocks


def duty() -> Duty:
    """Return who knows who answers."""
    assert _doors.duty is not None, "nobody registered the duty"
    return _doors.duty


def clocks() -> Clocks:
    """Return the clocks."""
    assert _doors.clocks is not None, "nobody registered the clocks"
    return _doors.clocks
