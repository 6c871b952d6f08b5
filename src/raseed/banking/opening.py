"""Opening accounts: the rows, the ledger's accounts and the aliases of one or of a million, the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection

from raseed.kernel.errors import RaseedError
from raseed.kernel.text import clean_text
from raseed.ledger import api as ledger

from .domain import (
    LEDGER_CODES,
    AccountState,
    Alias,
    AliasKind,
    BankAccount,
    NewBankAccount,
    ProductKind,
    normal_alias,
)
from .errors import AccountOpenedDifferently, AliasTaken, InvalidAlias, ProductNotOffered
from .iban import make_iban, numbered
from .models import ProductRow
from .queries import accounts, books_of
from .sql import STATEMENTS, run

OPENING_CHUNK: Final = 8190
"""How many accounts are written at once: what the ledger creates in one call."""

ALIAS_CONSTRAINTS: Final = frozenset({"banking_alias_given_once", "banking_alias_iban_given_once"})

_Key = tuple[UUID, ProductKind, str | None, UUID | None]
_Terms = Mapping[_Key, ProductRow]
_NUMBERED: Final = frozenset({ProductKind.CURRENT, ProductKind.SAVINGS, ProductKind.LOAN, ProductKind.COLLECTION})


@dataclass(frozen=True, slots=True)
class _Opening:
    new: NewBankAccount
    product: ProductRow
    aliases: tuple[Alias, ...]


def open_accounts(wanted: Iterable[NewBankAccount], *, now: datetime) -> int:
    """Open what is not open yet, in the caller's transaction; return how many that were.

    Raises:
        AccountOpenedDifferently: an id already has an account with other content.
        ProductNotOffered, InstitutionNotSetUp, InvalidAlias, UnacceptableText: see there.
        IntegrityError: an alias or an id was taken meanwhile; ``refusal_of`` says which.
    """
    assert connection.in_atomic_block, "accounts are opened in their service's transaction"
    terms: dict[_Key, ProductRow] = {}
    opened = 0
    rest = iter(wanted)
    while chunk := list(islice(rest, OPENING_CHUNK)):
        opened += _open_chunk(chunk, terms, now)
    return opened


def refusal_of(error: IntegrityError) -> RaseedError | None:
    """Return what a violated constraint means to the one who wanted to open an account, if it means anything."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if constraint in ALIAS_CONSTRAINTS:
        return AliasTaken(field="phone")
    if constraint == "banking_account_pkey":
        return AccountOpenedDifferently(field="id")
    return None


def _key(new: NewBankAccount) -> _Key:
    return new.institution_id, new.kind, new.currency_code, new.product_id


def _open_chunk(chunk: Sequence[NewBankAccount], terms: dict[_Key, ProductRow], now: datetime) -> int:
    for new in chunk:
        if _key(new) not in terms:
            terms[_key(new)] = _product(*_key(new))
    existing = accounts(new.id for new in chunk)
    fresh: dict[UUID, NewBankAccount] = {}
    for new in chunk:
        if new.id in existing:
            _check_same(existing[new.id], new, terms)
        elif fresh.setdefault(new.id, new) != new:
            raise AccountOpenedDifferently(field="id")
    if fresh:
        openings = list(_openings(list(fresh.values()), terms))
        _create_in_ledger(openings)
        _copy(openings, now)
    return len(fresh)


def _product(institution_id: UUID, kind: ProductKind, currency_code: str | None, product_id: UUID | None) -> ProductRow:
    """Return the product wanted: by its id, or the first one of its kind in the currency."""
    rows = ProductRow.objects.select_related("books").filter(kind=kind.value)
    if product_id is None:
        row = rows.filter(books=books_of(institution_id, currency_code), code=kind.value).first()
    else:
        row = rows.filter(id=product_id, books__institution_id=institution_id).first()
        if row is not None and currency_code not in (None, row.books.currency):
            row = None
    if row is None:
        raise ProductNotOffered(field="kind")
    return row


