"""Being late with a loan: the rule of the contract, charged once whatever happens, paid last, in every sum that is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from raseed.banking import api as banking
from raseed.banking import internal
from raseed.banking.api import (
    NO_PENALTY,
    BankAccount,
    InstalmentState,
    InternalRole,
    Loan,
    LoanTerms,
    PenaltyKind,
    PenaltyRule,
    ProductKind,
)
from raseed.banking.late import charging
from raseed.banking.late.models import LoanPenaltyRow
from raseed.banking.models import LoanRow
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform

from .test_loans import borrower, early, now, pay
from .town import Town, at_once, booked, build_town

EGP = currency("EGP")
TERMS = LoanTerms(annual_rate_ppm=0, instalments=12, first_due_on=date(2026, 4, 1))
PRINCIPAL, INSTALMENT = 1_200_000, 100_000
A_DAY = PenaltyRule(PenaltyKind.FIXED_A_DAY, amount_minor=500, grace_days=2)
TODAY = date(2026, 3, 1)


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def ruled(town: Town, rule: PenaltyRule = A_DAY) -> None:
    banking.set_loan_penalty_rule(
        town.product(ProductKind.LOAN).id, rule, valid_from=TODAY, by=people.SYSTEM, reason="planted", clock=town.clock
    )


def late_loan(
    town: Town, *, until: date, money: int = PRINCIPAL, rule: PenaltyRule = A_DAY
) -> tuple[Loan, BankAccount]:
    """Return a loan whose first instalment (1 April) is not paid, with the account that it pays from, on a day."""
    ruled(town, rule)
    current = borrower(town, money=money)
    it = town.loan(current, PRINCIPAL, TERMS)
    town.until(until)
    charge(town)
    return it, current


def charge(town: Town) -> int:
    banking.charge_loan_interest(clock=town.clock)
    return banking.charge_loan_penalties(clock=town.clock)


def penalty_income(town: Town) -> int:
    id_ = banking.internal_account(town.bank, InternalRole.PENALTY_INCOME).id
    books = ledger.look_up_accounts([id_])[id_].balances
    return books.credits_posted - books.debits_posted


def minor(*those: Money) -> list[int]:
    return [each.amount_minor for each in those]


def test_a_loan_costs_nothing_for_being_late_unless_its_product_says_so(town: Town) -> None:
    assert banking.loan_penalty_rule(town.product(ProductKind.LOAN).id, on=TODAY) == NO_PENALTY
    it = town.loan(borrower(town), PRINCIPAL, TERMS)
    ruled(town)  # comes after the contract, and does not touch it
    town.until(date(2026, 4, 20))
    assert charge(town) == 0
    late = now(town, it)
    assert (late.penalty_rule, late.days_past_due) == (NO_PENALTY, 19)
    assert minor(late.penalties_due, late.due, late.owed) == [0, INSTALMENT, PRINCIPAL]


def test_each_day_after_the_free_ones_is_charged_to_the_loan_and_is_income(town: Town) -> None:
    it, _ = late_loan(town, until=date(2026, 4, 3))
    assert minor(now(town, it).due) == [INSTALMENT]  # two days are free
    town.until(date(2026, 4, 8))
    before = now(town, it)
    assert charge(town) == 1
    assert charge(town) == 0
    after = now(town, it)
    assert (after.due, after.owed, after.penalties_due) == (before.due, before.owed, before.penalties_due)
    assert minor(after.penalties_due, after.due, after.arrears) == [2_500, INSTALMENT + 2_500, INSTALMENT + 2_500]
    assert minor(after.owed) == [PRINCIPAL + 2_500]
    assert (booked(it.account), penalty_income(town)) == (-PRINCIPAL - 2_500, 2_500)
    first = after.schedule[0]
    assert (first.state, minor(first.penalty, first.total, first.unpaid)) == (
        InstalmentState.OVERDUE, [2_500, INSTALMENT + 2_500, INSTALMENT + 2_500],
    )  # fmt: skip
    (due,) = banking.instalments_due(town.bank, on=date(2026, 4, 8)).instalments
    assert minor(due.instalment.unpaid) == [INSTALMENT + 2_500]


def test_a_worker_that_slept_charges_what_one_that_ran_each_day_does(town: Town) -> None:
    it, current = late_loan(town, until=TODAY)
    other = town.loan(current, PRINCIPAL, TERMS)
    town.until(date(2026, 4, 1))
    charge(town)
    for number in range(2, 16):
        town.until(date(2026, 4, number))
        if number == 6:
            pay(town, current, it, INSTALMENT // 2)
            pay(town, current, other, INSTALMENT // 2)
        if number == 9:
            pay(town, current, it, INSTALMENT // 2)
            pay(town, current, other, INSTALMENT // 2)
        if number < 15:
            with transaction.atomic():
                charging._count_all([it.account.id], town.clock.now(), town.clock)
    charge(town)
    charged = {
        id_: sum(LoanPenaltyRow.objects.filter(loan_id=id_).values_list("amount_minor", flat=True))
        for id_ in (it.account.id, other.account.id)
    }
    assert set(charged.values()) == {6 * 500}  # the 4th to the 9th


def test_money_settles_the_instalment_first_and_its_penalty_last_and_then_what_is_to_come(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    pay(town, current, it, INSTALMENT)
    paid = now(town, it)
    assert (paid.schedule[0].state, paid.days_past_due) == (InstalmentState.OVERDUE, 0)
    assert minor(paid.due, paid.penalties_due) == [2_500, 2_500]
    town.until(date(2026, 4, 28))
    assert charge(town) == 0, "an instalment that is paid costs no more, and a penalty bears none"
    pay(town, current, it, 2_500)
    done = now(town, it)
    assert (done.schedule[0].state, minor(done.due, done.repaid)) == (InstalmentState.PAID, [0, INSTALMENT + 2_500])
    pay(town, current, it, 40_000)
    assert minor(now(town, it).schedule[1].unpaid) == [INSTALMENT - 40_000]


def test_who_leaves_a_penalty_and_pays_each_instalment_in_time_is_not_late_again(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    pay(town, current, it, INSTALMENT)
    for due_on in (each.due_on for each in it.schedule[1:4]):
        town.until(due_on)
        charge(town)
        pay(town, current, it, INSTALMENT)
        town.until(due_on + timedelta(days=10))
        assert charge(town) == 0
        after = now(town, it)
        assert (after.days_past_due, minor(after.due, after.arrears)) == (0, [2_500, 2_500])
        assert minor(*(each.penalty for each in after.schedule[:4])) == [2_500, 0, 0, 0]
        assert minor(after.schedule[0].paid_penalty) == [2_500], "settled first, out of the next one's money"
    agent = town.staff("banking.accounts.view")
    assert banking.arrears_by_age(town.bank, by=agent, clock=town.clock).behind == 0
    pay(town, current, it, 2_500)
    assert minor(now(town, it).due) == [0]


def test_a_payment_holiday_makes_nobody_late_by_a_penalty_that_was_settled_before_it(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    pay(town, current, it, INSTALMENT)
    town.until(it.schedule[1].due_on)
    charge(town)
    pay(town, current, it, INSTALMENT)
    before = now(town, it)
    after = banking.give_loan_holiday(
        id=new_id(), account_id=it.account.id, instalments=1, by=people.SYSTEM, reason="flood", clock=town.clock
    )
    assert minor(after.due, after.owed) == minor(before.due, before.owed) == [2_500, PRINCIPAL - 2 * INSTALMENT + 2_500]
    town.until(it.schedule[1].due_on + timedelta(days=20))
    assert charge(town) == 0
    assert (now(town, it).days_past_due, minor(now(town, it).due)) == (0, [2_500])


def test_what_is_to_be_paid_today_is_right_before_the_worker_has_run(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    town.until(date(2026, 4, 9))
    due = now(town, it).due
    assert minor(due) == [INSTALMENT + 3_000]
    pay(town, current, it, due.amount_minor)
    assert minor(now(town, it).due) == [0]
    assert charge(town) == 1
    assert minor(now(town, it).due) == [0]


@pytest.mark.parametrize("step", ["rows", "mark", "posting"])
def test_killed_at_any_instant_nothing_is_charged_and_the_next_run_charges_once(
    town: Town, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it, _ = late_loan(town, until=date(2026, 4, 2))
    town.until(date(2026, 4, 8))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    owner, name = {
        "rows": (LoanPenaltyRow.objects, "bulk_create"),
        "mark": (LoanRow.objects, "filter"),
        "posting": (charging, "post"),
    }[step]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        with pytest.raises(KeyboardInterrupt):
            banking.charge_loan_penalties(clock=town.clock)
    assert (booked(it.account), LoanPenaltyRow.objects.count(), penalty_income(town)) == (-PRINCIPAL, 0, 0)
    assert charge(town) == 1
    assert (booked(it.account), penalty_income(town)) == (-PRINCIPAL - 2_500, 2_500)


def test_four_workers_at_once_charge_a_penalty_once(town: Town) -> None:
    it, _ = late_loan(town, until=date(2026, 4, 2))
    town.until(date(2026, 4, 8))
    answers = at_once([lambda: banking.charge_loan_penalties(clock=town.clock)] * 4)
    assert booked(it.account) == -PRINCIPAL - 2_500, answers
    assert LoanPenaltyRow.objects.filter(loan_id=it.account.id).count() == 1


def test_a_payment_at_the_same_second_as_the_charge_is_in_the_books_with_it(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 2), money=PRINCIPAL)
    town.until(date(2026, 4, 8))
    acts: list[Callable[[], object]] = [
        lambda: banking.charge_loan_penalties(clock=town.clock),
        lambda: pay(town, current, it, INSTALMENT + 2_500),
    ]
    at_once(acts)
    charge(town)
    after = now(town, it)
    assert minor(after.due, after.owed, after.repaid) == [0, PRINCIPAL - INSTALMENT, INSTALMENT + 2_500]


def test_an_early_repayment_settles_penalties_first_and_they_bear_no_interest(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    town.until(date(2026, 4, 9))  # a day more, that no worker has charged
    quote = banking.early_repayment(it.account.id, clock=town.clock)
    assert minor(quote.due, quote.accrued, quote.full) == [INSTALMENT + 3_000, 0, PRINCIPAL + 3_000]
    with pytest.raises(banking.LessThanDue):
        early(town, it, current, INSTALMENT + 3_000)
    after = early(town, it, current, INSTALMENT + 3_000 + 110_000)
    assert minor(after.due, after.owed, after.penalties_due) == [0, PRINCIPAL - INSTALMENT - 110_000, 0]
    assert (after.plan, len(after.schedule), penalty_income(town)) == (2, 11, 3_000)
    town.until(date(2026, 4, 10))
    assert charge(town) == 0
    ended = early(town, it, current, None)
    assert (ended.is_repaid, booked(it.account)) == (True, 0)


def test_the_last_instalment_is_paid_with_its_penalty_and_the_loan_can_be_closed(town: Town) -> None:
    ruled(town)
    current = borrower(town, money=PRINCIPAL)
    it = town.loan(current, INSTALMENT, LoanTerms(0, 1, date(2026, 4, 1)))
    town.until(date(2026, 4, 8))
    charge(town)
    pay(town, current, it, INSTALMENT)
    with pytest.raises(banking.AccountNotEmpty):
        banking.close_account(account_id=it.account.id, by=people.SYSTEM, reason="paid", clock=town.clock)
    pay(town, current, it, 2_500)
    assert now(town, it).is_repaid
    banking.close_account(account_id=it.account.id, by=people.SYSTEM, reason="paid", clock=town.clock)


def test_a_payment_holiday_keeps_what_is_overdue_with_its_penalty_and_that_goes_on(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    before = now(town, it)
    after = banking.give_loan_holiday(
        id=new_id(), account_id=it.account.id, instalments=2, by=people.SYSTEM, reason="flood", clock=town.clock
    )
    assert (after.due, after.penalties_due, after.days_past_due) == (before.due, before.penalties_due, 7)
    town.until(date(2026, 4, 10))
    assert charge(town) == 1
    assert minor(now(town, it).penalties_due) == [3_500]
    pay(town, current, it, INSTALMENT + 3_500)
    assert minor(now(town, it).due) == [0]


def test_loans_of_imported_books_have_no_penalty_though_their_product_has_one(town: Town) -> None:
    ruled(town)
    current = borrower(town)
    brought = banking.BroughtLoan(new_id(), current.id, PRINCIPAL, TERMS, date(2026, 3, 1))
    opening = banking.internal_account(town.bank, InternalRole.OPENING)
    with transaction.atomic():
        ledger.post(
            banking.bring_in_loans(
                [brought], product_id=town.product(ProductKind.LOAN).id, through=opening.id, clock=town.clock
            ),
            clock=town.clock,
        )
    town.until(date(2026, 8, 1))
    assert charge(town) == 0
    assert minor(banking.loan(brought.id, clock=town.clock).penalties_due) == [0]


def test_a_due_day_that_a_holiday_moves_moves_the_penalty_with_it(town: Town) -> None:
    banking.declare_holiday(
        institution_id=town.bank, day=date(2026, 4, 1), by=people.SYSTEM, reason="feast", clock=town.clock
    )
    it, _ = late_loan(town, until=date(2026, 4, 5), rule=PenaltyRule(PenaltyKind.FIXED_A_DAY, amount_minor=500))
    assert it.schedule[0].due_on == date(2026, 4, 2)
    assert minor(now(town, it).penalties_due) == [3 * 500]


def test_arrears_know_penalties_and_nobody_ages_by_a_penalty_alone(town: Town) -> None:
    it, current = late_loan(town, until=date(2026, 4, 8))
    agent = town.staff("banking.accounts.view")
    ageing = banking.arrears_by_age(town.bank, by=agent, clock=town.clock)
    assert (ageing.behind, minor(ageing.arrears)) == (1, [INSTALMENT + 2_500])
    pay(town, current, it, INSTALMENT)
    assert banking.arrears_by_age(town.bank, by=agent, clock=town.clock).behind == 0


def test_books_of_an_earlier_release_get_their_account_for_penalties_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = new_id()
    people.register_institution(
        people.Institution(bank, "old", {"en": "Old"}, "bank", "EG", "Africa/Cairo", "EGP", "EG"), clock=town.clock
    )
    with monkeypatch.context() as patch:
        patch.setattr(internal, "InternalRole", [role for role in InternalRole if role != InternalRole.PENALTY_INCOME])
        banking.set_up_institution(institution_id=bank, clock=town.clock)
    product = banking.offer_product(institution_id=bank, kind=ProductKind.LOAN, names={"en": "Loan"}, clock=town.clock)
    acts: list[Callable[[], object]] = [
        lambda: banking.set_loan_penalty_rule(
            product.id, A_DAY, valid_from=TODAY, by=people.SYSTEM, reason="planted", clock=town.clock
        )
    ] * 4
    assert at_once(acts) == [None] * 4
    found = banking.internal_account(bank, InternalRole.PENALTY_INCOME)
    assert ledger.look_up_accounts([found.id])[found.id].code == 970


# ------------------------------------------------------------------------------------------------ two people


def proposed(
    town: Town, rule: PenaltyRule, *, product_id: UUID | None = None, valid_from: date = TODAY
) -> people.Change:
    of = banking.product(product_id) if product_id else town.product(ProductKind.LOAN)
    return banking.propose_loan_penalty_rule(
        id=new_id(), of=of, rule=rule, valid_from=valid_from, reason="board decision",
        by=town.staff("banking.fees.propose"), clock=town.clock,
    )  # fmt: skip


def test_a_rule_is_proposed_by_one_and_confirmed_by_another_and_said_in_words(town: Town) -> None:
    of = town.product(ProductKind.LOAN)
    change = proposed(town, A_DAY, valid_from=TODAY + timedelta(days=1))
    lines = people.describe_change(change, "en")
    assert [(line.label, line.before, line.after) for line in lines] == [
        ("Late penalty", "No penalty", "A fixed amount for each day"),
        ("Amount", "", "EGP\u00a05.00"),
        ("Days without a penalty", "0", "2"),
        ("For loans granted from", "", "2 March 2026"),
    ]
    with pytest.raises(people.NotPermitted):
        people.confirm_change(change.id, by=town.staff("banking.fees.propose"), clock=town.clock)
    second = proposed(town, PenaltyRule(PenaltyKind.FIXED, amount_minor=900), valid_from=TODAY + timedelta(days=1))
    people.confirm_change(change.id, by=town.staff("banking.fees.confirm"), clock=town.clock)
    assert banking.loan_penalty_rule(of.id, on=TODAY) == NO_PENALTY
    assert banking.loan_penalty_rule(of.id, on=TODAY + timedelta(days=1)) == A_DAY
    with pytest.raises(people.ChangeOutdated):
        people.confirm_change(second.id, by=town.staff("banking.fees.confirm"), clock=town.clock)
    assert platform.audit_trail(f"product:{of.id}")[0].reason == "board decision"


def test_a_rule_can_not_be_for_what_is_no_loan_or_be_nonsense(town: Town) -> None:
    with pytest.raises(banking.InvalidTerms):
        proposed(town, A_DAY, product_id=town.product(ProductKind.SAVINGS).id)
    with pytest.raises(people.SecondPersonNeeded):
        banking.set_loan_penalty_rule(
            town.product(ProductKind.LOAN).id, A_DAY, valid_from=TODAY, by=town.staff("banking.fees.propose"),
            reason="alone", clock=town.clock,
        )  # fmt: skip
    nonsense: list[dict[str, Any]] = [
        {}, {"penalty": "much"}, {"penalty": "fixed"}, {"penalty": "fixed", "amount_minor": -1},
        {"penalty": "fixed", "amount_minor": "5"}, {"penalty": "none", "grace_days": 3},
    ]  # fmt: skip
    for payload in nonsense:
        with pytest.raises(RaseedError):
            people.propose_change(
                id=new_id(), kind="banking.loan_penalties", institution_id=town.bank,
                subject=f"product:{town.product(ProductKind.LOAN).id}",
                payload={"valid_from": TODAY.isoformat(), **payload}, reason="board decision",
                by=town.staff("banking.fees.propose"), clock=town.clock,
            )  # fmt: skip


# ------------------------------------------------------------------------------------------------ the database


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE banking_loan_penalty SET amount_minor = 1",
        "DELETE FROM banking_loan_penalty",
        "UPDATE banking_product_penalty SET amount_minor = 1",
        "UPDATE banking_loan SET penalty_rule_id = NULL",
        "UPDATE banking_loan SET penalties_counted_at = NULL",
    ],
)
def test_the_database_keeps_what_was_charged_and_the_contract_its_rule(town: Town, statement: str) -> None:
    late_loan(town, until=date(2026, 4, 8))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_takes_back_no_more_of_a_penalty_than_was_charged(town: Town) -> None:
    it, _ = late_loan(town, until=date(2026, 4, 8))
    with pytest.raises(IntegrityError), transaction.atomic():
        LoanPenaltyRow.objects.create(
            loan_id=it.account.id, number=2, period_end=date(2026, 4, 1), counted_on=date(2026, 4, 8),
            amount_minor=-2_501, transfer_id=new_id(), made_at=town.clock.now(),
        )  # fmt: skip
