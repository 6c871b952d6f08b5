"""What a clock is, and what a rule says. Pure.

A rule is data of an institution: how much time, of which kind, what pauses it, and who is told when it is broken. It holds
from an instant on; a clock keeps the rule that held when it was started. A clock is a row: how much of its time is used,
since when it counts, and when it is due. Nothing ticks, so nothing can stop ticking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark


class SubjectKind(StrEnum):
    """What a clock is about."""

    CONVERSATION = "conversation"
    CASE = "case"
    GAP = "gap"
    APPROVAL = "approval"
    INCIDENT = "incident"


class ClockKind(StrEnum):
    """What has to happen before a clock is due."""

    FIRST_ANSWER = "first_answer"
    NEXT_ANSWER = "next_answer"
    RESOLUTION = "resolution"
    REGULATOR = "regulator"
    GAP = "gap"
    APPROVAL = "approval"


ANSWER_KINDS: Final = frozenset({ClockKind.FIRST_ANSWER, ClockKind.NEXT_ANSWER})
"""Kinds of clocks that run while a customer's message has no answer."""


class Unit(StrEnum):
    """What a rule's amount counts.

    WORKING: seconds in which the team's calendar is open. ELAPSED: seconds. WORKING_DAYS: working days after the day on
    which it began, each counted at its close. CALENDAR_DAYS: days after that day, each counted at its end. MONTHS: so
    many months after that day, at the end of the day; they become calendar days when the clock starts.
    """

    WORKING = "working"
    ELAPSED = "elapsed"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    MONTHS = "months"


class PauseReason(StrEnum):
    """Why a clock may stand still; which of them count is said by each rule."""

    WAITING_FOR_CUSTOMER = "waiting_for_customer"
    WAITING_FOR_OTHERS = "waiting_for_others"
    AGREED_LATER = "agreed_later"
    REGULATOR_HAS_IT = "regulator_has_it"


class StopReason(StrEnum):
    """How a clock ended."""

    ANSWERED = "answered"
    CLOSED = "closed"
    DONE = "done"
    NOT_NEEDED = "not_needed"


class Whom(StrEnum):
    """Who is told at a step of the ladder."""

    ACCOUNTABLE = "accountable"
    LEAD = "lead"
    HEAD = "head"


