"""Working hours in a place, and time counted in them: split days, overnight shifts, holidays, Ramadan, clocks put forward.

Pure; instants are aware and exact to the microsecond. What makes each sum unambiguous:

* A time of day is met at the first instant at which the clock on the wall shows it or a later one. A time that is skipped
  when clocks go forward is met at that moment; one that comes twice is met the first time (as RFC 5545, 3.3.5, has it).
* An opening belongs to the day on which it begins, also when it ends on the next: a holiday takes away what begins on it.
* Hours hold from an instant on, until other hours do. What was counted before that instant stays as it was counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from .errors import InputError, mark
from .hijri import Days, ramadan, year_near

DAY_S: Final = 86_400
OPENINGS_A_DAY_MAX: Final = 12
CLOSED_DAYS_MAX: Final = 800
"""A calendar that stays closed for longer is a mistake, not a holiday."""
UNBROKEN_MAX: Final = timedelta(days=7)
WEEKDAYS: Final = 7
FRIDAY, SATURDAY, SUNDAY = 4, 5, 6
WEEKEND_ELSEWHERE: Final = frozenset({SATURDAY, SUNDAY})
WEEKENDS: Final = {
    country: frozenset({FRIDAY, SATURDAY})
    for country in ("BH", "DZ", "EG", "IL", "IQ", "JO", "KW", "LY", "OM", "QA", "SA", "SD", "SY", "YE")
}
"""Weekends that are not Saturday and Sunday, by country (ISO 3166): CLDR's supplemental week data (2025)."""
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_ZERO: Final = timedelta(0)


class InvalidCalendar(InputError):
    """Hours that can't be: openings that overlap or end before they begin, an unknown zone, not seven days."""

    code = "invalid_calendar"
    sentence = mark("These working hours can't be right.")
    hint = mark("Look at the days and times: each ends after it begins, and none overlap.")


class CalendarNeverOpens(InputError):
    """Time can't be counted in a calendar that stays closed."""

    code = "calendar_never_opens"
    sentence = mark("Nobody works in this calendar for years.")
    hint = mark("Add working hours to it.")


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """Open from one time of day to another, in seconds after midnight; past 86,400 it ends on the next day."""

    start_s: int
    end_s: int

    def __post_init__(self) -> None:
        if not (0 <= self.start_s < DAY_S and self.start_s < self.end_s <= self.start_s + DAY_S):
            raise InvalidCalendar(field="openings")


def opening(start: str, end: str) -> Opening:
    """Return an opening from ``08:00`` to ``16:30``; one that ends at or before its start ends on the next day."""
    begins, ends = _seconds(start), _seconds(end)
    return Opening(begins, ends if ends > begins else ends + DAY_S)


Day = tuple[Opening, ...]
Week = tuple[Day, ...]


def week(day: Day, *, weekend: frozenset[int] = frozenset(), other: Mapping[int, Day] | None = None) -> Week:
    """Return seven days alike, Monday first, but closed on ``weekend`` and otherwise on those in ``other``."""
    different = other or {}
    return tuple(different.get(each, () if each in weekend else day) for each in range(WEEKDAYS))


