"""Dormant accounts: found by what their owners did, in batches; they receive, and wake when their owners say so."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection

from raseed.banking import api as banking
from raseed.banking import dormancy
from raseed.banking.api import AccountState, Alias, AliasKind, BankAccount, Limits, ProductKind
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform

from .town import Town, booked, build_town, by_owner


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def rule(town: Town, months: int | None, kind: ProductKind = ProductKind.WALLET) -> None:
    banking.set_dormancy(
        product_id=town.product(kind).id, months=months, by=town.staff("banking.products.edit"), reason="board decision",
        valid_from=banking.business_date(town.bank, town.clock.now()), clock=town.clock,
    )  # fmt: skip


def pay(town: Town, payer: BankAccount, payee: BankAccount, amount: int = 10) -> payments.Payment:
    return payments.send(
        id=new_id(), actor_customer_id=payer.owner_id, from_account_id=payer.id,
        to=Alias(AliasKind.PHONE, payee.alias(AliasKind.PHONE) or ""), amount=Money(amount, currency("EGP")),
        clock=town.clock,
    )  # fmt: skip


def state(of: BankAccount) -> AccountState:
    return banking.account(of.id).state


def test_who_pays_stays_awake_who_is_only_paid_does_not_and_a_dormant_one_receives_only(town: Town) -> None:
    rule(town, 6)
    active, quiet = (town.wallet(town.person("م", f"+20100123456{n}"), money=1_000) for n in range(2))
    for _ in range(7):
        town.clock.advance(timedelta(days=30))
        assert pay(town, active, quiet).state is payments.PaymentState.SETTLED
    assert banking.make_dormant(clock=town.clock) == 1
    assert (state(active), state(quiet)) == (AccountState.OPEN, AccountState.DORMANT)
    assert banking.make_dormant(clock=town.clock) == 0
    assert pay(town, active, quiet).state is payments.PaymentState.SETTLED
    assert pay(town, quiet, active).timeline[-1].reason_code == "account_dormant"
    record = platform.audit_trail(f"account:{quiet.id}")[0]
    assert (record.action, record.actor, record.after) == (
        "banking.account_dormant", "system", {"state": "dormant", "months": 6},
    )  # fmt: skip


def test_its_owner_wakes_it_or_staff_and_it_has_all_its_time_again(town: Town) -> None:
    rule(town, 6)
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")
    first, second = town.wallet(mona, money=50), town.wallet(ziad)
    town.clock.advance(timedelta(days=200))
    assert banking.make_dormant(clock=town.clock) == 2
    with pytest.raises(people.NotPermitted):
        banking.reactivate_account(account_id=first.id, by=by_owner(ziad), clock=town.clock)
    woken = banking.reactivate_account(account_id=first.id, by=by_owner(mona), clock=town.clock)
    staff = town.staff("banking.accounts.open")
    banking.reactivate_account(account_id=second.id, by=staff, reason="at the desk", clock=town.clock)
    assert woken.state is AccountState.OPEN
    assert pay(town, first, second).state is payments.PaymentState.SETTLED
    town.clock.advance(timedelta(days=170))
    assert banking.make_dormant(clock=town.clock) == 0
    town.clock.advance(timedelta(days=30))
    assert banking.make_dormant(clock=town.clock) == 2


def test_nobody_is_judged_by_a_time_in_which_nobody_looked(town: Town) -> None:
    of = town.wallet(town.person("منى", "+201001234567"))
    town.clock.advance(timedelta(days=400))
    rule(town, 12)
    assert banking.make_dormant(clock=town.clock) == 0
    town.clock.advance(timedelta(days=200))
    rule(town, 6)  # shorter, and the time under the longer rule counts
    assert banking.make_dormant(clock=town.clock) == 1
    assert state(of) is AccountState.DORMANT


def test_no_rule_or_one_that_ended_makes_nobody_dormant(town: Town) -> None:
    of = town.wallet(town.person("منى", "+201001234567"))
    town.clock.advance(timedelta(days=2_000))
    assert banking.make_dormant(clock=town.clock) == 0
    rule(town, 1)
    town.clock.advance(timedelta(days=10))
    rule(town, None)
    town.clock.advance(timedelta(days=2_000))
    assert banking.make_dormant(clock=town.clock) == 0
    assert state(of) is AccountState.OPEN
    for cant in (0, -1, 121):
        with pytest.raises(banking.InvalidTerms):
            rule(town, cant)
    with pytest.raises(banking.InvalidTerms):
        rule(town, 12, ProductKind.LOAN)
    with pytest.raises(people.NotPermitted):
        banking.set_dormancy(
            product_id=town.product(ProductKind.WALLET).id, months=1, valid_from=date(2026, 3, 1), by=town.staff(),
            reason="board decision",
        )  # fmt: skip


def test_use_is_noted_where_there_is_no_daily_limit_too_and_when_the_money_stays_with_its_owner(town: Town) -> None:
    banking.set_limits(
        product_id=town.product(ProductKind.WALLET).id, limits=Limits(None, None), valid_from=date(2026, 3, 1),
        actor="system", reason="test",
    )  # fmt: skip
    rule(town, 6)
    mona = town.person("منى", "+201001234567")
    wallet, current = town.wallet(mona, money=1_000), town.current(mona)
    town.clock.advance(timedelta(days=150))
    answer = payments.send(
        id=new_id(), actor_customer_id=mona.id, from_account_id=wallet.id,
        to=Alias(AliasKind.NUMBER, current.alias(AliasKind.NUMBER) or ""), amount=Money(10, currency("EGP")),
        clock=town.clock,
    )  # fmt: skip
    assert answer.state is payments.PaymentState.SETTLED
    town.clock.advance(timedelta(days=50))
    assert banking.make_dormant(clock=town.clock) == 0


def test_many_go_in_batches_and_each_is_looked_at_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dormancy, "BATCH", 4)
    rule(town, 6)
    wallets = [town.wallet(town.person("م", f"+2010012345{n:02d}"), money=100) for n in range(10)]
    town.clock.advance(timedelta(days=150))
    for wallet in wallets[:3]:
        pay(town, wallet, wallets[9])
    town.clock.advance(timedelta(days=50))
    assert banking.make_dormant(clock=town.clock) == 7
    assert [state(each) for each in wallets] == [AccountState.OPEN] * 3 + [AccountState.DORMANT] * 7
    assert sum(booked(each) for each in wallets) == 1_000
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM banking_account WHERE product_id = %s AND state = 'open' AND quiet_since <= now()::date"
            " ORDER BY quiet_since, id LIMIT 500",
            [wallets[0].product.id],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "banking_account_quiet" in plan
    assert "Sort" not in plan
