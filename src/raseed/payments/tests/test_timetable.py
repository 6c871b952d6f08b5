"""Timetables: dates that do not drift, ends that hold, and business days that move only the due date."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.banking.api import BusinessDayRule, Workdays
from raseed.payments.api import InvalidTimetable, Timetable, Unit
from raseed.payments.standing.domain import COUNT_MAX, planned_runs, run_payment_id

CAIRO = Workdays(frozenset({4, 5}), frozenset({date(2026, 3, 22)}))
TIMETABLES = st.builds(
    Timetable,
    first_on=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    every=st.integers(1, 12),
    unit=st.sampled_from(Unit),
    count=st.none() | st.integers(1, 60),
    business_days=st.sampled_from(BusinessDayRule),
)


def planned(timetable: Timetable, count: int) -> list[date | None]:
    return [timetable.planned(number) for number in range(1, count + 1)]


def test_the_31st_is_the_last_of_shorter_months_and_comes_back() -> None:
    assert planned(Timetable(date(2026, 1, 31)), 4) == [
        date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30),
    ]  # fmt: skip


def test_the_last_of_each_month_and_every_second_week() -> None:
    last = Timetable(date(2026, 2, 28), last_of_month=True)
    assert planned(last, 2) == [date(2026, 2, 28), date(2026, 3, 31)]
    weeks = Timetable(date(2026, 3, 2), every=2, unit=Unit.WEEKS)
    assert planned(weeks, 3) == [date(2026, 3, 2), date(2026, 3, 16), date(2026, 3, 30)]


def test_an_end_by_date_or_count_is_the_end() -> None:
    assert planned(Timetable(date(2026, 1, 5), until=date(2026, 3, 4)), 3) == [date(2026, 1, 5), date(2026, 2, 5), None]
    assert planned(Timetable(date(2026, 1, 5), count=1), 2) == [date(2026, 1, 5), None]
    assert Timetable(date(9999, 11, 30)).planned(3) is None


@pytest.mark.parametrize(
    ("timetable", "field"),
    [
        (Timetable(date(2026, 1, 5), every=0), "every"),
        (Timetable(date(2026, 1, 5), every=61), "every"),
        (Timetable(date(2026, 1, 30), last_of_month=True), "last_of_month"),
        (Timetable(date(2026, 1, 31), last_of_month=True, unit=Unit.WEEKS), "last_of_month"),
        (Timetable(date(2026, 1, 5), until=date(2026, 1, 4)), "until"),
        (Timetable(date(2026, 1, 5), count=0), "count"),
        (Timetable(date(2026, 1, 5), count=COUNT_MAX + 1), "count"),
    ],
)
def test_a_timetable_that_can_t_be_is_refused_by_field(timetable: Timetable, field: str) -> None:
    with pytest.raises(InvalidTimetable) as refused:
        timetable.check()
    assert refused.value.field == field


def test_a_holiday_moves_the_due_date_only() -> None:
    friday = Timetable(date(2026, 3, 20))  # Friday and Saturday are the weekend, Sunday 22 March a holiday
    (run,) = planned_runs(friday, CAIRO, number=1, earliest=date(2026, 3, 1), most=1)
    assert (run.planned_on, run.due_on) == (date(2026, 3, 20), date(2026, 3, 23))
    assert friday.planned(2) == date(2026, 4, 20)


@given(TIMETABLES)
def test_dates_go_forward_and_due_dates_never_back(timetable: Timetable) -> None:
    runs = list(planned_runs(timetable, CAIRO, number=1, earliest=date.min, most=30))
    assert all(one.planned_on < two.planned_on and one.due_on <= two.due_on for one, two in pairwise(runs))
    assert timetable.count is None or len(runs) == min(timetable.count, 30)


@given(TIMETABLES, st.integers(0, 800), st.integers(1, 10))
def test_the_first_date_from_a_day_on_is_found_as_by_looking_at_each(
    timetable: Timetable, days: int, number: int
) -> None:
    day = timetable.first_on + timedelta(days=days)
    looked = next(each for each in range(number, COUNT_MAX + 2) if (timetable.due(each, CAIRO) or date.max) >= day)
    assert timetable.first_due_from(day, CAIRO, number=number) == looked


@given(st.uuids(), st.uuids(), st.dates(), st.dates(), st.integers(0, 5), st.integers(0, 5))
def test_a_payment_s_id_follows_from_order_date_and_try(
    one: object, two: object, first: date, second: date, attempt: int, later: int
) -> None:
    same = (one, first, attempt) == (two, second, later)
    assert (run_payment_id(one, first, attempt) == run_payment_id(two, second, later)) is same  # type: ignore[arg-type]
