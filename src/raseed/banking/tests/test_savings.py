"""Savings: credited month by month, once, however often, by however many, and after any pause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raseed.banking import api as banking
from raseed.banking import savings
from raseed.banking.api import AccountState, BankAccount, DayCount, InternalRole, ProductKind
from raseed.banking.rates import rates_of
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform
from raseed_testing import NewDatabase

from .town import Town, at_once, booked, build_town, by_owner

TEN_PER_CENT = 100_000


@pytest.fixture
def build() -> Callable[[], Town]:
    return town_with_rate


def town_with_rate() -> Town:
    return with_rate(build_town())


def with_rate(town: Town, ppm: int = TEN_PER_CENT, valid_from: date = date(2026, 1, 1)) -> Town:
    banking.set_rate(
        product_id=town.product(ProductKind.SAVINGS).id, annual_rate_ppm=ppm, valid_from=valid_from, actor="system",
        reason="test", clock=town.clock,
    )  # fmt: skip
    return town


def saver(town: Town, *, money: int = 0) -> BankAccount:
    return town.savings(town.person("منى", "+201001234567"), money=money)


def expense(of: BankAccount) -> int:
    return -booked_internal(of, InternalRole.INTEREST_EXPENSE)


def booked_internal(of: BankAccount, role: InternalRole) -> int:
    id_ = banking.internal_account(of.institution_id, role, of.currency.code).id
    books = ledger.look_up_accounts([id_])[id_].balances
    return books.credits_posted - books.debits_posted


def test_a_savings_account_has_a_number_an_iban_and_a_day_count(town: Town) -> None:
    of = saver(town)
    assert of.product.kind is ProductKind.SAVINGS
    assert of.product.day_count is DayCount.ACT_365
    assert of.alias(banking.AliasKind.IBAN)
    assert banking.accrued_interest(of.id, on=date(2026, 3, 10)).earned.amount_minor == 0


def test_a_month_is_credited_once_when_it_has_ended_and_booked_on_its_last_day(town: Town) -> None:
    of = saver(town, money=3_650_000)  # on 1 March: 1,000 a day at ten per cent
    assert banking.accrued_interest(of.id, on=date(2026, 3, 10)).earned.amount_minor == 10_000
    town.until(date(2026, 3, 31), 21)
    assert banking.credit_interest(clock=town.clock) == 0
    town.until(date(2026, 3, 31), 22)  # midnight in Cairo, and what was begun before it is still being settled
    assert banking.credit_interest(clock=town.clock) == 0
    town.until(date(2026, 3, 31), 23)
    assert banking.credit_interest(clock=town.clock) == 1
    assert banking.credit_interest(clock=town.clock) == 0
    assert booked(of) == 3_650_000 + 31_000
    assert expense(of) == 31_000
    (line, _) = banking.statement(of.id, language="en").lines
    assert (line.counterparty, line.booked_on, line.amount.amount_minor) == ("Interest", date(2026, 3, 31), 31_000)
    (credit,) = banking.interest_credits(of.id)
    assert (credit.first_day, credit.last_day, credit.amount.amount_minor) == (
        date(2026, 3, 1),
        date(2026, 3, 31),
        31_000,
    )


def test_after_months_without_a_worker_each_month_is_made_up_for_with_interest_on_interest(town: Town) -> None:
    of = saver(town, money=3_650_000)
    town.until(date(2026, 6, 15))
    assert banking.credit_interest(clock=town.clock) == 3
    april = Fraction(3_681_000 * 30, 3650)
    may = Fraction((3_681_000 + int(april)) * 31, 3650) + april - int(april)
    assert [each.amount.amount_minor for each in reversed(banking.interest_credits(of.id))] == [
        31_000,
        int(april),
        int(may),
    ]


def test_what_does_not_fill_a_minor_unit_is_carried_and_makes_no_transfer(town: Town) -> None:
    of = saver(town, money=100)  # 0.85 of a piastre in March, 0.82 in April
    town.until(date(2026, 4, 2))
    assert banking.credit_interest(clock=town.clock) == 1
    assert booked(of) == 100
    assert len(banking.statement(of.id).lines) == 1
    town.until(date(2026, 5, 2))
    banking.credit_interest(clock=town.clock)
    assert booked(of) == 101


def test_a_rate_counts_from_its_date_and_an_overdrawn_day_earns_nothing(town: Town) -> None:
    of = saver(town)
    town.book(of, 3_650_000, date(2026, 3, 1))
    with_rate(town, 2 * TEN_PER_CENT, date(2026, 3, 11))
    town.book(of, -3_650_000, date(2026, 3, 21))
    accrual = banking.accrued_interest(of.id, on=date(2026, 3, 31))
    assert accrual.earned.amount_minor == 10 * 1_000 + 10 * 2_000


def test_a_movement_booked_back_into_credited_days_counts_from_the_next(town: Town) -> None:
    of = saver(town, money=3_650_000)
    town.until(date(2026, 4, 2))
    banking.credit_interest(clock=town.clock)
    before = banking.accrued_interest(of.id, on=date(2026, 4, 30)).earned.amount_minor
    town.book(of, 3_650_000, date(2026, 3, 15))
    assert banking.accrued_interest(of.id, on=date(2026, 4, 30)).earned.amount_minor == before + 30_000


def test_two_workers_at_once_credit_each_account_once(town: Town) -> None:
    owner = town.person("منى", "+201001234567")
    accounts = [town.savings(owner, money=3_650_000) for _ in range(6)]
    town.until(date(2026, 4, 2))
    answers = at_once([lambda: banking.credit_interest(clock=town.clock) for _ in range(4)])
    assert sum(answer for answer in answers if isinstance(answer, int)) == 6
    assert [booked(each) for each in accounts] == [3_681_000] * 6


def test_one_account_that_cant_be_credited_does_not_stop_the_others(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = town.person("منى", "+201001234567")
    good, bad, other = (town.savings(owner, money=3_650_000) for _ in range(3))
    town.until(date(2026, 4, 2))
    ledger.close_account(bad.id)  # by another door
    assert banking.credit_interest(clock=town.clock) == 2
    assert (booked(good), booked(bad), booked(other)) == (3_681_000, 3_650_000, 3_681_000)
    ledger.reopen_account(bad.id)
    assert banking.credit_interest(clock=town.clock) == 1
    assert booked(bad) == 3_681_000


def test_blocked_and_dormant_savings_earn_and_closed_ones_are_left_alone(town: Town) -> None:
    owner = town.person("منى", "+201001234567")
    blocked, closed = town.savings(owner, money=3_650_000), town.savings(owner)
    banking.block_account(account_id=blocked.id, by=people.SYSTEM, reason="test", clock=town.clock)
    banking.close_account(account_id=closed.id, by=by_owner(owner), clock=town.clock)
    town.until(date(2026, 4, 2))
    assert banking.credit_interest(clock=town.clock) == 1
    assert booked(blocked) == 3_681_000


def test_closing_pays_the_interest_through_yesterday_and_all_that_is_left(town: Town) -> None:
    owner = town.person("منى", "+201001234567")
    of, current = town.savings(owner, money=3_650_000), town.current(owner)
    town.until(date(2026, 3, 11))
    with pytest.raises(banking.AccountNotEmpty):
        banking.close_account(account_id=of.id, by=by_owner(owner), clock=town.clock)
    closed = banking.close_account(account_id=of.id, by=by_owner(owner), pay_out_to=current.id, clock=town.clock)
    assert closed.state is AccountState.CLOSED
    assert (booked(of), booked(current)) == (0, 3_660_000)
    record = platform.audit_trail(f"account:{of.id}")[0]
    assert record.after == {
        "state": "closed", "paid_out_minor": 3_660_000, "paid_out_to": str(current.id), "interest_minor": 10_000,
    }  # fmt: skip
    assert banking.credit_interest(clock=town.clock) == 0


def test_savings_that_were_emptied_but_have_earned_need_somewhere_to_pay_it_to(town: Town) -> None:
    owner = town.person("منى", "+201001234567")
    of = town.savings(owner, money=3_650_000)
    town.until(date(2026, 3, 3))
    town.book(of, -3_650_000)
    town.until(date(2026, 3, 5))
    with pytest.raises(banking.AccountNotEmpty):
        banking.close_account(account_id=of.id, by=by_owner(owner), clock=town.clock)
    current = town.current(owner)
    banking.close_account(account_id=of.id, by=by_owner(owner), pay_out_to=current.id, clock=town.clock)
    assert booked(current) == 2_000


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE banking_savings SET credited_through = credited_through - 1",
        "DELETE FROM banking_savings",
        "TRUNCATE banking_savings",
        "UPDATE banking_interest_credit SET amount_minor = 1",
        "DELETE FROM banking_interest_credit",
        "UPDATE banking_product_rate SET annual_rate_ppm = 0",
        "UPDATE banking_product SET day_count = 'act_360'",
        "DELETE FROM banking_product",
        """INSERT INTO banking_interest_credit
           (account_id, first_day, last_day, accrued_units, carried_units, amount_minor, credited_at)
           SELECT account_id, credited_through, credited_through, 0, 0, 0, now() FROM banking_savings""",
    ],
)
def test_the_database_refuses_what_no_verb_does(town: Town, database, statement: str) -> None:
    saver(town, money=3_650_000)
    town.until(date(2026, 4, 2))
    banking.credit_interest(clock=town.clock)
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(-300_000, 900_000)),
        st.tuples(st.just("wait"), st.integers(0, 25)),
        st.tuples(st.just("rate"), st.integers(0, 400_000)),
        st.tuples(st.just("credit"), st.just(0)),
    ),
    max_size=14,
)


def test_a_back_test_against_a_model_agrees_to_the_minor_unit(
    new_database: NewDatabase,
) -> None:
    with new_database(town_with_rate) as database:
        town: Town = database.built
        owner = town.person("منى", "+201001234567")

        @settings(suppress_health_check=list(HealthCheck), max_examples=15, parent=settings.default)
        @given(steps)
        def back_test(steps_: list[tuple[str, int]]) -> None:
            run_history(town, owner, steps_)

        back_test()


def run_history(town: Town, owner: people.Customer, steps_: list[tuple[str, int]]) -> None:
    """Live through a history with an account beside a list of movements; then reckon what it must hold."""
    of = town.savings(owner)
    opened = banking.business_day(of, town.clock.now())
    moved: list[tuple[date, int]] = []
    for what, number in steps_:
        today = banking.business_day(of, town.clock.now())
        if what == "pay" and booked(of) + number >= 0 and number:
            town.book(of, number)
            moved.append((today, number))
        elif what == "wait":
            town.clock.advance(timedelta(days=number))
        elif what == "rate":
            with_rate(town, number, today + timedelta(days=1))
        elif what == "credit":
            banking.credit_interest(clock=town.clock)
    town.clock.advance(timedelta(days=40))
    banking.credit_interest(clock=town.clock)
    through = savings.last_month_end(banking.business_day(of, town.clock.now()))
    assert booked(of) == model(of, moved, opened, through)


def model(of: BankAccount, moved: list[tuple[date, int]], opened: date, through: date) -> int:
    """Return the balance that a clerk reckons, day by day in fractions, crediting at each month's end."""
    rates = {}
    for rate in sorted(rates_of(of.product.id), key=lambda each: each.valid_from):
        rates[rate.valid_from] = rate.annual_rate_ppm
    balance, earned, day, ppm = 0, Fraction(0), opened, 0
    last = max([through, *(on for on, _ in moved)])
    while day <= last:
        ppm = next((rates[on] for on in sorted(rates, reverse=True) if on <= day), 0)
        balance += sum(amount for on, amount in moved if on == day)
        earned += Fraction(max(balance, 0) * ppm, 365 * 1_000_000) if day <= through else 0
        if (day + timedelta(days=1)).day == 1 and day <= through:
            balance, earned = balance + int(earned), earned - int(earned)
        day += timedelta(days=1)
    return balance
