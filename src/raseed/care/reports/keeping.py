"""What was promised and kept: questions answered by the time that was promised first, and whoever asked told of it."""

from __future__ import annotations

from typing import Final

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from .counting import Counts, counted
from .domain import Cell, Key, Line, Measure, Table, Wanted
from .permissions import VIEW
from .sight import sight_of
from .tables import figure, largest, shared

COLUMNS: Final = ("questions", "kept", "late", "overdue", "waiting", "share")
ASKER_COLUMNS: Final = ("askers", "kept", "late", "untold", "overdue", "waiting", "share")


def promises(wanted: Wanted, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> tuple[Table, ...]:
    """Return how the promises of a period went, by when they were first due.

    Questions are told by team and by who answers for them, and those who asked by channel. The share is of those whose time
    has passed or that are answered.

    Raises:
        NotPermitted: ``by`` lacks ``care.reports.view``.
    """
    people.require(by, VIEW, wanted.institution_id)
    ways = [(), ("standing",), ("team",), ("team", "standing")]
    asked = counted(Measure.PROMISES, wanted, ways, clock=clock)
    owners = counted(
        Measure.PROMISES, wanted, [("person",), ("person", "standing")],
        sight=sight_of(by, wanted.institution_id), clock=clock,
    )  # fmt: skip
    told = counted(Measure.ASKERS, wanted, [(), ("standing",), ("channel",), ("channel", "standing")], clock=clock)
    total = _line("", None, Measure.PROMISES, asked[()], asked["standing",])
    all_told = _line("", None, Measure.ASKERS, told[()], told["standing",])
    return (
        _table("teams", "team", Measure.PROMISES, asked["team",], asked["team", "standing"], total),
        _table("owners", "person", Measure.PROMISES, owners["person",], owners["person", "standing"], None),
        _table("askers", "channel", Measure.ASKERS, told["channel",], told["channel", "standing"], all_told),
    )


def _table(code: str, about: str, measure: Measure, all_of_them: Counts, standing: Counts, total: Line | None) -> Table:
    columns = COLUMNS if measure is Measure.PROMISES else ASKER_COLUMNS
    lines = [_line(about, key, measure, all_of_them, standing) for (key,) in all_of_them]
    return Table(code, about, columns, largest(lines, columns[0]), total)


def _line(about: str, key: Key, measure: Measure, all_of_them: Counts, standing: Counts) -> Line:
    at: tuple[Key, ...] = (key,) if about else ()
    where: dict[str, Key] = {about: key} if about else {}
    first, *others = COLUMNS[:-1] if measure is Measure.PROMISES else ASKER_COLUMNS[:-1]
    cells: dict[str, Cell] = {first: figure(all_of_them, at, measure, where)}
    for each in others:
        cells[each] = figure(standing, (*at, each), measure, {**where, "standing": each})
    judged = [cells[each] for each in ("late", "untold", "overdue") if each in cells]
    return Line(key, cells | {"share": shared(cells["kept"], *judged)})
