"""Shown balances: the right number, with its time and its proof."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction

from raseed.display import api as display
from raseed.display.api import Proof
from raseed.display.domain import liability_balance
from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OMR = currency("OMR")


def test_what_is_held_is_booked_but_not_available() -> None:
    shown = liability_balance(
        new_id(), debits_pending=30, debits_posted=100, credits_posted=1_000, currency=OMR, as_of=NOON
    )
    assert (shown.booked, shown.available) == (Money(900, OMR), Money(870, OMR))
    assert (shown.as_of, shown.proof) == (NOON, Proof.NOT_YET_CERTIFIED)


def test_who_overdrew_is_shown_to_owe() -> None:
    shown = liability_balance(new_id(), debits_pending=0, debits_posted=5, credits_posted=0, currency=OMR, as_of=NOON)
    assert shown.booked == Money(-5, OMR)


def test_every_proof_has_words() -> None:
    assert set(display.PROOF_SENTENCES) == set(Proof)


def test_balances_are_read_from_the_books_with_their_time(database: object) -> None:
    del database
    number = ledger.open_ledger(institution_id=new_id(), currency=OMR)
    till, wallet = new_id(), new_id()
    ledger.create_accounts([ledger.NewAccount(till, number, 1), ledger.NewAccount(wallet, number, 1)])
    pays = ledger.NewTransfer(new_id(), till, wallet, 1_500, number, 1)
    holds = ledger.NewTransfer(new_id(), wallet, till, 400, number, 1, flags=ledger.TransferFlags.PENDING)
    with transaction.atomic():
        ledger.post([pays, holds])
    shown = display.shown_balances([wallet, till, new_id()], clock=ManualClock(NOON))
    assert set(shown) == {wallet, till}
    assert (shown[wallet].booked, shown[wallet].available) == (Money(1_500, OMR), Money(1_100, OMR))
    assert shown[wallet].as_of == NOON
    assert shown[till].booked == Money(-1_500, OMR)
    with pytest.raises(display.BalanceUnknown):
        display.shown_balance(new_id())
