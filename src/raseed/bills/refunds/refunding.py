"""Giving money back, in one transaction: the refund, the bills, the audit record, the customer's text and the posting.

The order of locks is the clerk, the order, its bills, the accounts; the ledger posts last. Who dies before the commit has
moved nothing, and who sends the same id again gets the first answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext, override
from psycopg.errors import DeadlockDetected

from raseed.banking import api as banking
from raseed.channels.api import send_text
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import CurrencyMismatch, Money
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.people.api import Author
from raseed.platform import api as platform

from .. import events
from ..clerks.domain import Clerk, NotAClerk
from ..clerks.models import ClerkRow
from ..clerks.reading import active_clerks
from ..domain import Biller, BillOrder, BillState, OrderState, state_of
from ..errors import BillOrderUnknown
from ..models import BillOrderRow, BillRow
from ..permissions import REFUND
from ..queries import biller
from ..rows import orders_by_id
from .domain import (
    CollectionAccountBlocked,
    NotRefundable,
    PayerCannotReceive,
    Refund,
    RefundAboveDayLimit,
    RefundAboveLimit,
    RefundAmountNeeded,
    RefundDiffers,
    RefundNeedsSecondPerson,
    RefundNotCovered,
    RefundNotDelegated,
    RefundTooMuch,
    refundable_minor,
    taken_back,
)
from .models import RefundRow
from .reading import refund_told, refunded_minor, refunded_today_minor

ATTEMPTS_MAX: Final = 5
"""How often a refund is begun again after the books were busy, or somebody stood in the way."""
REFUND_CODE: Final = 145
"""What a refund's transfer is, as the ledger keeps it."""
REFUNDED_TEXT: Final = "bill_refunded"
_LEFT_ALONE: Final = frozenset({BillState.CANCELLED, BillState.DISPUTED})
_RECEIVING: Final = frozenset({banking.AccountState.OPEN, banking.AccountState.DORMANT})
_Result = ledger.CreateTransferResult


@dataclass(frozen=True, slots=True)
class Asked:
    """A refund as it is asked for. ``clerk_id`` is the member of staff's, where a clerk asks."""

    id: UUID
    order_id: UUID
    amount: Money
    reason: str
    reopens: bool
    actor: str
    clerk_id: UUID | None = None
    biller_id: UUID | None = None
    unlimited: bool = False


def refund(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    order_id: UUID,
    amount: Money,
    reason: str,
    clerk: Clerk | None = None,
    by: Author | None = None,
    reopens: bool = True,
    clock: Clock = SYSTEM_CLOCK,
) -> Refund:
    """Give back all or some of what was paid to a biller. The same id with the same content: the first answer.

    Args:
        id: made by whoever asks, who keeps it before asking.
        order_id: the payment's.
        amount: in the biller's currency; with what was given back before, never above what was paid.
        reason: why, for the audit trail.
        clerk: who gives it, within what is delegated to them.
        by: or staff of the bank, alone up to what the biller delegates to any clerk.
        reopens: whether the bill can be paid again; else it counts as paid.
        clock: tells when, and the business date.

    Raises (nothing was moved, the id stays free):
        BillOrderUnknown: no such payment, or another biller's. NotRefundable: it was not paid.
        RefundAmountNeeded, RefundTooMuch, CurrencyMismatch, UnacceptableText: bad input.
        NotAClerk, RefundNotDelegated, RefundAboveLimit, RefundAboveDayLimit: what the clerk may not.
        NotPermitted, RefundNeedsSecondPerson: what staff may not, or not alone.
        RefundNotCovered, CollectionAccountBlocked, PayerCannotReceive: the accounts. RefundDiffers: the id is another's.
        BooksBusy: not carried out, and may be sent again under the same id.
    """
    assert (clerk is None) != (by is None), "a clerk refunds, or staff"
    said = people.clean_reason(reason)
    if clerk is not None:
        asked = Asked(id, order_id, amount, said, reopens, clerk.actor, clerk.id, clerk.biller_id)
    else:
        assert by is not None, "see above"
        people.require(by, REFUND, _order_biller(order_id).institution_id)
        asked = Asked(id, order_id, amount, said, reopens, by.actor, unlimited=by.everything)
    for _ in range(ATTEMPTS_MAX):
        try:
            with transaction.atomic():
                return give_back(asked, clock)
        except ledger.LedgerBusy:
            continue
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
        except IntegrityError:  # another payment's refund has taken the id meanwhile
            there = RefundRow.objects.filter(id=id).select_related("biller").first()
            if there is None:
                raise
            return _same(there, asked)
    raise banking.BooksBusy


