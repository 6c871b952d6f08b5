"""Counting and listing the same rows: a figure, and what is behind it, are one statement read in two ways.

The statements are planned anew each time with what is asked in them: a day of one team and a year of everybody want other
ways through the tables. Each has ``STATEMENT_MS_MAX``; what takes longer is refused as busy instead of holding up the desk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from raseed.kernel.clock import Clock
from raseed.people import api as people
from raseed.platform import api as platform

from ..sql import REPORTS
from .domain import NAMED, PAGE_MAX, TOLD_APART, TYPES, Behind, Key, Measure, Wanted
from .errors import UnknownFigure
from .permissions import VIEW
from .sight import ALL, Sight, sight_of

STATEMENT_MS_MAX: Final = 10_000
GROUPS_MAX: Final = 20_000
_PERCENTILES: Final = (
    ", percentile_disc(0.5) WITHIN GROUP (ORDER BY b.seconds), percentile_disc(0.9) WITHIN GROUP (ORDER BY b.seconds)"
)
_OF_WALL: Final = {
    "day": "b.wall::date",
    "month": "date_trunc('month', b.wall)::date",
    "weekday": "EXTRACT(ISODOW FROM b.wall)::int - 1",
    "hour": "EXTRACT(HOUR FROM b.wall)::int",
}
"""What is read from the wall's clocks: of each hour or day that was counted, not of each thing."""
_ONCE_EACH: Final = {Measure.TAGGED: "tag", Measure.STOPPED_KINDS: "kind"}
"""Measures in which a thing stands once for each of something, of which one has to be named to list them."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many, and the median and the ninth decile of their working seconds, where they were measured."""

    count: int = 0
    median_s: int | None = None
    p90_s: int | None = None


NOTHING: Final = Counted()
Counts = Mapping[tuple[Key, ...], Counted]


def counted(
    measure: Measure,
    wanted: Wanted,
    by: Sequence[tuple[str, ...]],
    *,
    sight: Sight = ALL,
    where: Mapping[str, Key] | None = None,
    timed: bool = False,
    clock: Clock,
) -> dict[tuple[str, ...], Counts]:
    """Count the things of a measure by several ways of telling them apart at once, in one look at the rows.

    Whoever calls has looked who asks.
    """
    names = sorted({name for one in by for name in one})
    assert set(names) <= TOLD_APART[measure], "the measure has no such column"
    columns = ", ".join(f"b.{name}" for name in names)
    grouped = "grouping(" + columns + ")" if names else "0"
    sets = ", ".join("(" + ", ".join(f"b.{name}" for name in one) + ")" for one in by)
    narrowed, values = _narrowed(measure, where or {})
    rows = f"SELECT * FROM ({REPORTS[measure.value]}) AS b WHERE {narrowed}"  # noqa: S608  (as below)
    counting = f"count(*){_PERCENTILES}"
    if not timed:  # all rows are looked at once, and the few sums many times
        kept = ", ".join(sorted({"b.wall" if name in _OF_WALL else f"b.{name}" for name in names}))
        counting, within = "COALESCE(sum(b.n), 0)::bigint", f"GROUP BY {kept}" if kept else ""
        rows = f"SELECT {kept + ',' if kept else ''} count(*) AS n FROM ({rows}) AS b {within}"  # noqa: S608  (as below)
    told = "".join(f"{_expression(name)} AS {name}, " for name in names)
    inner = "b.n" if not timed else "b.seconds"
    text = (
        f"SELECT {grouped}, {columns + ',' if columns else ''} {counting} "  # noqa: S608  (names from the tables of ``domain``)
        f"FROM (SELECT {told}{inner} FROM ({rows}) AS b) AS b GROUP BY GROUPING SETS ({sets}) LIMIT {GROUPS_MAX}"
    )
    found: dict[tuple[str, ...], dict[tuple[Key, ...], Counted]] = {one: {} for one in by}
    masks = {_mask(names, one): one for one in by}
    for mask, *row in _rows(text, _parameters(wanted, sight, clock) | values):
        one = masks[mask]
        key = dict(zip(names, row, strict=False))
        count, *lengths = row[len(names) :]
        found[one][tuple(key[name] for name in one)] = Counted(count, *lengths)
    return dict(found)


def count_behind(wanted: Wanted, behind: Behind, *, by: people.Author, clock: Clock) -> int:
    """Return how many things are behind a figure.

    Raises:
        NotPermitted, UnknownFigure.
    """
    sight = allowed(wanted, behind, by)
    of = wanted.before() if behind.earlier else wanted
    (counts,) = counted(behind.measure, of, [()], sight=sight, where=behind.where, clock=clock).values()
    return counts.get((), NOTHING).count


