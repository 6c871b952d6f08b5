"""Reads of banking: accounts, aliases, products, limits and fees in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from .domain import Alias, AliasKind, BankAccount, FeeEvent, InternalAccount, InternalRole, Limits, Product


def account(account_id: UUID, *, customer_id: UUID | None = None) -> BankAccount:
    """Return an account; with ``customer_id``, only if it is that customer's.

    Raises:
        AccountUnknown: there is none, or it is someone else's.
    """
    raise NotImplementedError


def accounts(account_ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Return those accounts that exist."""
    raise NotImplementedError


def accounts_of(customer_id: UUID) -> list[BankAccount]:
    """Return a customer's accounts, the oldest first, closed ones last."""
    raise NotImplementedError


def find_by_alias(kind: AliasKind, value: str, institution_id: UUID | None = None) -> BankAccount | None:
    """Return the account that an alias names now: at one institution, or at the only one that knows it."""
    raise NotImplementedError


def find_many(aliases: Sequence[Alias]) -> list[list[BankAccount]]:
    """Return, for each alias in its normal form, the accounts that it names now (a phone number may have a wallet at
    several issuers)."""
    raise NotImplementedError


def lock_accounts(account_ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Return accounts whose state can't change until the transaction ends (FOR SHARE, in order of id)."""
    raise NotImplementedError


def internal_account(institution_id: UUID, role: InternalRole, currency_code: str | None = None) -> InternalAccount:
    """Return one of an institution's own accounts, in its own currency by default.

    Raises:
        InstitutionNotSetUp: it has no books in that currency.
    """
    raise NotImplementedError


def internal_accounts(account_ids: Iterable[UUID]) -> dict[UUID, InternalAccount]:
    """Return those of the ids that are institutions' own accounts."""
    raise NotImplementedError


def product(product_id: UUID) -> Product:
    """Return a product, or raise ``ProductNotOffered``."""
    raise NotImplementedError


def products_of(institution_id: UUID) -> list[Product]:
    """Return what an institution offers."""
    raise NotImplementedError


def limits_of(product_id: UUID, *, on: date) -> Limits:
    """Return a product's limits in force on a business date."""
    raise NotImplementedError


def fee_minor(product_id: UUID, event: FeeEvent, *, on: date) -> int:
    """Return what a product's accounts pay for something on a business date, minor units; zero if nothing is set."""
    raise NotImplementedError


def fees_minor(wanted: Iterable[tuple[UUID, FeeEvent, date]]) -> dict[tuple[UUID, FeeEvent, date], int]:
    """Return many fees (by product, event and date) at once."""
    raise NotImplementedError


def business_date(institution_id: UUID, now: datetime) -> date:
    """Return the date that it is for an institution, by its zone."""
    raise NotImplementedError
