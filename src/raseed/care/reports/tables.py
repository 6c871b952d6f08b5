"""How lines are made of counts: each cell is a figure with what is behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from .counting import NOTHING, Counts
from .domain import LINES_MAX, Behind, Cell, Figure, Key, Length, Line, Measure, Share, Wanted

if TYPE_CHECKING:
    from .counting import Counted

Where = Mapping[str, Key]


def figure(counts: Counts, at: tuple[Key, ...], measure: Measure, where: Where, *, earlier: bool = False) -> Figure:
    """Return the figure that was counted at a place, with which things it counts."""
    return Figure(counts.get(at, NOTHING).count, Behind(measure, dict(where), earlier))


def shared(part: Cell, *others: Cell) -> Share:
    """Return which part of a whole the first figure is; the whole is all of them."""
    counts = [each.count for each in (part, *others) if isinstance(each, Figure)]
    return Share(counts[0], sum(counts))


def lengths(found: Counted) -> dict[str, Cell]:
    """Return the columns of how long it took."""
    return {"median": Length(found.median_s), "p90": Length(found.p90_s)}


def largest(lines: Iterable[Line], column: str) -> tuple[Line, ...]:
    """Return lines by a figure of theirs, the largest first; equal ones by what they are about."""
    return tuple(sorted(lines, key=lambda line: (-line.count(column), str(line.key)))[:LINES_MAX])


def times_of(wanted: Wanted) -> list[date]:
    """Return the days of a period, or the months that it touches, each by its first day."""
    days = [wanted.first + timedelta(place) for place in range(wanted.days)]
    return days if wanted.by_day else sorted({day.replace(day=1) for day in days})
