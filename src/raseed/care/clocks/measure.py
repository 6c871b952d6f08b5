"""Counting a rule's time: microseconds that are worked or just go by, or days that end. Pure.

A day that is counted follows the day on which the clock began, and is counted when it ends while the clock runs: a working
day at its close, a calendar day at midnight. So a clock that is paused and resumed within a day has lost nothing of it.
"""

from __future__ import annotations

import calendar as months
from datetime import date, datetime, timedelta
from typing import Final

from raseed.kernel.calendars import Calendar

from .domain import Unit

MICROSECOND: Final = timedelta(microseconds=1)
SECOND_US: Final = 1_000_000
IN_TIME: Final = frozenset({Unit.WORKING, Unit.ELAPSED})
"""Units that are counted in microseconds; the others in days."""
_DAY: Final = timedelta(days=1)


def started(calendar: Calendar, unit: Unit, amount: int, at: datetime) -> tuple[Unit, int]:
    """Return the unit and the amount that a clock which begins at an instant counts: months become days."""
    if unit in IN_TIME:
        return unit, amount * SECOND_US
    if unit is not Unit.MONTHS:
        return unit, amount
    begins = calendar.day_of(at)
    return Unit.CALENDAR_DAYS, (_months_later(begins, amount) - begins).days


def due(calendar: Calendar, unit: Unit, started_at: datetime, since: datetime, left: int) -> datetime:
    """Return the instant at which what is left is used up, if the clock runs from ``since`` on."""
    if left <= 0:
        return since
    if unit is Unit.WORKING:
        return calendar.add_working(since, left * MICROSECOND)
    if unit is Unit.ELAPSED:
        return since + left * MICROSECOND
    begins = calendar.day_of(started_at)
    if unit is Unit.WORKING_DAYS:
        return calendar.add_working_days(begins, since, left)
    return calendar.end_of_day(_first_day(calendar, begins, since) + (left - 1) * _DAY)


def used(calendar: Calendar, unit: Unit, started_at: datetime, since: datetime, until: datetime) -> int:
    """Return what a clock that ran from one instant to another has used."""
    if until <= since:
        return 0
    if unit is Unit.WORKING:
        return calendar.working_between(since, until) // MICROSECOND
    if unit is Unit.ELAPSED:
        return (until - since) // MICROSECOND
    begins = calendar.day_of(started_at)
    if unit is Unit.WORKING_DAYS:
        return calendar.working_days_between(begins, since, until)
    return max(0, (calendar.day_of(until) - _first_day(calendar, begins, since)).days)


def _first_day(calendar: Calendar, begins: date, since: datetime) -> date:
    """Return the first day after the one on which the clock began that ends later than ``since``."""
    return max(begins + _DAY, calendar.day_of(since))


def _months_later(day: date, count: int) -> date:
    place = day.year * 12 + day.month - 1 + count
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(day.day, months.monthrange(year, month)[1]))
