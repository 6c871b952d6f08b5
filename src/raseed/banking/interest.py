"""Interest in exact arithmetic: day counts, the accrual of savings, the rounding. Pure; no float, no rounding on the way.

A yearly rate is a whole number of millionths (``annual_rate_ppm``: 27.25 % is 272,500). What accrues on a day is the
balance at its end, times the rate, over the days of the year that the day count gives. So with a fixed basis every
accrual is a whole number of ``1 / (basis × 1,000,000)`` minor units: that is the unit in which savings accrue, and the
part that does not fill a minor unit is carried to the next month, never lost and never made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Final

from raseed.kernel.errors import mark

PPM: Final = 1_000_000
RATE_PPM_MAX: Final = 10 * PPM
"""1,000 % a year: more is a slip of the finger, even where money melts."""
_MONTH_DAYS_30: Final = 30


class DayCount(StrEnum):
    """How days become a part of a year: Actual/365 (Fixed), Actual/360, and 30E/360 (ISDA 2006, section 4.16 d, e, g)."""

    ACT_365 = "act_365"
    ACT_360 = "act_360"
    THIRTY_E_360 = "30e_360"


BASIS_DAYS: Final = {DayCount.ACT_365: 365, DayCount.ACT_360: 360, DayCount.THIRTY_E_360: 360}
DAY_COUNT_WORDS: Final = {
    DayCount.ACT_365: mark("Actual days of a year of 365"),
    DayCount.ACT_360: mark("Actual days of a year of 360"),
    DayCount.THIRTY_E_360: mark("Months of 30 days, a year of 360"),
}
SAVINGS_DAY_COUNTS: Final = frozenset({DayCount.ACT_365, DayCount.ACT_360})
"""Savings count every day of the calendar, for a balance stands on every one of them."""


def days_between(day_count: DayCount, start: date, end: date) -> int:
    """Return the days from ``start`` up to, not including, ``end``, as the day count counts them."""
    if day_count is not DayCount.THIRTY_E_360:
        return (end - start).days
    return (
        360 * (end.year - start.year)
        + _MONTH_DAYS_30 * (end.month - start.month)
        + min(end.day, _MONTH_DAYS_30)
        - min(start.day, _MONTH_DAYS_30)
    )


def interest_of(principal_minor: int, annual_rate_ppm: int, day_count: DayCount, start: date, end: date) -> Fraction:
    """Return the interest on a principal that stands from ``start`` to ``end``, in minor units, exactly."""
    days = days_between(day_count, start, end)
    return Fraction(principal_minor * annual_rate_ppm * days, BASIS_DAYS[day_count] * PPM)


def rounded(amount: Fraction) -> int:
    """Return an amount that is not negative in whole minor units: half a unit goes up (commercial rounding)."""
    return int(amount + Fraction(1, 2))


@dataclass(frozen=True, slots=True)
class RateFrom:
    """A yearly rate that holds from a date on, until the next one."""

    valid_from: date
    annual_rate_ppm: int


@dataclass(frozen=True, slots=True)
class Movement:
    """What a booked date changed a balance by, minor units."""

    booked_on: date
    change_minor: int


@dataclass(frozen=True, slots=True)
class Credit:
    """What a period earns: whole minor units, and the units of accrual that are carried on."""

    amount_minor: int
    carried_units: int


def units_per_minor(day_count: DayCount) -> int:
    """Return how many units of accrual one minor unit is."""
    return BASIS_DAYS[day_count] * PPM


def rate_on(rates: Iterable[RateFrom], day: date) -> int:
    """Return the rate in force on a day, zero before the first; ``rates`` are in order, a later one wins on one date."""
    in_force = 0
    for rate in rates:
        if rate.valid_from > day:
            break
        in_force = rate.annual_rate_ppm
    return in_force


def accrued_units(
    opening_minor: int, movements: Iterable[Movement], rates: Sequence[RateFrom], *, first: date, last: date
) -> int:
    """Return what accrues from ``first`` to ``last``, both included, in units of accrual.

    ``opening_minor`` is the balance before ``first``; a movement counts from its booked date on, in the balance at that
    day's end. A balance below zero earns nothing. Adjacent periods add up: that is why units are not rounded.
    """
    changes: dict[date, int] = {}
    for movement in movements:
        if movement.booked_on <= last:
            day = max(movement.booked_on, first)
            changes[day] = changes.get(day, 0) + movement.change_minor
    turns = {first, *changes, *(rate.valid_from for rate in rates if first < rate.valid_from <= last)}
    ends = [*sorted(turns), last + timedelta(days=1)]
    units, balance_minor = 0, opening_minor
    for start, end in pairwise(ends):
        balance_minor += changes.get(start, 0)
        units += max(balance_minor, 0) * rate_on(rates, start) * (end - start).days
    return units


def credit_of(units: int, carried_units: int, day_count: DayCount) -> Credit:
    """Return what is credited for units accrued and carried: whole minor units, the rest carried on."""
    amount_minor, rest = divmod(units + carried_units, units_per_minor(day_count))
    return Credit(amount_minor, rest)
