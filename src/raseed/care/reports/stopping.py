"""Empty and unkind replies: stopped by the check, then written anew, sent for a reason, or not sent at all."""

from __future__ import annotations

from typing import Final

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from ..replies.domain import FindingKind
from .counting import Counts, counted
from .domain import Cell, Key, Line, Measure, Table, Wanted
from .permissions import VIEW
from .sight import sight_of
from .tables import figure, largest

BECAME: Final = ("rewritten", "overridden", "nothing", "elsewhere")
COLUMNS: Final = ("stopped", *BECAME)
KIND_COLUMNS: Final = ("stopped", "sent")
PEOPLE_COLUMNS: Final = ("stopped", "sent")
STOPPING: Final = tuple(kind.value for kind in FindingKind if kind is not FindingKind.NO_TIME)


def stopped(wanted: Wanted, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> tuple[Table, ...]:
    """Return what the check stopped in a period: what became of it by language, the kinds, and by whom for whom that may be seen.

    Each press of "send" that was stopped is one. What became of it is the same writer's next answer in that conversation.

    Raises:
        NotPermitted: ``by`` lacks ``care.reports.view``.
    """
    people.require(by, VIEW, wanted.institution_id)
    sight = sight_of(by, wanted.institution_id)
    ways = [(), ("standing",), ("language",), ("language", "standing")]
    found = counted(Measure.STOPPED, wanted, ways, clock=clock)
    kinds = counted(Measure.STOPPED_KINDS, wanted, [("kind", "standing")], clock=clock)["kind", "standing"]
    writers = counted(Measure.STOPPED, wanted, [("person",)], sight=sight, clock=clock)["person",]
    senders = counted(Measure.OVERRIDDEN, wanted, [("person",)], sight=sight, clock=clock)["person",]
    languages = [
        _line("language", key, found["language",], found["language", "standing"]) for (key,) in found["language",]
    ]
    total = _line("", None, found[()], found["standing",])
    of_kinds = [_of_kind(key, kinds) for key in {*STOPPING, *(kind for kind, _ in kinds)}]
    people_found = [_of_person(who, writers, senders) for who in {who for (who,) in {*writers, *senders} if who}]
    return (
        Table("languages", "language", COLUMNS, largest(languages, "stopped"), total),
        Table("kinds", "kind", KIND_COLUMNS, largest(of_kinds, "stopped")),
        Table("writers", "person", PEOPLE_COLUMNS, largest(people_found, "stopped")),
    )


def _line(about: str, key: Key, all_of_them: Counts, standing: Counts) -> Line:
    at: tuple[Key, ...] = (key,) if about else ()
    where: dict[str, Key] = {about: key} if about else {}
    cells: dict[str, Cell] = {"stopped": figure(all_of_them, at, Measure.STOPPED, where)}
    for each in BECAME:
        cells[each] = figure(standing, (*at, each), Measure.STOPPED, {**where, "standing": each})
    return Line(key, cells)


def _of_kind(key: Key, kinds: Counts) -> Line:
    outcomes = {"stopped": "stopped", "sent": "overridden"}
    return Line(
        key,
        {
            column: figure(kinds, (key, outcome), Measure.STOPPED_KINDS, {"kind": key, "standing": outcome})
            for column, outcome in outcomes.items()
        },
    )


def _of_person(who: Key, writers: Counts, senders: Counts) -> Line:
    where: dict[str, Key] = {"person": who}
    return Line(
        who,
        {
            "stopped": figure(writers, (who,), Measure.STOPPED, where),
            "sent": figure(senders, (who,), Measure.OVERRIDDEN, where),
        },
    )
