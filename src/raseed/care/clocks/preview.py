"""What other hours, or another rule, would do: to a message that comes at an instant, and to the clocks that run now.

Nothing is written. What is shown is worked out by the same arithmetic as the clocks themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from raseed.kernel.calendars import Calendar

from ..duty.hours import named_calendar
from ..models import ClockRow
from . import measure
from .domain import ClockKind, Rule, SubjectKind, Unit
from .rules import rules

CLOCKS_WORKED_OUT_MAX: Final = 2_000
"""Running clocks that a preview works out; beyond them it says that there are more."""
_FOR_A_MESSAGE: Final = (ClockKind.FIRST_ANSWER, ClockKind.NEXT_ANSWER, ClockKind.RESOLUTION)


@dataclass(frozen=True, slots=True)
class SampleDue:
    """When something is due by a rule that begins at the sample's instant: as it is now, and as it would be."""

    rule: Rule
    was: datetime | None
    would_be: datetime | None


@dataclass(frozen=True, slots=True)
class Moved:
    """A running clock whose time moves."""

    subject_kind: SubjectKind
    subject_id: UUID
    rule: str
    was: datetime
    would_be: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do.

    Attributes:
        samples: what is due when, for a message that comes at the sample's instant.
        moved: running clocks that would be due at another time, those with the nearest time first.
        running: how many run by this and are not paused or overdue; ``more``: there are more than were worked out.
    """

    sample: datetime
    samples: tuple[SampleDue, ...]
    moved: tuple[Moved, ...]
    running: int
    more: bool

    @property
    def sooner(self) -> int:
        """How many would be due earlier."""
        return sum(one.would_be < one.was for one in self.moved)

    @property
    def later(self) -> int:
        """How many would be due later."""
        return sum(one.would_be > one.was for one in self.moved)


def preview_calendar(calendar_id: UUID, candidate: Calendar, *, sample: datetime, at: datetime) -> Preview:
    """Return what becomes of a calendar's clocks if it were ``candidate``.

    Raises:
        CalendarNeverOpens: it would stay closed for years.
    """
    known = named_calendar(calendar_id)
    wanted = [rule for rule in rules(known.institution_id, at=at) if rule.kind in _FOR_A_MESSAGE]
    samples = tuple(
        SampleDue(rule, due_from(known.calendar, rule, sample), due_from(candidate, rule, sample)) for rule in wanted
    )
    rows = ClockRow.objects.filter(team__calendar_id=calendar_id, stopped_at=None, paused="", breached_at=None)
    counted = rows.filter(due_at__gt=at).exclude(unit=Unit.ELAPSED.value).order_by("due_at")
    looked = list(counted[: CLOCKS_WORKED_OUT_MAX + 1])
    moved = []
    for row in looked[:CLOCKS_WORKED_OUT_MAX]:
        was, would_be = _due(known.calendar, row), _due(candidate, row)
        if was != would_be:
            moved.append(Moved(SubjectKind(row.subject_kind), row.subject_id, row.slug, was, would_be))
    return Preview(
        sample, samples, tuple(moved), len(looked[:CLOCKS_WORKED_OUT_MAX]), len(looked) > CLOCKS_WORKED_OUT_MAX
    )


def preview_rule(calendar: Calendar, before: Rule | None, after: Rule, *, sample: datetime) -> SampleDue:
    """Return when what begins at an instant is due by a rule as it is, and as it would be; clocks that run keep theirs."""
    was = None if before is None else due_from(calendar, before, sample)
    return SampleDue(after, was, due_from(calendar, after, sample))


def due_from(calendar: Calendar, rule: Rule, at: datetime) -> datetime:
    """Return when a clock of a rule that begins at an instant is due, if nothing pauses it."""
    unit, amount = measure.started(calendar, rule.unit, rule.amount, at)
    return measure.due(calendar, unit, at, at, amount)


def _due(calendar: Calendar, row: ClockRow) -> datetime:
    assert row.counted_from is not None, "it is not paused"
    return measure.due(calendar, Unit(row.unit), row.started_at, row.counted_from, row.amount - row.used)
