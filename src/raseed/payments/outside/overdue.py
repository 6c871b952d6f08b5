"""What was held and never left: given back when its lane is closed, its time is over, or its payer takes it back."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.banking.api import BooksBusy
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.ledger import api as ledger

from ..domain import No, Payment, PaymentState
from ..errors import LaneClosed, NotReached, OnItsWay, Withdrawn
from ..models import PaymentRow
from ..queries import payment, told
from ..sql import STATEMENTS, run
from .ending import end_payments

AT_ONCE: Final = 200
TRIES_MAX: Final = 8


def give_back_overdue(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Give back what was held and won't leave any more, a batch at a time; return how much that was."""
    returned = 0
    while True:
        rows = run(STATEMENTS["overdue_held"], {"now": clock.now(), "limit": AT_ONCE})
        done = 0
        for id_, closed in rows:
            done += _give_back(id_, LaneClosed if closed else NotReached, clock)
        returned += done
        if len(rows) < AT_ONCE or not done:
            return returned


def withdraw(*, payment_id: UUID, actor_customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> Payment:
    """Take back a payment that is held and has not left; return it as it is then. Taken back already: the same again.

    Raises:
        PaymentUnknown: no such payment, or not one that this customer instructed.
        OnItsWay: it has left, or has ended otherwise.
        BooksBusy: not taken back, and may be tried again.
    """
    found = payment(payment_id, actor_customer_id)
    if found.actor_customer_id == actor_customer_id:
        _give_back(payment_id, Withdrawn, clock)
        found = payment(payment_id, actor_customer_id)
    reason = found.refusal
    if found.state is not PaymentState.RETURNED or not isinstance(reason, Withdrawn):
        raise OnItsWay(field="payment_id")
    return found


def _give_back(payment_id: UUID, reason: type[RaseedError], clock: Clock) -> bool:
    """Return a payment that is still held; whether it was."""
    for _ in range(TRIES_MAX):
        try:
            with transaction.atomic(durable=True):
                locked = run(STATEMENTS["lock_errands"], {"ids": [payment_id]})
                if not locked or locked[0][2] != PaymentState.HELD.value:
                    return False
                (held,) = told(PaymentRow.objects.filter(id=payment_id))
                end_payments([(held, No(reason.code))], clock=clock)
                return True
        except ledger.LedgerBusy:
            continue
    raise BooksBusy
