"""Reads of banking: accounts, aliases, products, limits and fees in force."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from raseed.kernel.money import currency

from .domain import (
    NO_LIMITS,
    AccountAlias,
    AccountRight,
    AccountState,
    Alias,
    AliasKind,
    BankAccount,
    BlockReason,
    FeeEvent,
    InternalAccount,
    InternalRole,
    Limits,
    LockedAccount,
    Product,
    ProductKind,
)
from .errors import AccountUnknown, InstitutionNotSetUp, ProductNotOffered
from .interest import DayCount
from .models import AccountRightRow, BooksRow, InternalAccountRow, ProductLimitRow, ProductRow
from .sql import STATEMENTS, run

_STATES: Final = {state.value: state for state in AccountState}


def account(account_id: UUID, *, customer_id: UUID | None = None) -> BankAccount:
    """Return an account; with ``customer_id``, only if that customer may see it: its owner, or who was given the right.

    Raises:
        AccountUnknown: there is none, or it is not theirs to see.
    """
    found = accounts([account_id]).get(account_id)
    if found is None or (customer_id is not None and right_of(customer_id, found) is None):
        raise AccountUnknown(field="account_id")
    return found


def right_of(customer_id: UUID, found: BankAccount) -> AccountRight | None:
    """Return what a person may do with an account, if anything."""
    if found.owner_id == customer_id:
        return AccountRight.OWNER
    given = AccountRightRow.objects.filter(account_id=found.id, customer_id=customer_id, valid_until=None)
    right = given.values_list("right", flat=True).first()
    return AccountRight(right) if right else None


def may_pay(customer_id: UUID, found: BankAccount) -> bool:
    """Whether a person may pay from an account: its owner, or who was given the right; from a loan, nobody.

    Ask under the account's lock (``lock_accounts``) where it must hold until the payment is posted.
    """
    if found.product.kind is ProductKind.LOAN:
        return False
    return right_of(customer_id, found) in (AccountRight.OWNER, AccountRight.MAY_PAY)


def accounts(account_ids: Iterable[UUID], *, with_aliases: bool = True) -> dict[UUID, BankAccount]:
    """Return those accounts that exist; without their aliases in one statement fewer."""
    found = _accounts("accounts_by_id", {"ids": list(set(account_ids))})
    return {each.id: each for each in (_with_aliases(found) if with_aliases else found)}


def accounts_of(customer_id: UUID) -> list[BankAccount]:
    """Return a customer's own accounts, the oldest first, closed ones last."""
    return _with_aliases(_accounts("accounts_by_owner", {"owner": customer_id}))


def accounts_shared_with(customer_id: UUID) -> list[BankAccount]:
    """Return the accounts of others that a customer may see or pay from, the oldest first."""
    rows = AccountRightRow.objects.filter(customer_id=customer_id, valid_until=None)
    found = accounts(rows.values_list("account_id", flat=True))
    return sorted(found.values(), key=lambda each: (each.state is AccountState.CLOSED, each.opened_on, each.id))


def find_by_alias(kind: AliasKind, value: str, institution_id: UUID | None = None) -> BankAccount | None:
    """Return the account that an alias names now: at one institution, or at the only one that knows it."""
    (found,) = find_many([Alias(kind, value, institution_id)])
    return _with_aliases(found)[0] if len(found) == 1 else None


def find_many(aliases: Sequence[Alias]) -> list[list[BankAccount]]:
    """Return, for each alias in its normal form, the accounts that it names now, without their aliases.

    A phone number may have a wallet at several issuers, so there may be several.
    """
    rows = run(
        STATEMENTS["accounts"] + STATEMENTS["accounts_by_alias"],
        {
            "kinds": [alias.kind.value for alias in aliases],
            "values": [alias.value for alias in aliases],
            "institutions": [alias.institution_id for alias in aliases],
        },
    )
    answer: list[list[BankAccount]] = [[] for _ in aliases]
    for found, (*_, place) in zip(_told(rows), rows, strict=True):
        answer[place - 1].append(found)
    return answer


def lock_accounts(account_ids: Iterable[UUID]) -> dict[UUID, LockedAccount]:
    """Return accounts whose state can't change until the transaction ends (FOR SHARE, in order of id)."""
    assert connection.in_atomic_block, "a lock lasts as long as the transaction that took it"
    rows = run(STATEMENTS["lock_accounts_for_posting"], {"ids": list(set(account_ids))})
    return {id_: LockedAccount(AccountState(state), ledger) for id_, state, ledger in rows}


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