def rows_behind(
    wanted: Wanted, behind: Behind, *, by: people.Author, before: str | None, limit: int, clock: Clock
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of the things behind a figure, the latest first, and the marker of the next page.

    Raises:
        NotPermitted, UnknownFigure. InvalidCursor: ``before`` is no marker of this list.
    """
    sight, size = allowed(wanted, behind, by), min(max(limit, 1), PAGE_MAX)
    of = wanted.before() if behind.earlier else wanted
    narrowed, values = _narrowed(behind.measure, behind.where)
    kind = f"care.reports:{wanted.institution_id}:{behind.measure.value}"
    place: dict[str, Any] = {"place_at": None, "place_id": None}
    if before is not None:
        at, id_ = _place(kind, before)
        place = {"place_at": at, "place_id": id_}
    text = (
        f"SELECT * FROM ({REPORTS[behind.measure.value]}) AS b WHERE {narrowed} "  # noqa: S608  (as above)
        "AND (%(place_at)s::timestamptz IS NULL OR (b.at, b.id::text) < (%(place_at)s::timestamptz, %(place_id)s::text)) "
        f"ORDER BY b.at DESC, b.id::text DESC LIMIT {size + 1}"
    )
    found = _told(text, _parameters(of, sight, clock) | values | place)
    last = found[size - 1] if len(found) > size else None
    marker = platform.encode_cursor(kind, last["at"].isoformat(), str(last["id"])) if last else None
    return found[:size], marker


def allowed(wanted: Wanted, behind: Behind, by: people.Author) -> Sight:
    """Return whose things may be counted of a figure; everybody's where it is about nobody by name.

    Raises:
        NotPermitted: ``by`` may not read reports, and it is not about themself. UnknownFigure: there is none such.
    """
    if not set(behind.where) <= TOLD_APART[behind.measure]:
        raise UnknownFigure(field="figure")
    if _ONCE_EACH.get(behind.measure, "") not in {"", *behind.where}:
        raise UnknownFigure(field="figure")
    sight = sight_of(by, wanted.institution_id)
    if not by.may(VIEW, wanted.institution_id) and (sight.me is None or behind.where.get("person") != sight.me):
        raise people.NotPermitted(permission=VIEW)
    named = behind.measure in NAMED or bool({"person", "whose"} & set(behind.where))
    return sight if named else ALL


def instants(wanted: Wanted) -> tuple[datetime, datetime, str]:
    """Return when a period begins and ends, and the zone of its days."""
    zone = people.institution(wanted.institution_id).zone
    since, until = _midnight(wanted.first, zone), _midnight(wanted.last + timedelta(1), zone)
    return since, until, zone


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def _parameters(wanted: Wanted, sight: Sight, clock: Clock) -> dict[str, Any]:
    since, until, zone = instants(wanted)
    return {
        "institution": wanted.institution_id, "since": since, "until": until, "zone": zone, "now": clock.now(),
        "team": wanted.team_id, "channel": wanted.channel, "everyone": sight.everyone, "teams": list(sight.teams),
        "me": sight.me, "my_name": f"staff:{sight.me}",
    }  # fmt: skip


def _narrowed(measure: Measure, where: Mapping[str, Key]) -> tuple[str, dict[str, Any]]:
    assert set(where) <= TOLD_APART[measure], "whoever calls has looked"
    texts = [f"{_expression(name)} IS NOT DISTINCT FROM %(is_{name})s::{TYPES[name]}" for name in sorted(where)]
    return " AND ".join(texts) or "true", {f"is_{name}": value for name, value in where.items()}


def _expression(name: str) -> str:
    return _OF_WALL.get(name, f"b.{name}")


def _mask(names: Sequence[str], one: tuple[str, ...]) -> int:
    """Return what ``grouping`` says of a way: a bit for each name, the first the highest, set where it doesn't tell by it."""
    return sum(1 << place for place, name in enumerate(reversed(names)) if name not in one)


def _place(kind: str, before: str) -> tuple[datetime, str]:
    values = platform.decode_cursor(kind, before)
    try:
        at, id_ = values
        return datetime.fromisoformat(str(at)), str(id_)
    except ValueError:
        raise platform.InvalidCursor(field="before") from None


def _rows(text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with _bounded(), connection.cursor() as cursor:
        cursor.execute(text, parameters)
        return list(cursor.fetchall())


def _told(text: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with _bounded(), connection.cursor() as cursor:
        cursor.execute(text, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def _bounded() -> Iterator[None]:
    """Run within a transaction whose statements have a bound, and give the caller's back afterwards."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)",
                [str(STATEMENT_MS_MAX)],
            )
            row = cursor.fetchone()
        try:
            yield
        finally:
            if connection.is_usable() and not connection.needs_rollback:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [row[0] if row else "0"])
