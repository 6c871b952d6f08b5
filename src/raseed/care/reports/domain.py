"""What a report is: figures, each with what is behind it. Pure.

A figure is a number of things, and says which ones: a measure (which statement gives them) and what they have in common. The
list behind a figure is made of the same rows, so that its length is the figure, whatever happens in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark

from .errors import InvalidReportPeriod

DAYS_MAX: Final = 400
"""The longest period, in days."""
BY_DAY_MAX: Final = 62
"""Up to so many days a period is told day by day, longer ones by month."""
LINES_MAX: Final = 500
"""Of one table; what comes after is left out, the largest first."""
PAGE_MAX: Final = 100
Key = date | int | str | UUID | None
"""What a line is about: a day, an hour, a word, a team; ``None``: what has none."""


class Measure(StrEnum):
    """What is counted; each is a statement of ``reports.sql``."""

    MESSAGES = "messages"
    CONVERSATIONS = "conversations"
    ANSWERS = "answers"
    CASES = "cases"
    TAGGED = "tagged"
    ENDED = "ended"
    BROKEN = "broken"
    HANDED = "handed"
    PROMISES = "promises"
    ASKERS = "askers"
    STOPPED = "stopped"
    STOPPED_KINDS = "stopped_kinds"
    OVERRIDDEN = "overridden"


TYPES: Final[Mapping[str, str]] = MappingProxyType({
    "day": "date", "month": "date", "weekday": "int", "hour": "int", "channel": "text", "line": "uuid", "team": "uuid",
    "person": "uuid", "category": "text", "tag": "text", "clock": "text", "kind": "text", "standing": "text",
    "whose": "text", "language": "text",
})  # fmt: skip
"""By what things are told apart, and what each is in the database."""
_WHEN: Final = frozenset({"day", "month", "channel", "line", "team"})
TOLD_APART: Final[Mapping[Measure, frozenset[str]]] = MappingProxyType({
    Measure.MESSAGES: _WHEN | {"weekday", "hour"},
    Measure.CONVERSATIONS: _WHEN,
    Measure.ANSWERS: _WHEN | {"standing"},
    Measure.CASES: frozenset({"category", "standing", "team"}),
    Measure.TAGGED: frozenset({"tag", "team"}),
    Measure.ENDED: frozenset({"clock", "team", "person", "standing", "whose"}),
    Measure.BROKEN: frozenset({"clock", "team", "person"}),
    Measure.HANDED: frozenset({"clock", "team", "person", "standing"}),
    Measure.PROMISES: frozenset({"team", "person", "standing"}),
    Measure.ASKERS: frozenset({"team", "channel", "standing"}),
    Measure.STOPPED: frozenset({"language", "team", "person", "standing"}),
    Measure.STOPPED_KINDS: frozenset({"language", "team", "standing", "kind"}),
    Measure.OVERRIDDEN: frozenset({"language", "team", "person"}),
})  # fmt: skip
"""By what the things of a measure can be told apart."""
NAMED: Final = frozenset({Measure.HANDED, Measure.OVERRIDDEN})
"""What is always about somebody: only those are counted whose figures the reader may see."""

STANDING_WORDS: Final = {
    "in_time": mark("Answered in time"),
    "late": mark("Answered late"),
    "waiting": mark("Waits, with time left"),
    "overdue": mark("Waits, overdue"),
    "unneeded": mark("Closed without an answer"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of what a report is: an institution's days from ``first`` to ``last``, both of them too, a team and a channel or all.

    Raises:
        InvalidReportPeriod: they end before they begin, or are more than ``DAYS_MAX``.
    """

    institution_id: UUID
    first: date
    last: date
    team_id: UUID | None = None
    channel: str = ""

    def __post_init__(self) -> None:
        if not 0 <= (self.last - self.first).days < DAYS_MAX or self.first.year < 1900 or self.last.year > 9998:  # noqa: PLR2004  (instants of those days exist in every zone)
            raise InvalidReportPeriod(field="last")

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def by_day(self) -> bool:
        """Whether it is told day by day, and not by month."""
        return self.days <= BY_DAY_MAX

    def before(self) -> Wanted:
        """Return the period of as many days that ends the day before."""
        return replace(self, first=self.first - timedelta(self.days), last=self.first - timedelta(1))


@dataclass(frozen=True, slots=True)
class Behind:
    """Which things a figure counts: those of a measure that have these values; ``earlier``: of the period before."""

    measure: Measure
    where: Mapping[str, Key] = field(default_factory=lambda: MappingProxyType({}))
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """How many there are, and which."""

    count: int
    behind: Behind


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time in working seconds; ``None`` where nothing was measured."""

    seconds: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole; of nothing there is no share."""

    part: int
    whole: int

    @property
    def percent(self) -> int | None:
        """Hundredths, rounded half up."""
        return (self.part * 200 + self.whole) // (self.whole * 2) if self.whole else None


Cell = Figure | Length | Share


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table: what it is about, and its cells by the names of their columns."""

    key: Key
    cells: Mapping[str, Cell]

    def count(self, column: str) -> int:
        """Return the count of a figure."""
        cell = self.cells[column]
        assert isinstance(cell, Figure), "only figures count"
        return cell.count


@dataclass(frozen=True, slots=True)
class Table:
    """Lines that belong together. ``about``: what their keys are (``day``, ``team`` …); ``total``: of all, where it says something."""

    code: str
    about: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    total: Line | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One of the things behind a figure, and what it is about: a conversation, a case, a question.

    Attributes:
        subject_kind: ``conversation``, ``case``, ``gap``; empty for a text that was stopped outside conversations.
        at: when it counted.
        title: the case's reference, the question; what a sender is called. Empty for who may not read those.
        customer_id: whose conversation or case it is, if that is known.
        facts: what else it has: how it stands, whose it is, how long it took, why.
    """

    subject_kind: str
    subject_id: UUID | None
    at: datetime
    title: str
    channel: str
    customer_id: UUID | None
    facts: Mapping[str, Key]


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of what is behind a figure, the latest first; ``count`` is the figure."""

    count: int
    items: tuple[Item, ...]
    next: str | None
