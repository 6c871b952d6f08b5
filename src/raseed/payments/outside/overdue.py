"""What was held and never left: given back when its lane is closed, its time is over, or its payer takes it back."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from raseed.banking.api import BooksBusy
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.ledger import api as ledger

from ..domain import No, Payment, PaymentState, Refusal
from ..errors import LaneClosed, NotReached, OnItsWay, Withdrawn
from ..queries import payment, told
from ..sql import STATEMENTS, run
from .concluding import AWAY
from .ending import end_payments, tell_referred
from .steps import move

AT_ONCE: Final = 200
TRIES_MAX: Final = 8
UNASKED: Final = "lane_not_answering"
"""Why a payment is a person's that its lane's breaker kept from being asked about until its time was over."""
_log = structlog.get_logger("raseed.courier")


def give_back_overdue(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Give back what was held and won't leave any more, a batch at a time; return how much that was.

    One that can't be given back is told of, stays held, and keeps no other from it.

    Raises:
        ``AWAY``: the database is.
    """
    returned = 0
    while True:
        rows = run(STATEMENTS["overdue_held"], {"now": clock.now(), "limit": AT_ONCE})
        done = 0
        for id_, closed in rows:
            try:
                done += _give_back(id_, LaneClosed if closed else NotReached, clock)
            except AWAY:
                raise
            except Exception as error:  # noqa: BLE001  one payment's trouble must not keep the others', nor end the courier
                _log.exception("held_not_given_back", payment_id=str(id_), error=type(error).__name__)
        returned += done
        if len(rows) < AT_ONCE or not done:
            return returned


def refer_overdue(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Put before a person what was unknown for as long as it may be, on lanes whose breaker is open; return how much.

    A breaker lets one errand through at a time, so the others would wait for that far longer than their lane's terms say. One
    longest pause is left for the last ask.
    """
    referred = 0
    while True:
        with transaction.atomic(durable=True):
            now = clock.now()
            rows = run(STATEMENTS["overdue_unknown"], {"now": now, "limit": AT_ONCE})
            if not rows:
                return referred
            ids = [id_ for id_, _ in rows]
            reason = Refusal(UNASKED)
            move([(id_, PaymentState.UNKNOWN, reason) for id_, state in rows if state == "sent"], at=now)
            move([(id_, PaymentState.REFERRED, reason) for id_ in ids], at=now)
            run(
                STATEMENTS["put_off_errands"],
                {
                    "ids": ids,
                    "states": [PaymentState.REFERRED.value] * len(ids),
                    "due": [None] * len(ids),
                    "codes": [UNASKED] * len(ids),
                },
            )
            tell_referred(ids, clock=clock)
        referred += len(rows)
        if len(rows) < AT_ONCE:
            return referred


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
                (held,) = told([payment_id])
                end_payments([(held, No(reason.code))], clock=clock)
                return True
        except ledger.LedgerBusy:
            continue
    raise BooksBusy
