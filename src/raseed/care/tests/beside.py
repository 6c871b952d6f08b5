"""Stand-ins for the rooms beside conversations, which tell what they were asked."""

# ruff: noqa: ARG002  (the signatures are those of the doors)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from raseed.care.conversations import ports
from raseed.kernel.clock import Clock
from raseed.kernel.ids import new_id


@dataclass
class Beside:
    """Duty and clocks, as simple as they can be."""

    team: UUID = field(default_factory=new_id)
    on_duty: UUID = field(default_factory=new_id)
    away: set[UUID] = field(default_factory=set)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def default_team(self, institution_id: UUID, *, clock: Clock) -> UUID:
        return self.team

    def is_team_of(self, team_id: UUID, institution_id: UUID) -> bool:
        return True

    def teams_of(self, staff_id: UUID, institution_id: UUID, at: datetime) -> Sequence[UUID]:
        return [self.team]

    def accountable(self, team_id: UUID, assignee: UUID | None, at: datetime) -> UUID:
        return assignee if assignee is not None and assignee not in self.away else self.on_duty

    def message_arrived(self, **more: Any) -> None:
        self.told.append(("arrived", more))

    def answered(self, **more: Any) -> None:
        self.told.append(("answered", more))

    def answer_failed(self, **more: Any) -> datetime | None:
        self.told.append(("answer failed", more))
        return None

    def waits_for_customer(self, **more: Any) -> None:
        self.told.append(("waits", more))

    def taken_over_by(self, *, clock_id: UUID, at: datetime) -> UUID | None:
        return None

    def closed(self, **more: Any) -> None:
        self.told.append(("closed", more))

    def handed_over(self, **more: Any) -> None:
        self.told.append(("handed_over", more))

    def reopened(self, **more: Any) -> None:
        self.told.append(("reopened", more))

    def case_opened(self, **more: Any) -> None:
        self.told.append(("case_opened", more))

    def names(self) -> list[str]:
        return [name for name, _ in self.told]


@contextmanager
def standing_beside() -> Iterator[Beside]:
    """Put stand-ins beside conversations for the length of a ``with``."""
    beside, before = Beside(), replace(ports._doors)
    ports.register(duty=beside, clocks=beside)
    try:
        yield beside
    finally:
        ports._doors = before
