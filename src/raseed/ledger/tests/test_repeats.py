"""A repeated id changes nothing, whatever the state of the books it comes back to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api
from raseed.ledger.api import AccountFlags, Balances, NewAccount, NewTransfer
from raseed.ledger.api import CreateTransferResult as R

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def ledger(database: object) -> int:
    return api.open_ledger(institution_id=new_id(), currency=currency("EGP"))


def open_account(ledger: int, flags: AccountFlags = AccountFlags.NONE) -> UUID:
    account = NewAccount(new_id(), ledger, 1, flags)
    assert api.create_accounts([account]) == [api.CreateAccountResult.OK]
    return account.id


def balances(account_id: UUID) -> Balances:
    return api.look_up_accounts([account_id])[account_id].balances


def test_repeating_an_accounts_last_transfer_when_it_is_at_its_limit_moves_nothing(ledger: int) -> None:
    cash = open_account(ledger)
    wallet = open_account(ledger, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
    spend = NewTransfer(new_id(), wallet, cash, 10, ledger, 1)
    assert api.create_transfers([NewTransfer(new_id(), cash, wallet, 10, ledger, 1)]) == [R.OK]
    assert api.create_transfers([spend]) == [R.OK]
    assert api.create_transfers([spend]) == [R.EXISTS]
    assert balances(wallet) == Balances(0, 10, 0, 10)
    assert balances(cash) == Balances(0, 10, 0, 10)
    assert len(api.account_history(wallet)) == 2


def test_a_repeat_is_known_before_anything_else_is_found_wrong_with_it(ledger: int) -> None:
    cash, wallet = open_account(ledger), open_account(ledger)
    other = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
    sent = NewTransfer(new_id(), cash, wallet, 5, ledger, 1)
    fill = NewTransfer(new_id(), cash, wallet, api.AMOUNT_MAX - 5, ledger, 1)
    assert api.create_transfers([sent]) == [R.OK]
    assert api.create_transfers([fill]) == [R.OK]
    assert api.create_transfers([sent]) == [R.EXISTS], "although the account has no room left"
    assert api.create_transfers([replace(sent, ledger=other)]) == [R.EXISTS_WITH_DIFFERENT_LEDGER]
    assert api.create_transfers([replace(sent, amount=6)]) == [R.EXISTS_WITH_DIFFERENT_AMOUNT]
    assert balances(wallet) == Balances(0, 0, 0, api.AMOUNT_MAX)


def test_the_second_date_is_part_of_what_was_asked_where_it_was_named(ledger: int) -> None:
    cash, wallet = open_account(ledger), open_account(ledger)
    sent = NewTransfer(new_id(), cash, wallet, 5, ledger, 1, booked_on=date(2024, 2, 29))
    assert api.create_transfers([sent]) == [R.OK]
    assert api.create_transfers([replace(sent, booked_on=date(2024, 2, 28))]) == [R.EXISTS_WITH_DIFFERENT_BOOKED_ON]
    assert api.create_transfers([replace(sent, booked_on=None)]) == [R.EXISTS]
    assert api.create_transfers([sent]) == [R.EXISTS]