def weekend_of(country: str) -> frozenset[int]:
    """Return the days of a country's weekend (ISO 3166; Monday is 0)."""
    return WEEKENDS.get(country, WEEKEND_ELSEWHERE)


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant until another, in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Hours:
    """When a place is open, as the clock on its wall shows.

    Attributes:
        zone: IANA name.
        week: the openings of Monday to Sunday.
        ramadan_week: those of Ramadan, if they differ.
        days: days with openings of their own, before all else: none for a holiday, some for half of one.
        announced: the days of Ramadan of a Hijri year as they were announced; other years go by the tabular calendar.
    """

    zone: str
    week: Week
    ramadan_week: Week | None = None
    days: Mapping[date, Day] = field(default_factory=lambda: MappingProxyType({}))
    announced: Mapping[int, Days] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (OSError, ValueError, KeyError) as error:  # not there, a path, or not a zone
            raise InvalidCalendar(field="zone") from error
        for each in (self.week, self.ramadan_week):
            if each is not None and len(each) != WEEKDAYS:
                raise InvalidCalendar(field="week")
        for day in (*self.week, *(self.ramadan_week or ()), *self.days.values()):
            _check(day)

    def openings(self, day: date) -> Day:
        """Return when it is open on a day."""
        own = self.days.get(day)
        if own is not None:
            return own
        if self.ramadan_week is not None and self.is_ramadan(day):
            return self.ramadan_week[day.weekday()]
        return self.week[day.weekday()]

    def is_ramadan(self, day: date) -> bool:
        """Whether a day is in Ramadan: as announced, else by the tabular calendar."""
        near = year_near(day)
        return any(day in self.announced.get(year, ramadan(year)) for year in (near - 1, near, near + 1))

    def spans_of(self, day: date) -> list[Span]:
        """Return the instants between which it is open by the openings of one day; those that a change of clocks leaves."""
        zone = ZoneInfo(self.zone)
        found = [Span(met(day, each.start_s, zone), met(day, each.end_s, zone)) for each in self.openings(day)]
        return [span for span in found if span.start < span.end]


