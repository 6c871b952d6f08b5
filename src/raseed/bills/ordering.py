"""What somebody wants to pay: a quote, then an order under the client's id, then its payment under the same id."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import CurrencyMismatch, Money
from raseed.payments import api as payments
from raseed.payments.api import Payment
from raseed.platform.api import Gatherer

from .domain import (
    BILLS_MAX,
    Bill,
    Biller,
    BillerModel,
    BillOrder,
    OrderState,
    Part,
    PartKind,
    Quote,
    check_bounds,
    split,
)
from .errors import (
    AmountNeeded,
    BillerUnknown,
    BillOrderDiffers,
    BillOrderOutdated,
    BillOrderUnknown,
    BillUnknown,
    LessThanMinimum,
    MoreThanBill,
    WrongBills,
)
from .fields import reference_of
from .looking_up import check_active, checked_values, validate
from .queries import biller
from .rows import billers_by_id, bills_by_id, orders_by_id
from .sql import run
from .terms.credit import Key, credit_parts, credits_left
from .terms.outdated import day_of, is_outdated
from .terms.parts import late_parts
from .terms.rules import keeps_credit

Wanted = Sequence[tuple[UUID, Money]]
"""Bills, and what is paid on each."""


def quote(
    *,
    biller_id: UUID,
    customer_id: UUID,
    fields: Mapping[str, str],
    bills: Wanted = (),
    amount: Money | None = None,
    from_account_id: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Quote:
    """Say what paying would cost, part by part, and for whom it is. Moves nothing; that it was asked is noted.

    Args:
        biller_id: whom to pay.
        customer_id: who pays.
        fields: what was typed.
        bills: the bills and what is paid on each, where the biller has bills.
        amount: what is paid where it has none; where it has, the sum, if it is to be checked.
        from_account_id: the account that would pay, whose product decides the fee.
        clock: tells the day.

    Raises:
        BillerUnknown, BillerSuspended, what ``fetch_bills`` raises about fields; BillUnknown, WrongBills: the bills.
        AmountNeeded, ExactAmountNeeded, LessThanMinimum, MoreThanBill, BillPaid, BillBeingPaid, BillNotPayable: the amounts.
        NotTheBillersCustomer, BillerNotAnswering, TooManyLookUps: where the biller validates.
    """
    of = biller(biller_id)
    wanted = _Wanted(customer_id, of, checked_values(of, fields), tuple(bills), amount)
    parts, name = _parts(wanted, _known([wanted], clock))
    fee = _fee(of, from_account_id, clock)
    return Quote(of.id, parts, fee, name)


def order(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    customer_id: UUID,
    biller_id: UUID,
    fields: Mapping[str, str],
    bills: Wanted = (),
    amount: Money | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> BillOrder:
    """Make an order of bills of one biller. The same id with the same content: the first answer.

    Nothing is held yet: two orders may want the same bill, and whichever is paid first has it. It is good on the business
    day on which it is made: its penalties and waivers are of that day.

    Raises:
        BillOrderDiffers: the id has an order with other content.
        As ``quote``.
    """
    asked = _Asked(id, customer_id, biller_id, fields, tuple(bills), amount)
    made = None if connection.in_atomic_block else _orders.do(asked, key=clock)
    if made is None:
        (made,) = _make([asked], clock, may_ask=True)
    if isinstance(made, RaseedError):
        raise made
    assert made is not None, "who may ask has an answer"
    return made


def pay(
    *, order_id: UUID, customer_id: UUID, from_account_id: UUID, note: str = "", clock: Clock = SYSTEM_CLOCK
) -> Payment:
    """Pay an order, and return its payment: held and on its way, or refused. Its id is the order's; a repeat pays nothing twice.

    Orders that threads of this process have paid at the same moment are carried out together.

    Raises:
        BillOrderUnknown: no such order, or not this customer's.
        BillOrderOutdated: it was made on another business day, and never sent; a new one is needed.
        As ``payments.send``.
    """
    answer = _payments.do(_Paying(order_id, customer_id, from_account_id, note), key=clock)
    if isinstance(answer, RaseedError):
        raise answer
    return answer


@dataclass(frozen=True, slots=True)
class _Paying:
    """That somebody pays an order."""

    order_id: UUID
    customer_id: UUID
    from_account_id: UUID
    note: str


def _pay(paying: Sequence[_Paying], clock: Clock) -> list[Payment | RaseedError]:
    """Pay the orders of those who came together; say of each what its payment is, or why there is none."""
    orders = orders_by_id({each.order_id for each in paying})
    refusals: dict[int, RaseedError] = {}
    instructions: dict[int, payments.Instruction] = {}
    for place, each in enumerate(paying):
        wanted = orders.get(each.order_id)
        if wanted is None or wanted.customer_id != each.customer_id:
            refusals[place] = BillOrderUnknown(field="order_id")
        elif is_outdated(wanted, clock) and not payments.payments_by_id([wanted.id]):
            refusals[place] = BillOrderOutdated(field="order_id")
        else:
            instructions[place] = payments.Instruction(
                id=wanted.id,
                actor_customer_id=each.customer_id,
                from_account_id=each.from_account_id,
                to=alias_of(wanted.id),
                amount=wanted.amount,
                note=each.note,
            )
    sent = payments.send_many(list(instructions.values()), clock=clock) if instructions else []
    paid = dict(zip(instructions, sent, strict=True))
    return [refusals[place] if place in refusals else paid[place] for place in range(len(paying))]


_payments: Final = Gatherer[_Paying, Clock, Payment | RaseedError](_pay)


def alias_of(order_id: UUID) -> banking.Alias:
    """Return how payments name an order."""
    return banking.Alias(banking.AliasKind.BILL, order_id.hex)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody wants to order, as it came: fields as typed."""

    id: UUID
    customer_id: UUID
    biller_id: UUID
    fields: Mapping[str, str]
    bills: tuple[tuple[UUID, Money], ...]
    amount: Money | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What somebody wants to order; ``values`` are in their normal form."""

    customer_id: UUID
    of: Biller
    values: Mapping[str, str]
    bills: tuple[tuple[UUID, Money], ...]
    amount: Money | None

    @property
    def reference(self) -> str:
        """Whose bills they are."""
        return reference_of(self.of.fields, self.values)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is looked up once for all who want something at the same moment: their bills, and the credit of their references."""

    bills: Mapping[UUID, Bill]
    credits: Mapping[Key, int]
    clock: Clock


