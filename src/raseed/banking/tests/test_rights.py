"""Who may use an account beside its owner: they see it, or pay from it, until that ends; nobody else does."""

from __future__ import annotations

import psycopg
import pytest

from raseed.banking import api as banking
from raseed.banking.api import AccountRight, Alias, AliasKind, BankAccount, LoanTerms
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform

from .town import Town, at_once, booked, build_town, by_owner

SEE, PAY = AccountRight.MAY_SEE, AccountRight.MAY_PAY


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def two(town: Town) -> tuple[people.Customer, people.Customer]:
    return town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")


def give(town: Town, of: BankAccount, to: people.Customer, right: AccountRight) -> list[banking.Holder]:
    return banking.give_right(
        account_id=of.id, customer_id=to.id, right=right, by=town.staff("banking.accounts.open"),
        reason="signed at the desk", clock=town.clock,
    )  # fmt: skip


def pay_by(actor: people.Customer, of: BankAccount, to: BankAccount) -> payments.Payment:
    return payments.send(
        id=new_id(), actor_customer_id=actor.id, from_account_id=of.id,
        to=Alias(AliasKind.PHONE, to.alias(AliasKind.PHONE) or ""), amount=Money(100, currency("EGP")),
    )  # fmt: skip


def test_who_may_see_sees_and_who_may_pay_pays(town: Town) -> None:
    mona, ziad = two(town)
    current, wallet = town.current(mona, money=1_000), town.wallet(ziad)
    with pytest.raises(banking.AccountUnknown):
        banking.statement(current.id, customer_id=ziad.id)
    assert [(each.customer_id, each.right) for each in give(town, current, ziad, SEE)] == [
        (mona.id, AccountRight.OWNER), (ziad.id, SEE),
    ]  # fmt: skip
    assert banking.account(current.id, customer_id=ziad.id) == current
    assert len(banking.statement(current.id, customer_id=ziad.id).lines) == 1
    assert banking.accounts_shared_with(ziad.id) == [current]
    assert banking.accounts_of(ziad.id) == [wallet]
    with pytest.raises(banking.AccountUnknown):
        pay_by(ziad, current, wallet)
    holders = give(town, current, ziad, PAY)
    assert [each.right for each in holders] == [AccountRight.OWNER, PAY]
    paid = pay_by(ziad, current, wallet)
    assert (paid.state, paid.actor_customer_id) == (payments.PaymentState.SETTLED, ziad.id)
    trail = [record.after for record in platform.audit_trail(f"account:{current.id}")][:2]
    assert trail == [{"customer": str(ziad.id), "right": "may_pay"}, {"customer": str(ziad.id), "right": "may_see"}]


def test_a_right_ends_by_the_owners_word_or_the_banks_and_not_by_another(town: Town) -> None:
    mona, ziad = two(town)
    current, wallet = town.current(mona, money=1_000), town.wallet(ziad)
    for by in (by_owner(mona), town.staff("banking.accounts.open")):
        give(town, current, ziad, PAY)
        with pytest.raises(people.NotPermitted):
            banking.end_right(account_id=current.id, customer_id=ziad.id, by=by_owner(ziad))
        assert len(banking.end_right(account_id=current.id, customer_id=ziad.id, by=by, reason="no longer")) == 1
        with pytest.raises(banking.RightUnknown):
            banking.end_right(account_id=current.id, customer_id=ziad.id, by=by, reason="no longer")
        with pytest.raises(banking.AccountUnknown):
            pay_by(ziad, current, wallet)
    assert banking.accounts_shared_with(ziad.id) == []


def test_after_a_right_has_ended_nothing_more_leaves_by_it(town: Town) -> None:
    mona, ziad = two(town)
    current, wallet = town.current(mona, money=10_000), town.wallet(ziad)
    give(town, current, ziad, PAY)
    left: list[int] = []

    def end() -> None:
        banking.end_right(account_id=current.id, customer_id=ziad.id, by=by_owner(mona))
        left.append(booked(current))

    answers = at_once([end, *[lambda: pay_by(ziad, current, wallet)] * 8])
    settled = [
        answer for answer in answers
        if isinstance(answer, payments.Payment) and answer.state is payments.PaymentState.SETTLED
    ]  # fmt: skip
    assert left == [booked(current)] == [10_000 - 100 * len(settled)]


def test_rights_that_make_no_sense_are_refused(town: Town) -> None:
    mona, ziad = two(town)
    current = town.current(mona)
    loan = town.loan(current, 10_000, LoanTerms(0, 1, town.clock.now().date().replace(month=4)))
    with pytest.raises(banking.IllegalStateChange):
        give(town, current, mona, SEE)
    with pytest.raises(banking.IllegalStateChange):
        give(town, current, ziad, AccountRight.OWNER)
    with pytest.raises(banking.IllegalStateChange):
        give(town, loan.account, ziad, PAY)
    with pytest.raises(people.NotPermitted):
        banking.give_right(account_id=current.id, customer_id=ziad.id, right=SEE, by=by_owner(mona), reason="my son")
    with pytest.raises(people.UnknownCustomer):
        banking.give_right(account_id=current.id, customer_id=new_id(), right=SEE, by=people.SYSTEM, reason="nobody")
    assert not banking.may_pay(mona.id, loan.account)


def test_many_rights_are_kept_at_once_and_a_repeat_keeps_none(town: Town) -> None:
    mona, ziad = two(town)
    accounts = [town.current(mona) for _ in range(3)]
    rights = [(each.id, ziad.id, PAY) for each in accounts]
    assert banking.give_rights_bulk(rights) == 3
    assert banking.give_rights_bulk(rights) == 0
    assert {each.id for each in banking.accounts_shared_with(ziad.id)} == {each.id for each in accounts}
    assert banking.may_pay(ziad.id, accounts[0])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE banking_account_right SET \"right\" = 'may_pay'",
        "DELETE FROM banking_account_right",
        "TRUNCATE banking_account_right",
        "UPDATE banking_account_right SET valid_until = NULL",
    ],
)
def test_the_database_keeps_every_right_on_record(town: Town, database, statement: str) -> None:
    mona, ziad = two(town)
    current = town.current(mona)
    give(town, current, ziad, SEE)
    banking.end_right(account_id=current.id, customer_id=ziad.id, by=by_owner(mona))
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)