def _check_same(there: BankAccount, new: NewBankAccount, terms: _Terms) -> None:
    """Raise unless the account that is there is the one wanted; its name is its owner's to change, so it's not asked."""
    wanted_alias = (AliasKind.PHONE, new.phone) if new.kind is ProductKind.WALLET else (AliasKind.NUMBER, new.number)
    same_alias = wanted_alias[1] is None or any((a.kind, a.value) == wanted_alias for a in there.aliases)
    product = terms[_key(new)]
    if not same_alias or (there.owner_id, there.product.id, there.overdraft_allowed) != (
        new.owner_id,
        product.id,
        new.overdraft_allowed,
    ):
        raise AccountOpenedDifferently(field="id")


def _openings(fresh: Sequence[NewBankAccount], terms: _Terms) -> Iterator[_Opening]:
    numbers = iter(next_numbers(sum(new.kind in _NUMBERED and new.number is None for new in fresh)))
    for new in fresh:
        row = terms[_key(new)]
        if new.kind is ProductKind.WALLET:
            if new.phone is None:
                raise InvalidAlias(field="phone")
            yield _Opening(new, row, (normal_alias(Alias(AliasKind.PHONE, new.phone), field="phone"),))
            continue
        if new.number is not None:
            yield _Opening(new, row, (normal_alias(Alias(AliasKind.NUMBER, new.number), field="number"),))
            continue
        number = Alias(AliasKind.NUMBER, next(numbers))
        if new.kind is ProductKind.LOAN:  # its number is where instalments are paid; no other bank pays one
            yield _Opening(new, row, (number,))
            continue
        iban = make_iban(
            country=row.books.country,
            bank_code=row.books.bank_code,
            branch_code=row.books.branch_code,
            account_number=number.value,
        )
        yield _Opening(new, row, (number, Alias(AliasKind.IBAN, iban)) if iban else (number,))


def next_numbers(count: int) -> list[str]:
    """Return account numbers that nobody has."""
    if not count:
        return []
    return [numbered(value) for (value,) in run(STATEMENTS["next_account_numbers"], {"count": count})]


def _flags(new: NewBankAccount) -> ledger.AccountFlags:
    """Return what the ledger holds an account to: customers' money is never owed, a loan never more than paid back."""
    if new.kind is ProductKind.LOAN:
        return ledger.AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS | ledger.AccountFlags.HISTORY
    if new.overdraft_allowed:
        return ledger.AccountFlags.HISTORY
    return ledger.AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS | ledger.AccountFlags.HISTORY


def _create_in_ledger(openings: Sequence[_Opening]) -> None:
    results = ledger.create_accounts(
        [
            ledger.NewAccount(
                id=opening.new.id,
                ledger=opening.product.books.ledger,
                code=LEDGER_CODES[opening.new.kind],
                flags=_flags(opening.new),
            )
            for opening in openings
        ]
    )
    done = (ledger.CreateAccountResult.OK, ledger.CreateAccountResult.EXISTS)
    if any(result not in done for result in results):
        raise AccountOpenedDifferently(field="id")


def _copy(openings: Sequence[_Opening], now: datetime) -> None:
    zones = {opening.product.books.ledger: ZoneInfo(opening.product.books.zone) for opening in openings}
    days = {number: now.astimezone(zone).date() for number, zone in zones.items()}
    with connection.cursor() as cursor:
        with connection.wrap_database_errors, cursor.copy(STATEMENTS["copy_accounts"]) as copy:
            for opening in openings:
                new, books = opening.new, opening.product.books
                copy.write_row(
                    (
                        new.id,
                        new.institution_id,
                        new.owner_id,
                        opening.product.id,
                        books.ledger,
                        clean_text(new.name, field="name") if new.name else "",
                        AccountState.OPEN.value,
                        new.overdraft_allowed,
                        new.opened_on or days[books.ledger],
                        now,
                        days[books.ledger],
                    )
                )
        with connection.wrap_database_errors, cursor.copy(STATEMENTS["copy_aliases"]) as copy:
            for opening in openings:
                for alias in opening.aliases:
                    copy.write_row((opening.new.id, alias.kind.value, alias.value, opening.new.institution_id, now))
        savings = [opening for opening in openings if opening.new.kind is ProductKind.SAVINGS]
        if savings:
            with connection.wrap_database_errors, cursor.copy(STATEMENTS["copy_savings"]) as copy:
                for opening in savings:
                    first_day = opening.new.opened_on or days[opening.product.books.ledger]
                    copy.write_row((opening.new.id, first_day - timedelta(days=1), 0))
