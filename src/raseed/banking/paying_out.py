"""What an organisation's collection account holds, paid to an account of its choice at the same institution."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import Money
from raseed.ledger import api as ledger

from .domain import AccountState, BankAccount, ProductKind
from .errors import PayOutImpossible
from .posting import PostingCode, post
from .queries import account, lock_accounts

_RECEIVING = frozenset({AccountState.OPEN, AccountState.DORMANT})
_RECEIVING_KINDS = frozenset({ProductKind.CURRENT, ProductKind.SAVINGS, ProductKind.WALLET})


def check_pay_out(of: BankAccount, to: BankAccount) -> None:
    """Say whether a collection account may be paid out to another account.

    Raises:
        PayOutImpossible: it is none, or the other can't receive or is in other books.
    """
    fits = of.product.kind is ProductKind.COLLECTION and to.product.kind in _RECEIVING_KINDS
    if not fits or of.ledger != to.ledger or to.state not in _RECEIVING or of.id == to.id:
        raise PayOutImpossible(field="pay_out_to")


def pay_out_collection(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    account_id: UUID,
    to_account_id: UUID,
    amount: Money,
    booked_on: date,
    clock: Clock = SYSTEM_CLOCK,
) -> Money:
    """Move ``amount``, or what a collection account holds where that is less, in the caller's transaction; once for an id.

    Returns:
        what was moved, which may be nothing.

    Raises:
        PayOutImpossible: see ``check_pay_out``. BooksBusy, RefusedByLedger: nothing was changed.
    """
    assert connection.in_atomic_block, "whoever keeps that it was paid does it in the same transaction"
    there = ledger.look_up_transfers([id]).get(id)
    if there is not None:
        return Money(there.amount, amount.currency)
    lock_accounts([account_id, to_account_id])
    check_pay_out(account(account_id), account(to_account_id))
    books = ledger.look_up_accounts([account_id])[account_id].balances
    held_minor = books.credits_posted - books.debits_posted - books.debits_pending
    moved_minor = max(0, min(amount.amount_minor, held_minor))
    if moved_minor:
        post(
            [
                ledger.NewTransfer(
                    id=id,
                    debit_account_id=account_id,
                    credit_account_id=to_account_id,
                    amount=moved_minor,
                    ledger=account(account_id).ledger,
                    code=PostingCode.COLLECTION_PAID_OUT,
                    booked_on=booked_on,
                )
            ],
            clock=clock,
        )
    return Money(moved_minor, amount.currency)
