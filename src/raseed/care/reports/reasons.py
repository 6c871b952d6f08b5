"""Why people wrote: cases by what they are about, conversations by their tags, and how that was in the period before."""

from __future__ import annotations

from typing import Final

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from .counting import Counts, counted
from .domain import Cell, Key, Line, Measure, Table, Wanted
from .permissions import VIEW
from .tables import figure, largest

STATES: Final = ("open", "waiting", "resolved")
CATEGORY_COLUMNS: Final = ("now", "before", *STATES)
TAG_COLUMNS: Final = ("now", "before")


def reasons(wanted: Wanted, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> tuple[Table, ...]:
    """Return a period's cases by category, with how they stand now, and its conversations by tag; each beside the period before.

    A conversation with two tags is counted with both.

    Raises:
        NotPermitted: ``by`` lacks ``care.reports.view``.
    """
    people.require(by, VIEW, wanted.institution_id)
    earlier = wanted.before()
    ways = [(), ("category",)]
    now = counted(Measure.CASES, wanted, [*ways, ("standing",), ("category", "standing")], clock=clock)
    then = counted(Measure.CASES, earlier, ways, clock=clock)
    tags = counted(Measure.TAGGED, wanted, [("tag",)], clock=clock)["tag",]
    tags_then = counted(Measure.TAGGED, earlier, [("tag",)], clock=clock)["tag",]

    def of_category(key: Key, *, all_of_them: bool = False) -> Line:
        way, at, where = ((), (), {}) if all_of_them else (("category",), (key,), {"category": key})
        cells: dict[str, Cell] = {
            "now": figure(now[way], at, Measure.CASES, where),
            "before": figure(then[way], at, Measure.CASES, where, earlier=True),
        }
        for state in STATES:
            cells[state] = figure(now[(*way, "standing")], (*at, state), Measure.CASES, {**where, "standing": state})
        return Line(key, cells)

    categories = {key for (key,) in {*now["category",], *then["category",]}}
    return (
        Table(
            "categories", "category", CATEGORY_COLUMNS, largest(map(of_category, categories), "now"),
            of_category(None, all_of_them=True),
        ),
        Table("tags", "tag", TAG_COLUMNS, largest((_of_tag(key, tags, tags_then) for (key,) in {*tags, *tags_then}), "now")),
    )  # fmt: skip


def _of_tag(key: Key, now: Counts, then: Counts) -> Line:
    return Line(
        key,
        {
            "now": figure(now, (key,), Measure.TAGGED, {"tag": key}),
            "before": figure(then, (key,), Measure.TAGGED, {"tag": key}, earlier=True),
        },
    )
