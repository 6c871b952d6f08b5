"""What an autopay does with each bill: waits, pays, tries again on a later day, or tells why it is not paid."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.banking import api as banking
from raseed.kernel.clock import Clock
from raseed.kernel.errors import RaseedError, TemporarilyUnavailable
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.payments.api import Payment, PaymentState, Refusal
from raseed.platform import api as platform

from .. import events
from ..domain import PAYABLE, Bill, BillOrder, BillState, OrderState, Quote
from ..errors import AmountNeeded, BillBeingPaid, BillerNotAnswering, BillOrderOutdated, BillPaid, CreditUsed
from ..ordering import order, pay, quote
from ..rows import orders_by_id
from ..terms.outdated import is_outdated
from .autopays import close
from .domain import (
    FAILED,
    TERMINAL,
    AutopayOutcome,
    AutopayState,
    is_last_try,
    next_day_look,
    order_id_of,
    pay_on,
    tries_on,
)
from .looking import Look
from .models import AutopayRow, AutopayRunRow
from .notices import Notice, NoticeKind, keep_notices
from .rows import kept, run_of

LOOK_AGAIN: Final = timedelta(minutes=5)
"""How soon what is on its way is looked at again within its first hour; later every hour."""
LOOK_LATER: Final = timedelta(hours=1)
ENDS: Final = (banking.AccountClosed, banking.AccountUnknown, banking.NotForPayments)
"""What no other day mends: the autopay ends."""
_OVERTAKEN: Final = (BillBeingPaid, BillPaid, BillOrderOutdated, CreditUsed)
"""The bill, the day or the credit has changed since it was ordered: no try has failed, what is owed now is looked at again."""
_NOTICES: Final = {
    AutopayOutcome.PAID: NoticeKind.PAID,
    AutopayOutcome.OVER_CEILING: NoticeKind.OVER_CEILING,
    AutopayOutcome.DISPUTED: NoticeKind.DISPUTED,
    AutopayOutcome.GIVEN_UP: NoticeKind.GIVEN_UP,
}
_NOT_PAID: Final = (AutopayOutcome.OVER_CEILING, AutopayOutcome.DISPUTED, AutopayOutcome.GIVEN_UP)


class _Moved(Exception):
    """Another worker, or the customer, was here meanwhile: the autopay is left to them."""


class _Ended(Exception):
    """The autopay can't go on."""

    def __init__(self, why: RaseedError) -> None:
        super().__init__(why.code)
        self.why = why


def deal_with_bills(row: AutopayRow, look: Look, clock: Clock) -> datetime | None:
    """Do what is to be done with each bill now; return when to look again, ``None``: it has ended or is another's."""
    try:
        return _dealt(row, look, clock)
    except _Moved:
        return None
    except _Ended as ended:
        _end(row, look, ended.why, clock)
        return None


def _dealt(row: AutopayRow, look: Look, clock: Clock) -> datetime:
    if look.account.state is banking.AccountState.CLOSED:
        raise _Ended(banking.AccountClosed())
    again_at = next_day_look(row.id, look.now, look.zone)
    for bill in look.bills.values():
        soon = _Dealing(row, look, bill, clock).deal()
        again_at = again_at if soon is None else min(again_at, soon)
    return again_at


