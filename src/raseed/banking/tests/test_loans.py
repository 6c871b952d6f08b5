"""Loans: paid out, charged, repaid, early too; what is due follows from the books, to the last minor unit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raseed.banking import api as banking
from raseed.banking.api import (
    AccountState,
    Alias,
    AliasKind,
    BankAccount,
    FeeEvent,
    InstalmentState,
    InternalRole,
    Limits,
    Loan,
    LoanTerms,
    Method,
    ProductKind,
)
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform

from .town import Town, at_once, booked, build_town, by_owner

EGP = currency("EGP")
YEAR = LoanTerms(annual_rate_ppm=240_000, instalments=12, first_due_on=date(2026, 4, 1))  # 2 % a month
PRINCIPAL = 1_200_000
PAID, OVERDUE, DUE, UPCOMING = (
    InstalmentState.PAID, InstalmentState.OVERDUE, InstalmentState.DUE, InstalmentState.UPCOMING,
)  # fmt: skip


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def borrower(town: Town, *, money: int = 0) -> BankAccount:
    return town.current(town.person("منى", "+201001234567"), money=money)


def pay(town: Town, current: BankAccount, to: Loan, amount: int) -> payments.Payment:
    return payments.send(
        id=new_id(), actor_customer_id=current.owner_id, from_account_id=current.id,
        to=Alias(AliasKind.NUMBER, to.number), amount=Money(amount, EGP), clock=town.clock,
    )  # fmt: skip


def income(town: Town) -> int:
    id_ = banking.internal_account(town.bank, InternalRole.INTEREST_INCOME).id
    books = ledger.look_up_accounts([id_])[id_].balances
    return books.credits_posted - books.debits_posted


def now(town: Town, it: Loan) -> Loan:
    return banking.loan(it.account.id, clock=town.clock)


def early(town: Town, it: Loan, current: BankAccount, amount: int | None, *, id_: UUID | None = None) -> Loan:
    return banking.repay_early(
        id=id_ or new_id(), account_id=it.account.id, from_account_id=current.id,
        amount=None if amount is None else Money(amount, EGP),
        by=people.Author(f"customer:{current.owner_id}"), clock=town.clock,
    )  # fmt: skip


def test_a_loan_is_paid_out_and_stands_on_the_banks_side(town: Town) -> None:
    current = borrower(town)
    it = town.loan(current, PRINCIPAL, YEAR)
    assert (booked(current), booked(it.account)) == (PRINCIPAL, -PRINCIPAL)
    assert it.account.product.kind is ProductKind.LOAN
    assert ledger.look_up_accounts([it.account.id])[it.account.id].code == 210
    assert (it.owed, it.due, it.arrears, it.days_past_due) == (Money(PRINCIPAL, EGP), *[Money(0, EGP)] * 2, 0)
    assert sum(each.principal.amount_minor for each in it.schedule) == PRINCIPAL
    assert [each.state for each in it.schedule] == [UPCOMING] * 12
    assert it.number
    assert it.account.alias(AliasKind.IBAN) is None
    record = platform.audit_trail(f"account:{it.account.id}")[0]
    assert (record.action, record.reason) == ("banking.loan_granted", "creditworthy")


def test_granting_twice_is_one_loan_and_the_same_id_with_other_terms_is_refused(town: Town) -> None:
    current = borrower(town)
    product = town.product(ProductKind.LOAN)

    def grant(id_: UUID, principal: int = PRINCIPAL) -> Loan:
        return banking.grant_loan(
            id=id_, product_id=product.id, pay_to_account_id=current.id, principal_minor=principal, terms=YEAR,
            by=people.SYSTEM, reason="creditworthy", clock=town.clock,
        )  # fmt: skip

    id_ = new_id()
    answers = at_once([lambda: grant(id_)] * 3)
    assert [isinstance(answer, Loan) for answer in answers] == [True] * 3, answers
    assert booked(current) == PRINCIPAL
    with pytest.raises(banking.AccountOpenedDifferently):
        grant(id_, PRINCIPAL + 1)
    with pytest.raises(banking.AccountOpenedDifferently):
        grant(current.id)


def test_only_who_may_grants_and_only_into_open_accounts_of_the_same_books(town: Town) -> None:
    current = borrower(town)
    product = town.product(ProductKind.LOAN)

    def grant(to: UUID, by: people.Author, product_id: UUID = product.id) -> Loan:
        return banking.grant_loan(
            id=new_id(), product_id=product_id, pay_to_account_id=to, principal_minor=PRINCIPAL, terms=YEAR, by=by,
            reason="creditworthy", clock=town.clock,
        )  # fmt: skip

    with pytest.raises(people.NotPermitted):
        grant(current.id, town.staff("banking.accounts.open"))
    assert grant(current.id, town.staff("banking.loans.grant")).owed.amount_minor == PRINCIPAL
    with pytest.raises(banking.ProductNotOffered):
        grant(current.id, people.SYSTEM, current.product.id)
    banking.block_account(account_id=current.id, by=people.SYSTEM, reason="test", clock=town.clock)
    with pytest.raises(banking.AccountUnknown):
        grant(current.id, people.SYSTEM)
    for cant in (0, -1, 1 << 63):
        with pytest.raises(banking.InvalidTerms):
            banking.preview_schedule(pay_to_account_id=current.id, principal_minor=cant, terms=YEAR, clock=town.clock)


def test_a_fee_for_granting_is_taken_from_what_is_paid_out(town: Town) -> None:
    product = town.product(ProductKind.LOAN)
    assert [(fee.event, fee.amount.amount_minor) for fee in banking.fee_schedule(product.id, date(2026, 3, 1))] == [
        (FeeEvent.LOAN_GRANT, 0)
    ]
    banking.set_fee(
        product_id=product.id, event=FeeEvent.LOAN_GRANT, amount_minor=5_000, valid_from=date(2026, 3, 1),
        actor="system", reason="test", clock=town.clock,
    )  # fmt: skip
    current = borrower(town)
    it = town.loan(current, PRINCIPAL, YEAR)
    assert (booked(current), booked(it.account)) == (PRINCIPAL - 5_000, -PRINCIPAL)
    with pytest.raises(banking.BalanceTooLow):
        town.loan(town.current(town.person("ز", "+201001234569")), 100, LoanTerms(0, 1, date(2026, 4, 1)))


def test_interest_is_charged_on_the_due_date_once_and_a_payment_to_the_number_pays_the_instalment(town: Town) -> None:
    current = borrower(town)
    it = town.loan(current, PRINCIPAL, YEAR)
    first = it.schedule[0]
    assert first.interest.amount_minor == 24_000
    assert banking.charge_loan_interest(clock=town.clock) == 0
    town.until(date(2026, 4, 1))
    assert banking.charge_loan_interest(clock=town.clock) == 1
    assert banking.charge_loan_interest(clock=town.clock) == 0
    assert booked(it.account) == -PRINCIPAL - 24_000
    assert income(town) == 24_000
    due = now(town, it)
    assert (due.due, due.arrears, due.next_instalment) == (first.total, Money(0, EGP), due.schedule[0])
    assert due.schedule[0].state is DUE
    assert pay(town, current, it, 30_000).state is payments.PaymentState.SETTLED
    part = now(town, it).schedule[0]
    assert (part.paid_interest.amount_minor, part.paid_principal.amount_minor) == (24_000, 6_000)
    pay(town, current, it, part.unpaid.amount_minor)
    paid = now(town, it)
    assert (paid.schedule[0].state, paid.due.amount_minor) == (PAID, 0)
    assert paid.owed.amount_minor == PRINCIPAL - first.principal.amount_minor


def test_what_is_not_paid_is_arrears_from_the_day_after_and_days_are_counted(town: Town) -> None:
    current = borrower(town)
    it = town.loan(current, PRINCIPAL, YEAR)
    town.until(date(2026, 5, 11))
    assert banking.charge_loan_interest(clock=town.clock) == 2
    late = now(town, it)
    assert [each.state for each in late.schedule[:3]] == [OVERDUE, OVERDUE, UPCOMING]
    assert late.arrears == late.due == late.schedule[0].total + late.schedule[1].total
    assert late.days_past_due == 40
    page = banking.instalments_due(town.bank, on=date(2026, 5, 11))
    assert [(each.account_id, each.pay_account_id, each.number) for each in page.instalments] == [
        (it.account.id, current.id, it.number)
    ] * 2
    pay(town, current, it, late.schedule[0].total.amount_minor)
    assert now(town, it).days_past_due == 8  # due on Sunday 3 May: the 1st is a Friday
    (left,) = banking.instalments_due(town.bank, on=date(2026, 5, 11)).instalments
    assert left.instalment.number == 2


def test_due_instalments_come_in_pages_of_loans(town: Town) -> None:
    current = borrower(town)
    loans = sorted(town.loan(current, PRINCIPAL, YEAR).account.id for _ in range(5))
    town.until(date(2026, 4, 2))
    seen: list[UUID] = []
    after = None
    for _ in range(3):
        page = banking.instalments_due(town.bank, on=date(2026, 4, 2), after=after, limit=2)
        seen += [each.account_id for each in page.instalments]
        after = page.next
    assert (seen, after) == (loans, None)


def test_a_schedule_comes_in_pages_and_only_to_who_may_see_it(town: Town) -> None:
    current = borrower(town)
    it = town.loan(current, PRINCIPAL, YEAR)
    pages, after = [], 0
    while True:
        page = banking.loan_schedule(
            it.account.id, after=after, limit=5, customer_id=current.owner_id, clock=town.clock
        )
        pages.append([each.number for each in page.instalments])
        if page.next is None:
            break
        after = page.next
    assert pages == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]
    for call in (banking.loan, banking.loan_schedule, banking.early_repayment):
        with pytest.raises(banking.AccountUnknown):
            call(it.account.id, customer_id=new_id())
        with pytest.raises(banking.LoanUnknown):
            call(current.id)


def test_nothing_is_paid_from_a_loan_and_no_more_into_it_than_is_owed(town: Town) -> None:
    current = borrower(town, money=PRINCIPAL)
    it = town.loan(current, 50_000, LoanTerms(0, 2, date(2026, 4, 1)))
    with pytest.raises(banking.AccountUnknown):
        payments.send(
            id=new_id(), actor_customer_id=current.owner_id, from_account_id=it.account.id,
            to=Alias(AliasKind.NUMBER, current.alias(AliasKind.NUMBER) or ""), amount=Money(1, EGP), clock=town.clock,
        )  # fmt: skip
    with transaction.atomic():
        (refusal,) = banking.consume([banking.Spend(it.account, 1, date(2026, 3, 1))])
    assert isinstance(refusal, banking.NotForPayments)
    answer = pay(town, current, it, 50_001)
    assert answer.timeline[-1].reason_code == "more_than_owed"
    assert pay(town, current, it, 50_000).state is payments.PaymentState.SETTLED
    done = now(town, it)
    assert (done.owed.amount_minor, [each.state for each in done.schedule]) == (0, [PAID, PAID])


def test_paying_ahead_waits_for_the_next_instalments_and_lowers_no_interest(town: Town) -> None:
    current = borrower(town)
    it = town.loan(current, PRINCIPAL, YEAR)
    pay(town, current, it, 90_000)  # under the limit of a transfer
    pay(town, current, it, 90_000)
    town.until(date(2026, 4, 1))
    banking.charge_loan_interest(clock=town.clock)
    after = now(town, it)
    assert after.schedule[0].state is PAID
    assert after.schedule[1].unpaid.amount_minor == it.schedule[1].total.amount_minor * 2 - 180_000
    assert after.schedule[1].interest == it.schedule[1].interest


def test_repaying_all_early_takes_the_principal_and_the_interest_of_the_days(town: Town) -> None:
    current = borrower(town, money=100_000)
    it = town.loan(current, PRINCIPAL, YEAR)
    town.until(date(2026, 3, 16))
    quote = banking.early_repayment(it.account.id, clock=town.clock)
    assert (quote.due.amount_minor, quote.accrued.amount_minor) == (0, 12_000)  # half a month at two per cent
    id_ = new_id()
    done = early(town, it, current, None, id_=id_)
    assert (done.owed.amount_minor, done.schedule, done.is_repaid) == (0, (), True)
    assert booked(current) == 100_000 - 12_000
    assert income(town) == 12_000
    assert early(town, it, current, None, id_=id_) == done
    assert booked(current) == 100_000 - 12_000
    with pytest.raises(platform.SameIdOtherContent):
        early(town, it, current, 5, id_=id_)
    with pytest.raises(banking.MoreThanOwed):
        early(town, it, current, None)
    closed = banking.close_account(
        account_id=it.account.id, by=people.Author(f"customer:{current.owner_id}"), clock=town.clock
    )
    assert closed.state is AccountState.CLOSED


def test_repaying_a_part_early_lowers_the_instalments_over_the_dates_that_are_left(town: Town) -> None:
    current = borrower(town, money=100_000)
    it = town.loan(current, PRINCIPAL, YEAR)
    town.until(date(2026, 4, 10))  # the first instalment is overdue and nobody has charged it yet
    quote = banking.early_repayment(it.account.id, clock=town.clock)
    least = (quote.due + quote.accrued).amount_minor
    assert quote.due == it.schedule[0].total
    for too_little in (1, least):
        with pytest.raises(banking.LessThanDue):
            early(town, it, current, too_little)
    with pytest.raises(banking.MoreThanOwed):
        early(town, it, current, quote.full.amount_minor + 1)
    after = early(town, it, current, 600_000)
    assert after.plan == 2
    assert after.owed.amount_minor == quote.full.amount_minor - 600_000
    assert sum(each.principal.amount_minor for each in after.schedule) == after.owed.amount_minor
    assert [each.due_on for each in after.schedule] == [each.due_on for each in it.schedule[1:]]
    assert after.schedule[1].total < it.schedule[1].total
    assert (after.due.amount_minor, after.days_past_due) == (0, 0)
    town.until(date(2026, 5, 3))
    assert banking.charge_loan_interest(clock=town.clock) == 1
    assert now(town, it).due == after.schedule[0].total


def test_an_early_repayment_needs_the_owners_account_and_money_in_it(town: Town) -> None:
    current, owner = borrower(town), town.person("زياد", "+201001234568")
    other = town.current(owner, money=2 * PRINCIPAL)
    it = town.loan(current, PRINCIPAL, YEAR)
    town.book(current, -PRINCIPAL)
    with pytest.raises(banking.BalanceTooLow):
        early(town, it, current, None)
    with pytest.raises(banking.AccountUnknown):
        early(town, it, other, None)
    asked: dict[str, Any] = {
        "account_id": it.account.id,
        "from_account_id": current.id,
        "amount": None,
        "clock": town.clock,
    }
    with pytest.raises(banking.AccountUnknown):
        banking.repay_early(id=new_id(), by=by_owner(owner), **asked)
    with pytest.raises(people.NotPermitted):
        banking.repay_early(id=new_id(), by=town.staff(), reason="asked at the desk", **asked)
    banking.block_account(account_id=current.id, by=people.SYSTEM, reason="test", clock=town.clock)
    with pytest.raises(banking.AccountBlocked):
        early(town, it, current, None)
    assert now(town, it).plan == 1


def test_an_early_repayment_and_an_instalment_at_the_same_second_are_both_in_the_books(town: Town) -> None:
    current = borrower(town, money=PRINCIPAL)
    for _ in range(4):
        it = town.loan(current, 100_000, LoanTerms(240_000, 12, date(2026, 4, 1)))
        before = booked(current)
        answers = at_once([partial(early, town, it, current, None), partial(pay, town, current, it, 10_000)])
        assert isinstance(answers[0], Loan), answers
        assert isinstance(answers[1], payments.Payment)
        settled = answers[1].state is payments.PaymentState.SETTLED
        assert settled or answers[1].timeline[-1].reason_code == "more_than_owed"
        assert booked(it.account) == 0
        assert before - booked(current) == 100_000


def test_two_workers_at_once_charge_each_instalment_once(town: Town) -> None:
    current = borrower(town)
    loans = [town.loan(current, PRINCIPAL, YEAR) for _ in range(4)]
    town.until(date(2026, 6, 2))
    answers = at_once([lambda: banking.charge_loan_interest(clock=town.clock)] * 4)
    assert sum(answer for answer in answers if isinstance(answer, int)) == 3 * 4
    whole = sum(each.interest.amount_minor for it in loans for each in it.schedule[:3])
    assert income(town) == whole


def test_a_loan_whose_course_is_not_run_is_not_closed_though_somebody_paid_ahead(town: Town) -> None:
    current = borrower(town, money=PRINCIPAL)
    it = town.loan(current, 50_000, LoanTerms(240_000, 2, date(2026, 4, 1)))
    pay(town, current, it, 50_000)
    assert booked(it.account) == 0
    with pytest.raises(banking.AccountNotEmpty):
        banking.close_account(account_id=it.account.id, by=people.SYSTEM, reason="test", clock=town.clock)


def test_holidays_move_due_dates_of_contracts_made_after_they_were_declared(town: Town) -> None:
    current = borrower(town)
    staff = town.staff("banking.products.edit")
    banking.declare_holiday(
        institution_id=town.bank,
        day=date(2026, 4, 1),
        by=staff,
        reason="the council has seen the moon",
        clock=town.clock,
    )
    with pytest.raises(people.NotPermitted):
        banking.declare_holiday(institution_id=town.other_bank, day=date(2026, 4, 1), by=staff, reason="not theirs")
    assert banking.holidays(town.bank, first=date(2026, 1, 1), last=date(2026, 12, 31)) == [date(2026, 4, 1)]
    assert town.loan(current, PRINCIPAL, YEAR).schedule[0].due_on == date(2026, 4, 2)


def test_an_instalment_whose_period_is_over_counts_as_due_for_an_early_repayment(town: Town) -> None:
    current = borrower(town)
    it = town.loan(current, PRINCIPAL, LoanTerms(240_000, 3, date(2026, 5, 1)))  # a Friday: due on Sunday the 3rd
    town.until(date(2026, 5, 2))
    quote = banking.early_repayment(it.account.id, clock=town.clock)
    assert quote.due == it.schedule[0].total
    after = early(town, it, current, PRINCIPAL // 2 + quote.due.amount_minor)
    assert [each.due_on for each in after.schedule] == [each.due_on for each in it.schedule[1:]]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE banking_loan SET principal_minor = 1",
        "UPDATE banking_loan SET charged_through = 0",
        "DELETE FROM banking_loan",
        "TRUNCATE banking_loan CASCADE",
        "UPDATE banking_instalment SET due_on = due_on + 1",
        "DELETE FROM banking_instalment",
        "UPDATE banking_loan_plan SET principal_minor = 1",
        "DELETE FROM banking_holiday",
        """INSERT INTO banking_instalment (plan_id, number, period_end, due_on, principal_minor, interest_minor)
           SELECT id, 13, now(), now(), 0, 0 FROM banking_loan_plan""",
        """INSERT INTO banking_loan_plan (id, loan_id, number, starts_on, principal_minor, instalments, repaid_minor,
           accrued_minor, credited_before_minor, made_at)
           SELECT gen_random_uuid(), account_id, 2, now(), 5, 0, 0, 0, 0, now() FROM banking_loan""",
    ],
)
def test_the_database_refuses_what_no_verb_does(town: Town, database, statement: str) -> None:
    town.loan(borrower(town), PRINCIPAL, YEAR)
    banking.declare_holiday(institution_id=town.bank, day=date(2026, 4, 9), by=people.SYSTEM, reason="test")
    town.until(date(2026, 4, 2))
    banking.charge_loan_interest(clock=town.clock)
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(statement)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(1, 400_000)),
        st.tuples(st.just("early"), st.integers(1, 900_000)),
        st.tuples(st.just("wait"), st.integers(1, 45)),
        st.tuples(st.just("charge"), st.just(0)),
    ),
    max_size=12,
)


def test_whatever_is_paid_whenever_the_loan_and_the_banks_income_add_up(
    new_database: Callable[[], AbstractContextManager[object]],
) -> None:
    with new_database():
        town = build_town()
        owner = town.person("منى", "+201001234567")
        banking.set_limits(
            product_id=town.product(ProductKind.CURRENT).id, limits=Limits(None, None), valid_from=date(2026, 3, 1),
            actor="system", reason="test",
        )  # fmt: skip

        @settings(suppress_health_check=list(HealthCheck), max_examples=15, parent=settings.default)
        @given(st.sampled_from(Method), st.integers(0, 500_000), steps)
        def live(method: Method, rate: int, steps_: list[tuple[str, int]]) -> None:
            run_course(town, owner, method, rate, steps_)

        live()


def run_course(town: Town, owner: people.Customer, method: Method, rate: int, steps_: list[tuple[str, int]]) -> None:
    """Pay a loan at random times in random amounts; then to its end. What was paid is principal and income, no more."""
    current = town.current(owner, money=10 * PRINCIPAL)
    earned_before, held_before = income(town), booked(current)
    first = banking.business_day(current, town.clock.now()) + timedelta(days=20)
    it = town.loan(current, PRINCIPAL, LoanTerms(rate, 6, first, method))
    for what, number in steps_:
        if what == "pay":
            pay(town, current, it, number)
        elif what == "wait":
            town.clock.advance(timedelta(days=number))
        elif what == "charge":
            banking.charge_loan_interest(clock=town.clock)
        else:
            try:
                early(town, it, current, number)
            except (banking.LessThanDue, banking.MoreThanOwed, banking.InvalidTerms):
                continue
        there = now(town, it)
        assert sum(each.principal.amount_minor for each in there.schedule) == there_principal(there)
        assert there.owed.amount_minor == -booked(it.account) >= 0
    town.clock.advance(timedelta(days=400))
    banking.charge_loan_interest(clock=town.clock)
    rest = now(town, it)
    assert rest.due == rest.owed
    if rest.owed.amount_minor:
        pay(town, current, it, rest.owed.amount_minor)
    assert now(town, it).is_repaid
    assert booked(it.account) == 0
    assert held_before - booked(current) == income(town) - earned_before
    banking.close_account(account_id=it.account.id, by=people.SYSTEM, reason="repaid", clock=town.clock)


def there_principal(it: Loan) -> int:
    """Return what the plan in force began with, from what is left of it and what was paid of it."""
    charged = sum(each.interest.amount_minor for each in it.schedule)
    paid = sum((each.paid_principal + each.paid_interest).amount_minor for each in it.schedule)
    unpaid = sum(each.unpaid.amount_minor for each in it.schedule)
    return paid + unpaid - charged
