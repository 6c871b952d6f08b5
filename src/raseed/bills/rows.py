"""Rows as the plain values that leave this package, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

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
from .sql import run

BILLS_PER_PAGE: Final = 100


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


def billers_by_id(biller_ids: Iterable[UUID]) -> dict[UUID, Biller]:
    """Return those billers that exist."""
    ids = list(set(biller_ids))
    return {row[0]: _biller(row) for row in run("billers", {"ids": ids})} if ids else {}


def bills_by_id(bill_ids: Iterable[UUID]) -> dict[UUID, Bill]:
    """Return those bills that exist."""
    ids = list(set(bill_ids))
    return {row[0]: _bill(row) for row in run("bills", {"ids": ids})} if ids else {}


def locked_bills(bill_ids: Iterable[UUID]) -> dict[UUID, Bill]:
    """Lock bills in order of id until the transaction ends, and return them as they are under their locks."""
    ids = sorted(set(bill_ids))
    return {row[0]: _bill(row) for row in run("lock_bills", {"ids": ids})} if ids else {}


def bills_at_references(references: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], list[Bill]]:
    """Return the bills of billers' references, of each due first, at most ``BILLS_PER_PAGE``."""
    wanted = {
        "billers": [biller_id for biller_id, _ in references],
        "references": [reference for _, reference in references],
        "most": BILLS_PER_PAGE,
    }
    found: dict[tuple[UUID, str], list[Bill]] = {key: [] for key in references}
    for row in run("bills_at_references", wanted):
        bill = _bill(row)
        found[bill.biller_id, bill.reference].append(bill)
    return {key: sorted(each, key=lambda bill: bill.due_first) for key, each in found.items()}


def orders_by_id(order_ids: Iterable[UUID]) -> dict[UUID, BillOrder]:
    """Return those orders that exist, with their parts, in the order of their ids as given."""
    ids = list(order_ids)
    found = {row[0]: _order(row) for row in run("orders", {"ids": ids})} if ids else {}
    return {id_: found[id_] for id_ in ids if id_ in found}


def _biller(row: Sequence[Any]) -> Biller:
    id_, institution_id, customer_id, account_id, account_number, code, category, names, model, adapter = row[:10]
    address, currency_code, state, fields, least, most, generation, logo_digest = row[10:]
    money = currency(currency_code)
    return Biller(
        id=id_,
        institution_id=institution_id,
        customer_id=customer_id,
        collection_account_id=account_id,
        account_number=account_number,
        code=code,
        category=Category(category),
        names=json.loads(names),
        model=BillerModel(model),
        adapter=AdapterKind(adapter),
        address=address,
        currency=money,
        state=BillerState(state),
        fields=tuple(field_of(kept) for kept in json.loads(fields)),
        least=_money(least, money),
        most=_money(most, money),
        generation=generation,
        logo_digest=logo_digest,
    )


def _bill(row: Sequence[Any]) -> Bill:
    id_, biller_id, reference, number, issued_on, due_on, period, minor, part_payments, state = row[:10]
    paid, held, elsewhere, customer_name, seen_at, minimum, extended_to, currency_code = row[10:]
    money = currency(currency_code)
    return Bill(
        id=id_,
        biller_id=biller_id,
        reference=reference,
        number=number,
        issued_on=issued_on,
        due_on=due_on,
        period=period,
        amount=Money(minor, money),
        part_payments=PartPayments(part_payments),
        state=BillState(state),
        paid=Money(paid, money),
        held=Money(held, money),
        elsewhere=Money(elsewhere, money),
        customer_name=customer_name,
        seen_at=seen_at,
        minimum=_money(minimum, money),
        extended_to=extended_to,
    )


def _order(row: Sequence[Any]) -> BillOrder:
    id_, institution_id, biller_id, customer_id, values, reference, minor, currency_code = row[:8]
    state, made_at, biller_reference, ended_at, kinds, amounts, bills, waivers = row[8:]
    money = currency(currency_code)
    return BillOrder(
        id=id_,
        institution_id=institution_id,
        biller_id=biller_id,
        customer_id=customer_id,
        values=json.loads(values),
        reference=reference,
        parts=tuple(
            Part(PartKind(kind), Money(part, money), bill_id, waiver_id)
            for kind, part, bill_id, waiver_id in zip(kinds, amounts, bills, waivers, strict=True)
        ),
        amount=Money(minor, money),
        state=OrderState(state),
        made_at=made_at,
        biller_reference=biller_reference,
        ended_at=ended_at,
    )


def _money(amount_minor: int | None, money: Currency) -> Money | None:
    return None if amount_minor is None else Money(amount_minor, money)
