"""Transfers between one's own accounts, and payments to one's own loan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind, BankAccount, LoanTerms
from raseed.banking.tests.town import Town, booked, build_town
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.payments.api import Payment, PaymentState

EGP = currency("EGP")


class Mona:
    """Mona has a wallet with 10,000 pounds and a current account; the limits are 1,000 a transfer, 2,500 a day."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.person = town.person("منى علي", "+201001234567")
        self.wallet = town.wallet(self.person, money=1_000_000)
        self.current = town.current(self.person)

    def to(self, account: BankAccount) -> Alias:
        number = account.alias(AliasKind.NUMBER)
        return (
            Alias(AliasKind.NUMBER, number) if number else Alias(AliasKind.PHONE, account.alias(AliasKind.PHONE) or "")
        )

    def send(self, source: BankAccount, target: BankAccount, amount_minor: int) -> Payment:
        return payments.send(
            id=new_id(), actor_customer_id=self.person.id, from_account_id=source.id, to=self.to(target),
            amount=Money(amount_minor, EGP), clock=self.town.clock,
        )  # fmt: skip

    def preview(self, source: BankAccount, target: BankAccount, amount_minor: int) -> payments.Preview:
        return payments.preview(
            actor_customer_id=self.person.id, from_account_id=source.id, to=self.to(target),
            amount=Money(amount_minor, EGP), language="en", clock=self.town.clock,
        )  # fmt: skip


def a_mona() -> Mona:
    return Mona(build_town())


@pytest.fixture
def build() -> Callable[[], Mona]:
    return a_mona


@pytest.fixture
def mona(built: Mona) -> Mona:
    return built


def test_an_own_account_is_named_in_full_before_confirming_and_on_both_statements(mona: Mona) -> None:
    banking.rename_account(account_id=mona.current.id, customer_id=mona.person.id, name="Rent", actor="customer:1")
    shown = mona.preview(mona.wallet, mona.current, 500)
    assert (shown.recipient_name, shown.to_own_account) == ("Rent", True)
    assert mona.send(mona.wallet, mona.current, 500).state is PaymentState.SETTLED
    (left, _) = banking.statement(mona.wallet.id, language="en").lines
    (came,) = banking.statement(mona.current.id, language="en").lines
    assert (left.counterparty, left.counterparty_kind) == ("Rent", banking.CounterpartyKind.OWN_ACCOUNT)
    assert (came.counterparty, came.counterparty_kind) == ("Account", banking.CounterpartyKind.OWN_ACCOUNT)


def test_another_s_account_stays_masked(mona: Mona) -> None:
    ziads = mona.town.current(mona.town.person("زياد حسن", "+201001234568"))
    shown = mona.preview(mona.wallet, ziads, 500)
    assert (shown.recipient_name, shown.to_own_account) == ("ز••• ح•••", False)


def test_what_stays_with_its_owner_counts_for_no_limit(mona: Mona) -> None:
    ziads = mona.town.current(mona.town.person("زياد حسن", "+201001234568"))
    mona.preview(mona.wallet, mona.current, 600_000)
    assert mona.send(mona.wallet, mona.current, 600_000).state is PaymentState.SETTLED
    assert banking.left_today(mona.wallet.id, now=mona.town.clock.now())[1] == Money(250_000, EGP)
    refused = mona.send(mona.wallet, ziads, 100_001)
    assert refused.timeline[-1].reason_code == "limit_per_transfer"
    for _ in range(2):
        assert mona.send(mona.wallet, ziads, 100_000).state is PaymentState.SETTLED
    over = mona.send(mona.wallet, ziads, 50_001)
    assert over.timeline[-1].reason_code == "limit_per_day"
    assert mona.send(mona.wallet, mona.current, 1_000).state is PaymentState.SETTLED


def test_the_same_account_is_refused_and_savings_are_an_account_like_others(mona: Mona) -> None:
    assert mona.send(mona.wallet, mona.wallet, 5).timeline[-1].reason_code == "self_transfer"
    savings = mona.town.savings(mona.person)
    assert mona.send(mona.wallet, savings, 2_000).state is PaymentState.SETTLED
    assert booked(savings) == 2_000


def test_a_loan_takes_payments_up_to_what_is_owed_and_pays_nothing(mona: Mona) -> None:
    loan = mona.town.loan(mona.current, 50_000, LoanTerms(0, 10, date(2026, 4, 1)))
    account = banking.account(loan.account.id)
    assert (booked(mona.current), booked(account)) == (50_000, -50_000)
    assert mona.preview(mona.wallet, account, 5_000).to_own_account
    assert mona.send(mona.wallet, account, 5_000).state is PaymentState.SETTLED
    assert booked(account) == -45_000
    with pytest.raises(banking.MoreThanOwed):
        mona.preview(mona.wallet, account, 45_001)
    assert mona.send(mona.wallet, account, 45_001).timeline[-1].reason_code == "more_than_owed"
    assert mona.send(mona.wallet, account, 45_000).state is PaymentState.SETTLED
    assert booked(account) == 0
    with pytest.raises(banking.AccountUnknown):
        mona.send(account, mona.wallet, 1)
