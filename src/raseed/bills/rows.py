"""Rows as the plain values that leave this package, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from raseed.kernel.money import Currency, Money, currency

from .domain import (
    AdapterKind,
    Bill,
    Biller,
    BillerModel,
    BillerState,
    BillOrder,
    BillState,
    Category,
    OrderState,
    Part,
    PartKind,
    PartPayments,
)
from .fields import Field, FieldCheck, FieldKind
from .models import BillerRow, BillOrderRow, BillRow, PartRow


def field_kept(field: Field) -> dict[str, Any]:
    """Return a field's description as it is kept."""
    return {
        "code": field.code,
        "names": dict(field.names),
        "kind": field.kind.value,
        "length_min": field.length_min,
        "length_max": field.length_max,
        "mask": field.mask,
        "check": None if field.check is None else field.check.value,
        "example": field.example,
        "help": dict(field.help),
        "required": field.required,
    }


def field_of(kept: Mapping[str, Any]) -> Field:
    """Return the description again."""
    return Field(
        code=kept["code"],
        names=kept["names"],
        kind=FieldKind(kept["kind"]),
        length_min=kept["length_min"],
        length_max=kept["length_max"],
        mask=kept["mask"],
        check=None if kept["check"] is None else FieldCheck(kept["check"]),
        example=kept["example"],
        help=kept["help"],
        required=kept["required"],
    )


def biller_of(row: BillerRow, logo_digest: str = "") -> Biller:
    """Return the biller that a row tells of."""
    money = currency(row.currency)
    return Biller(
        id=row.id,
        institution_id=row.institution_id,
        customer_id=row.customer_id,
        collection_account_id=row.collection_account_id,
        account_number=row.account_number,
        code=row.code,
        category=Category(row.category),
        names=row.names,
        model=BillerModel(row.model),
        adapter=AdapterKind(row.adapter),
        address=row.address,
        currency=money,
        state=BillerState(row.state),
        fields=tuple(field_of(kept) for kept in row.fields),
        least=_money(row.least_minor, money),
        most=_money(row.most_minor, money),
        generation=row.generation,
        logo_digest=logo_digest,
    )


def bill_of(row: BillRow, money: Currency) -> Bill:
    """Return the bill that a row tells of."""
    return Bill(
        id=row.id,
        biller_id=row.biller_id,
        reference=row.reference,
        number=row.number,
        issued_on=row.issued_on,
        due_on=row.due_on,
        period=row.period,
        amount=Money(row.amount_minor, money),
        part_payments=PartPayments(row.part_payments),
        state=BillState(row.state),
        paid=Money(row.paid_minor, money),
        held=Money(row.held_minor, money),
        elsewhere=Money(row.elsewhere_minor, money),
        customer_name=row.customer_name,
        seen_at=row.seen_at,
        minimum=_money(row.minimum_minor, money),
    )


def part_of(row: PartRow, money: Currency) -> Part:
    """Return the part that a row tells of."""
    return Part(PartKind(row.kind), Money(row.amount_minor, money), row.bill_id)


def orders_of(rows: Iterable[BillOrderRow]) -> list[BillOrder]:
    """Return the orders that rows tell of (with their billers selected), with their parts."""
    rows = list(rows)
    parts: dict[Any, list[PartRow]] = {row.id: [] for row in rows}
    for part in PartRow.objects.filter(order_id__in=list(parts)).order_by("order_id", "number"):
        parts[part.order_id].append(part)
    return [_order(row, parts[row.id]) for row in rows]


def _order(row: BillOrderRow, parts: Sequence[PartRow]) -> BillOrder:
    money = currency(row.biller.currency)
    return BillOrder(
        id=row.id,
        institution_id=row.biller.institution_id,
        biller_id=row.biller_id,
        customer_id=row.customer_id,
        values=row.values,
        reference=row.reference,
        parts=tuple(part_of(part, money) for part in parts),
        amount=Money(row.amount_minor, money),
        state=OrderState(row.state),
        made_at=row.made_at,
        biller_reference=row.biller_reference,
        ended_at=row.ended_at,
    )


def _money(amount_minor: int | None, money: Currency) -> Money | None:
    return None if amount_minor is None else Money(amount_minor, money)
