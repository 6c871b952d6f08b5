"""Bills as a way that payments go: reserved when a payment is accepted, asked of the biller, settled or given back.

A bill is paid once: whoever locks its row first has it, and everyone after sees what is held. The order of locks is orders,
then bills, each in order of id; nothing of ``payments`` is locked before them in the accepting transaction.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection

from raseed.banking.api import Alias, AliasKind, BankAccount
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money
from raseed.payments.api import Answer, Destination, Errand, No, NotSeen, Payment, Unknown, Yes

from .adapters.protocol import Ask, AskedPart, NotReceived, Paid, Pending, Refused, Said, Unsaid
from .adapters.registry import adapter_of, learn_keys
from .domain import Bill, Biller, BillerState, OrderState, PartKind, split, with_held
from .errors import (
    BillBeingPaid,
    BillerSuspended,
    BillOrderDiffers,
    BillOrderOutdated,
    BillOrderUnknown,
    CreditUsed,
    RefusedByBiller,
)
from .findings import keep_finding
from .queries import billers
from .rows import locked_bills
from .sql import run
from .terms.credit import give_credits_back, hold_credits, lock_credits, settle_credits
from .terms.outdated import changed_late_parts, is_same_day
from .terms.parts import LATE
from .wrongs import AnswerRefused

CODE: Final = "bill"
PENDING: Final = "biller_pending"
_log = structlog.get_logger("raseed.bills")
_keeping: Final = ThreadPoolExecutor(1, thread_name_prefix="findings")


_Parts = Mapping[UUID, Sequence[tuple[Any, ...]]]
"""The parts of orders: order, number, kind, bill, amount."""


@dataclass(frozen=True, slots=True)
class _Locked:
    """An order that a payment is to pay, under its lock."""

    id: UUID
    biller_id: UUID
    customer_id: UUID
    amount_minor: int
    state: OrderState
    currency_code: str
    biller_state: BillerState
    made_at: datetime
    institution_id: UUID
    reference: str


class Bills:
    """The route of bills."""

    code: Final = CODE

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock

    def find(self, orders: Sequence[tuple[BankAccount, Alias]]) -> list[Destination | RaseedError | None]:
        """Find the billers that orders of bills are for; other names are not ours."""
        ids = {UUID(to.value) for _, to in orders if to.kind is AliasKind.BILL}
        if not ids:
            return [None] * len(orders)
        biller_ids = dict(run("billers_of_orders", {"ids": list(ids)}))
        known = billers(biller_ids.values())
        return [
            _destination(known.get(biller_ids.get(UUID(to.value), UUID(int=0))), payer)
            if to.kind is AliasKind.BILL
            else None
            for payer, to in orders
        ]

    def reserve(self, payments: Sequence[Payment]) -> Mapping[UUID, RaseedError]:
        """Lock what is paid, and hold it; say of which payments it can't be."""
        ids = [each.id for each in payments]
        locked = {row[0]: _locked(row) for row in run("lock_orders", {"ids": ids})}
        parts = _parts_by_order(ids)
        bills = _lock_bills(parts)
        late = {each.id: each.instructed_at for each in payments if _is_late(parts.get(each.id, ()))}
        changed = changed_late_parts(late, bills)
        credits, used = lock_credits(_credits(locked, parts)), dict[tuple[UUID, str], int]()
        refusals: dict[UUID, RaseedError] = {}
        held: dict[UUID, int] = defaultdict(int)
        amounts: set[tuple[UUID, int]] = set()
        for payment in payments:
            order, paid = locked.get(payment.id), _of_bills(parts.get(payment.id, ()))
            key, credit = _credit_of(order, parts.get(payment.id, ()))
            refusal = _mismatch(payment, order) or _unpayable(paid, bills, amounts)
            if refusal is None and payment.id in changed:
                refusal = BillOrderOutdated(field="bills")
            if refusal is None and credit > credits.get(key, 0) - used.get(key, 0):
                refusal = CreditUsed(field="bills")
            if refusal is not None:
                refusals[payment.id] = refusal
                continue
            if credit:
                used[key] = used.get(key, 0) + credit
            for bill_id, minor in paid:
                bills[bill_id] = with_held(bills[bill_id], Money(minor, bills[bill_id].amount.currency))
                amounts.add((bill_id, minor))
                held[bill_id] += minor
        taken = [id_ for id_ in ids if id_ not in refusals]
        if taken:
            run("turn_orders", {"ids": taken})
            run("mark_parts", {"ids": taken, "held": True})
            if held:
                run("hold_bills", {"ids": list(held), "amounts": list(held.values())})
            hold_credits(used)
        return refusals

    def brief(self, errands: Sequence[Errand]) -> Mapping[UUID, object]:
        """Read what billers will be asked, for a whole batch."""
        rows: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
        for row in run("asks", {"ids": [each.payment_id for each in errands]}):
            rows[row[0]].append(row)
        known = billers({of[0][1] for of in rows.values()})
        learn_keys(set(known))
        return {id_: _ask(id_, of, known[of[0][1]]) for id_, of in rows.items()}

    async def ask(self, errand: Errand) -> Answer:
        """Have the biller take the payment."""
        return await self._spoken(errand, again=False)

    async def ask_again(self, errand: Errand) -> Answer:
        """Ask the biller what became of it."""
        return await self._spoken(errand, again=True)

    def settle(self, settled: Sequence[tuple[Payment, Yes]]) -> None:
        """Keep that bills were paid, and what the biller signed."""
        ids = [payment.id for payment, _ in settled]
        yes = dict(zip(ids, (yes for _, yes in settled), strict=True))
        locked, parts = self._end(ids, "settle_bills", OrderState.PAID, yes)
        settle_credits(
            used=_credits_of(locked, parts, PartKind.CREDIT_USED), kept=_credits_of(locked, parts, PartKind.CREDIT)
        )

    def give_back(self, returned: Sequence[tuple[Payment, No]]) -> None:
        """Let bills go that were not paid after all."""
        ids = [payment.id for payment, _ in returned]
        locked, parts = self._end(ids, "let_bills_go", OrderState.RETURNED, {})
        give_credits_back(_credits_of(locked, parts, PartKind.CREDIT_USED))

    def names(self, payments: Sequence[Payment], language: str) -> Mapping[UUID, str]:
        """Say which biller each payer has paid."""
        biller_ids = dict(run("billers_of_orders", {"ids": [each.id for each in payments]}))
        known = billers(biller_ids.values())
        return {id_: known[biller_id].name(language) for id_, biller_id in biller_ids.items()}

    async def _spoken(self, errand: Errand, *, again: bool) -> Answer:
        ask = errand.brief
        assert isinstance(ask, Ask), "the courier has read what is asked"
        asked = _attempted(ask, errand.attempt)
        adapter = adapter_of(ask.biller)
        try:
            said = await (adapter.status(asked) if again else adapter.pay(asked))
        except AnswerRefused as refusal:
            await asyncio.get_running_loop().run_in_executor(
                _keeping, partial(_keep, refusal, ask, "status" if again else "pay", self._clock)
            )
            return Unknown(refusal.kind.value)
        return _answer(said)

    def _end(
        self, ids: Sequence[UUID], statement: str, state: OrderState, yes: Mapping[UUID, Yes]
    ) -> tuple[Mapping[UUID, _Locked], _Parts]:
        """End orders and let go of their bills; return them as they were."""
        locked = {row[0]: _locked(row) for row in run("lock_orders", {"ids": list(ids)})}
        assert all(locked[id_].state is OrderState.HELD for id_ in ids), "what is ended was held"
        parts = _parts_by_order(ids)
        sums: dict[UUID, int] = defaultdict(int)
        for of in parts.values():
            for bill_id, minor in _of_bills(of):
                sums[bill_id] += minor
        if sums:
            run("lock_bills", {"ids": list(sums)})
            run(statement, {"ids": list(sums), "amounts": list(sums.values())})
        run("mark_parts", {"ids": list(ids), "held": False})
        now = self._clock.now()
        run(
            "end_orders",
            {
                "ids": list(ids),
                "state": state.value,
                "ended": [now] * len(ids),
                "references": [yes[id_].reference if id_ in yes else "" for id_ in ids],
                "proofs": [json.dumps(dict(yes[id_].facts)) if id_ in yes and yes[id_].facts else None for id_ in ids],
            },
        )
        return locked, parts


