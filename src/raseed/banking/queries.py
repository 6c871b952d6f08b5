"""Reads of banking: accounts, aliases, products, limits and fees in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, models

from raseed.kernel.money import currency

from .domain import (
    AccountAlias,
    AccountState,
    Alias,
    AliasKind,
    BankAccount,
    FeeEvent,
    InternalAccount,
    InternalRole,
    Limits,
    Product,
    ProductKind,
)
from .errors import AccountUnknown, InstitutionNotSetUp, ProductNotOffered
from .models import AccountRow, AliasRow, BooksRow, InternalAccountRow, ProductLimitRow, ProductRow
from .sql import STATEMENTS


def account(account_id: UUID, *, customer_id: UUID | None = None) -> BankAccount:
    """Return an account; with ``customer_id``, only if it is that customer's.

    Raises:
        AccountUnknown: there is none, or it is someone else's.
    """
    found = accounts([account_id]).get(account_id)
    if found is None or customer_id not in (None, found.owner_id):
        raise AccountUnknown(field="account_id")
    return found


def accounts(account_ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Return those accounts that exist."""
    return {found.id: found for found in _with_aliases(_rows().filter(id__in=set(account_ids)))}


def accounts_of(customer_id: UUID) -> list[BankAccount]:
    """Return a customer's accounts, the oldest first, closed ones last."""
    found = _with_aliases(_rows().filter(owner_id=customer_id).order_by("opened_at", "id"))
    return sorted(found, key=lambda each: each.state is AccountState.CLOSED)


def find_by_alias(kind: AliasKind, value: str, institution_id: UUID | None = None) -> BankAccount | None:
    """Return the account that an alias names now: at one institution, or at the only one that knows it."""
    (found,) = find_many([Alias(kind, value, institution_id)])
    return found[0] if len(found) == 1 else None


def find_many(aliases: Sequence[Alias]) -> list[list[BankAccount]]:
    """Return, for each alias in its normal form, the accounts that it names now.

    A phone number may have a wallet at several issuers, so there may be several.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENTS["accounts_by_alias"],
            {
                "kinds": [alias.kind.value for alias in aliases],
                "values": [alias.value for alias in aliases],
                "institutions": [alias.institution_id for alias in aliases],
            },
        )
        places: list[tuple[int, UUID]] = cursor.fetchall()
    named = accounts(account_id for _, account_id in places)
    answer: list[list[BankAccount]] = [[] for _ in aliases]
    for place, account_id in places:
        answer[place - 1].append(named[account_id])
    return answer


def lock_accounts(account_ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Return accounts whose state can't change until the transaction ends (FOR SHARE, in order of id).

    Their aliases are left out: who posts needs the state, the product and the ledger.
    """
    assert connection.in_atomic_block, "a lock lasts as long as the transaction that took it"
    ids = sorted(set(account_ids))
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS["lock_accounts_for_posting"], {"ids": ids})
    return {row.id: _account(row, ()) for row in _rows().filter(id__in=ids)}


def internal_account(institution_id: UUID, role: InternalRole, currency_code: str | None = None) -> InternalAccount:
    """Return one of an institution's own accounts, in its own currency by default.

    Raises:
        InstitutionNotSetUp: it has no books in that currency.
    """
    books = books_of(institution_id, currency_code)
    return _internal(InternalAccountRow.objects.select_related("books").get(books=books, role=role.value))


def internal_accounts(account_ids: Iterable[UUID]) -> dict[UUID, InternalAccount]:
    """Return those of the ids that are institutions' own accounts."""
    rows = InternalAccountRow.objects.select_related("books").filter(id__in=set(account_ids))
    return {row.id: _internal(row) for row in rows}


def product(product_id: UUID) -> Product:
    """Return a product, or raise ``ProductNotOffered``."""
    row = ProductRow.objects.select_related("books").filter(id=product_id).first()
    if row is None:
        raise ProductNotOffered
    return product_of(row)


def products_of(institution_id: UUID) -> list[Product]:
    """Return what an institution offers."""
    rows = ProductRow.objects.select_related("books").filter(books__institution_id=institution_id)
    return [product_of(row) for row in rows.order_by("offered_at", "id")]