def own_limits(wanted: Iterable[tuple[UUID, date]]) -> dict[tuple[UUID, date], Limits]:
    """Return the own limits, by account and business date, of those accounts that have some."""
    pairs = list(wanted)
    rows = run(
        STATEMENTS["own_limits_in_force"],
        {"accounts": [account_id for account_id, _ in pairs], "days": [day for _, day in pairs]},
    )
    return {(account_id, day): Limits(*amounts) for account_id, day, *amounts in rows}


def limits_of_account(found: BankAccount, *, on: date) -> Limits:
    """Return what counts for an account on a business date: of its product's limits and its own, the tighter."""
    own = own_limits([(found.id, on)]).get((found.id, on), NO_LIMITS)
    return limits_of(found.product.id, on=on).tightest(own)


def fee_minor(product_id: UUID, event: FeeEvent, *, on: date) -> int:
    """Return what a product's accounts pay for something on a business date, minor units; zero if nothing is set."""
    return fees_minor([(product_id, event, on)])[product_id, event, on]


def fees_minor(wanted: Iterable[tuple[UUID, FeeEvent, date]]) -> dict[tuple[UUID, FeeEvent, date], int]:
    """Return many fees (by product, event and date) at once."""
    distinct = list(dict.fromkeys(wanted))
    rows = run(
        STATEMENTS["fees_in_force"],
        {
            "products": [product_id for product_id, _, _ in distinct],
            "events": [event.value for _, event, _ in distinct],
            "days": [day for _, _, day in distinct],
        },
    )
    return {(product_id, FeeEvent(event), day): minor for product_id, event, day, minor in rows}


def business_date(institution_id: UUID, now: datetime) -> date:
    """Return the date that it is for an institution, by the zone of its main books.

    Raises:
        InstitutionNotSetUp: it has no books.
    """
    return now.astimezone(business_zone(institution_id)).date()


def business_zone(institution_id: UUID) -> ZoneInfo:
    """Return the zone of an institution's main books, where its business days begin and end.

    Raises:
        InstitutionNotSetUp: it has no books.
    """
    return ZoneInfo(books_of(institution_id).zone)


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
        code=row.code or row.kind,
        day_count=DayCount(row.day_count) if row.day_count else None,
    )


def _accounts(which: str, parameters: Mapping[str, object]) -> list[BankAccount]:
    return list(_told(run(STATEMENTS["accounts"] + STATEMENTS[which], parameters)))


def _told(rows: Iterable[Sequence[Any]]) -> Iterator[BankAccount]:
    """Yield the accounts that rows tell of; products are few, so each is made once."""
    products: dict[UUID, Product] = {}
    for id_, institution_id, owner_id, ledger, name, state, overdraft, opened_on, blocked, product_id, *offered in rows:
        kind, names, code, days, money, zone = offered[:6]
        if product_id not in products:
            day_count = DayCount(days) if days else None
            products[product_id] = Product(
                product_id, institution_id, ProductKind(kind), currency(money), json.loads(names), code, day_count
            )
        yield BankAccount(
            id=id_,
            institution_id=institution_id,
            owner_id=owner_id,
            product=products[product_id],
            currency=products[product_id].currency,
            ledger=ledger,
            name=name,
            state=_STATES[state],
            opened_on=opened_on,
            zone=zone,
            overdraft_allowed=overdraft,
            block_reason=BlockReason(blocked) if blocked else None,
        )


def _with_aliases(found: Sequence[BankAccount]) -> list[BankAccount]:
    named: dict[UUID, list[AccountAlias]] = defaultdict(list)
    for account_id, kind, value, since, until in run(
        STATEMENTS["aliases_of_accounts"], {"ids": [each.id for each in found]}
    ):
        named[account_id].append(AccountAlias(AliasKind(kind), value, since, until))
    return [replace(each, aliases=tuple(named[each.id])) for each in found]


def _internal(row: InternalAccountRow) -> InternalAccount:
    return InternalAccount(
        id=row.id,
        institution_id=row.books.institution_id,
        ledger=row.books.ledger,
        currency=currency(row.books.currency),
        role=InternalRole(row.role),
    )
