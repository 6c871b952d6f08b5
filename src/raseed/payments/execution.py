"""Carrying out: one transaction that locks, decides, writes payments with their timelines, and posts last.

The ledger is called once and last (decision 8), so the timeline is written before its answer is known, as settled. If
the books then refuse some of it, everything is rolled back and begun again with those refused from the start: a
rolled-back id was never seen (decision 9), and nothing that the books refused is ever on record as settled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.banking import api as banking
from raseed.banking.api import AccountState, BankAccount, FeeEvent, InternalRole, LockedAccount, Spend
from raseed.kernel.clock import Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import CurrencyMismatch, Money
from raseed.ledger import api as ledger

from .domain import BATCH_MAX, Destination, Instruction, Payment, PaymentState, Refusal, Step, reference_of
from .errors import RecipientBlocked, RecipientClosed, SelfTransfer, TooManyPayments
from .posting import Posting, post
from .reasons import kept
from .sql import STATEMENTS

_PAYER_REFUSALS: Final = {
    AccountState.BLOCKED: banking.AccountBlocked,
    AccountState.CLOSED: banking.AccountClosed,
}
_RECIPIENT_REFUSALS: Final = {
    AccountState.BLOCKED: RecipientBlocked,
    AccountState.CLOSED: RecipientClosed,
}


@dataclass(frozen=True, slots=True)
class Order:
    """An instruction with what was found for it. ``day`` is the payer's institution's business date."""

    instruction: Instruction
    payer: BankAccount
    destination: Destination | RaseedError
    instructed_at: datetime
    day: date


class RefusedLate(Exception):
    """The books refused some of what was written as settled; all of it is rolled back."""

    def __init__(self, refusals: Mapping[UUID, RaseedError]) -> None:
        super().__init__(f"{len(refusals)} refused by the books")
        self.refusals = refusals


def carry_out(orders: Sequence[Order], refused_before: Mapping[UUID, RaseedError], clock: Clock) -> dict[UUID, Payment]:
    """Carry out payments in a transaction of its own and return them by id.

    Args:
        orders: with distinct ids that no payment has.
        refused_before: what the books refused in an earlier attempt: refused from the start, and takes no limit.
        clock: tells when the steps happen.

    Raises:
        RefusedLate: the books refused some; nothing was kept.
        IntegrityError: another transaction has kept one of the ids meanwhile; nothing was kept.
        TooManyPayments: with their fees they need more transfers than the ledger takes at once.
    """
    if not orders:
        return {}
    with transaction.atomic(durable=True):
        refusals = _decide(orders, refused_before)
        fees = banking.fees_minor(_fee_key(order) for order in orders)
        collectors = _fee_collectors(orders, fees)
        settled_at = clock.now()
        payments = [
            _payment(order, refusals.get(order.instruction.id), fees[_fee_key(order)], settled_at) for order in orders
        ]
        postings = [
            Posting(payment, order.payer, collectors.get(order.payer.ledger))
            for order, payment in zip(orders, payments, strict=True)
            if payment.state is PaymentState.SETTLED
        ]
        if sum(2 if posting.payment.fee.amount_minor else 1 for posting in postings) > BATCH_MAX:
            raise TooManyPayments(limit=BATCH_MAX)
        _write(payments)
        late = post(postings, clock)
        if late:
            raise RefusedLate(late)
    return {payment.id: payment for payment in payments}


def verdict(order: Order, accounts: Mapping[UUID, LockedAccount]) -> RaseedError | None:
    """Say whether the accounts at both ends may take part, by what ``accounts`` says of them."""
    destination = order.destination
    if isinstance(destination, RaseedError):
        return destination
    payer, recipient = accounts[order.payer.id], accounts.get(destination.account_id)
    if payer.state in _PAYER_REFUSALS:
        return _PAYER_REFUSALS[payer.state](field="from_account_id")
    if destination.account_id == order.payer.id:
        return SelfTransfer(field="to")
    return _recipient_verdict(recipient, payer) if recipient else None  # for other accounts their route answers


def _recipient_verdict(recipient: LockedAccount, payer: LockedAccount) -> RaseedError | None:
    if recipient.state in _RECIPIENT_REFUSALS:
        return _RECIPIENT_REFUSALS[recipient.state](field="to")
    if recipient.ledger != payer.ledger:
        given, expected = (ledger.ledger_info(number).currency.code for number in (payer.ledger, recipient.ledger))
        return CurrencyMismatch(field="to", given=given, expected=expected)
    return None


def _decide(orders: Sequence[Order], refused_before: Mapping[UUID, RaseedError]) -> dict[UUID, RaseedError]:
    """Lock accounts and limits, in this order, and return who is refused and why."""
    ends = {order.payer.id for order in orders}
    ends |= {order.destination.account_id for order in orders if isinstance(order.destination, Destination)}
    accounts = banking.lock_accounts(ends)
    refusals = dict(refused_before)
    passing = []
    for order in orders:
        refusal = refusals.get(order.instruction.id) or verdict(order, accounts)
        if refusal is None:
            passing.append(order)
        else:
            refusals[order.instruction.id] = refusal
    spends = [Spend(order.payer, order.instruction.amount.amount_minor, order.day) for order in passing]
    for order, refusal in zip(passing, banking.consume(spends), strict=True):
        if refusal is not None:
            refusals[order.instruction.id] = refusal
    return refusals


def _fee_key(order: Order) -> tuple[UUID, FeeEvent, date]:
    return order.payer.product.id, FeeEvent.TRANSFER_ON_US, order.day


def _fee_collectors(orders: Sequence[Order], fees: Mapping[tuple[UUID, FeeEvent, date], int]) -> dict[int, UUID]:
    """Return, by ledger, the account that fees go to; nothing is looked up while all fees are zero."""
    payers = {order.payer.ledger: order.payer for order in orders if fees[_fee_key(order)]}
    return {
        number: banking.internal_account(payer.institution_id, InternalRole.FEES, payer.currency.code).id
        for number, payer in payers.items()
    }


def _payment(order: Order, refusal: RaseedError | None, fee_minor: int, settled_at: datetime) -> Payment:
    instruction, destination = order.instruction, order.destination
    found = destination if isinstance(destination, Destination) else None
    state = PaymentState.REFUSED if refusal else PaymentState.SETTLED
    given_earlier = instruction.instructed_at is not None
    timeline = (
        Step(order.instructed_at, PaymentState.ACCEPTED),
        Step(
            order.instructed_at if given_earlier else max(settled_at, order.instructed_at),
            state,
            Refusal.of(refusal) if refusal else None,
        ),
    )
    return Payment(
        id=instruction.id,
        state=state,
        actor_customer_id=instruction.actor_customer_id,
        from_account_id=order.payer.id,
        to_account_id=found.account_id if found else None,
        recipient_id=found.recipient_id if found else None,
        to=instruction.to,
        amount=instruction.amount,
        fee=Money(0 if refusal else fee_minor, order.payer.currency),
        note=instruction.note,
        reference=reference_of(instruction.id),
        route=found.route if found else "",
        instructed_at=order.instructed_at,
        booked_on=instruction.booked_on or order.day,
        timeline=timeline,
    )


def _write(payments: Sequence[Payment]) -> None:
    with connection.cursor() as cursor:
        with connection.wrap_database_errors, cursor.copy(STATEMENTS["copy_payments"]) as copy:
            for payment in payments:
                copy.write_row(_row(payment))
        with connection.wrap_database_errors, cursor.copy(STATEMENTS["copy_steps"]) as copy:
            for payment in payments:
                for number, step in enumerate(payment.timeline, start=1):
                    data = json.dumps(kept(step.refused)) if step.refused else None
                    copy.write_row((payment.id, number, step.at, step.state.value, step.reason_code, data))


def _row(payment: Payment) -> tuple[object, ...]:
    return (
        payment.id,
        payment.state.value,
        payment.actor_customer_id,
        payment.from_account_id,
        payment.to.kind.value,
        payment.to.value,
        payment.to.institution_id,
        payment.to_account_id,
        payment.recipient_id,
        payment.route,
        payment.amount.amount_minor,
        payment.fee.amount_minor,
        payment.amount.currency.code,
        payment.note,
        payment.instructed_at,
        payment.booked_on,
    )
