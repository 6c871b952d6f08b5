"""How fast: clocks of first answer, next answer and resolution that ended in a period, by team and by person, in working time.

What was done counts for whoever did it, what ran out for whoever held it then, as in ``clocks.record``.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from ..clocks.domain import ClockKind, StaffRecord
from ..clocks.record import record_of
from .counting import NOTHING, Counts, counted, instants
from .domain import Cell, Key, Line, Measure, Table, Wanted
from .permissions import VIEW
from .sight import may_see, sight_of
from .tables import figure, largest, lengths, shared

KINDS: Final = (ClockKind.FIRST_ANSWER, ClockKind.NEXT_ANSWER, ClockKind.RESOLUTION)
COLUMNS: Final = ("ended", "in_time", "late", "share", "broken", "median", "p90")
PEOPLE_COLUMNS: Final = ("ended", "in_time", "late", "share", "others", "broken", "median", "p90")
HANDED_COLUMNS: Final = ("given", "taken")


def clocks_by_team(wanted: Wanted, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> tuple[Table, ...]:
    """Return, for each kind of clock, how it went by team.

    Raises:
        NotPermitted: ``by`` lacks ``care.reports.view``.
    """
    people.require(by, VIEW, wanted.institution_id)
    ways = [("clock",), ("clock", "standing"), ("clock", "team"), ("clock", "team", "standing")]
    ended = counted(Measure.ENDED, wanted, ways, timed=True, clock=clock)
    broken = counted(Measure.BROKEN, wanted, [("clock",), ("clock", "team")], clock=clock)
    tables = []
    for kind in KINDS:
        of = ended["clock", "team"], ended["clock", "team", "standing"], broken["clock", "team"]
        keys = {team for counts in (of[0], of[2]) for clock_, team in counts if clock_ == kind.value}
        lines = largest((_line("team", key, kind, *of) for key in keys), "ended")
        total = _line("", None, kind, ended["clock",], ended["clock", "standing"], broken["clock",])
        tables.append(Table(kind.value, "team", COLUMNS, lines, total))
    return tuple(tables)


def clocks_by_person(wanted: Wanted, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> tuple[Table, ...]:
    """Return the same by person, for those whose figures ``by`` may see, and what they handed to one another.

    ``others``: of what somebody ended, what somebody else was accountable for then.
    """
    sight = sight_of(by, wanted.institution_id)
    is_own = not by.may(VIEW, wanted.institution_id)
    where = {"person": sight.me} if is_own else {}
    told = {"sight": sight, "where": where, "clock": clock}
    ways = [("clock", "person"), ("clock", "person", "standing"), ("clock", "person", "whose")]
    ended = counted(Measure.ENDED, wanted, ways, timed=True, **told)  # type: ignore[arg-type]
    broken = counted(Measure.BROKEN, wanted, [("clock", "person")], **told)["clock", "person"]  # type: ignore[arg-type]
    handed = counted(Measure.HANDED, wanted, [("person", "standing")], **told)["person", "standing"]  # type: ignore[arg-type]
    tables = []
    for kind in KINDS:
        of = ended["clock", "person"], ended["clock", "person", "standing"], broken
        keys = {who for counts in (of[0], broken) for clock_, who in counts if clock_ == kind.value and who}
        lines = [_line("person", key, kind, *of, whose=ended["clock", "person", "whose"]) for key in keys]
        tables.append(Table(kind.value, "person", PEOPLE_COLUMNS, largest(lines, "ended")))
    return (*tables, _handed(handed))


def record(wanted: Wanted, staff_id: UUID, *, by: people.Author) -> StaffRecord:
    """Return the fair record of a person of staff over a period.

    Raises:
        NotPermitted: it is somebody's whose figures ``by`` may not see.
    """
    if not may_see(sight_of(by, wanted.institution_id), staff_id):
        raise people.NotPermitted(permission=VIEW)
    since, until, _ = instants(wanted)
    return record_of(staff_id, institution_id=wanted.institution_id, since=since, until=until, by=people.SYSTEM)


def _line(
    about: str, key: Key, kind: ClockKind, ended: Counts, standing: Counts, broken: Counts, whose: Counts | None = None
) -> Line:
    at: tuple[Key, ...] = (kind.value, key) if about else (kind.value,)
    where: dict[str, Key] = {"clock": kind.value, about: key} if about else {"clock": kind.value}
    cells: dict[str, Cell] = {"ended": figure(ended, at, Measure.ENDED, where)}
    for each in ("in_time", "late"):
        cells[each] = figure(standing, (*at, each), Measure.ENDED, {**where, "standing": each})
    cells["share"] = shared(cells["in_time"], cells["late"])
    if whose is not None:
        cells["others"] = figure(whose, (*at, "others"), Measure.ENDED, {**where, "whose": "others"})
    cells["broken"] = figure(broken, at, Measure.BROKEN, where)
    return Line(key, cells | lengths(ended.get(at, NOTHING)))


def _handed(handed: Counts) -> Table:
    lines = [
        Line(
            who,
            {
                each: figure(handed, (who, each), Measure.HANDED, {"person": who, "standing": each})
                for each in HANDED_COLUMNS
            },
        )
        for who in {who for who, _ in handed}
    ]
    return Table("handed", "person", HANDED_COLUMNS, largest(lines, "given"))
