"""Goodwill: money that an institution gives a customer of its own, from an account of its own that says so."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import CurrencyMismatch, Money
from raseed.ledger import api as ledger

from .domain import AccountState, BankAccount, InternalRole, ProductKind, business_day
from .errors import PayOutImpossible
from .internal import own_account
from .posting import PostingCode, post
from .queries import account, lock_accounts

_RECEIVING = frozenset({AccountState.OPEN, AccountState.DORMANT})
_RECEIVING_KINDS = frozenset({ProductKind.CURRENT, ProductKind.SAVINGS, ProductKind.WALLET})


def check_goodwill(of: BankAccount, amount: Money) -> None:
    """Say whether goodwill can be paid to an account.

    Raises:
        PayOutImpossible: it is a loan's or a biller's, or can't receive. CurrencyMismatch: the amount is not its currency's.
    """
    if amount.currency != of.currency:
        raise CurrencyMismatch(field="amount", given=amount.currency.code, expected=of.currency.code)
    if of.product.kind not in _RECEIVING_KINDS or of.state not in _RECEIVING:
        raise PayOutImpossible(field="account_id")


def give_goodwill(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    account_id: UUID,
    amount: Money,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Credit an account from the institution's goodwill account, in the caller's transaction, which it ends; once for an id.

    Who decided it and why is the caller's to keep, and to tell the statement: the movement's cause is ``id``.

    Raises:
        PayOutImpossible, CurrencyMismatch: as ``check_goodwill``. AccountUnknown.
        AccountClosed, BooksBusy, RefusedByLedger: nothing was changed.
    """
    assert connection.in_atomic_block, "whoever keeps why it was given does it in the same transaction"
    assert amount.amount_minor > 0, "the caller has looked at the amount"
    giver = own_account(account(account_id).ledger, InternalRole.GOODWILL)
    lock_accounts([account_id])
    of = account(account_id)
    check_goodwill(of, amount)
    post(
        [
            ledger.NewTransfer(
                id=id,
                debit_account_id=giver,
                credit_account_id=account_id,
                amount=amount.amount_minor,
                ledger=of.ledger,
                code=PostingCode.GOODWILL,
                user_data=id,
                booked_on=business_day(of, clock.now()),
            )
        ],
        clock=clock,
    )
