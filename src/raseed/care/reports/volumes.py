"""What came in and whether it was answered within its time: by day, channel, line, team, and by hour of the week."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from .counting import Counts, counted
from .domain import STANDING_WORDS, Cell, Key, Line, Measure, Table, Wanted
from .permissions import VIEW
from .tables import Where, figure, largest, shared, times_of

STANDINGS: Final = tuple(STANDING_WORDS)
COLUMNS: Final = ("messages", "conversations", "answers", *STANDINGS, "share")
HOURS: Final = tuple(range(24))
WEEKDAYS: Final = tuple(range(7))
"""Monday is 0."""
_BY: Final = ("channel", "line", "team")


def volumes(wanted: Wanted, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> tuple[Table, ...]:
    """Return what came in during a period: by day or month, channel, line and team, and its hours by weekdays.

    Messages are counted by when they were sent, conversations by when they began, answers by when they were first owed.

    Raises:
        NotPermitted: ``by`` lacks ``care.reports.view``.
    """
    people.require(by, VIEW, wanted.institution_id)
    when = "day" if wanted.by_day else "month"
    ways = [(), (when,), *((each,) for each in _BY)]
    came = counted(Measure.MESSAGES, wanted, [*ways, ("weekday", "hour")], clock=clock)
    began = counted(Measure.CONVERSATIONS, wanted, ways, clock=clock)
    owed = counted(Measure.ANSWERS, wanted, [*ways, *((*way, "standing") for way in ways)], clock=clock)

    def line(about: str, key: Key) -> Line:
        way, at, where = ((about,), (key,), {about: key}) if about else ((), (), {})
        return _line(key, at, where, came[way], began[way], owed[way], owed[(*way, "standing")])

    total = line("", None)
    tables = [Table("times", when, COLUMNS, tuple(line(when, day) for day in times_of(wanted)), total)]
    for about in _BY:
        keys = {at for (at,) in {*came[about,], *began[about,], *owed[about,]}}
        tables.append(
            Table(f"{about}s", about, COLUMNS, largest((line(about, key) for key in keys), "messages"), total)
        )
    return (*tables, _hours(came["weekday", "hour"]))


def _line(
    key: Key, at: tuple[Key, ...], where: Where, came: Counts, began: Counts, owed: Counts, standing: Counts
) -> Line:
    cells: dict[str, Cell] = {
        "messages": figure(came, at, Measure.MESSAGES, where),
        "conversations": figure(began, at, Measure.CONVERSATIONS, where),
        "answers": figure(owed, at, Measure.ANSWERS, where),
    }
    for each in STANDINGS:
        cells[each] = figure(standing, (*at, each), Measure.ANSWERS, {**where, "standing": each})
    cells["share"] = shared(cells["in_time"], cells["late"], cells["overdue"])
    return Line(key, cells)


def _hours(came: Counts) -> Table:
    """Return a line for each hour of the day, with a column for each weekday."""
    lines = tuple(Line(hour, _of_hour(hour, WEEKDAYS, came)) for hour in HOURS)
    return Table("hours", "hour", tuple(map(str, WEEKDAYS)), lines)


def _of_hour(hour: int, weekdays: Iterable[int], came: Counts) -> dict[str, Cell]:
    return {
        str(weekday): figure(came, (weekday, hour), Measure.MESSAGES, {"weekday": weekday, "hour": hour})
        for weekday in weekdays
    }