def _known(wanted: Sequence[_Wanted], clock: Clock) -> _Known:
    bills = bills_by_id(bill_id for each in wanted for bill_id, _ in each.bills)
    return _Known(bills, credits_left((each.of.id, each.reference) for each in wanted if each.bills), clock)


def _make(asked: Sequence[_Asked], clock: Clock, *, may_ask: bool = False) -> list[BillOrder | RaseedError | None]:
    """Make the orders of those who came together, in one transaction; say of each what was made, or why it was not.

    An id that has an order already, also one of the same moment, gets that order if it is the one wanted. A refusal is
    heard by whoever is refused, and by nobody else who comes with the same id. Who wants something of a biller that has to
    be asked gets nothing, unless ``may_ask``: whoever asks holds nobody else up.
    """
    wanted, answers = _wanted(asked, may_ask=may_ask)
    known = _known(list(wanted.values()), clock)
    before = orders_by_id(each.id for each in asked) if may_ask else {}  # a repeat asks the biller nothing
    made: dict[UUID, BillOrder] = {}
    now = clock.now()
    for place, its in wanted.items():
        id_ = asked[place].id
        if id_ not in made and id_ not in before:
            try:
                parts, _ = _parts(its, known)
                made[id_] = _order(id_, its, parts, now)
            except RaseedError as refusal:
                answers[place] = refusal
    kept = _keep(list(made.values()), now) if made else set()
    before |= orders_by_id({asked[place].id for place in wanted} - kept - before.keys())
    for place, its in wanted.items():
        id_ = asked[place].id
        there = before.get(id_) or (made[id_] if place not in answers else None)
        if there is not None:
            answers[place] = _same(there, its)
    return [answers[place] for place in range(len(asked))]


_orders: Final = Gatherer[_Asked, Clock, BillOrder | RaseedError | None](_make)


def _wanted(
    asked: Sequence[_Asked], *, may_ask: bool
) -> tuple[dict[int, _Wanted], dict[int, BillOrder | RaseedError | None]]:
    """Return what is wanted, by place, and the answers of those who can't get anything here."""
    billers = billers_by_id({each.biller_id for each in asked})
    wanted: dict[int, _Wanted] = {}
    answers: dict[int, BillOrder | RaseedError | None] = {}
    for place, each in enumerate(asked):
        of = billers.get(each.biller_id)
        if of is None:
            answers[place] = BillerUnknown(field="biller_id")
        elif of.model is BillerModel.VALIDATE and not may_ask:
            answers[place] = None
        else:
            try:
                values = checked_values(of, each.fields)
                wanted[place] = _Wanted(each.customer_id, of, values, each.bills, each.amount)
            except RaseedError as refusal:
                answers[place] = refusal
    return wanted, answers


def _order(id_: UUID, wanted: _Wanted, parts: tuple[Part, ...], now: datetime) -> BillOrder:
    return BillOrder(
        id=id_,
        institution_id=wanted.of.institution_id,
        biller_id=wanted.of.id,
        customer_id=wanted.customer_id,
        values=wanted.values,
        reference=wanted.reference,
        parts=parts,
        amount=Money(sum(part.signed_minor for part in parts), wanted.of.currency),
        state=OrderState.OPEN,
        made_at=now,
    )