class _Dealing:
    """One bill of an autopay, as it stands now."""

    def __init__(self, row: AutopayRow, look: Look, bill: Bill, clock: Clock) -> None:
        self._row, self._look, self._bill, self._clock = row, look, bill, clock
        self._last = look.runs.get(bill.id)

    def deal(self) -> datetime | None:
        """Do what is to be done; return when to look at it again, if that is before tomorrow."""
        if self._last is not None and self._last.outcome is AutopayOutcome.SENT:
            waits = self._follow()
            if waits is not None:
                return waits
        if self._outcome in TERMINAL:
            return None
        if (waits := self._taken_up()) is not None:
            return waits
        if self._outcome in TERMINAL or self._outcome is AutopayOutcome.SENT or not self._is_time():
            return None
        return self._attempt()

    @property
    def _outcome(self) -> AutopayOutcome | None:
        return self._last.outcome if self._last else None

    @property
    def _number(self) -> int:
        return self._last.number + 1 if self._last else 1

    def _follow(self) -> datetime | None:
        """Note what became of what was sent; return when to look again if that is not known yet."""
        assert self._last is not None, "something was sent"
        assert self._last.order_id is not None, "what was sent has an order"
        state = orders_by_id([self._last.order_id])[self._last.order_id].state
        if state is OrderState.PAID:
            self._add(AutopayOutcome.PAID, self._last.amount, order_id=self._last.order_id)
            return None
        if state is OrderState.RETURNED:
            why = self._payment(self._last.order_id).refusal
            return self._failed(AutopayOutcome.RETURNED, self._last.amount, self._last.order_id, why)
        fresh = self._look.now - self._last.at < LOOK_LATER
        return self._look.now + (LOOK_AGAIN if fresh else LOOK_LATER)

    def _taken_up(self) -> datetime | None:
        """Go on where a worker died between an order and the row that tells of it."""
        order_id = order_id_of(self._row.id, self._bill.id, self._number)
        there = orders_by_id([order_id]).get(order_id)
        if there is None:
            return None
        try:
            payment = self._payment(order_id)
        except payments.PaymentUnknown:
            as_it_was = there.state is OrderState.OPEN and not is_outdated(there, self._clock)
            if as_it_was and self._bill.owed.amount_minor > 0 and self._is_time() and self._costs() == there.amount:
                return self._pay(there)
            self._add(AutopayOutcome.CHANGED, there.amount)
            return None
        return self._note(payment)

    def _is_time(self) -> bool:
        """Whether the bill is to be paid, or tried again, today."""
        bill, look = self._bill, self._look
        if look.today < pay_on(bill, self._row.days_before):
            return False
        if bill.state is BillState.DISPUTED:
            return self._outcome is not AutopayOutcome.DISPUTED
        if bill.state not in PAYABLE:
            return False
        if self._last is not None and self._last.outcome in FAILED:
            return self._last.on < look.today and tries_on(look.today, bill.pay_by, look.workdays)
        return True

    def _attempt(self) -> datetime | None:
        """Pay the bill, or say why not."""
        bill, look = self._bill, self._look
        if bill.state is BillState.DISPUTED:
            self._add(AutopayOutcome.DISPUTED, bill.amount)
            return None
        if look.trouble is not None:
            return self._unasked(look.trouble)
        if not bill.owed.amount_minor:
            return look.now + LOOK_LATER
        try:
            made = self._ordered()
        except (*_OVERTAKEN, AmountNeeded, TemporarilyUnavailable):  # what it costs has changed since it was quoted
            return look.now + LOOK_LATER
        except RaseedError as error:
            return self._failed(AutopayOutcome.REFUSED, bill.owed, None, error)
        return None if made is None else self._pay(made)

    def _ordered(self) -> BillOrder | None:
        """Order what is owed, unless it is above the ceiling, which is told once."""
        cost = self._quote()
        if cost.total.amount_minor > self._row.ceiling_minor:
            told = self._last.amount if self._last and self._outcome is AutopayOutcome.OVER_CEILING else None
            grows = told is not None and self._bill.is_overdue(self._look.today)  # by its penalty, perhaps every day
            if told != cost.total and not grows:
                self._add(AutopayOutcome.OVER_CEILING, cost.total)
            return None
        return order(
            id=order_id_of(self._row.id, self._bill.id, self._number),
            customer_id=self._row.customer_id,
            biller_id=self._look.of.id,
            fields=self._row.values,
            bills=[(self._bill.id, self._bill.owed)],
            amount=cost.amount,
            clock=self._clock,
        )

    def _unasked(self, trouble: RaseedError) -> datetime | None:
        """Nothing is paid that the biller could not be asked about; it is asked until the due date is over."""
        bill, look = self._bill, self._look
        in_time = bill.pay_by is None or look.today <= bill.pay_by
        if look.left_alone or (isinstance(trouble, BillerNotAnswering) and in_time):
            return None
        return self._failed(AutopayOutcome.REFUSED, bill.owed, None, trouble)

    def _pay(self, made: BillOrder) -> datetime | None:
        row, look = self._row, self._look
        if not AutopayRow.objects.filter(
            id=row.id, state=AutopayState.ACTIVE.value, next_look_at=row.next_look_at
        ).exists():
            raise _Moved
        try:
            payment = pay(
                order_id=made.id, customer_id=row.customer_id, from_account_id=row.from_account_id, clock=self._clock
            )
        except TemporarilyUnavailable:
            return look.now + LOOK_AGAIN
        except RaseedError as error:
            return self._failed(AutopayOutcome.REFUSED, made.amount, None, error)
        return self._note(payment)

    def _note(self, payment: Payment) -> datetime | None:
        """Write what a payment is by now."""
        if payment.state is PaymentState.REFUSED:
            return self._failed(AutopayOutcome.REFUSED, payment.amount, payment.id, payment.refusal)
        self._add(AutopayOutcome.SENT, payment.amount + payment.fee, order_id=payment.id)
        return self._look.now + LOOK_AGAIN

    def _failed(
        self, outcome: AutopayOutcome, amount: Money, order_id: UUID | None, refusal: RaseedError | None
    ) -> datetime | None:
        """Write that a try failed: it is tried again on a later day, or this was the last, or the autopay ends."""
        why = refusal or RaseedError()
        if isinstance(why, _OVERTAKEN):
            self._add(AutopayOutcome.CHANGED, amount, order_id=order_id, why=why)
            return self._look.now + LOOK_LATER
        first = self._outcome not in FAILED
        with transaction.atomic():
            self._add(outcome, amount, order_id=order_id, why=why)
            if isinstance(why, payments.Withdrawn):
                self._add(AutopayOutcome.GIVEN_UP, amount, why=why, told=False)
            elif isinstance(why, ENDS):
                pass
            elif is_last_try(self._look.today, self._bill.pay_by, self._number - 1):
                self._add(AutopayOutcome.GIVEN_UP, amount, why=why)
            elif first:
                self._tell(NoticeKind.TRIED, amount, why)
        if isinstance(why, ENDS):
            raise _Ended(why)
        return None

    def _add(
        self,
        outcome: AutopayOutcome,
        amount: Money,
        *,
        order_id: UUID | None = None,
        why: RaseedError | None = None,
        told: bool = True,
    ) -> None:
        """Write what became of the bill, with what is told of it; whoever else was here first has written the same number."""
        refusal = Refusal.of(why) if why else None
        row = AutopayRunRow(
            autopay_id=self._row.id, bill_id=self._bill.id, number=self._number, outcome=outcome.value,
            amount_minor=amount.amount_minor, order_id=order_id, code=refusal.code if refusal else "",
            params=kept(refusal) if refusal else None, on=self._look.today, at=self._clock.now(),
        )  # fmt: skip
        try:
            with transaction.atomic():
                row.save(force_insert=True)
                if told and outcome in _NOTICES:
                    self._tell(_NOTICES[outcome], amount, why)
                if outcome in _NOT_PAID:
                    self._emit(outcome, refusal)
        except IntegrityError:
            if AutopayRunRow.objects.filter(autopay_id=row.autopay_id, bill_id=row.bill_id, number=row.number).exists():
                raise _Moved from None
            raise
        self._last = run_of(row, amount.currency)

    def _tell(self, kind: NoticeKind, amount: Money, why: RaseedError | None) -> None:
        refusal = Refusal.of(why) if why else None
        notice = Notice(
            self._row.customer_id, self._look.of, kind, self._look.today, self._bill.id, bill_id=self._bill.id,
            amount_minor=amount.amount_minor, ceiling_minor=self._row.ceiling_minor,
            code=refusal.code if refusal else "", params=kept(refusal) if refusal else None,
        )  # fmt: skip
        keep_notices([notice], clock=self._clock)

    def _emit(self, outcome: AutopayOutcome, refusal: Refusal | None) -> None:
        payload: platform.Payload = {
            "autopay_id": str(self._row.id),
            "customer_id": str(self._row.customer_id),
            "bill_id": str(self._bill.id),
            "outcome": outcome.value,
            "code": refusal.code if refusal else "",
        }
        platform.emit(events.AUTOPAY_NOT_PAID, payload, institution_id=self._row.institution_id, clock=self._clock)

    def _quote(self) -> Quote:
        return quote(
            biller_id=self._look.of.id,
            customer_id=self._row.customer_id,
            fields=self._row.values,
            bills=[(self._bill.id, self._bill.owed)],
            from_account_id=self._row.from_account_id,
            clock=self._clock,
        )

    def _costs(self) -> Money | None:
        try:
            cost = self._quote()
        except RaseedError:
            return None
        return cost.amount if cost.total.amount_minor <= self._row.ceiling_minor else None

    def _payment(self, payment_id: UUID) -> Payment:
        return payments.payment(payment_id, self._row.customer_id)


def _end(row: AutopayRow, look: Look, why: RaseedError, clock: Clock) -> None:
    """End an autopay that can't go on, and tell."""
    with transaction.atomic():
        locked = AutopayRow.objects.select_for_update().get(id=row.id)
        if locked.state == AutopayState.ENDED.value:
            return
        close(locked, why.code, "system", clock)
        notice = Notice(row.customer_id, look.of, NoticeKind.ENDED, look.today, row.id, code=why.code)
        keep_notices([notice], clock=clock)
