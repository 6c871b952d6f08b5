"""Accounts: opened once, named once, blocked and closed for real."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date

import psycopg
import pytest
from django.db import connection, transaction

from raseed.banking import api as banking
from raseed.banking.api import AccountState, AliasKind, InternalRole, NewBankAccount, ProductKind
from raseed.display import api as display
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform

from .town import NOON, Town, pay_in


def test_setting_up_and_offering_twice_changes_nothing(town: Town) -> None:
    number = banking.set_up_institution(institution_id=town.bank, bank_code="12", branch_code="3")
    again = banking.offer_product(institution_id=town.bank, kind=ProductKind.WALLET, names={"en": "Another"})
    assert again.names["en"] == "Account"
    assert banking.internal_account(town.bank, InternalRole.CASH).ledger == number
    assert len(banking.products_of(town.bank)) == len(ProductKind)
    assert len(platform.audit_trail(f"institution:{town.bank}")) == 2  # registered, set up


def test_a_wallet_is_opened_once_however_often_it_is_asked_for(town: Town) -> None:
    mona = town.person("منى", "+201001234567")
    id_ = new_id()
    first = banking.open_wallet(id=id_, issuer_id=town.bank, owner_id=mona.id, phone=mona.phone, clock=town.clock)
    again = banking.open_wallet(id=id_, issuer_id=town.bank, owner_id=mona.id, phone=mona.phone, clock=town.clock)
    assert first == again
    assert (first.state, first.opened_on) == (AccountState.OPEN, date(2026, 3, 1))
    assert first.alias(AliasKind.PHONE) == mona.phone
    assert banking.accounts_of(mona.id) == [first]
    assert [record.action for record in platform.audit_trail(f"account:{id_}")] == ["banking.account_opened"]
    assert display.shown_balance(id_).booked.amount_minor == 0


def test_the_same_id_for_another_account_is_refused(town: Town) -> None:
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")
    wallet = town.wallet(mona)
    with pytest.raises(banking.AccountOpenedDifferently):
        banking.open_wallet(id=wallet.id, issuer_id=town.bank, owner_id=ziad.id, phone=ziad.phone)
    with pytest.raises(banking.AccountOpenedDifferently):
        banking.open_current_account(id=wallet.id, institution_id=town.bank, owner_id=mona.id)


def test_a_phone_number_has_one_wallet_at_an_issuer_and_one_at_another(town: Town) -> None:
    mona = town.person("منى", "+201001234567")
    here = town.wallet(mona)
    with pytest.raises(banking.AliasTaken):
        town.wallet(mona)
    there = town.wallet(mona, at=town.other_bank)
    assert banking.find_by_alias(AliasKind.PHONE, mona.phone, town.bank) == here
    assert banking.find_by_alias(AliasKind.PHONE, mona.phone, town.other_bank) == there
    assert banking.find_by_alias(AliasKind.PHONE, mona.phone) is None
    assert {institution.id for institution in people.institutions_of(mona.id)} == {town.bank, town.other_bank}


def test_a_current_account_has_a_number_and_an_iban_only_where_its_country_has_them(town: Town) -> None:
    mona = town.person("منى", "+201001234567")
    current = town.current(mona)
    number, iban = current.alias(AliasKind.NUMBER), current.alias(AliasKind.IBAN)
    assert number
    assert iban
    assert iban.startswith("EG")
    assert iban.endswith(number)
    assert banking.find_by_alias(AliasKind.IBAN, iban) == current
    syrian = banking.open_current_account(id=new_id(), institution_id=town.other_bank, owner_id=mona.id)
    assert syrian.alias(AliasKind.NUMBER)
    assert syrian.alias(AliasKind.IBAN) is None


def test_who_is_not_known_or_what_is_not_offered_opens_nothing(town: Town) -> None:
    with pytest.raises(people.UnknownCustomer):
        banking.open_wallet(id=new_id(), issuer_id=town.bank, owner_id=new_id(), phone="+201001234567")
    mona = town.person("منى", "+201001234567")
    with pytest.raises(banking.InstitutionNotSetUp):
        banking.open_wallet(id=new_id(), issuer_id=town.bank, owner_id=mona.id, phone=mona.phone, currency_code="USD")
    assert banking.accounts_of(mona.id) == []


def test_one_customer_does_not_see_the_account_of_another(town: Town) -> None:
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")
    wallet = town.wallet(mona)
    assert banking.account(wallet.id, customer_id=mona.id) == wallet
    for call in (banking.account, banking.statement):
        with pytest.raises(banking.AccountUnknown):
            call(wallet.id, customer_id=ziad.id)
    with pytest.raises(banking.AccountUnknown):
        banking.account(new_id())


def test_an_account_with_money_is_not_closed_and_a_closed_one_takes_none(town: Town) -> None:
    mona = town.person("منى", "+201001234567")
    wallet = town.wallet(mona, money=500)
    with pytest.raises(banking.AccountNotEmpty):
        banking.close_account(account_id=wallet.id, by=people.SYSTEM, reason="asked")
    assert banking.account(wallet.id).state is AccountState.OPEN
    empty = town.current(mona)
    closed = banking.close_account(account_id=empty.id, by=people.SYSTEM, reason="asked")
    assert closed.state is AccountState.CLOSED
    assert banking.close_account(account_id=empty.id, by=people.SYSTEM, reason="again") == closed
    with pytest.raises(AssertionError):
        pay_in(empty, 1)
    reopened = banking.reopen_account(account_id=empty.id, by=people.SYSTEM, reason="came back")
    pay_in(reopened, 1)
    trail = [record.action for record in platform.audit_trail(f"account:{empty.id}")]
    assert trail == ["banking.account_reopened", "banking.account_closed", "banking.account_opened"]


def test_states_change_by_legal_steps_only(town: Town) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    blocked = banking.block_account(account_id=wallet.id, by=people.SYSTEM, reason="stolen")
    assert blocked.state is AccountState.BLOCKED
    with pytest.raises(banking.IllegalStateChange):
        banking.close_account(account_id=wallet.id, by=people.SYSTEM, reason="test")
    with pytest.raises(banking.IllegalStateChange):
        banking.reopen_account(account_id=wallet.id, by=people.SYSTEM, reason="test")
    assert banking.unblock_account(account_id=wallet.id, by=people.SYSTEM, reason="found").state is AccountState.OPEN
    with pytest.raises(banking.AccountUnknown):
        banking.block_account(account_id=new_id(), by=people.SYSTEM, reason="test")


def test_a_label_is_the_owners_and_hides_nothing(town: Town) -> None:
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")
    wallet = town.wallet(mona)
    named = banking.rename_account(account_id=wallet.id, customer_id=mona.id, name="  للبيت ", actor="customer:1")
    assert named.name == "للبيت"
    assert banking.rename_account(account_id=wallet.id, customer_id=mona.id, name=" ", actor="customer:1").name == ""
    with pytest.raises(banking.AccountUnknown):
        banking.rename_account(account_id=wallet.id, customer_id=ziad.id, name="x", actor="customer:1")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE banking_account SET owner_id = gen_random_uuid()",
        "UPDATE banking_account SET state = 'closed' WHERE state = 'blocked'",
        "DELETE FROM banking_account",
        "TRUNCATE banking_account CASCADE",
        "UPDATE banking_alias SET value = '+201009999999'",
        "DELETE FROM banking_alias",
        "TRUNCATE banking_alias",
        "UPDATE banking_product_limit SET per_day_minor = NULL",
        "DELETE FROM banking_product_fee",
        "UPDATE banking_internal_account SET role = 'fees'",
    ],
)
def test_the_database_refuses_what_no_verb_does(town: Town, database, statement: str) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    banking.block_account(account_id=wallet.id, by=people.SYSTEM, reason="test")
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)


def test_a_thousand_accounts_are_opened_at_once_all_or_none_and_a_repeat_changes_nothing(town: Town) -> None:
    owners = [new_id() for _ in range(1000)]
    new = [
        NewBankAccount(new_id(), town.bank, owner, ProductKind.WALLET, phone=f"+2010{place:08d}")
        for place, owner in enumerate(owners)
    ]
    new += [
        NewBankAccount(new_id(), town.bank, owner, ProductKind.CURRENT, number=f"A-{place}", opened_on=date(1993, 1, 1))
        for place, owner in enumerate(owners[:10])
    ]
    assert banking.open_many(iter(new), clock=town.clock) == 1010
    assert banking.open_many(new, clock=town.clock) == 0
    found = banking.accounts_of(owners[3])
    assert [(each.product.kind, each.opened_on) for each in found] == [
        (ProductKind.WALLET, date(2026, 3, 1)),
        (ProductKind.CURRENT, date(1993, 1, 1)),
    ]
    assert found[1].alias(AliasKind.NUMBER) == "A-3"
    assert found[1].alias(AliasKind.IBAN) is None
    assert len(ledger.look_up_accounts([each.id for each in new])) == 1010
    extra = NewBankAccount(new_id(), town.bank, new_id(), ProductKind.WALLET, phone="+201999999999")
    taken = NewBankAccount(new_id(), town.bank, new_id(), ProductKind.WALLET, phone="+201000000003")
    with pytest.raises(banking.AliasTaken):
        banking.open_many([extra, taken])
    assert banking.accounts([extra.id]) == {}
    assert ledger.look_up_accounts([extra.id]) == {}


def test_two_who_open_under_one_number_at_once_get_one_wallet(town: Town) -> None:
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")
    answers: list[object] = []

    def open_for(owner: people.Customer) -> Callable[[], None]:
        def run() -> None:
            try:
                answers.append(
                    banking.open_wallet(id=new_id(), issuer_id=town.bank, owner_id=owner.id, phone="+201007654321")
                )
            except banking.AliasTaken as taken:
                answers.append(taken)
            finally:
                connection.close()

        return run

    threads = [threading.Thread(target=open_for(owner)) for owner in (mona, ziad)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(answer).__name__ for answer in answers) == ["AliasTaken", "BankAccount"]


def test_limits_and_fees_count_from_their_dates(town: Town) -> None:
    (product,) = [each for each in banking.products_of(town.bank) if each.kind is ProductKind.WALLET]
    assert banking.fee_minor(product.id, banking.FeeEvent.TRANSFER_ON_US, on=date(2026, 3, 1)) == 0
    banking.set_fee(
        product_id=product.id, event=banking.FeeEvent.TRANSFER_ON_US, amount_minor=150, valid_from=date(2026, 4, 1),
        actor="staff:1", reason="board decision",
    )  # fmt: skip
    tighter = banking.Limits(per_transfer_minor=10, per_day_minor=None)
    banking.set_limits(
        product_id=product.id, limits=tighter, valid_from=date(2026, 4, 1), actor="staff:1", reason="board decision"
    )
    assert banking.fee_minor(product.id, banking.FeeEvent.TRANSFER_ON_US, on=date(2026, 3, 31)) == 0
    assert banking.fee_minor(product.id, banking.FeeEvent.TRANSFER_ON_US, on=date(2026, 4, 1)) == 150
    assert banking.limits_of(product.id, on=date(2026, 3, 31)).per_day_minor == 250_000
    assert banking.limits_of(product.id, on=date(2026, 4, 1)) == tighter
    assert banking.limits_of(product.id, on=date(2020, 1, 1)) == banking.NO_LIMITS
    with pytest.raises(banking.InvalidTerms):
        banking.set_limits(
            product_id=product.id, limits=banking.Limits(0, None), valid_from=date(2026, 4, 1), actor="x", reason=""
        )


def test_a_limit_is_taken_in_the_open_transaction_and_given_back_by_a_rollback(town: Town) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    egp = currency("EGP")
    with transaction.atomic():
        banking.check_and_consume(wallet.id, Money(100_000, egp), NOON)
        banking.check_and_consume(wallet.id, Money(100_000, egp), NOON)
    with pytest.raises(banking.LimitPerTransfer), transaction.atomic():
        banking.check_and_consume(wallet.id, Money(100_001, egp), NOON)
    with transaction.atomic():
        banking.check_and_consume(wallet.id, Money(50_000, egp), NOON)
        transaction.set_rollback(True)
    with pytest.raises(banking.LimitPerDay) as refused, transaction.atomic():
        banking.check_and_consume(wallet.id, Money(50_001, egp), NOON)
    assert refused.value.params["left"] == Money(50_000, egp)
    assert banking.left_today(wallet.id, now=NOON)[1] == Money(50_000, egp)
    with pytest.raises(AssertionError):
        banking.consume([])
