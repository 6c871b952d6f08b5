"""Due times of random clocks against a reference that walks every minute of six years, in five places; the difference is nought.

A case is a calendar (split days, nights, weekends, holidays whole and half, Ramadan hours by the table or as announced, edited
up to twice while the clock runs), a start, an amount (working seconds, working days or calendar days) and up to three pauses.

The reference shares no code with what it judges, but the time zone database: it looks at the wall at every minute, paints each
calendar minute by minute, and adds up. A time of day is met when the highest time that the wall has shown so far reaches it.
There is no peer: what PyPI has (businesstimedelta, workalendar) knows no edits, no pauses and no Ramadan, and is not locked here.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from benchmarks import Claim, Context

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from raseed.kernel.calendars import Calendar

    Minutes = NDArray[np.int64]
    Flags = NDArray[np.bool_]

ZONES: Final = {
    "Africa/Cairo": (4, 5), "Asia/Muscat": (4, 5), "Asia/Jerusalem": (4, 5), "Asia/Damascus": (4, 5),
    "Europe/London": (5, 6),
}  # fmt: skip
FIRST: Final = datetime(2021, 12, 25, tzinfo=UTC)
LAST: Final = datetime(2027, 12, 31, tzinfo=UTC)
MINUTE_S: Final = 60
DAY_MINUTES: Final = 1440
SEED: Final = 6
CASES_A_CALENDAR: Final = 200
RAMADANS: Final = (
    date(2022, 4, 3),
    date(2023, 3, 23),
    date(2024, 3, 11),
    date(2025, 3, 1),
    date(2026, 2, 18),
    date(2027, 2, 8),
)
"""The first days of Ramadan of 1443 to 1448 by the tabular calendar; each month has thirty days."""
YEAR_OF_FIRST: Final = 1443
US: Final = 1_000_000

Openings = tuple[tuple[int, int], ...]
"""Of a day: minutes after midnight, from and to; to may lie on the next day."""


@dataclass(frozen=True)
class Pattern:
    """Hours as they are drawn: plain numbers, from which both sides are made."""

    zone: str
    week: tuple[Openings, ...]
    ramadan: tuple[Openings, ...] | None
    days: dict[date, Openings]
    announced: dict[int, tuple[date, date]]


@dataclass(frozen=True)
class Case:
    """A clock: its start, its amount in its unit, and its pauses, each from one instant to another; seconds since ``FIRST``."""

    unit: str
    start: int
    amount: int
    pauses: tuple[tuple[int, int], ...]


def run(context: Context) -> list[Claim]:
    """Draw the cases, ask both sides, and compare them to the second."""
    cases = int(context.option("clock_cases", "2000" if context.quick else "100000"))
    rng = random.Random(SEED)
    walls = {zone: _wall(zone) for zone in ZONES}
    changes = {zone: _changes(wall) for zone, wall in walls.items()}
    worst, differing, asked, seconds, kinds = (
        0,
        0,
        0,
        0.0,
        dict.fromkeys(("working", "working_days", "calendar_days"), 0),
    )
    by_zone = dict.fromkeys(ZONES, 0)
    while asked < cases:
        zone = list(ZONES)[asked // CASES_A_CALENDAR % len(ZONES)]
        patterns = _patterns(rng, zone)
        reference, judged = _Reference(patterns, walls[zone]), _calendar(patterns)
        for case in _cases(rng, min(CASES_A_CALENDAR, cases - asked), changes[zone]):
            began = time.perf_counter()
            told = _due(judged, case)
            seconds += time.perf_counter() - began
            wrong = abs(told - reference.due(case))
            worst, differing, asked = max(worst, wrong), differing + (wrong > 0), asked + 1
            kinds[case.unit] += 1
            by_zone[zone] += 1
            assert wrong == 0, (zone, patterns, case, told, reference.due(case))
        if asked % (50 * CASES_A_CALENDAR) == 0:
            context.tell(f"{asked:,} clocks, {differing} differing …")
    return [
        Claim(
            "care.clocks.difference_s_max", worst, "s", 0, better="lower",
            notes={"cases": asked, "changes_of_clocks": {zone: len(found) for zone, found in changes.items()}, "differing": differing, "zones": by_zone, "units": kinds, "peer": "none"},
        ),
        Claim("care.clocks.due_times", round(asked / seconds), "clocks/s", notes={"seconds": round(seconds, 1)}),
    ]  # fmt: skip


# What is drawn.


def _patterns(rng: random.Random, zone: str) -> list[tuple[int, Pattern]]:
    """Return hours, each with the second from which they hold: the first ever since, up to two edits."""
    edits = rng.sample(range(400 * 86_400, 1_600 * 86_400, MINUTE_S), rng.choice((0, 0, 1, 2)))
    return [(at, _pattern(rng, zone)) for at in (-(10**9), *sorted(edits))]


def _pattern(rng: random.Random, zone: str) -> Pattern:
    weekend = ZONES[zone]
    day, friday = _openings(rng), _openings(rng)
    week = tuple(
        (friday if _one_in(rng, 10) else ()) if number in weekend else (_openings(rng) if _one_in(rng, 5) else day)
        for number in range(7)
    )
    if not any(week):
        week = (((480, 1020),), *week[1:])
    short = tuple(((600, 900),) if openings else () for openings in week)
    night = tuple((*((600, 780),), (1260, 1560)) if openings else () for openings in week)
    own = {
        date(2022, 1, 1) + timedelta(days=rng.randrange(1_900)): rng.choice(((), ((480, 720),), _openings(rng)))
        for _ in range(rng.randrange(60))
    }
    announced = {}
    for number, first in enumerate(RAMADANS):
        if _one_in(rng, 2):
            begins = first + timedelta(days=rng.choice((-1, 0, 1)))
            announced[YEAR_OF_FIRST + number] = (begins, begins + timedelta(days=rng.choice((28, 29))))
    return Pattern(zone, week, rng.choice((None, short, night)), own, announced)


def _openings(rng: random.Random) -> Openings:
    kind = rng.choices(("plain", "split", "night", "always", "any"), (40, 25, 20, 5, 10))[0]
    if kind == "plain":
        begins = rng.choice((420, 480, 510, 540))
        return ((begins, begins + rng.choice((420, 480, 540))),)
    if kind == "split":
        return ((rng.choice((480, 540)), 780), (960, rng.choice((1200, 1260, 1439, 1440))))
    if kind == "night":  # over the hours at which clocks are changed
        begins = rng.choice((1200, 1260, 1320, 1410))
        return ((begins, begins + rng.randrange(60, 660)),)
    if kind == "always":
        return ((0, DAY_MINUTES),)
    edges = sorted(rng.sample(range(DAY_MINUTES), 2 * rng.randrange(1, 4)))
    return tuple(zip(edges[::2], edges[1::2], strict=True))


def _one_in(rng: random.Random, many: int) -> bool:
    return rng.randrange(many) == 0


def _cases(rng: random.Random, count: int, changes: list[int]) -> Iterator[Case]:
    """Draw clocks; where there are changes of clocks, a third of them start within a day and a half of one."""
    for _ in range(count):
        start = rng.randrange(30 * 86_400, 1_750 * 86_400)
        if changes and _one_in(rng, 3):
            start = rng.choice(changes) + rng.randrange(-129_600, 43_200)
        unit = rng.choices(("working", "working_days", "calendar_days"), (70, 20, 10))[0]
        amount = rng.randrange(1, rng.choice((3_600, 36_000, 432_000))) if unit == "working" else rng.randrange(1, 21)
        at, pauses = start, []
        for _ in range(rng.choice((0, 0, 1, 2, 3))):
            begins = at + rng.randrange(1, rng.choice((600, 86_400)))
            at = begins + rng.randrange(1, rng.choice((600, 86_400, 400_000)))
            pauses.append((begins, at))
        yield Case(unit, start, amount, tuple(pauses))


# What is judged: the kernel's calendars, and the counting of clocks.


def _calendar(patterns: list[tuple[int, Pattern]]) -> Calendar:
    from raseed.kernel.calendars import Calendar, Hours, Opening, Version  # noqa: PLC0415
    from raseed.kernel.hijri import Days  # noqa: PLC0415

    def day(openings: Openings) -> tuple[Opening, ...]:
        return tuple(Opening(begins * MINUTE_S, ends * MINUTE_S) for begins, ends in openings)

    def hours(pattern: Pattern) -> Hours:
        return Hours(
            pattern.zone,
            tuple(map(day, pattern.week)),
            None if pattern.ramadan is None else tuple(map(day, pattern.ramadan)),
            {each: day(openings) for each, openings in pattern.days.items()},
            {year: Days(*days) for year, days in pattern.announced.items()},
        )

    return Calendar(tuple(Version(FIRST + timedelta(seconds=at), hours(pattern)) for at, pattern in patterns))


def _due(calendar: Calendar, case: Case) -> int:
    """Return when a clock is due as the clocks of ``care`` work it out: used until each pause, due after the last."""
    from raseed.care.clocks import measure  # noqa: PLC0415
    from raseed.care.clocks.domain import Unit  # noqa: PLC0415

    def instant(second: int) -> datetime:
        return FIRST + timedelta(seconds=second)

    began = instant(case.start)
    unit, amount = measure.started(calendar, Unit(case.unit), case.amount, began)
    used, since = 0, began
    for pauses, resumes in case.pauses:
        due = measure.due(calendar, unit, began, since, amount - used)
        if due <= instant(pauses):
            return (due - FIRST) // timedelta(seconds=1)
        used += measure.used(calendar, unit, began, since, instant(pauses))
        since = instant(resumes)
    return (measure.due(calendar, unit, began, since, amount - used) - FIRST) // timedelta(seconds=1)


# The reference.


def _wall(zone: str) -> Minutes:
    """Return, for every minute since ``FIRST``, the highest time that the wall has shown so far, in minutes since the year 1."""
    import numpy as np  # noqa: PLC0415

    place, count = ZoneInfo(zone), (LAST - FIRST) // timedelta(minutes=1)
    shown = np.empty(count, dtype=np.int64)
    for minute in range(count):
        wall = (FIRST + timedelta(minutes=minute)).astimezone(place)
        shown[minute] = wall.toordinal() * DAY_MINUTES + wall.hour * 60 + wall.minute
    return np.maximum.accumulate(shown)


def _changes(wall: Minutes) -> list[int]:
    """Return the seconds at which clocks were changed: the wall skips time, or shows again what it has shown."""
    import numpy as np  # noqa: PLC0415

    steps = np.diff(wall)
    begun = np.flatnonzero((steps != 1) & np.concatenate(([True], steps[:-1] == 1)))
    return [int(each) * MINUTE_S for each in begun if 30 * DAY_MINUTES < each < 1_750 * DAY_MINUTES]


class _Reference:
    """A calendar painted minute by minute, and what it adds up to."""

    def __init__(self, patterns: list[tuple[int, Pattern]], wall: Minutes) -> None:
        import numpy as np  # noqa: PLC0415

        self._wall, self._patterns = wall, patterns
        self._low = int(wall[0]) - 3 * DAY_MINUTES
        self._days = range(int(wall[0]) // DAY_MINUTES - 2, int(wall[-1]) // DAY_MINUTES - 2)
        self._open = self._painted(patterns[0][1])[wall - self._low]
        for at, pattern in patterns[1:]:
            minute = at // MINUTE_S
            self._open = np.concatenate((self._open[:minute], self._painted(pattern)[wall - self._low][minute:]))
        self._worked = np.concatenate(([0], np.cumsum(self._open, dtype=np.int64))) * MINUTE_S
        self._closes: list[tuple[int, int]] | None = None

    def _painted(self, pattern: Pattern) -> Flags:
        import numpy as np  # noqa: PLC0415

        painted = np.zeros(int(self._wall[-1]) - self._low + 4 * DAY_MINUTES, dtype=np.bool_)
        for number in self._days:
            midnight = number * DAY_MINUTES - self._low
            for begins, ends in _openings_of(pattern, date.fromordinal(number)):
                painted[midnight + begins : midnight + ends] = True
        return painted

    def due(self, case: Case) -> int:
        """Return the second at which a clock is due."""
        runs = [case.start, *(edge for pause in case.pauses for edge in pause)]
        stretches = list(zip(runs[::2], [*runs[1::2], 10**12], strict=True))
        if case.unit == "working":
            return self._due_working(stretches, case.amount)
        began = int(self._shown(case.start)) // DAY_MINUTES
        counted = self._closes_of_days() if case.unit == "working_days" else self._ends_of_days()
        left = case.amount
        for number, at in counted:
            if number > began and any(since < at <= until for since, until in stretches):
                left -= 1
                if left == 0:
                    return at
        raise AssertionError("the years are over")

    def _shown(self, second: int) -> int:
        """Return the date on the wall as it is, which is not the highest that it has shown, in minutes."""
        place = ZoneInfo(self._patterns[0][1].zone)
        wall = (FIRST + timedelta(seconds=second)).astimezone(place)
        return wall.toordinal() * DAY_MINUTES

    def _due_working(self, stretches: list[tuple[int, int]], amount: int) -> int:
        left = amount
        for since, until in stretches:
            has = self._until(until) - self._until(since) if until < 10**12 else None
            if has is None or has >= left:
                return self._when(self._until(since) + left)
            left -= has
        raise AssertionError("the last stretch has no end")

    def _until(self, second: int) -> int:
        """Return the seconds worked since ``FIRST``."""
        minute = second // MINUTE_S
        return int(self._worked[minute]) + (second % MINUTE_S if self._open[minute] else 0)

    def _when(self, worked: int) -> int:
        """Return the first second by which so many were worked."""
        import numpy as np  # noqa: PLC0415

        minute = int(np.searchsorted(self._worked, worked, side="left")) - 1
        return minute * MINUTE_S + worked - int(self._worked[minute])

    def _reached(self, wall_minute: int) -> int:
        import numpy as np  # noqa: PLC0415

        return int(np.searchsorted(self._wall, wall_minute, side="left")) * MINUTE_S

    def _ends_of_days(self) -> list[tuple[int, int]]:
        return [(number, self._reached((number + 1) * DAY_MINUTES)) for number in self._days]

    def _closes_of_days(self) -> list[tuple[int, int]]:
        """Return each working day with the second of its close, by the hours that hold when it begins."""
        if self._closes is None:
            self._closes = []
            for number in self._days:
                midnight = number * DAY_MINUTES
                begins = self._reached(midnight)
                pattern = [each for at, each in self._patterns if at <= begins][-1]
                ends = [
                    self._reached(midnight + until)
                    for since, until in _openings_of(pattern, date.fromordinal(number))
                    if self._reached(midnight + since) < self._reached(midnight + until)
                ]
                if ends:
                    self._closes.append((number, min(max(ends), self._reached(midnight + DAY_MINUTES))))
        return self._closes


def _openings_of(pattern: Pattern, day: date) -> Openings:
    if day in pattern.days:
        return pattern.days[day]
    if pattern.ramadan is not None:
        for number, first in enumerate(RAMADANS):
            begins, ends = pattern.announced.get(YEAR_OF_FIRST + number, (first, first + timedelta(days=29)))
            if begins <= day <= ends:
                return pattern.ramadan[day.weekday()]
    return pattern.week[day.weekday()]