def give_back(asked: Asked, clock: Clock) -> Refund:
    """Carry a refund out in the open transaction, which falls with whatever this raises; the ledger posts last.

    Raises:
        As ``refund``; LedgerBusy: begin again.
    """
    if asked.clerk_id is None:
        right = None
        _one_at_a_time(asked.actor)
    else:
        right = _locked_right(asked)
    order = _locked_order(asked)
    there = RefundRow.objects.filter(id=asked.id).select_related("biller").first()
    if there is not None:
        return _same(there, asked)
    of = biller(order.biller_id)
    day = banking.business_date(of.institution_id, clock.now())
    before = _check_amount(asked, order)
    _check_limits(asked, right, of, day)
    _shrink(asked, order, before)
    row = RefundRow.objects.create(
        id=asked.id, order_id=order.id, biller_id=of.id, amount_minor=asked.amount.amount_minor, actor=asked.actor,
        clerk_id=asked.clerk_id, reason=asked.reason, reopens=asked.reopens, at=clock.now(), booked_on=day,
    )  # fmt: skip
    _tell(asked, order, of, clock)
    _post(asked, order, of, day, clock)
    return refund_told(row)


def refundable(order_id: UUID) -> Money:
    """Return what of a payment to a biller can still go back.

    Raises:
        BillOrderUnknown. NotRefundable: it was not paid.
    """
    order = orders_by_id([order_id]).get(order_id)
    if order is None:
        raise BillOrderUnknown(field="order_id")
    if order.state is not OrderState.PAID:
        raise NotRefundable(field="order_id")
    left = refundable_minor(order.parts, order.amount.amount_minor) - refunded_minor(order.id)
    return Money(left, order.amount.currency)


def refund_with_authority(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    order_id: UUID,
    amount: Money,
    reason: str,
    actor: str,
    reopens: bool = True,
    clock: Clock = SYSTEM_CLOCK,
) -> Refund:
    """Refund in the caller's transaction, which it ends: the caller has decided, by limits of its own, that ``actor`` may.

    Raises:
        As ``refund``, but for what a clerk or staff may not. LedgerBusy: begin again.
    """
    asked = Asked(id, order_id, amount, people.clean_reason(reason), reopens, actor, unlimited=True)
    return give_back(asked, clock)


def alone_limits(biller_id: UUID) -> tuple[int, int]:
    """Return what staff of the bank give back alone, at once and a day: the most that the biller delegates to any clerk."""
    rows = [row for row in active_clerks(biller_id) if row.refund_most_minor is not None]
    return (
        max((row.refund_most_minor or 0 for row in rows), default=0),
        max((row.refund_most_day_minor or 0 for row in rows), default=0),
    )


def _order_biller(order_id: UUID) -> Biller:
    biller_id = BillOrderRow.objects.filter(id=order_id).values_list("biller_id", flat=True).first()
    if biller_id is None:
        raise BillOrderUnknown(field="order_id")
    return biller(biller_id)


def _locked_right(asked: Asked) -> ClerkRow:
    """Return the clerk's row, locked: what they give back in the same second is counted one after the other."""
    assert asked.clerk_id is not None, "asked only of clerks"
    rows = ClerkRow.objects.select_for_update().filter(staff_id=asked.clerk_id, ended_at=None)
    row = rows.filter(biller_id=asked.biller_id).first()
    someone = people.staff(row.staff_id) if row else None
    if row is None or someone is None or someone.state is not people.StaffState.ACTIVE or someone.grants:
        raise NotAClerk
    return row


