"""Reads: customers and institutions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from raseed.platform.api import decode_cursor, encode_cursor, run_statement
from raseed.platform.formats import Digits

from .domain import Customer, Institution, UnknownCustomer, UnknownInstitution
from .models import CustomerRow, IdentityRow, InstitutionRow, MembershipRow
from .sql import STATEMENTS

PHONE: Final = "phone"
PAGE_MAX: Final = 200


def customer(customer_id: UUID) -> Customer:
    """Return a customer.

    Raises:
        UnknownCustomer: there is none with this id.
    """
    found = customers([customer_id])
    if not found:
        raise UnknownCustomer(field="customer_id")
    return found[customer_id]


def customers(customer_ids: Iterable[UUID]) -> dict[UUID, Customer]:
    """Return those of the customers that exist, by id, in one query however many they are."""
    rows = run_statement(STATEMENTS["customers"], {"ids": list(customer_ids)})
    return {
        id_: Customer(id_, names, phone, language, created_at, _digits(digits), session_epoch)
        for id_, names, phone, language, created_at, digits, session_epoch in rows
    }


def customer_by_phone(phone: str) -> Customer:
    """Return the customer whose phone number (E.164) this is now.

    Raises:
        UnknownCustomer: it is nobody's.
    """
    identity = _phones().filter(value=phone).select_related("customer").first()
    if identity is None:
        raise UnknownCustomer(field="phone")
    return _customer(identity.customer, phone)


def phones_of(customer_id: UUID) -> list[str]:
    """Return every phone number (E.164) that a customer has or had, the present one last."""
    rows = IdentityRow.objects.filter(channel=PHONE, scope="", customer_id=customer_id)
    return list(rows.order_by("since", "id").values_list("value", flat=True))


def customers_of(
    institution_id: UUID, *, after: str | None = None, limit: int = 50
) -> tuple[list[Customer], str | None]:
    """Return a page of an institution's customers, in the order of their ids (ours sort by when they were made), and the next page's marker.

    Raises:
        InvalidCursor: ``after`` is no marker of this list.
    """
    size = min(max(limit, 1), PAGE_MAX)
    rows = MembershipRow.objects.filter(institution_id=institution_id)
    kind = f"people.customers_of:{institution_id}"
    if after is not None:
        (customer_id,) = decode_cursor(kind, after)
        rows = rows.filter(customer_id__gt=str(customer_id))
    ids = list(rows.order_by("customer_id").values_list("customer_id", flat=True)[: size + 1])
    found = customers(ids[:size])
    return [found[one] for one in ids[:size]], encode_cursor(kind, str(ids[size - 1])) if len(ids) > size else None


def institutions_of(customer_id: UUID) -> list[Institution]:
    """Return the institutions that a person is a customer of, in order of their short names."""
    rows = MembershipRow.objects.filter(customer_id=customer_id).select_related("institution")
    return [_institution(row.institution) for row in rows.order_by("institution__slug")]


def institution(institution_id: UUID) -> Institution:
    """Return an institution.

    Raises:
        UnknownInstitution: there is none with this id.
    """
    found = run_statement(STATEMENTS["institution"], {"id": institution_id})
    if not found:
        raise UnknownInstitution(field="institution_id")
    return Institution(*found[0])


def institution_by_slug(slug: str) -> Institution:
    """Return the institution with this short name.

    Raises:
        UnknownInstitution: there is none.
    """
    row = InstitutionRow.objects.filter(slug=slug).first()
    if row is None:
        raise UnknownInstitution(field="slug")
    return _institution(row)


def institutions(*, kind: str | None = None) -> Sequence[Institution]:
    """Return all institutions, of one ``kind`` if asked, in order of their short names."""
    rows = InstitutionRow.objects.all() if kind is None else InstitutionRow.objects.filter(kind=kind)
    return [_institution(row) for row in rows.order_by("slug")]


def _phones() -> QuerySet[IdentityRow]:
    return IdentityRow.objects.filter(channel=PHONE, scope="", until=None)


def _customer(row: CustomerRow, phone: str) -> Customer:
    return Customer(row.id, row.names, phone, row.language, row.created_at, _digits(row.digits), row.session_epoch)


def _digits(kept: str | None) -> Digits | None:
    return "arab" if kept == "arab" else "latn" if kept == "latn" else None


def _institution(row: InstitutionRow) -> Institution:
    return Institution(
        row.id, row.slug, row.names, row.kind, row.country, row.zone, row.currency_code, row.default_region
    )
