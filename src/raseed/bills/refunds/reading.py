"""Reads of refunds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext

from raseed.banking.api import Narrative
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments

from ..rows import orders_by_id
from .domain import Refund, penalties_back
from .models import RefundRow

REFUNDS_PER_PAGE: Final = 50


def refunds_of_orders(order_ids: Iterable[UUID]) -> Mapping[UUID, tuple[Refund, ...]]:
    """Return the refunds of payments, the first first; payments without one are missing."""
    found: dict[UUID, list[Refund]] = defaultdict(list)
    rows = RefundRow.objects.filter(order_id__in=list(order_ids)).select_related("biller")
    for row in rows.order_by("at", "id"):
        found[row.order_id].append(refund_told(row))
    return {order_id: tuple(of) for order_id, of in found.items()}


def penalties_reopened(order_ids: Iterable[UUID]) -> Mapping[UUID, frozenset[UUID]]:
    """Return, by payment, the bills whose penalty went back whole and is to be paid again; payments without one are missing."""
    refunds = refunds_of_orders(order_ids)
    orders = orders_by_id(refunds) if refunds else {}
    found = {
        id_: penalties_back(order.parts, [(each.amount.amount_minor, each.reopens) for each in refunds[id_]])
        for id_, order in orders.items()
    }
    return {id_: bill_ids for id_, bill_ids in found.items() if bill_ids}


def refunds_of_day(biller_id: UUID, day: date) -> list[Refund]:
    """Return all that a biller gave back on a business date, the first first: for its settlement."""
    rows = RefundRow.objects.filter(biller_id=biller_id, booked_on=day).select_related("biller")
    return [refund_told(row) for row in rows.order_by("at", "id")]


def refunds_of_biller(biller_id: UUID, *, limit: int = REFUNDS_PER_PAGE) -> list[Refund]:
    """Return what a biller gave back of late, the latest first."""
    rows = RefundRow.objects.filter(biller_id=biller_id).select_related("biller").order_by("-at", "-id")
    return [refund_told(row) for row in rows[: min(max(limit, 1), REFUNDS_PER_PAGE)]]


def refunded_minor(order_id: UUID) -> int:
    """Return how much of a payment went back so far."""
    return RefundRow.objects.filter(order_id=order_id).aggregate(all=Sum("amount_minor"))["all"] or 0


def refunded_today_minor(biller_id: UUID, actor: str, day: date) -> int:
    """Return how much somebody gave back for a biller on a business date."""
    rows = RefundRow.objects.filter(biller_id=biller_id, booked_on=day, actor=actor)
    return rows.aggregate(all=Sum("amount_minor"))["all"] or 0


def refund_told(row: RefundRow) -> Refund:
    """Return the refund that a row (with its biller selected) tells of."""
    return Refund(
        id=row.id,
        order_id=row.order_id,
        biller_id=row.biller_id,
        amount=Money(row.amount_minor, currency(row.biller.currency)),
        actor=row.actor,
        clerk=row.clerk_id,
        reason=row.reason,
        reopens=row.reopens,
        at=row.at,
        transfer_id=row.id,
        booked_on=row.booked_on,
    )


def narrate(causes: Sequence[UUID]) -> Mapping[UUID, Narrative]:
    """Tell statements about refunds: of which payment, whose receipt it leads to."""
    rows = RefundRow.objects.filter(id__in=list(causes)).values_list("id", "order_id")
    return {
        id_: Narrative(
            reference=payments.reference_of(id_),
            note=gettext("Refund of payment %(reference)s") % {"reference": payments.reference_of(order_id)},
            payment_id=order_id,
        )
        for id_, order_id in rows
    }
