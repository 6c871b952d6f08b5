"""Working days: the weekend of a country, an institution's holidays, and where a date goes that falls on neither's good side.

Pure. Weekends are the kernel's (``calendars``). Holidays are data of each institution, for many of ours are announced by a
council that looks for the moon. The rules for moving a date are those of ISDA's 2006 definitions, section 4.12.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from raseed.kernel.calendars import WEEKEND_ELSEWHERE
from raseed.kernel.errors import mark

HOLIDAY_RUN_DAYS_MAX: Final = 62
"""The longest run of days off that a date is moved over; past it the calendar is wrong, not the date."""


class BusinessDayRule(StrEnum):
    """Where a date goes that is no working day."""

    UNCHANGED = "unchanged"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified_following"
    PRECEDING = "preceding"


RULE_WORDS: Final = {
    BusinessDayRule.UNCHANGED: mark("Stays on its date"),
    BusinessDayRule.FOLLOWING: mark("The next working day"),
    BusinessDayRule.MODIFIED_FOLLOWING: mark("The next working day, or the one before if that is in another month"),
    BusinessDayRule.PRECEDING: mark("The working day before"),
}


@dataclass(frozen=True, slots=True)
class Workdays:
    """Which days an institution works: not its ``weekend`` (Monday is 0), not its ``holidays``."""

    weekend: frozenset[int] = WEEKEND_ELSEWHERE
    holidays: frozenset[date] = frozenset()

    def is_workday(self, day: date) -> bool:
        """Whether the institution works on this day."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def moved(self, day: date, rule: BusinessDayRule) -> date:
        """Return where ``rule`` puts a date: itself if it is a working day."""
        if rule is BusinessDayRule.UNCHANGED or self.is_workday(day):
            return day
        if rule is BusinessDayRule.PRECEDING:
            return self._nearest(day, -1)
        after = self._nearest(day, 1)
        if rule is BusinessDayRule.MODIFIED_FOLLOWING and after.month != day.month:
            return self._nearest(day, -1)
        return after

    def _nearest(self, day: date, step: int) -> date:
        for days in range(1, HOLIDAY_RUN_DAYS_MAX + 1):
            candidate = day + timedelta(days=step * days)
            if self.is_workday(candidate):
                return candidate
        raise AssertionError(f"no working day within {HOLIDAY_RUN_DAYS_MAX} days of {day}")


def is_last_of_month(day: date) -> bool:
    """Whether a day is the last of its month."""
    return day.day == calendar.monthrange(day.year, day.month)[1]


def months_later(day: date, months: int, *, last_of_month: bool = False) -> date:
    """Return the date so many months later, or earlier if negative: the same day of the month, or the month's last.

    A day that a shorter month does not have becomes its last; counted always from the first date, it comes back in the
    next longer one. With ``last_of_month`` it is the last day of every month.
    """
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    length = calendar.monthrange(year, month)[1]
    return date(year, month, length if last_of_month else min(day.day, length))
