"""The verbs of payments. Each owns its transaction: payment rows, timeline, limits and postings, together or not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.db import IntegrityError, OperationalError
from psycopg.errors import DeadlockDetected

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind, BankAccount, LockedAccount, ProductKind
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import AMOUNT_MINOR_MAX, Money
from raseed.kernel.text import clean_text
from raseed.ledger import api as ledger
from raseed.people import api as people

from .collector import WORTH_IT_FROM, collector_paused
from .domain import BATCH_MAX, NOTE_LENGTH_MAX, Destination, Instruction, Payment, Preview
from .errors import AmountNotPositive, LaneClosed, NotEnoughMoney, PaymentIdTaken, TooManyPayments
from .execution import RefusedLate, carry_out, verdict
from .looking_up import sendings_of
from .outside.holding import closed_lanes
from .queries import payments_by_id
from .routes import outside_route
from .sending import Sending, accepted, fee_key, payment_of

ATTEMPTS_MAX: Final = 5
"""How often a batch is begun again after the books refused some of it or were busy, or someone else sent one of its ids first."""


def preview(
    *,
    actor_customer_id: UUID,
    from_account_id: UUID,
    to: Alias,
    amount: Money,
    language: str = "ar",
    clock: Clock = SYSTEM_CLOCK,
) -> Preview:
    """Say what a payment would be: the recipient's masked name and institution, the fee. Changes nothing.

    Raises the typed error that ``send`` would refuse with, as far as it can be told beforehand (limits and the balance
    included).
    """
    asked = Instruction(
        id=UUID(to.value) if to.kind is AliasKind.BILL else UUID(int=1),
        actor_customer_id=actor_customer_id,
        from_account_id=from_account_id,
        to=to,
        amount=amount,
    )
    (sending,) = sendings_of([checked(asked)], clock)
    payer, destination = sending.payer, sending.destination
    if isinstance(destination, RaseedError):
        raise destination
    ends = banking.accounts([from_account_id, destination.account_id], with_aliases=False)
    refusal = verdict(sending, {id_: LockedAccount(each.state, each.ledger) for id_, each in ends.items()})
    if refusal is not None:
        raise refusal
    if destination.lane is not None and closed_lanes([destination.lane]):
        raise LaneClosed(field="to")
    fee = _fee_of(sending, clock)
    if not sending.stays_with_owner:
        _check_limits(payer, amount, clock)
    _check_balance(payer, amount + fee)
    _check_owed(ends.get(destination.account_id), amount)
    institution = people.display_name(people.institution(destination.institution_id), language)
    return Preview(
        from_account=payer,
        to=sending.instruction.to,
        recipient_name=_recipient_name(sending, ends.get(destination.account_id), language) or institution,
        to_own_account=sending.stays_with_owner,
        recipient_institution_id=destination.institution_id,
        recipient_institution=institution,
        amount=amount,
        fee=fee,
    )


def send(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    actor_customer_id: UUID,
    from_account_id: UUID,
    to: Alias,
    amount: Money,
    note: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Payment:
    """Carry out a payment and return it, settled, refused or, if it goes outside, held: look at ``state`` and ``refusal``.

    Same id and same content: the first answer, also when that was a refusal. A refusal is a payment whose last step
    says why; no money moved, and the payer needs a new id to try again.

    Raises (nothing is kept, the id stays free):
        AmountNotPositive, CurrencyMismatch, UnacceptableText, InvalidAlias, InvalidIban: bad input.
        AccountUnknown: no such account, or not the actor's.
        PaymentIdTaken: the id has a payment with other content.
        BooksBusy: not carried out, and may be sent again under the same id.
    """
    instruction = Instruction(
        id=id,
        actor_customer_id=actor_customer_id,
        from_account_id=from_account_id,
        to=to,
        amount=amount,
        note=note,
    )
    return send_many([instruction], clock=clock)[0]


def send_many(instructions: Sequence[Instruction], *, clock: Clock = SYSTEM_CLOCK) -> list[Payment]:
    """Carry out many payments in one transaction, in order; each settles or is refused by itself, like ``send``.

    Payment rows go in by COPY, all postings by one call of the ledger. Answers come in the order of the instructions;
    those answered before get their first answers. Bad input in any of them raises, and then none was carried out.

    Raises:
        TooManyPayments: they need more than ``BATCH_MAX`` transfers.
        As ``send``.
    """
    if len(instructions) > BATCH_MAX:
        raise TooManyPayments(limit=BATCH_MAX)
    with collector_paused() if len(instructions) >= WORTH_IT_FROM else nullcontext():
        return _send_many(instructions, clock)


def _send_many(instructions: Sequence[Instruction], clock: Clock) -> list[Payment]:
    by_id = _by_id(sendings_of([checked(instruction) for instruction in instructions], clock))
    refused_late: dict[UUID, RaseedError] = {}
    for _ in range(ATTEMPTS_MAX):
        answers = _answered(list(by_id.values()))
        unanswered = [sending for id_, sending in by_id.items() if id_ not in answers]
        try:
            if unanswered:
                outcome = carry_out(unanswered, refused_late, clock)
                answers |= {sending.instruction.id: payment_of(sending, outcome) for sending in unanswered}
        except RefusedLate as late:
            refused_late |= late.refusals
        except ledger.LedgerBusy:
            continue
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
        except IntegrityError as error:
            if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) != "payments_payment_id_key":
                raise
        else:
            return [answers[instruction.id] for instruction in instructions]
    raise banking.BooksBusy


def checked(instruction: Instruction) -> Instruction:
    """Return an instruction with its text in normal form; what nobody could carry out is refused here.

    Raises:
        AmountNotPositive, UnacceptableText, InvalidAlias, InvalidIban: bad input.
    """
    if not 0 < instruction.amount.amount_minor <= AMOUNT_MINOR_MAX:
        raise AmountNotPositive(field="amount")
    blank = not instruction.note.strip()
    to = banking.normal_alias(instruction.to)
    if to.kind is AliasKind.BILL and to.value != instruction.id.hex:
        raise banking.InvalidAlias(field="to")
    return replace(
        instruction,
        to=to,
        note="" if blank else clean_text(instruction.note, field="note", length_max=NOTE_LENGTH_MAX),
    )


def _by_id(sendings: Sequence[Sending]) -> dict[UUID, Sending]:
    """Return each instruction once; raises ``PaymentIdTaken`` where two have one id and differ."""
    by_id: dict[UUID, Sending] = {}
    for sending in sendings:
        first = by_id.setdefault(sending.instruction.id, sending)
        if first is not sending and not _same_content(first.instruction, sending.instruction):
            raise PaymentIdTaken(field="id")
    return by_id


def _recipient_name(sending: Sending, account: BankAccount | None, language: str) -> str:
    """Return who is paid as the payer may read it before confirming: masked, but an own account by its own name."""
    destination = sending.destination
    assert isinstance(destination, Destination), "only what has a destination is previewed"
    if destination.lane is not None:
        return outside_route(destination.route).names([accepted(sending)], language).get(sending.instruction.id, "")
    is_owners = sending.instruction.actor_customer_id == sending.payer.owner_id
    if sending.stays_with_owner and is_owners and account is not None:
        return account.name or account.product.name(language)
    return people.masked_name(people.customer(destination.recipient_id), language) if destination.recipient_id else ""


def _answered(sendings: Sequence[Sending]) -> dict[UUID, Payment]:
    """Return the first answers to those that came before; raises ``PaymentIdTaken`` where the content was another."""
    before = payments_by_id(sending.instruction.id for sending in sendings)
    for sending in sendings:
        there = before.get(sending.instruction.id)
        if there is not None and not _same_content(_instruction_of(there), sending.instruction):
            raise PaymentIdTaken(field="id")
    return before


def _instruction_of(payment: Payment) -> Instruction:
    return Instruction(
        id=payment.id,
        actor_customer_id=payment.actor_customer_id,
        from_account_id=payment.from_account_id,
        to=payment.to,
        amount=payment.amount,
        note=payment.note,
        instructed_at=payment.instructed_at,
        booked_on=payment.booked_on,
    )


def _same_content(first: Instruction, repeat: Instruction) -> bool:
    """Whether a repeat asks for what was asked first; dates that the repeat leaves open are not compared."""
    return (
        (first.actor_customer_id, first.from_account_id, first.to, first.amount, first.note)
        == (repeat.actor_customer_id, repeat.from_account_id, repeat.to, repeat.amount, repeat.note)
        and repeat.instructed_at in (None, first.instructed_at)
        and repeat.booked_on in (None, first.booked_on)
    )


def _fee_of(sending: Sending, clock: Clock) -> Money:
    product_id, event, _ = fee_key(sending)
    day = banking.business_day(sending.payer, clock.now())
    return Money(banking.fee_minor(product_id, event, on=day), sending.payer.currency)


def _check_limits(payer: BankAccount, amount: Money, clock: Clock) -> None:
    limits, left = banking.left_today(payer.id, now=clock.now())
    if limits.per_transfer_minor is not None and amount.amount_minor > limits.per_transfer_minor:
        raise banking.LimitPerTransfer(field="amount", limit=Money(limits.per_transfer_minor, payer.currency))
    if left is not None and limits.per_day_minor is not None and left < amount:
        raise banking.LimitPerDay(field="amount", limit=Money(limits.per_day_minor, payer.currency), left=left)


def _check_balance(payer: BankAccount, total: Money) -> None:
    books = ledger.look_up_accounts([payer.id])[payer.id].balances
    available = books.credits_posted - books.debits_posted - books.debits_pending
    if not payer.overdraft_allowed and available < total.amount_minor:
        raise NotEnoughMoney(field="amount")


def _check_owed(recipient: BankAccount | None, amount: Money) -> None:
    """Refuse more than is owed on a loan, which the books would refuse."""
    if recipient is None or recipient.product.kind is not ProductKind.LOAN:
        return
    books = ledger.look_up_accounts([recipient.id])[recipient.id].balances
    if books.debits_posted - books.credits_posted - books.credits_pending < amount.amount_minor:
        raise banking.MoreThanOwed(field="amount")
