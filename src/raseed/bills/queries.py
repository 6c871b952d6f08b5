"""Reads of bills: the catalogue, billers, a customer's bills and orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from raseed.kernel.text import fold
from raseed.people import api as people
from raseed.platform.api import look_up

from .domain import (
    PAYABLE,
    Bill,
    Biller,
    BillerState,
    BillOrder,
    CatalogueSection,
    Category,
)
from .errors import BillerUnknown, BillOrderUnknown, BillUnknown
from .models import BillerKeyRow, BillerRow, BillOrderRow, BillRow, LookUpRow
from .permissions import VIEW_BILLS
from .rows import BILLS_PER_PAGE, billers_by_id, bills_at_references, bills_by_id, orders_by_id

ORDERS_PER_PAGE: Final = 50


def catalogue(institution_id: UUID, language: str) -> tuple[CatalogueSection, ...]:
    """Return the billers that take payments at an institution, by category, each by name in the reader's language."""
    found = _told(BillerRow.objects.filter(institution_id=institution_id, state=BillerState.ACTIVE.value))
    sections = []
    for category in Category:
        billers = [each for each in found if each.category is category]
        if billers:
            billers.sort(key=lambda each: (fold(each.name(language)), each.code))
            sections.append(CatalogueSection(category, tuple(billers)))
    return tuple(sections)


def biller(biller_id: UUID) -> Biller:
    """Return a biller, in whatever state it is.

    Raises:
        BillerUnknown: there is none.
    """
    found = look_up(billers_by_id, biller_id)
    if found is None:
        raise BillerUnknown(field="biller_id")
    return found


def billers(biller_ids: Iterable[UUID]) -> dict[UUID, Biller]:
    """Return those billers that exist."""
    return billers_by_id(biller_ids)


def billers_of(institution_id: UUID, *, by: people.Author) -> list[Biller]:
    """Return all billers of an institution as staff see them, suspended ones too, by code.

    Raises:
        NotPermitted: ``by`` lacks ``bills.view``.
    """
    people.require(by, VIEW_BILLS, institution_id)
    return _told(BillerRow.objects.filter(institution_id=institution_id).order_by("code"))


def billers_at(institution_id: UUID) -> list[Biller]:
    """Return all billers of an institution, suspended ones too, by code: for pages that have looked who asks."""
    return _told(BillerRow.objects.filter(institution_id=institution_id).order_by("code"))


def biller_by_code(institution_id: UUID, code: str) -> Biller:
    """Return a biller of an institution by its code.

    Raises:
        BillerUnknown: there is none.
    """
    found = _told(BillerRow.objects.filter(institution_id=institution_id, code=code))
    if not found:
        raise BillerUnknown(field="code")
    return found[0]


def keys_of(biller_id: UUID, now: datetime) -> Mapping[str, bytes]:
    """Return a biller's public keys that are valid now, by id."""
    rows = BillerKeyRow.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=now), biller_id=biller_id, valid_from__lte=now
    )
    return {key_id: bytes(raw) for key_id, raw in rows.values_list("key_id", "public_key")}


def bills_of(customer_id: UUID, *, institution_id: UUID | None = None, only_open: bool = True) -> list[Bill]:
    """Return the bills of the references that a customer has asked for, due first; at most ``BILLS_PER_PAGE``."""
    rows = BillRow.objects.filter(_asked_for(customer_id)).order_by("due_on", "issued_on", "id")
    if institution_id is not None:
        rows = rows.filter(biller__institution_id=institution_id)
    if only_open:
        rows = rows.filter(state__in=[state.value for state in PAYABLE])
    ids = list(rows.values_list("id", flat=True)[:BILLS_PER_PAGE])
    return sorted(bills_by_id(ids).values(), key=lambda each: each.due_first)


def bill(bill_id: UUID, customer_id: UUID) -> Bill:
    """Return a bill of a reference that this customer has asked for.

    Raises:
        BillUnknown: no such bill, or not this customer's to see.
    """
    if not BillRow.objects.filter(_asked_for(customer_id), id=bill_id).exists():
        raise BillUnknown(field="bill_id")
    return bills_by_id([bill_id])[bill_id]


def bills_at(biller_id: UUID, reference: str) -> list[Bill]:
    """Return all that is known of a reference, due first: for the package itself and those that it serves."""
    return look_up(bills_at_references, (biller_id, reference)) or []


def bill_order(order_id: UUID, customer_id: UUID) -> BillOrder:
    """Return an order of bills that this customer has made.

    Raises:
        BillOrderUnknown: no such order, or not this customer's.
    """
    found = look_up(orders_by_id, order_id)
    if found is None or found.customer_id != customer_id:
        raise BillOrderUnknown(field="order_id")
    return found


def bill_orders(customer_id: UUID, *, limit: int = ORDERS_PER_PAGE) -> list[BillOrder]:
    """Return the orders that a customer has made and that got under way, newest first."""
    rows = BillOrderRow.objects.filter(customer_id=customer_id).exclude(state__in=["open", "expired"])
    ids = rows.order_by("-made_at", "-id").values_list("id", flat=True)
    return list(orders_by_id(ids[: min(max(limit, 1), ORDERS_PER_PAGE)]).values())


def _asked_for(customer_id: UUID) -> Exists:
    return Exists(
        LookUpRow.objects.filter(
            customer_id=customer_id, biller_id=OuterRef("biller_id"), reference=OuterRef("reference")
        )
    )


def _told(rows: QuerySet[BillerRow]) -> list[Biller]:
    ids = list(rows.values_list("id", flat=True))
    found = billers_by_id(ids)
    return [found[id_] for id_ in ids]