def _one_at_a_time(actor: str) -> None:
    """Let what one person of staff gives back in the same second be counted one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bills.refund:{actor}"])


def _locked_order(asked: Asked) -> BillOrder:
    found = BillOrderRow.objects.select_for_update(of=("self",)).filter(id=asked.order_id)
    if asked.biller_id is not None:
        found = found.filter(biller_id=asked.biller_id)
    if found.first() is None:
        raise BillOrderUnknown(field="order_id")
    return orders_by_id([asked.order_id])[asked.order_id]


def _same(there: RefundRow, asked: Asked) -> Refund:
    told = refund_told(there)
    kept = (told.order_id, told.amount, told.reason, told.reopens, told.actor)
    if kept != (asked.order_id, asked.amount, asked.reason, asked.reopens, asked.actor):
        raise RefundDiffers(field="id")
    return told


def _check_amount(asked: Asked, order: BillOrder) -> int:
    """Return what went back of the payment before, if this may too."""
    if order.state is not OrderState.PAID:
        raise NotRefundable(field="order_id")
    money = order.amount.currency
    if asked.amount.currency != money:
        raise CurrencyMismatch(field="amount", given=asked.amount.currency.code, expected=money.code)
    if asked.amount.amount_minor <= 0:
        raise RefundAmountNeeded(field="amount")
    before = refunded_minor(order.id)
    left = refundable_minor(order.parts, order.amount.amount_minor) - before
    if asked.amount.amount_minor > left:
        raise RefundTooMuch(field="amount", **_said(Money(left, money)))
    return before


def _check_limits(asked: Asked, right: ClerkRow | None, of: Biller, day: date) -> None:
    if asked.unlimited:
        return
    given, minor = refunded_today_minor(of.id, asked.actor, day), asked.amount.amount_minor
    if right is None:
        most, a_day = alone_limits(of.id)
        if minor > most or given + minor > a_day:
            raise RefundNeedsSecondPerson(field="amount")
        return
    if right.refund_most_minor is None or right.refund_most_day_minor is None:
        raise RefundNotDelegated
    if minor > right.refund_most_minor:
        raise RefundAboveLimit(field="amount", **_said(Money(right.refund_most_minor, of.currency)))
    left = max(right.refund_most_day_minor - given, 0)
    if minor > left:
        raise RefundAboveDayLimit(field="amount", **_said(Money(left, of.currency)))


def _shrink(asked: Asked, order: BillOrder, before: int) -> None:
    """Take back what was paid of the bills: to be paid again, or counted as settled with the biller in another way."""
    shares = taken_back(order.parts, before, asked.amount.amount_minor)
    # All of them, for which penalties are asked for on a bill follows from what went back of its order.
    for row in BillRow.objects.select_for_update(no_key=True).filter(id__in=order.bill_ids).order_by("id"):
        if row.id not in shares:
            continue
        row.paid_minor -= shares[row.id]
        if not asked.reopens:
            row.elsewhere_minor += shares[row.id]
        if BillState(row.state) not in _LEFT_ALONE:
            row.state = state_of(row.amount_minor, row.paid_minor, row.elsewhere_minor).value
        row.save(update_fields=["paid_minor", "elsewhere_minor", "state"])


def _tell(asked: Asked, order: BillOrder, of: Biller, clock: Clock) -> None:
    """Record the refund, let other packages know, and text the customer in their language."""
    platform.record(
        actor=asked.actor,
        action="bills.refunded",
        subject=f"payment:{order.id}",
        after={
            "amount_minor": asked.amount.amount_minor, "currency": asked.amount.currency.code, "biller": str(of.id),
            "reopened": asked.reopens,
        },
        reason=asked.reason,
        institution_id=of.institution_id,
        customer_id=order.customer_id,
        clock=clock,
    )  # fmt: skip
    platform.emit(
        events.REFUNDED,
        {"biller_id": str(of.id), "payment_id": str(order.id), "refund_id": str(asked.id)},
        institution_id=of.institution_id,
        clock=clock,
    )
    payer = people.customer(order.customer_id)
    with override(payer.language):
        text = gettext("%(biller)s has refunded %(amount)s to your account, of payment %(reference)s.") % {
            "biller": of.name(payer.language),
            "amount": platform.money_text(asked.amount, payer.language, digits=payer.digits),
            "reference": payments.reference_of(order.id),
        }
    send_text(to_phone=payer.phone, text=text, purpose=REFUNDED_TEXT, message_id=_text_id(asked.id), clock=clock)


def _post(asked: Asked, order: BillOrder, of: Biller, day: date, clock: Clock) -> None:
    payer_id = payments.payment(order.id, order.customer_id).from_account_id
    states = banking.lock_accounts([of.collection_account_id, payer_id])
    if states[payer_id].state not in _RECEIVING:
        raise PayerCannotReceive(field="order_id")
    if states[of.collection_account_id].state is not banking.AccountState.OPEN:
        raise CollectionAccountBlocked(field="order_id")
    transfer = ledger.NewTransfer(
        id=asked.id,
        debit_account_id=of.collection_account_id,
        credit_account_id=payer_id,
        amount=asked.amount.amount_minor,
        ledger=states[payer_id].ledger,
        code=REFUND_CODE,
        user_data=asked.id,
        booked_on=day,
    )
    (result,) = ledger.post([transfer], clock=clock)
    if result is not _Result.OK:
        raise _meaning(result)


def _meaning(result: ledger.CreateTransferResult) -> RaseedError:
    if result is _Result.EXCEEDS_CREDITS:
        return RefundNotCovered(field="amount")
    if result is _Result.CREDIT_ACCOUNT_ALREADY_CLOSED:
        return PayerCannotReceive(field="order_id")
    if result is _Result.DEBIT_ACCOUNT_ALREADY_CLOSED:
        return CollectionAccountBlocked(field="order_id")
    if result.name.startswith("EXISTS") or result is _Result.ID_ALREADY_FAILED:
        return RefundDiffers(field="id")
    return banking.RefusedByLedger(reason=result.name.lower())


def _text_id(refund_id: UUID) -> UUID:
    """Return the id of the customer's text: made from the refund's, so that a repeat sends none."""
    return UUID(bytes=hashlib.sha256(b"raseed refund text\x00" + refund_id.bytes).digest()[:16])


def _said(money: Money) -> dict[str, object]:
    return {"amount": money.decimal_text(), "currency": money.currency.code}
