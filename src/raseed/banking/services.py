"""The verbs of banking. Each owns its transaction, its audit record and its event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from .domain import BankAccount, FeeEvent, Limits, Product, ProductKind


def set_up_institution(
    *,
    institution_id: UUID,
    currency_code: str | None = None,
    bank_code: str = "0",
    branch_code: str = "0",
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Give an institution its books in a currency (its own by default): the ledger, its own accounts, its bank code.

    Idempotent. Returns the ledger's number. ``bank_code`` and ``branch_code`` are digits, for its IBANs.
    """
    raise NotImplementedError


def offer_product(
    *,
    institution_id: UUID,
    kind: ProductKind,
    names: Mapping[str, str],
    currency_code: str | None = None,
    limits: Limits | None = None,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> Product:
    """Offer one product of a kind in a currency; offering it again returns it and changes nothing."""
    raise NotImplementedError


def set_limits(
    *, product_id: UUID, limits: Limits, valid_from: date, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Set what a product's accounts may send, from a date on."""
    raise NotImplementedError


def set_fee(
    *,
    product_id: UUID,
    event: FeeEvent,
    amount_minor: int,
    valid_from: date,
    actor: str,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Set what a product's accounts pay for something, from a date on."""
    raise NotImplementedError


def open_wallet(
    *,
    id: UUID,
    issuer_id: UUID,
    owner_id: UUID,
    phone: str,
    name: str = "",
    currency_code: str | None = None,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> BankAccount:
    """Open a wallet keyed by its phone number (E.164) at its issuer. Same id, same content: the first answer.

    Raises:
        AliasTaken: the number has a wallet at this issuer.
        AccountOpenedDifferently: the id has another account.
        ProductNotOffered, InvalidAlias.
    """
    raise NotImplementedError


def open_current_account(
    *,
    id: UUID,
    institution_id: UUID,
    owner_id: UUID,
    name: str = "",
    number: str | None = None,
    currency_code: str | None = None,
    overdraft_allowed: bool = False,
    opened_on: date | None = None,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> BankAccount:
    """Open a current account: it is given a number, and an IBAN where its country has one."""
    raise NotImplementedError


def close_account(*, account_id: UUID, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Close an account whose balance is zero, with nothing held. Closing a closed one changes nothing."""
    raise NotImplementedError


def reopen_account(*, account_id: UUID, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Open a closed account again, for the owner who comes back: its aliases are never given to another."""
    raise NotImplementedError


def block_account(*, account_id: UUID, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Block an open account: from the moment this returns nothing enters or leaves."""
    raise NotImplementedError


def unblock_account(*, account_id: UUID, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Open a blocked account again."""
    raise NotImplementedError


def rename_account(
    *, account_id: UUID, customer_id: UUID, name: str, actor: str, clock: Clock = SYSTEM_CLOCK
) -> BankAccount:
    """Give the owner's own label to an account; empty takes it off."""
    raise NotImplementedError