def _keep(orders: Sequence[BillOrder], now: datetime) -> set[UUID]:
    """Write orders, and return the ids of those that nobody has written before."""
    values = [json.dumps(dict(each.values), ensure_ascii=False) for each in orders]
    said = {
        "customers": [each.customer_id for each in orders],
        "billers": [each.biller_id for each in orders],
        "references": [each.reference for each in orders],
        "values": values,
        "now": now,
    }
    with transaction.atomic():
        amounts = [each.amount.amount_minor for each in orders]
        kept = {id_ for (id_,) in run("make_orders", {"ids": [each.id for each in orders], "amounts": amounts, **said})}
        parts = [(each.id, *part) for each in orders if each.id in kept for part in enumerate(each.parts, 1)]
        run(
            "add_parts",
            {
                "orders": [order_id for order_id, _, _ in parts],
                "numbers": [number for _, number, _ in parts],
                "kinds": [part.kind.value for *_, part in parts],
                "bills": [part.bill_id for *_, part in parts],
                "amounts": [part.amount.amount_minor for *_, part in parts],
                "waivers": [part.waiver_id for *_, part in parts],
            },
        )
        run("note_look_ups", said)
    return kept


def _parts(wanted: _Wanted, known: _Known) -> tuple[tuple[Part, ...], str]:
    """Return what is paid, part by part, and the masked name of whoever it is for."""
    of, amount = wanted.of, wanted.amount
    check_active(of)
    for each in [money for _, money in wanted.bills] + ([amount] if amount is not None else []):
        if each.currency != of.currency:
            raise CurrencyMismatch(field="amount", given=each.currency.code, expected=of.currency.code)
    if of.model is BillerModel.FETCH:
        return _parts_of_bills(wanted, known)
    if wanted.bills:
        raise WrongBills(field="bills")
    if amount is None:
        raise AmountNeeded(field="amount")
    check_bounds(of, amount)
    name = ""
    if of.model is BillerModel.VALIDATE:
        said = validate(of, wanted.values, amount, customer_id=wanted.customer_id, clock=known.clock)
        name = said.customer_name
        if said.least is not None and amount < said.least:
            raise LessThanMinimum(field="amount", amount=said.least.decimal_text(), currency=of.currency.code)
        if said.most is not None and said.most < amount:
            raise MoreThanBill(field="amount", amount=said.most.decimal_text(), currency=of.currency.code)
    return (Part(PartKind.BILL, amount),), name


def _parts_of_bills(wanted: _Wanted, known: _Known) -> tuple[tuple[Part, ...], str]:
    of = wanted.of
    ids = [bill_id for bill_id, _ in wanted.bills]
    if not 0 < len(ids) <= BILLS_MAX or len(set(ids)) < len(ids):
        raise WrongBills(field="bills")
    bills = [known.bills[id_] for id_ in ids if id_ in known.bills and known.bills[id_].biller_id == of.id]
    if len(bills) < len(ids):
        raise BillUnknown(field="bills")
    reference = wanted.reference
    if any(each.reference != reference for each in bills):
        raise WrongBills(field="bills")
    on = day_of(of.institution_id, known.clock.now())
    is_over = any(each.owed < money for each, (_, money) in zip(bills, wanted.bills, strict=True))
    keeps = is_over and keeps_credit(of.id, on)
    parts: list[Part] = []
    for each, (_, money) in zip(bills, wanted.bills, strict=True):
        parts += split(each, money, keeps_credit=keeps)
    parts += late_parts(of, bills, customer_id=wanted.customer_id, on=on)
    parts += credit_parts(parts, Money(known.credits.get((of.id, reference), 0), of.currency))
    total = sum(part.signed_minor for part in parts)
    if total <= 0 or (wanted.amount is not None and wanted.amount.amount_minor != total):
        raise AmountNeeded(field="amount")
    return tuple(parts), _name(bills)


def _name(bills: Sequence[Bill]) -> str:
    return next((each.customer_name for each in bills if each.customer_name), "")


def _fee(of: Biller, from_account_id: UUID | None, clock: Clock) -> Money:
    if from_account_id is None:
        return Money(0, of.currency)
    payer = banking.account(from_account_id)
    on = banking.business_day(payer, clock.now())
    return Money(banking.fee_minor(payer.product.id, banking.FeeEvent.TRANSFER_ON_US, on=on), payer.currency)


def _same(there: BillOrder, wanted: _Wanted) -> BillOrder | RaseedError:
    """Return the order that is there, if it is the one wanted."""
    paid: dict[UUID | None, int] = {}
    for part in there.parts:
        if part.kind in (PartKind.BILL, PartKind.CREDIT):
            paid[part.bill_id] = paid.get(part.bill_id, 0) + part.amount.amount_minor
    asked: dict[UUID | None, int] = {bill_id: money.amount_minor for bill_id, money in wanted.bills}
    if not wanted.bills and wanted.amount is not None:
        asked = {None: wanted.amount.amount_minor}
    whose = (there.customer_id, there.biller_id, dict(there.values))
    is_same = (
        whose == (wanted.customer_id, wanted.of.id, dict(wanted.values))
        and paid == asked
        and (wanted.amount is None or wanted.amount == there.amount)
    )
    return there if is_same else BillOrderDiffers(field="id")
