"""What somebody wants to pay: a quote, then an order under the client's id, then its payment under the same id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import CurrencyMismatch, Money
from raseed.payments import api as payments
from raseed.payments.api import Payment

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
from .errors import AmountNeeded, BillOrderDiffers, BillUnknown, LessThanMinimum, MoreThanBill, WrongBills
from .fields import reference_of
from .looking_up import check_active, checked_values, note_look_up, validate
from .models import BillOrderRow, BillRow, PartRow
from .queries import bill_order, biller, orders_by_id
from .rows import bill_of
from .terms import terms

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
    values = checked_values(of, fields)
    parts, name = _parts(of, customer_id, values, bills, amount, clock)
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

    Nothing is held yet: two orders may want the same bill, and whichever is paid first has it.

    Raises:
        BillOrderDiffers: the id has an order with other content.
        As ``quote``.
    """
    there = orders_by_id([id]).get(id)
    of = biller(biller_id)
    values = checked_values(of, fields)
    if there is not None:
        return _same(there, customer_id, of, values, bills, amount)
    parts, _ = _parts(of, customer_id, values, bills, amount, clock)
    total = sum(part.signed_minor for part in parts)
    now, reference = clock.now(), reference_of(of.fields, values)
    try:
        with transaction.atomic():
            row = BillOrderRow(
                id=id,
                biller_id=of.id,
                customer_id=customer_id,
                values=values,
                reference=reference,
                amount_minor=total,
                state=OrderState.OPEN.value,
                made_at=now,
            )
            row.save(force_insert=True)
            for number, part in enumerate(parts, 1):
                PartRow.objects.create(
                    order=row,
                    number=number,
                    kind=part.kind.value,
                    bill_id=part.bill_id,
                    amount_minor=part.amount.amount_minor,
                )
            note_look_up(customer_id, of, values, reference, now)
    except IntegrityError:
        there = orders_by_id([id]).get(id)
        if there is None:
            raise
        return _same(there, customer_id, of, values, bills, amount)
    return orders_by_id([id])[id]


def pay(
    *, order_id: UUID, customer_id: UUID, from_account_id: UUID, note: str = "", clock: Clock = SYSTEM_CLOCK
) -> Payment:
    """Pay an order, and return its payment: held and on its way, or refused. Its id is the order's; a repeat pays nothing twice.

    Orders that threads of this process have paid at the same moment are carried out together.

    Raises:
        BillOrderUnknown: no such order, or not this customer's.
        As ``payments.send``.
    """
    wanted = bill_order(order_id, customer_id)
    instruction = payments.Instruction(
        id=wanted.id,
        actor_customer_id=customer_id,
        from_account_id=from_account_id,
        to=alias_of(wanted.id),
        amount=wanted.amount,
        note=note,
    )
    return payments.send_together(instruction, clock=clock)


def alias_of(order_id: UUID) -> banking.Alias:
    """Return how payments name an order."""
    return banking.Alias(banking.AliasKind.BILL, order_id.hex)


def _parts(
    of: Biller,
    customer_id: UUID,
    values: Mapping[str, str],
    wanted: Wanted,
    amount: Money | None,
    clock: Clock,
) -> tuple[tuple[Part, ...], str]:
    """Return what is paid, part by part, and the masked name of whoever it is for."""
    check_active(of)
    for each in [money for _, money in wanted] + ([amount] if amount is not None else []):
        if each.currency != of.currency:
            raise CurrencyMismatch(field="amount", given=each.currency.code, expected=of.currency.code)
    if of.model is BillerModel.FETCH:
        return _parts_of_bills(of, customer_id, reference_of(of.fields, values), wanted, amount, clock)
    if wanted:
        raise WrongBills(field="bills")
    if amount is None:
        raise AmountNeeded(field="amount")
    check_bounds(of, amount)
    name = ""
    if of.model is BillerModel.VALIDATE:
        said = validate(of, values, amount, customer_id=customer_id, clock=clock)
        name = said.customer_name
        if said.least is not None and amount < said.least:
            raise LessThanMinimum(field="amount", amount=said.least.decimal_text(), currency=of.currency.code)
        if said.most is not None and said.most < amount:
            raise MoreThanBill(field="amount", amount=said.most.decimal_text(), currency=of.currency.code)
    return (Part(PartKind.BILL, amount),), name


def _parts_of_bills(
    of: Biller, customer_id: UUID, reference: str, wanted: Wanted, amount: Money | None, clock: Clock
) -> tuple[tuple[Part, ...], str]:
    ids = [bill_id for bill_id, _ in wanted]
    if not 0 < len(ids) <= BILLS_MAX or len(set(ids)) < len(ids):
        raise WrongBills(field="bills")
    rows = {row.id: row for row in BillRow.objects.filter(id__in=ids, biller_id=of.id)}
    if len(rows) < len(ids):
        raise BillUnknown(field="bills")
    if any(row.reference != reference for row in rows.values()):
        raise WrongBills(field="bills")
    bills = [bill_of(rows[id_], of.currency) for id_ in ids]
    keeps_credit = terms().keeps_credit(of)
    parts: list[Part] = []
    for each, (_, money) in zip(bills, wanted, strict=True):
        parts += split(each, money, keeps_credit=keeps_credit)
    parts += terms().parts(of, bills, customer_id=customer_id, on=_day(of, clock))
    total = sum(part.signed_minor for part in parts)
    if total <= 0 or (amount is not None and amount.amount_minor != total):
        raise AmountNeeded(field="amount")
    return tuple(parts), _name(bills)


def _name(bills: Sequence[Bill]) -> str:
    return next((each.customer_name for each in bills if each.customer_name), "")


def _day(of: Biller, clock: Clock) -> date:
    return banking.business_date(of.institution_id, clock.now())


def _fee(of: Biller, from_account_id: UUID | None, clock: Clock) -> Money:
    if from_account_id is None:
        return Money(0, of.currency)
    payer = banking.account(from_account_id)
    on = banking.business_day(payer, clock.now())
    return Money(banking.fee_minor(payer.product.id, banking.FeeEvent.TRANSFER_ON_US, on=on), payer.currency)


def _same(
    there: BillOrder,
    customer_id: UUID,
    of: Biller,
    values: Mapping[str, str],
    wanted: Wanted,
    amount: Money | None,
) -> BillOrder:
    """Return the order that is there, if it is the one wanted."""
    paid: dict[UUID | None, int] = {}
    for part in there.parts:
        if part.kind in (PartKind.BILL, PartKind.CREDIT):
            paid[part.bill_id] = paid.get(part.bill_id, 0) + part.amount.amount_minor
    asked: dict[UUID | None, int] = {bill_id: money.amount_minor for bill_id, money in wanted}
    if not wanted and amount is not None:
        asked = {None: amount.amount_minor}
    same = (
        (there.customer_id, there.biller_id, dict(there.values)) == (customer_id, of.id, dict(values))
        and paid == asked
        and (amount is None or amount == there.amount)
    )
    if not same:
        raise BillOrderDiffers(field="id")
    return there