@dataclass(frozen=True, slots=True)
class Version:
    """Hours, and the instant from which they hold."""

    valid_from: datetime
    hours: Hours


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hours over time. The first version also holds for the time before it."""

    versions: tuple[Version, ...]

    def __post_init__(self) -> None:
        if not self.versions or any(after.valid_from <= before.valid_from for before, after in pairwise(self.versions)):
            raise InvalidCalendar(field="versions")
        if any(version.valid_from.tzinfo is None for version in self.versions):
            raise InvalidCalendar(field="valid_from")

    def spans(self, since: datetime, until: datetime | None = None) -> Iterator[Span]:
        """Yield when it is open from ``since`` on (and before ``until``), in order, none touching the next.

        Only without ``until``, what is open without a break for longer than ``UNBROKEN_MAX`` comes as several that touch:
        hours around the clock have no end that could be waited for.

        Raises:
            CalendarNeverOpens: without ``until``, it stays closed for ``CLOSED_DAYS_MAX`` days.
        """
        current: Span | None = None
        for span in self._pieces(since.astimezone(UTC), until.astimezone(UTC) if until is not None else None):
            if current is None or span.start > current.end:
                if current is not None:
                    yield current
                current = span
            elif until is not None or current.end - current.start < UNBROKEN_MAX:
                current = Span(current.start, max(current.end, span.end))
            elif span.end > current.end:
                yield current
                current = Span(current.end, span.end)
        if current is not None:
            yield current

    def _pieces(self, since: datetime, until: datetime | None) -> Iterator[Span]:
        """Yield what each version is open for while it holds, by the instant at which it begins."""
        for number, version in enumerate(self.versions):
            begins = since if number == 0 else max(since, version.valid_from)
            after = self.versions[number + 1].valid_from if number + 1 < len(self.versions) else None
            ends = min((each for each in (after, until) if each is not None), default=None)
            if ends is None or begins < ends:
                yield from _open(version.hours, begins, ends)

    def add_working(self, start: datetime, work: timedelta) -> datetime:
        """Return the first instant by which so much working time has gone by since ``start``.

        Raises:
            CalendarNeverOpens: it never will.
        """
        if work < _ZERO:
            raise ValueError("working time is not counted backwards")
        if work == _ZERO:
            return start
        left = work
        for span in self.spans(start):
            length = span.end - span.start
            if length >= left:
                return span.start + left
            left -= length
        raise CalendarNeverOpens

    def working_between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much working time there is from ``start`` to ``end``; none if it ends before it starts."""
        return sum((span.end - span.start for span in self.spans(start, end)), _ZERO) if start < end else _ZERO

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at an instant."""
        return any(True for _ in self.spans(at, at + timedelta(microseconds=1)))

    def next_open(self, at: datetime) -> datetime:
        """Return the first instant from ``at`` on at which it is open.

        Raises:
            CalendarNeverOpens: there is none.
        """
        for span in self.spans(at):
            return span.start
        raise CalendarNeverOpens

    def hours_of(self, day: date) -> Hours:
        """Return the hours that hold when a day begins where they are; counted days go by these to their end."""
        for version in reversed(self.versions[1:]):
            if version.valid_from <= met(day, 0, ZoneInfo(version.hours.zone)):
                return version.hours
        return self.versions[0].hours

    def day_of(self, at: datetime) -> date:
        """Return the date on the wall at an instant, where the hours are that hold then."""
        holding = [version for version in self.versions[1:] if version.valid_from <= at]
        hours = (holding or [self.versions[0]])[-1].hours
        return at.astimezone(ZoneInfo(hours.zone)).date()

    def end_of_day(self, day: date) -> datetime:
        """Return the instant at which a day ends."""
        return met(day, DAY_S, ZoneInfo(self.hours_of(day).zone))

    def close_of(self, day: date) -> datetime | None:
        """Return when a working day closes: with its last opening, at the latest with the day; ``None`` if it is none."""
        spans = self.hours_of(day).spans_of(day)
        return min(max(span.end for span in spans), self.end_of_day(day)) if spans else None

    def add_working_days(self, after: date, since: datetime, days: int) -> datetime:
        """Return the close of the ``days``-th working day after a date that closes after ``since``.

        Raises:
            CalendarNeverOpens: it never comes.
        """
        if days == 0:
            return since
        left, closed, day = days, 0, max(after, self.day_of(since) - _DAY)
        while closed < CLOSED_DAYS_MAX:
            day += _DAY
            closes = self.close_of(day)
            closed = closed + 1 if closes is None else 0
            if closes is not None and closes > since:
                left -= 1
                if left == 0:
                    return closes
        raise CalendarNeverOpens

    def working_days_between(self, after: date, since: datetime, until: datetime) -> int:
        """Return how many working days after a date close later than ``since`` and not later than ``until``."""
        counted, day = 0, max(after, self.day_of(since) - _DAY)
        last = self.day_of(until) + _DAY
        while day < last:
            day += _DAY
            closes = self.close_of(day)
            counted += closes is not None and since < closes <= until
        return counted


def met(day: date, second: int, zone: ZoneInfo) -> datetime:
    """Return the first instant at which clocks in a zone show so many seconds after midnight of a day, or later."""
    wall = datetime.combine(day, time()) + timedelta(seconds=second)
    before = wall.replace(tzinfo=zone, fold=0)
    instant = before.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # The time is skipped: the two offsets around the change put it after and before the change, which lies between.
    late, early = instant, before.replace(fold=1).astimezone(UTC)
    while late - early > _SECOND:
        middle = early + timedelta(seconds=(late - early) // _SECOND // 2)
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            late = middle
        else:
            early = middle
    return late


def _open(hours: Hours, begins: datetime, ends: datetime | None) -> Iterator[Span]:
    """Yield when hours are open from one instant to another; overlapping where the hours of two days do."""
    zone = ZoneInfo(hours.zone)
    day = begins.astimezone(zone).date() - 2 * _DAY
    closed = 0
    while True:
        if ends is not None and met(day, 0, zone) >= ends:
            return
        if ends is None and closed > CLOSED_DAYS_MAX:
            raise CalendarNeverOpens
        closed += 1
        for span in hours.spans_of(day):
            start, end = max(span.start, begins), span.end if ends is None else min(span.end, ends)
            if start < end:
                closed = 0
                yield Span(start, end)
        day += _DAY


def _check(day: Day) -> None:
    if len(day) > OPENINGS_A_DAY_MAX or any(after.start_s < before.end_s for before, after in pairwise(day)):
        raise InvalidCalendar(field="openings")


def _seconds(text: str) -> int:
    try:
        hours, minutes = text.split(":")
        second = int(hours) * 3600 + int(minutes) * 60
    except ValueError as error:
        raise InvalidCalendar(field="openings") from error
    if not (0 <= int(minutes) < 60 and 0 <= second <= DAY_S):  # noqa: PLR2004
        raise InvalidCalendar(field="openings")
    return second
