"""Schedules: they sum to the last minor unit, whatever the loan; dates keep their day; what is paid is paid in order."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from raseed.banking.amortisation import Instalment, LoanTerms, Method, paid_parts, period_ends, schedule
from raseed.banking.errors import InvalidTerms
from raseed.banking.interest import DayCount, interest_of, rounded
from raseed.banking.workdays import BusinessDayRule, Workdays, is_last_of_month, months_later
from raseed.kernel.calendars import weekend_of

GRANTED = date(2026, 3, 15)
CAIRO = Workdays(weekend_of("EG"))
terms = st.builds(
    LoanTerms,
    annual_rate_ppm=st.one_of(st.just(0), st.integers(1, 600_000)),
    instalments=st.integers(1, 120),
    first_due_on=st.dates(GRANTED + timedelta(days=1), GRANTED + timedelta(days=62)),
    method=st.sampled_from(Method),
    every_months=st.sampled_from([1, 3, 6, 12]),
    day_count=st.sampled_from(DayCount),
    business_days=st.sampled_from(BusinessDayRule),
)


@given(st.integers(1, 10**12), terms)
def test_principals_sum_to_the_loan_and_interest_is_that_of_what_stands(principal: int, its: LoanTerms) -> None:
    assume(principal >= its.instalments)
    instalments = tried(principal, its)
    assert sum(each.principal_minor for each in instalments) == principal
    assert [each.number for each in instalments] == list(range(1, its.instalments + 1))
    stands, before = principal, GRANTED
    for each in instalments:
        assert each.interest_minor == rounded(
            interest_of(stands, its.annual_rate_ppm, its.day_count, before, each.period_end)
        )
        assert each.principal_minor >= 0
        assert each.total_minor > 0
        stands, before = stands - each.principal_minor, each.period_end
    assert stands == 0


def tried(principal: int, its: LoanTerms) -> tuple[Instalment, ...]:
    """Return a schedule; equal instalments that whole units can't be made to give may be refused, others not."""
    try:
        return schedule(principal, GRANTED, its, CAIRO)
    except InvalidTerms:
        years = Fraction(its.instalments * its.every_months, 12)
        assert its.method is Method.ANNUITY
        assert principal < 100 * its.instalments or years * its.annual_rate_ppm > 5_000_000
        reject()


@given(st.integers(1_000_000, 10**12), terms)
def test_an_annuity_is_level_but_for_its_last_instalment(principal: int, its: LoanTerms) -> None:
    assume(its.method is Method.ANNUITY and its.instalments > 1)
    *others, last = tried(principal, its)
    level = min(each.total_minor for each in others)
    # They are equal to the minor unit, unless a long period of a dear loan costs more interest than the level: then that
    # is all that is paid, for interest is never put on top of the loan.
    dear = [each for each in others if each.total_minor != level]
    assert all(each.principal_minor == 0 for each in dear)
    # Half a unit of rounding in each instalment and one of the level, grown by interest, is all that the last is off by.
    growth = 1 + Fraction(its.annual_rate_ppm * its.every_months * 32, 360 * 1_000_000)
    bound = sum(growth**power for power in range(its.instalments + 1))
    assert abs(last.total_minor - level) <= 2 * bound or dear or its.instalments == 2


@given(st.integers(1, 10**12), terms)
def test_equal_parts_of_the_principal_differ_by_no_more_than_one_unit(principal: int, its: LoanTerms) -> None:
    assume(its.method is Method.EQUAL_PRINCIPAL and principal >= its.instalments)
    parts = [each.principal_minor for each in schedule(principal, GRANTED, its, CAIRO)]
    assert max(parts) - min(parts) <= 1


@given(terms)
def test_due_dates_come_in_order_and_on_working_days(its: LoanTerms) -> None:
    instalments = tried(10**9, its)
    assert all(one.period_end < other.period_end for one, other in pairwise(instalments))
    assert all(one.due_on < other.due_on for one, other in pairwise(instalments))
    if its.business_days is not BusinessDayRule.UNCHANGED:
        assert all(CAIRO.is_workday(each.due_on) for each in instalments)
    assert {each.period_end.day for each in instalments} <= {its.first_due_on.day, 28, 29, 30}


