"""Giving back the fee of a payment: whole, once, from the institution's fees to the account that paid it."""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

from django.db import connection

from raseed.banking import api as banking
from raseed.banking.api import AccountState, InternalRole
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import Conflict, RaseedError, mark
from raseed.kernel.money import Money
from raseed.ledger import api as ledger

from .domain import Payment, PaymentState
from .errors import PaymentUnknown, RefusedByBooks
from .queries import payments_by_id

FEE_GIVEN_BACK_CODE: Final = 102
_RECEIVING: Final = frozenset({AccountState.OPEN, AccountState.DORMANT})
_Result = ledger.CreateTransferResult


class NoFeeToGiveBack(RaseedError):
    """The payment cost nothing, or did not settle."""

    code = "no_fee_to_give_back"
    sentence = mark("No fee was charged for this payment.")
    hint = mark("Look at the payment again: only the fee of a payment that has settled can be given back.")


class FeeGivenBack(Conflict):
    """The fee of this payment went back before."""

    code = "fee_given_back"
    sentence = mark("The fee of this payment was given back already.")
    hint = mark("Look at the account's statement.")


class FeePayerCannotReceive(RaseedError):
    """The account that paid the fee is closed or blocked."""

    code = "fee_payer_cannot_receive"
    sentence = mark("The account that paid this fee can't receive money now. Nothing was moved.")
    hint = mark("Open the account again first, or choose another way to make it good.")


def fee_to_give_back(payment_id: UUID) -> Money:
    """Return the fee that could be given back of a payment.

    Raises:
        PaymentUnknown. NoFeeToGiveBack, FeeGivenBack, FeePayerCannotReceive: what they say.
    """
    paid = _paid(payment_id)
    if ledger.look_up_transfers([fee_back_id(payment_id)]):
        raise FeeGivenBack(field="payment_id")
    if banking.account(paid.from_account_id).state not in _RECEIVING:
        raise FeePayerCannotReceive(field="payment_id")
    return paid.fee


def give_back_fee(*, payment_id: UUID, cause: UUID, clock: Clock = SYSTEM_CLOCK) -> Money:
    """Give a payment's fee back in the caller's transaction, which it ends; return it. The same cause again: the same.

    Who decided it and why is the caller's to keep, and to tell the statement: the movement's cause is ``cause``.

    Raises:
        As ``fee_to_give_back``. RefusedByBooks, LedgerBusy: nothing was changed.
    """
    assert connection.in_atomic_block, "whoever keeps why it was given back does it in the same transaction"
    paid, there = _paid(payment_id), ledger.look_up_transfers([fee_back_id(payment_id)])
    if there:
        if next(iter(there.values())).user_data != cause:
            raise FeeGivenBack(field="payment_id")
        return paid.fee
    payer = banking.account(paid.from_account_id)
    if banking.lock_accounts([payer.id])[payer.id].state not in _RECEIVING:
        raise FeePayerCannotReceive(field="payment_id")
    fees = banking.internal_account(payer.institution_id, InternalRole.FEES, payer.currency.code)
    transfer = ledger.NewTransfer(
        id=fee_back_id(payment_id),
        debit_account_id=fees.id,
        credit_account_id=payer.id,
        amount=paid.fee.amount_minor,
        ledger=payer.ledger,
        code=FEE_GIVEN_BACK_CODE,
        user_data=cause,
        booked_on=banking.business_day(payer, clock.now()),
    )
    (result,) = ledger.post([transfer], clock=clock)
    if result is _Result.OK:
        return paid.fee
    if result.name.startswith("EXISTS") or result is _Result.ID_ALREADY_FAILED:
        raise FeeGivenBack(field="payment_id")
    if result is _Result.CREDIT_ACCOUNT_ALREADY_CLOSED:
        raise FeePayerCannotReceive(field="payment_id")
    raise RefusedByBooks(reason=result.name.lower())


def fee_back_id(payment_id: UUID) -> UUID:
    """Return the id of the transfer that gives a payment's fee back: one of a payment, whoever asks."""
    return UUID(bytes=hashlib.sha256(b"raseed payment fee back\x00" + payment_id.bytes).digest()[:16])


def _paid(payment_id: UUID) -> Payment:
    found = payments_by_id([payment_id]).get(payment_id)
    if found is None:
        raise PaymentUnknown(field="payment_id")
    if found.state is not PaymentState.SETTLED or not found.fee.amount_minor:
        raise NoFeeToGiveBack(field="payment_id")
    return found
