"""Payment holidays, arrears by age, and early repayment shown before it is done."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raseed.banking import api as banking
from raseed.banking.api import ArrearsAge, BankAccount, InstalmentState, InvalidTerms, Loan, LoanTerms, Method
from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import CurrencyMismatch, Money, currency
from raseed.kernel.text import UnacceptableText
from raseed.people import api as people
from raseed.platform import api as platform

from .test_loans import EGP, PRINCIPAL, YEAR, borrower, early, income, now, pay
from .town import NOON, Town, at_once, booked

FREE = LoanTerms(annual_rate_ppm=0, instalments=12, first_due_on=date(2026, 4, 1))


def holiday(town: Town, it: Loan, instalments: int = 2, **other: object) -> Loan:
    wanted = {"id": new_id(), "by": town.staff("banking.loans.grant"), "reason": "lost work", **other}
    return banking.give_loan_holiday(
        account_id=it.account.id, instalments=instalments, clock=town.clock, **wanted,  # type: ignore[arg-type]
    )  # fmt: skip


def test_the_next_instalments_are_put_off_and_as_many_dates_added_at_the_end(town: Town) -> None:
    it = town.loan(borrower(town), PRINCIPAL, FREE)
    shown = banking.preview_loan_holiday(it.account.id, instalments=3, clock=town.clock)
    after = holiday(town, it, 3)
    assert [each.due_on for each in after.schedule] == [each.due_on for each in shown]
    assert (after.schedule[0].due_on, len(after.schedule), after.plan) == (date(2026, 7, 1), 12, 2)
    assert after.schedule[-1].due_on == date(2027, 6, 1)
    assert sum(each.total.amount_minor for each in after.schedule) == PRINCIPAL
    (record, *_) = platform.audit_trail(f"account:{it.account.id}")
    assert record.after is not None
    assert (record.action, record.reason, record.after["put_off"]) == ("banking.loan_holiday_given", "lost work", 3)


def test_interest_goes_on_and_rounding_is_settled_in_the_last_instalment(town: Town) -> None:
    it = town.loan(borrower(town), PRINCIPAL, YEAR)
    after = holiday(town, it, 2)
    assert after.schedule[0].interest.amount_minor == 3 * 24_000
    assert sum(each.principal.amount_minor for each in after.schedule) == PRINCIPAL
    level = {each.total.amount_minor for each in after.schedule[:-1]}
    assert len(level) == 1
    assert abs(after.schedule[-1].total.amount_minor - level.pop()) <= 12
    town.until(date(2026, 6, 2))
    assert banking.charge_loan_interest(clock=town.clock) == 1
    assert income(town) == 72_000


def test_what_is_due_already_stays_due_and_is_charged_once(town: Town) -> None:
    current = borrower(town)
    it = town.loan(current, PRINCIPAL, YEAR)
    town.until(date(2026, 5, 11))  # two are overdue, and nobody has charged them yet
    pay(town, current, it, it.schedule[0].total.amount_minor // 2)
    before = now(town, it)
    after = holiday(town, it, 2)
    assert income(town) == sum(each.interest.amount_minor for each in it.schedule[:2])
    assert (after.arrears, after.days_past_due) == (before.arrears, before.days_past_due)
    assert [each.state for each in after.schedule[:3]] == [
        InstalmentState.OVERDUE, InstalmentState.OVERDUE, InstalmentState.UPCOMING,
    ]  # fmt: skip
    assert after.schedule[2].due_on == date(2026, 8, 2)  # the 1st is a Saturday
    assert banking.charge_loan_interest(clock=town.clock) == 0
    pay(town, current, it, after.schedule[0].unpaid.amount_minor)
    assert now(town, it).days_past_due == 8
    again = holiday(town, it, 1)
    assert (again.schedule[0].state, again.plan) == (InstalmentState.OVERDUE, 3)
    assert again.arrears == now(town, it).arrears


def test_a_holiday_is_given_once_by_staff_with_a_reason_and_within_bounds(town: Town) -> None:
    current = borrower(town, money=100_000)
    it = town.loan(current, PRINCIPAL, FREE)
    id_ = new_id()
    first = holiday(town, it, 2, id=id_)
    assert holiday(town, it, 2, id=id_) == first
    with pytest.raises(platform.SameIdOtherContent):
        holiday(town, it, 3, id=id_)
    for count in (0, -1, 13):
        with pytest.raises(InvalidTerms):
            holiday(town, it, count)
    with pytest.raises(people.NotPermitted):
        holiday(town, it, by=town.staff("banking.accounts.view"))
    with pytest.raises(UnacceptableText):
        holiday(town, it, reason=" ")
    with pytest.raises(banking.LoanUnknown):
        banking.preview_loan_holiday(current.id, instalments=1, clock=town.clock)
    early(town, it, current, None)
    with pytest.raises(InvalidTerms):
        holiday(town, it)


def test_two_who_give_a_holiday_at_once_give_two_and_one_id_gives_one(town: Town) -> None:
    it = town.loan(borrower(town), PRINCIPAL, FREE)
    id_ = new_id()
    at_once([partial(holiday, town, it, 1, id=id_) for _ in range(3)])
    assert (now(town, it).plan, now(town, it).schedule[0].due_on) == (2, date(2026, 5, 3))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([0, 50_000, 240_000]),
    method=st.sampled_from(Method),
    put_off=st.integers(1, 12),
    paid=st.integers(0, 90_000),
    day=st.dates(date(2026, 3, 2), date(2026, 9, 30)),
)
def test_whatever_was_paid_and_due_principals_add_up_to_what_is_owed(
    town: Town, rate: int, method: Method, put_off: int, paid: int, day: date
) -> None:
    town = Town(town.bank, town.other_bank, ManualClock(NOON))
    current = town.current(town.person("منى", f"+2010{new_id().int % 10**8:08d}"))
    it = town.loan(current, 600_000, LoanTerms(rate, 12, date(2026, 4, 1), method))
    if paid:
        pay(town, current, it, paid)
    town.until(day)
    before = now(town, it)
    after = holiday(town, it, put_off)
    assert (after.arrears, after.due, after.repaid) == (before.arrears, before.due, before.repaid)
    unpaid = sum(each.principal.amount_minor - each.paid_principal.amount_minor for each in after.schedule)
    charged = sum(each.interest.amount_minor for each in after.schedule if each.due_on <= day)
    paid_interest = sum(each.paid_interest.amount_minor for each in after.schedule)
    assert unpaid + charged - paid_interest == after.owed.amount_minor
    town.until(date(2029, 1, 1))
    banking.charge_loan_interest(clock=town.clock)
    end = now(town, it)
    assert end.arrears == end.owed == sum((each.unpaid for each in end.schedule), Money(0, EGP))


def test_an_early_repayment_is_shown_as_it_will_be(town: Town) -> None:
    current = borrower(town, money=100_000)
    it = town.loan(current, PRINCIPAL, YEAR)
    town.until(date(2026, 4, 10))
    amount = Money(400_000, EGP)
    shown = banking.preview_early_repayment(
        it.account.id, amount=amount, customer_id=current.owner_id, clock=town.clock
    )
    assert now(town, it).plan == 1
    assert shown.left == shown.quote.full - amount
    assert sum(each.interest_minor for each in shown.before) > sum(each.interest_minor for each in shown.after)
    assert shown.interest_saved.amount_minor > 0
    done = early(town, it, current, 400_000)
    assert [(each.due_on, each.total.amount_minor) for each in done.schedule] == [
        (each.due_on, each.total_minor) for each in shown.after
    ]
    whole = banking.preview_early_repayment(it.account.id, amount=None, clock=town.clock)
    assert (whole.left.amount_minor, whole.after) == (0, ())
    for wrong, error in (
        (Money(1, currency("USD")), CurrencyMismatch),
        (whole.quote.full + Money(1, EGP), banking.MoreThanOwed),
    ):
        with pytest.raises(error):
            banking.preview_early_repayment(it.account.id, amount=wrong, clock=town.clock)
    with pytest.raises(banking.AccountUnknown):
        banking.preview_early_repayment(it.account.id, amount=None, customer_id=new_id(), clock=town.clock)


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (0, None), (1, ArrearsAge.DAYS_1_TO_30), (30, ArrearsAge.DAYS_1_TO_30), (31, ArrearsAge.DAYS_31_TO_60),
        (60, ArrearsAge.DAYS_31_TO_60), (61, ArrearsAge.DAYS_61_TO_90), (90, ArrearsAge.DAYS_61_TO_90),
        (91, ArrearsAge.OVER_90_DAYS), (10_000, ArrearsAge.OVER_90_DAYS),
    ],
)  # fmt: skip
def test_days_past_due_have_their_age(days: int, age: ArrearsAge | None) -> None:
    assert banking.age_of(days) is age


def test_arrears_are_added_up_by_age_and_each_loan_is_found_under_its_own(town: Town) -> None:
    current: BankAccount = borrower(town)
    firsts = (date(2026, 7, 1), date(2026, 6, 15), date(2026, 5, 11), date(2026, 4, 15), date(2026, 3, 16))
    loans = [town.loan(current, 12_000, LoanTerms(0, 1, first)) for first in firsts]
    staff, day = town.staff("banking.accounts.view"), date(2026, 7, 1)
    ageing = banking.arrears_by_age(town.bank, by=staff, on=day)
    assert [(each.age, each.loans, each.arrears.amount_minor) for each in ageing.ages] == [
        (ArrearsAge.DAYS_1_TO_30, 1, 12_000), (ArrearsAge.DAYS_31_TO_60, 1, 12_000), (ArrearsAge.DAYS_61_TO_90, 1, 12_000),
        (ArrearsAge.OVER_90_DAYS, 1, 12_000),
    ]  # fmt: skip
    assert (ageing.loans, ageing.behind, ageing.arrears.amount_minor, ageing.owed.amount_minor) == (
        5,
        4,
        48_000,
        60_000,
    )
    for age, loan in zip(ArrearsAge, loans[1:], strict=True):
        (found,) = banking.loans_in_arrears(town.bank, by=staff, age=age, on=day).loans
        assert found.account.id == loan.account.id
    seen, after = [], None
    while True:
        page = banking.loans_in_arrears(town.bank, by=staff, on=day, after=after, limit=3)
        seen += [each.account.id for each in page.loans]
        after = page.next
        if after is None:
            break
    assert seen == sorted(each.account.id for each in loans[1:])
    stranger = town.staff("banking.accounts.view", at=town.other_bank)
    for ask in (banking.arrears_by_age, banking.loans_in_arrears):
        with pytest.raises(people.NotPermitted):
            ask(town.bank, by=stranger)
    assert booked(current) == 60_000