PAUSE_WORDS: Final = {
    PauseReason.WAITING_FOR_CUSTOMER: mark("Waiting for the customer"),
    PauseReason.WAITING_FOR_OTHERS: mark("Waiting for somebody outside"),
    PauseReason.AGREED_LATER: mark("The customer agreed to a later time"),
    PauseReason.REGULATOR_HAS_IT: mark("The regulator is looking at it"),
}
KIND_WORDS: Final = {
    ClockKind.FIRST_ANSWER: mark("First answer"),
    ClockKind.NEXT_ANSWER: mark("Next answer"),
    ClockKind.RESOLUTION: mark("Resolution"),
    ClockKind.REGULATOR: mark("Regulator's time limit"),
    ClockKind.GAP: mark("Answer to an open question"),
    ClockKind.APPROVAL: mark("Approval"),
}
WHOM_WORDS: Final = {
    Whom.ACCOUNTABLE: mark("Whoever is accountable"),
    Whom.LEAD: mark("The team's lead"),
    Whom.HEAD: mark("The head of care"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the ladder: so many seconds after the breach, ``whom`` is told, and takes over if it ``takes_over``."""

    after_s: int
    whom: Whom
    takes_over: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """How much time there is for something at an institution, from ``valid_from`` on, until a later one of its slug.

    Attributes:
        amount: seconds, days or months, as ``unit`` says.
        extended: what the amount may be stretched to once, with a reason; ``None``: it may not.
        pauses: the reasons that stop the clock; others don't.
        ladder: what happens when it is broken, in order.
        source: where the rule comes from: a law, a contract, or the institution itself.
        retired: it starts no clock any more.
        team_id: it is this team's own, before that of all; ``category``: it is for cases about this.
        with_cases: of a regulator's rule: a clock of it starts with each case that is opened.
        version: which of its slug it is, from 1 on.
    """

    id: UUID
    institution_id: UUID
    slug: str
    names: Mapping[str, str]
    kind: ClockKind
    unit: Unit
    amount: int
    extended: int | None
    pauses: frozenset[PauseReason]
    ladder: tuple[Step, ...]
    source: str
    valid_from: datetime
    retired: bool = False
    team_id: UUID | None = None
    category: str = ""
    with_cases: bool = False
    version: int = 0

    def fits(self, team_id: UUID, category: str) -> bool:
        """Whether it is for this team, and for what it is about."""
        return self.team_id in (None, team_id) and self.category in ("", category)

    @property
    def is_narrower(self) -> tuple[bool, bool]:
        """How narrow it is: what is for one category goes before what is for one team, and that before what is for all."""
        return (bool(self.category), self.team_id is not None)


def most_fitting(rules: Iterable[Rule], kind: ClockKind, team_id: UUID, category: str = "") -> list[Rule]:
    """Return the rules of a kind that count for a team and what it is about: the narrowest that there are."""
    found = [rule for rule in rules if rule.kind is kind and rule.fits(team_id, category)]
    narrowest = max((rule.is_narrower for rule in found), default=None)
    return [rule for rule in found if rule.is_narrower == narrowest]


@dataclass(frozen=True, slots=True)
class RunningClock:
    """A clock as it stands at an instant.

    Attributes:
        due_at: when it is broken if nothing happens; ``None`` while it is paused.
        elapsed_s: whole seconds used of its time: working ones where it counts those; for clocks that count days, the
            seconds since it was started.
        left_s: until ``due_at`` in the same seconds, negative once it is broken; while paused, what will be left, and
            ``None`` for clocks that count days.
        paused: why it stands still.
        breached_at: the instant at which it was broken, which is the time it was due.
        accountable: who answers for it now.
    """

    id: UUID
    subject_kind: SubjectKind
    subject_id: UUID
    institution_id: UUID
    kind: ClockKind
    rule: str
    team_id: UUID
    assignee: UUID | None
    accountable: UUID
    started_at: datetime
    due_at: datetime | None
    elapsed_s: int
    left_s: int | None
    paused: PauseReason | None
    breached_at: datetime | None
    steps_climbed: int
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """Something that happened to a clock; ``facts`` are codes, ids and times."""

    at: datetime
    kind: str
    by: str
    reason: str
    facts: Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class HeldBy:
    """For how long someone was accountable for a clock: ``working_s`` in which the team's calendar was open."""

    staff_id: UUID
    seconds: int
    working_s: int


@dataclass(frozen=True, slots=True)
class Breach:
    """A clock that was broken: whose it was at that instant, and who had held it before, and for how long.

    ``held`` counts up to the breach; what came after it is nobody's fault of before.
    """

    clock_id: UUID
    subject_kind: SubjectKind
    subject_id: UUID
    rule: str
    due_at: datetime
    accountable: UUID
    held: tuple[HeldBy, ...]


@dataclass(frozen=True, slots=True)
class StaffRecord:
    """What someone did from one instant to another, fairly: credit is for whoever did the work, not whose it was.

    Attributes:
        answered: clocks that their answer stopped; ``answered_in_time`` of them before they were due.
        answered_for_others: of those answered, the ones that somebody else was accountable for.
        seconds_held, working_s_held: how long they were accountable, over all clocks.
        given, taken: hand-overs by a person from them and to them; a shift's end is none.
        breaches: broken while they were accountable.
        breaches_touched: broken in somebody else's hands after they had held them.
    """

    staff_id: UUID
    since: datetime
    until: datetime
    answered: int
    answered_in_time: int
    answered_for_others: int
    seconds_held: int
    working_s_held: int
    given: int
    taken: int
    breaches: tuple[Breach, ...]
    breaches_touched: tuple[Breach, ...]