def _keep(refusal: AnswerRefused, ask: Ask, asked: str, clock: Clock) -> None:
    """Keep a wrong answer from the courier's loop, on a connection that is let go of: wrong answers are rare."""
    try:
        keep_finding(
            refusal,
            biller_id=ask.biller.id,
            institution_id=ask.biller.institution_id,
            asked=asked,
            order_id=ask.id,
            clock=clock,
        )
    except (OperationalError, InterfaceError):
        _log.exception("finding_not_kept", biller=str(ask.biller.id), kind=refusal.kind.value)
    finally:
        connection.close()


def _destination(of: Biller | None, payer: BankAccount) -> Destination | RaseedError:
    if of is None or of.institution_id != payer.institution_id:
        return BillOrderUnknown(field="to")
    if of.state is not BillerState.ACTIVE:
        return BillerSuspended(field="to")
    return Destination(
        route=CODE,
        account_id=of.collection_account_id,
        institution_id=of.institution_id,
        recipient_id=of.customer_id,
        lane=of.lane,
    )


def _locked(row: tuple[Any, ...]) -> _Locked:
    id_, biller_id, customer_id, amount_minor, state, currency_code, biller_state, *more = row
    return _Locked(
        id_, biller_id, customer_id, amount_minor, OrderState(state), currency_code, BillerState(biller_state), *more
    )


