"""Carrying out an accepted order: block by block, a few thousand payments in a transaction, each of them once.

A transaction takes the order's row, checks that the block stands where it was when its payments were looked up, carries them
out and moves the block on; so whatever dies at whatever instant, a payment is either done and counted or neither. That
payments' ids follow from the order's id and their place is a second wall.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.banking.api import Alias, AliasKind, BooksBusy
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger
from raseed.platform import api as platform

from ..collector import collector_paused
from ..domain import BATCH_MAX, Instruction
from ..events import ORDER_ENDED
from ..execution import RefusedLate, carry_out
from ..looking_up import sendings_of
from ..sending import Outcome, Sending
from ..sql import STATEMENTS, run
from .domain import OrderState
from .holding import held
from .models import OrderBlockRow, OrderRow

PAYMENTS_AT_ONCE: Final = BATCH_MAX // 2
"""Each may need a second transfer, for its fee."""
RUN_AT_MOST: Final = timedelta(seconds=10)
"""After this a run ends and another is asked for, so that a worker that is to stop does not have to be killed."""
ATTEMPTS_MAX: Final = 20
RUNS_APART: Final = timedelta(minutes=1)
"""A run that begins within this after the last sign of life goes on with it, for the estimate of when all is over."""
_KINDS: Final = {kind.value: kind for kind in AliasKind}


class _Moved(Exception):
    """The order was withdrawn, or somebody else has moved its block on: what was looked up is not to be used."""


def execute(order_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Carry out what is due of an order, for at most ``RUN_AT_MOST``; return whether more of it is due.

    Does nothing where nothing is due or somebody is at it.
    """
    with held(order_id) as had:
        if not had:
            return False
        began_at = clock.now()
        for block in _due(order_id, began_at):
            _begin_run(order_id, clock)
            while block.next_position < block.first_position + block.payment_count:
                if clock.now() - began_at > RUN_AT_MOST:
                    return True
                try:
                    with collector_paused():
                        _carry_out_some(order_id, block, clock)
                except _Moved:
                    return False
        return False


def _due(order_id: UUID, now: datetime) -> list[OrderBlockRow]:
    """Return the blocks whose date has come and that are not over, in order."""
    if not OrderRow.objects.filter(id=order_id, state=OrderState.EXECUTING).exists():
        return []
    blocks = OrderBlockRow.objects.filter(order_id=order_id, due_at__lte=now).order_by("number")
    return [block for block in blocks if block.next_position < block.first_position + block.payment_count]


def _begin_run(order_id: UUID, clock: Clock) -> None:
    with transaction.atomic():
        row = OrderRow.objects.select_for_update().get(id=order_id)
        now = clock.now()
        if row.run_began_at is None or row.touched_at < now - RUNS_APART:
            done = sum(
                settled + refused
                for settled, refused in OrderBlockRow.objects.filter(order_id=order_id).values_list(
                    "settled_count", "refused_count"
                )
            )
            row.run_began_at, row.run_began_done = now, done
            row.save(update_fields=["run_began_at", "run_began_done"])


def _carry_out_some(order_id: UUID, block: OrderBlockRow, clock: Clock) -> None:
    """Carry out the next payments of a block, each settling or refused by itself, and move the block on.

    Raises:
        BooksBusy: not carried out; the next run takes them up.
    """
    end = min(block.next_position + PAYMENTS_AT_ONCE, block.first_position + block.payment_count)
    sendings = sendings_of(_instructions(order_id, block, end), clock, refuse_strangers=True)
    moving = _Moving(order_id, block, end, sendings, clock)
    refused_late: dict[UUID, RaseedError] = {}
    for _ in range(ATTEMPTS_MAX):
        try:
            carry_out(sendings, refused_late, clock, begin=moving.take, end=moving.move_on)
        except RefusedLate as late:
            refused_late |= late.refusals
        except ledger.LedgerBusy:
            continue
        else:
            block.next_position = end
            return
    raise BooksBusy


def _instructions(order_id: UUID, block: OrderBlockRow, end: int) -> list[Instruction]:
    """Return payments of a block as the instructions that they are: given now, whatever date the file asked for."""
    actor = OrderRow.objects.values_list("actor_customer_id", flat=True).get(id=order_id)
    money = currency(block.currency)
    entries = run(STATEMENTS["order_entries"], {"id": order_id, "first": block.next_position, "end": end})
    assert len(entries) == end - block.next_position, "an accepted order has all of its entries"
    return [
        Instruction(
            id=payment_id,
            actor_customer_id=actor,
            from_account_id=block.from_account_id,
            to=Alias(_KINDS[kind], value),
            amount=Money(amount_minor, money),
            note=note,
        )
        for _, payment_id, kind, value, amount_minor, note in entries
    ]


class _Moving:
    """What is done to an order and its block in the transaction that carries payments out."""

    def __init__(
        self, order_id: UUID, block: OrderBlockRow, end: int, sendings: Sequence[Sending], clock: Clock
    ) -> None:
        self._order_id = order_id
        self._block = block
        self._end = end
        self._sendings = sendings
        self._clock = clock

    def take(self) -> None:
        """Lock the order and its block, before anything else is locked; refuse to go on where they have moved."""
        ((state, next_position),) = run(STATEMENTS["take_block"], {"id": self._order_id, "number": self._block.number})
        if state != OrderState.EXECUTING or next_position != self._block.next_position:
            raise _Moved

    def move_on(self, outcome: Outcome) -> None:
        """Count what has become of the payments, and end the order with its last one."""
        refused = len(outcome.refusals)
        settled = [sending for sending in self._sendings if sending.instruction.id not in outcome.refusals]
        run(
            STATEMENTS["advance_block"],
            {
                "id": self._order_id,
                "number": self._block.number,
                "settled": len(settled),
                "settled_minor": sum(sending.instruction.amount.amount_minor for sending in settled),
                "refused": refused,
                "fees_minor": sum(outcome.fee_minor(sending) for sending in settled),
            },
        )
        order = OrderRow.objects.get(id=self._order_id)
        order.touched_at = self._clock.now()
        if not self._is_open():
            order.state, order.ended_at, order.ended_by = OrderState.DONE.value, order.touched_at, "system"
            payload = {"order_id": str(order.id), "customer_id": str(order.actor_customer_id), "state": order.state}
            platform.emit(ORDER_ENDED, institution_id=order.institution_id, payload=payload, clock=self._clock)
        order.save(update_fields=["state", "touched_at", "ended_at", "ended_by"])

    def _is_open(self) -> bool:
        blocks = OrderBlockRow.objects.filter(order_id=self._order_id)
        return any(block.next_position < block.first_position + block.payment_count for block in blocks)
