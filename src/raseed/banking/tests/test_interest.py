"""Interest: exact, additive, and what a clerk with a day book would reckon."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.banking.interest import (
    BASIS_DAYS,
    PPM,
    DayCount,
    Movement,
    RateFrom,
    accrued_units,
    credit_of,
    days_between,
    interest_of,
    rate_on,
    rounded,
    units_per_minor,
)

START = date(2026, 1, 1)
offsets = st.integers(0, 120)
days = offsets.map(lambda offset: START + timedelta(days=offset))
movements = st.lists(st.builds(Movement, days, st.integers(-500_000, 500_000)), max_size=12)
rates = st.lists(st.builds(RateFrom, days, st.integers(0, 400_000)), max_size=4).map(
    lambda found: sorted(found, key=lambda rate: rate.valid_from)
)
openings = st.integers(-200_000, 2_000_000)


def by_the_day_book(opening: int, moved: list[Movement], rates_: list[RateFrom], first: date, last: date) -> Fraction:
    """Go through the days one by one: the balance at the end of each, times that day's rate, over 365."""
    total, day = Fraction(0), first
    while day <= last:
        balance = opening + sum(each.change_minor for each in moved if each.booked_on <= day)
        total += Fraction(max(balance, 0) * rate_on(rates_, day), PPM * 365)
        day += timedelta(days=1)
    return total


@given(openings, movements, rates, offsets, offsets)
def test_what_accrues_is_what_a_day_book_gives(opening, moved, rates_, one, other) -> None:
    first, last = START + timedelta(days=min(one, other)), START + timedelta(days=max(one, other))
    units = accrued_units(opening, moved, rates_, first=first, last=last)
    assert Fraction(units, units_per_minor(DayCount.ACT_365)) == by_the_day_book(opening, moved, rates_, first, last)


@given(openings, movements, rates, st.lists(offsets, min_size=3, max_size=3, unique=True))
def test_adjacent_periods_add_up_exactly(opening, moved, rates_, cuts) -> None:
    a, b, c = (START + timedelta(days=offset) for offset in sorted(cuts))
    middle = opening + sum(each.change_minor for each in moved if each.booked_on <= b)
    later = [each for each in moved if each.booked_on > b]
    whole = accrued_units(opening, moved, rates_, first=a, last=c)
    parts = accrued_units(opening, moved, rates_, first=a, last=b) + accrued_units(
        middle, later, rates_, first=b + timedelta(days=1), last=c
    )
    assert whole == parts


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=30), st.sampled_from([DayCount.ACT_365, DayCount.ACT_360]))
def test_crediting_often_loses_nothing_and_makes_nothing(months, day_count) -> None:
    carried = credited = 0
    for units in months:
        credit = credit_of(units, carried, day_count)
        carried, credited = credit.carried_units, credited + credit.amount_minor
        assert 0 <= carried < units_per_minor(day_count)
    assert credited * units_per_minor(day_count) + carried == sum(months)


def test_the_later_of_two_rates_for_one_date_counts_and_none_is_zero() -> None:
    known = [RateFrom(START, 50_000), RateFrom(START, 60_000)]
    assert rate_on(known, START - timedelta(days=1)) == 0
    assert rate_on(known, START) == 60_000


@pytest.mark.parametrize(
    ("day_count", "start", "end", "expected"),
    [
        (DayCount.ACT_365, date(2024, 2, 1), date(2024, 3, 1), 29),
        (DayCount.ACT_360, date(2026, 2, 1), date(2026, 3, 1), 28),
        (DayCount.THIRTY_E_360, date(2026, 1, 31), date(2026, 2, 28), 28),
        (DayCount.THIRTY_E_360, date(2026, 1, 30), date(2026, 3, 31), 60),
        (DayCount.THIRTY_E_360, date(2026, 1, 15), date(2027, 1, 15), 360),
    ],
)
def test_days_are_counted_as_the_convention_says(day_count, start, end, expected) -> None:
    assert days_between(day_count, start, end) == expected


def test_a_year_at_ten_per_cent_is_a_tenth_and_a_half_unit_goes_up() -> None:
    assert interest_of(1_000, 100_000, DayCount.ACT_365, START, date(2027, 1, 1)) == 100
    assert BASIS_DAYS[DayCount.ACT_365] == 365
    assert [rounded(Fraction(1, 2)), rounded(Fraction(49, 100)), rounded(Fraction(3, 2))] == [1, 0, 2]