def _parts_by_order(ids: Iterable[UUID]) -> dict[UUID, list[tuple[Any, ...]]]:
    parts: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    for row in run("parts_of_orders", {"ids": list(ids)}):
        parts[row[0]].append(row)
    return parts


def _of_bills(parts: Iterable[tuple[Any, ...]]) -> list[tuple[UUID, int]]:
    """Return the bills that parts pay, and how much of each."""
    return [
        (bill_id, minor) for _, _, kind, bill_id, minor in parts if kind == PartKind.BILL.value and bill_id is not None
    ]


def _lock_bills(parts: _Parts) -> dict[UUID, Bill]:
    return locked_bills(bill_id for of in parts.values() for bill_id, _ in _of_bills(of))


def _is_late(parts: Iterable[tuple[Any, ...]]) -> bool:
    """Whether something is asked for or waived since a bill is late."""
    return any(kind in LATE for _, _, kind, _, _ in parts)


def _credits(locked: Mapping[UUID, _Locked], parts: _Parts) -> list[tuple[UUID, str]]:
    """Return the credits that orders use."""
    used = (_credit_of(order, parts.get(id_, ())) for id_, order in locked.items())
    return [key for key, minor in used if minor]


def _credit_of(order: _Locked | None, parts: Iterable[tuple[Any, ...]]) -> tuple[tuple[UUID, str], int]:
    """Return which credit an order uses, and how much of it."""
    if order is None:
        return (UUID(int=0), ""), 0
    used = sum(minor for _, _, kind, _, minor in parts if kind == PartKind.CREDIT_USED.value)
    return (order.biller_id, order.reference), used


def _credits_of(locked: Mapping[UUID, _Locked], parts: _Parts, kind: PartKind) -> dict[tuple[UUID, str], int]:
    """Return, by credit, the sum of the parts of one kind."""
    sums: dict[tuple[UUID, str], int] = defaultdict(int)
    for id_, of in parts.items():
        for _, _, its_kind, _, minor in of:
            if its_kind == kind.value:
                sums[locked[id_].biller_id, locked[id_].reference] += minor
    return dict(sums)


def _mismatch(payment: Payment, order: _Locked | None) -> RaseedError | None:
    """Say whether a payment is the one that its order wants, and wants today."""
    if order is None or order.customer_id != payment.actor_customer_id:
        return BillOrderUnknown(field="to")
    if order.biller_state is not BillerState.ACTIVE:
        return BillerSuspended(field="to")
    if order.state is OrderState.EXPIRED:
        return BillOrderOutdated(field="to")
    wanted = (order.amount_minor, order.currency_code)
    if order.state is not OrderState.OPEN or (payment.amount.amount_minor, payment.amount.currency.code) != wanted:
        return BillOrderDiffers(field="to")
    if not is_same_day(order.institution_id, order.made_at, payment.instructed_at):
        return BillOrderOutdated(field="to")
    return None


def _unpayable(
    paid: Sequence[tuple[UUID, int]], bills: Mapping[UUID, Bill], amounts: set[tuple[UUID, int]]
) -> RaseedError | None:
    """Say why one of an order's bills can't be paid with its amount now, if one can't."""
    for bill_id, minor in paid:
        bill = bills[bill_id]
        try:
            split(bill, Money(minor, bill.amount.currency))
        except RaseedError as refusal:
            return BillBeingPaid(field="bills") if bill.held.amount_minor else refusal
        if (bill_id, minor) in amounts or _is_held(bill, minor):
            return BillBeingPaid(field="bills")
    return None


def _is_held(bill: Bill, minor: int) -> bool:
    """Whether the same amount of the same bill is under way already, perhaps from another phone."""
    if not bill.held.amount_minor:
        return False
    return bool(run("same_held", {"bill": bill.id, "amount": minor}))


def _ask(id_: UUID, rows: Sequence[tuple[Any, ...]], of: Biller) -> Ask:
    _, _, values, amount_minor, *_ = rows[0]
    return Ask(
        id=id_,
        biller=of,
        values=json.loads(values) if isinstance(values, str | bytes) else values,
        amount=Money(amount_minor, of.currency),
        parts=[AskedPart(PartKind(kind), Money(minor, of.currency), number) for *_, kind, minor, number in rows],
    )


def _attempted(ask: Ask, attempt: int) -> Ask:
    return Ask(ask.id, ask.biller, ask.values, ask.amount, ask.parts, attempt)


def _answer(said: Said) -> Answer:
    match said:
        case Paid(reference, _, proof):
            return Yes(reference, dict(proof))
        case Refused(code):
            return No(RefusedByBiller.code, {"reason": code})
        case Pending():
            return Unknown(PENDING, reached=True)
        case NotReceived():
            return NotSeen()
        case Unsaid(code):
            return Unknown(code)
