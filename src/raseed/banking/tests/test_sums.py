"""What is owed to customers and what they owe have sums of their own, and both are the ledger's."""

from __future__ import annotations

from datetime import date

import pytest

from raseed.banking import api as banking
from raseed.banking import sums as module
from raseed.banking.api import InternalRole, LoanTerms
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger

from .town import Town, build_town

EGP = currency("EGP")


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def test_deposits_overdrafts_and_loans_are_summed_apart_and_meet_the_banks_own_accounts(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    mona = town.person("منى", "+201001234567")
    town.wallet(mona, money=700)
    overdrawn = town.current(mona, overdraft=True)
    town.book(overdrawn, -250)
    current = town.current(mona, money=40)
    town.loan(current, 10_000, LoanTerms(0, 1, date(2026, 4, 1)))
    found = banking.sums(town.bank)
    assert (found.deposits, found.overdrafts, found.loans) == (Money(10_740, EGP), Money(250, EGP), Money(10_000, EGP))
    assert (found.assets, found.accounts) == (Money(10_250, EGP), 4)
    own = [banking.internal_account(town.bank, role).id for role in InternalRole]
    held = sum(
        each.balances.credits_posted - each.balances.debits_posted for each in ledger.look_up_accounts(own).values()
    )
    assert found.deposits - found.assets + Money(held, EGP) == Money(0, EGP)
    assert banking.sums(town.other_bank).accounts == 0
    with pytest.raises(banking.InstitutionNotSetUp):
        banking.sums(town.bank, "USD")