def limits_of(product_id: UUID, *, on: date) -> Limits:
    """Return a product's limits in force on a business date; none are set where no row is in force."""
    row = (
        ProductLimitRow.objects.filter(product_id=product_id, valid_from__lte=on)
        .order_by("-valid_from", "-id")
        .values_list("per_transfer_minor", "per_day_minor")
        .first()
    )
    return Limits(*row) if row else Limits(per_transfer_minor=None, per_day_minor=None)


def fee_minor(product_id: UUID, event: FeeEvent, *, on: date) -> int:
    """Return what a product's accounts pay for something on a business date, minor units; zero if nothing is set."""
    return fees_minor([(product_id, event, on)])[product_id, event, on]


def fees_minor(wanted: Iterable[tuple[UUID, FeeEvent, date]]) -> dict[tuple[UUID, FeeEvent, date], int]:
    """Return many fees (by product, event and date) at once."""
    distinct = list(dict.fromkeys(wanted))
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENTS["fees_in_force"],
            {
                "products": [product_id for product_id, _, _ in distinct],
                "events": [event.value for _, event, _ in distinct],
                "days": [day for _, _, day in distinct],
            },
        )
        return {(product_id, FeeEvent(event), day): minor for product_id, event, day, minor in cursor.fetchall()}


def business_date(institution_id: UUID, now: datetime) -> date:
    """Return the date that it is for an institution, by the zone of its books.

    Raises:
        InstitutionNotSetUp: it has no books.
    """
    return now.astimezone(zones([institution_id])[institution_id]).date()


def zones(institution_ids: Iterable[UUID]) -> dict[UUID, ZoneInfo]:
    """Return the zones of institutions' books; raises ``InstitutionNotSetUp`` if one has none."""
    wanted = set(institution_ids)
    rows = BooksRow.objects.filter(institution_id__in=wanted, is_main=True).values_list("institution_id", "zone")
    found = {institution_id: ZoneInfo(zone) for institution_id, zone in rows}
    if wanted - found.keys():
        raise InstitutionNotSetUp
    return found


def books_of(institution_id: UUID, currency_code: str | None = None) -> BooksRow:
    """Return the books of an institution, its main ones by default, or raise ``InstitutionNotSetUp``."""
    rows = BooksRow.objects.filter(institution_id=institution_id)
    row = rows.filter(**({"currency": currency_code} if currency_code else {"is_main": True})).first()
    if row is None:
        raise InstitutionNotSetUp
    return row


def product_of(row: ProductRow) -> Product:
    """Return the product that a row (with its books) tells of."""
    return Product(
        id=row.id,
        institution_id=row.books.institution_id,
        kind=ProductKind(row.kind),
        currency=currency(row.books.currency),
        names=row.names,
    )


def _rows() -> models.QuerySet[AccountRow]:
    return AccountRow.objects.select_related("product__books")


def _with_aliases(rows: Iterable[AccountRow]) -> list[BankAccount]:
    rows = list(rows)
    named: dict[UUID, list[AccountAlias]] = defaultdict(list)
    for alias in AliasRow.objects.filter(account_id__in=[row.id for row in rows]).order_by("id"):
        named[alias.account_id].append(
            AccountAlias(AliasKind(alias.kind), alias.value, alias.valid_from, alias.valid_until)
        )
    return [_account(row, tuple(named[row.id])) for row in rows]


def _account(row: AccountRow, aliases: tuple[AccountAlias, ...]) -> BankAccount:
    offered = product_of(row.product)
    return BankAccount(
        id=row.id,
        institution_id=row.institution_id,
        owner_id=row.owner_id,
        product=offered,
        currency=offered.currency,
        ledger=row.ledger,
        name=row.name,
        state=AccountState(row.state),
        opened_on=row.opened_on,
        overdraft_allowed=row.overdraft_allowed,
        aliases=aliases,
    )


def _internal(row: InternalAccountRow) -> InternalAccount:
    return InternalAccount(
        id=row.id,
        institution_id=row.books.institution_id,
        ledger=row.books.ledger,
        currency=currency(row.books.currency),
        role=InternalRole(row.role),
    )