def test_a_day_that_a_month_lacks_comes_back_in_the_next_and_the_last_stays_the_last() -> None:
    from_the_31st = LoanTerms(0, 4, date(2026, 1, 31))
    assert [each.day for each in period_ends(from_the_31st)] == [31, 28, 31, 30]
    last = LoanTerms(0, 14, date(2026, 2, 28), last_of_month=True)
    assert all(is_last_of_month(each) for each in period_ends(last))
    assert period_ends(last)[1] == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (BusinessDayRule.UNCHANGED, date(2026, 1, 31)),
        (BusinessDayRule.FOLLOWING, date(2026, 2, 2)),
        (BusinessDayRule.MODIFIED_FOLLOWING, date(2026, 1, 29)),
        (BusinessDayRule.PRECEDING, date(2026, 1, 29)),
    ],
)
def test_a_date_on_a_day_off_goes_where_the_rule_says(rule, expected) -> None:
    council = Workdays(weekend_of("EG"), frozenset({date(2026, 2, 1)}))
    assert council.moved(date(2026, 1, 31), rule) == expected  # a Saturday, and the Sunday is a holiday


def test_weekends_are_the_countrys_own() -> None:
    friday, sunday = date(2026, 3, 6), date(2026, 3, 8)
    assert [Workdays(weekend_of(code)).is_workday(friday) for code in ("EG", "IL", "CZ")] == [False, False, True]
    assert [Workdays(weekend_of(code)).is_workday(sunday) for code in ("EG", "IL", "CZ")] == [True, True, False]


@pytest.mark.parametrize(
    "its",
    [
        LoanTerms(0, 0, date(2026, 4, 1)),
        LoanTerms(0, 601, date(2026, 4, 1)),
        LoanTerms(0, 12, GRANTED),
        LoanTerms(-1, 12, date(2026, 4, 1)),
        LoanTerms(10_000_001, 12, date(2026, 4, 1)),
        LoanTerms(0, 12, date(2026, 4, 1), every_months=5),
        LoanTerms(0, 12, date(2026, 4, 1), last_of_month=True),
        LoanTerms(0, 12, date(9999, 12, 1)),
        LoanTerms(0, 12, date(2026, 4, 1), method=Method.EQUAL_PRINCIPAL),
    ],
    ids=lambda its: f"{its.instalments}-{its.first_due_on}-{its.annual_rate_ppm}",
)
def test_terms_that_cant_be_are_refused(its: LoanTerms) -> None:
    with pytest.raises(InvalidTerms):
        schedule(11 if its.method is Method.EQUAL_PRINCIPAL else 10**6, GRANTED, its, CAIRO)


@given(st.integers(0, 3_000_000), st.integers(0, 3_000_000))
def test_what_is_paid_is_paid_in_order_interest_first(paid: int, more: int) -> None:
    its = schedule(2_000_000, GRANTED, LoanTerms(240_000, 12, date(2026, 4, 15)), CAIRO)
    parts, later = list(paid_parts(its, paid)), list(paid_parts(its, paid + more))
    whole = sum(each.total_minor for each in its)
    assert sum(part.total_minor for part in parts) == min(paid, whole)
    for each, part in zip(its, parts, strict=True):
        assert part.principal_minor == 0 or part.interest_minor == each.interest_minor
    touched = [bool(part.total_minor) for part in parts]
    assert touched == sorted(touched, reverse=True)
    assert all(a.total_minor <= b.total_minor for a, b in zip(parts, later, strict=True))


def test_months_later_counts_backwards_too() -> None:
    assert months_later(date(2026, 3, 31), -1) == date(2026, 2, 28)
    assert months_later(date(2026, 1, 15), -13) == date(2024, 12, 15)
