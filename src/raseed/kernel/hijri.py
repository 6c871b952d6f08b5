"""The month of Ramadan in the Gregorian calendar: as it was announced, else by the tabular Islamic calendar.

Each country announces the month when the moon is seen, sometimes a day apart from its neighbours and from every table, so
an institution enters what was announced. Until then the tabular calendar stands in: months of 30 and 29 days in turn and
eleven leap years in thirty (the civil variant; Reingold and Dershowitz, Calendrical Calculations, chapter 7), which can
be a day or two off. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = 227_015
"""The ordinal (1 January of year 1 is 1) of 1 Muharram of the year 1: 16 July 622 Julian."""
RAMADAN: Final = 9
YEAR_MIN: Final = 1
YEAR_MAX: Final = 9_000


@dataclass(frozen=True, slots=True)
class Days:
    """Days from the first to the last, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("days end after they begin")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def first_of_month(year: int, month: int) -> date:
    """Return the first day of a month of a Hijri year by the tabular calendar."""
    if not YEAR_MIN <= year <= YEAR_MAX or not 1 <= month <= 12:  # noqa: PLR2004
        raise ValueError(f"no Hijri month: {year}-{month}")
    return date.fromordinal(_EPOCH + (year - 1) * 354 + (3 + 11 * year) // 30 + (59 * (month - 1) + 1) // 2)


@lru_cache(maxsize=256)
def ramadan(year: int) -> Days:
    """Return the days of Ramadan of a Hijri year by the tabular calendar."""
    return Days(first_of_month(year, RAMADAN), first_of_month(year, RAMADAN + 1) - timedelta(days=1))


def year_near(day: date) -> int:
    """Return the Hijri year that a day is in by the tabular calendar."""
    year = (30 * (day.toordinal() - _EPOCH) + 10_646) // 10_631
    if day < first_of_month(year, 1):
        return year - 1
    return year + 1 if day >= first_of_month(year + 1, 1) else year
