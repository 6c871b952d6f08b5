"""Reads: accounts, transfers, an account's history with its balances, balances as of then.

An account's history is walked backwards through its transfers' links, from its present balances or from the nearest
mark after the place asked for, undoing each transfer on the way. What is walked never changes, so a reader needs no lock
and no transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from django.db import connection

from raseed.kernel.money import currency
from raseed.platform.statements import named_statements

from .domain import (
    Account,
    AccountFlags,
    Balances,
    HistoryEntry,
    LedgerInfo,
    Transfer,
    TransferFlags,
)
from .errors import AccountNotFound, LedgerNotFound
from .marks import SPACING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

HISTORY_MAX: Final = 10_000
"""The most entries that one call returns."""
_CHUNK_MAX: Final = 1_000
_NO_ID: Final = UUID(int=0)
_STATEMENTS: Final = named_statements("raseed.ledger", "sql/history.sql")
_ACCOUNT_COLUMNS: Final = """
    SELECT a.id, a.ledger, a.code, (a.flags & ~32) | (b.flags & 32), a.user_data, a.created_at, b.debits_pending,
           b.debits_posted, b.credits_pending, b.credits_posted, b.entries, b.last_id
    FROM ledger_account a JOIN ledger_balance b USING (id) WHERE a.id = ANY(%s)
"""
_TRANSFER_COLUMNS: Final = """
    SELECT id, debit_account_id, credit_account_id, amount, ledger, code, flags, pending_id, timeout_s, user_data,
           booked_on, seq, posted_at
    FROM ledger_transfer WHERE result = 0 AND id = ANY(%s)
"""


def _rows(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


def ledger_info(number: int) -> LedgerInfo:
    """Return a ledger's institution and currency.

    Raises:
        LedgerNotFound: there is none.
    """
    found = _rows("SELECT number, institution_id, currency FROM ledger_ledger WHERE number = %s", [number])
    if not found:
        raise LedgerNotFound(number=number)
    return LedgerInfo(found[0][0], found[0][1], currency(found[0][2]))


def ledgers() -> list[LedgerInfo]:
    """Return all ledgers, by number."""
    found = _rows("SELECT number, institution_id, currency FROM ledger_ledger ORDER BY number", None)
    return [LedgerInfo(number, institution_id, currency(code)) for number, institution_id, code in found]


def look_up_accounts(ids: Iterable[UUID]) -> dict[UUID, Account]:
    """Return accounts as they stand; unknown ids are left out."""
    return {
        row[0]: Account(
            row[0],
            row[1],
            row[2],
            AccountFlags(row[3]),
            _id(row[4]),
            row[5],
            Balances(*row[6:10]),
            row[10],
            _id(row[11]),
        )
        for row in _rows(_ACCOUNT_COLUMNS, [list(ids)])
    }


def look_up_transfers(ids: Iterable[UUID]) -> dict[UUID, Transfer]:
    """Return posted transfers; unknown and failed ids are left out."""
    return {row[0]: _transfer(row) for row in _rows(_TRANSFER_COLUMNS, [list(ids)])}


def _id(value: UUID) -> UUID | None:
    return value if value.int else None


def _transfer(row: Sequence[Any]) -> Transfer:
    return Transfer(
        row[0], row[1], row[2], row[3], row[4], row[5], TransferFlags(row[6]), _id(row[7]), row[8], _id(row[9]),
        row[10], row[11], row[12],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a walk starts: a transfer of the account, and the account's balances right after it."""

    transfer_id: UUID
    balances: Balances


def _head(account_id: UUID) -> _Start:
    found = _rows(_STATEMENTS["head"], {"account": account_id})
    if not found:
        raise AccountNotFound
    return _Start(found[0][0], Balances(*found[0][1:5]))


def _nearest(name: str, account_id: UUID, **place: Any) -> _Start:
    found = _rows(_STATEMENTS[name], {"account": account_id, **place})
    return _Start(found[0][0], Balances(*found[0][1:5])) if found else _head(account_id)


def _walk(account_id: UUID, start: _Start, steps: int) -> Iterator[tuple[HistoryEntry, Balances]]:
    """Yield entries from ``start`` backwards, each with the balances before it; ``steps`` are read at a time."""
    next_id, balances = start.transfer_id, start.balances
    while next_id != _NO_ID:
        rows = _rows(_STATEMENTS["chain"], {"start": next_id, "account": account_id, "steps": min(steps, _CHUNK_MAX)})
        for row in rows:
            transfer = _transfer(row)
            is_debit = transfer.debit_account_id == account_id
            before = _undo(balances, transfer, is_debit=is_debit, pending_amount=row[13])
            yield HistoryEntry(transfer, is_debit, balances), before
            balances = before
        next_id = rows[-1][14]


def _undo(balances: Balances, transfer: Transfer, *, is_debit: bool, pending_amount: int | None) -> Balances:
    pending, posted = 0, transfer.amount
    if transfer.flags & TransferFlags.PENDING:
        pending, posted = transfer.amount, 0
    elif transfer.flags & (TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER):
        pending = -(pending_amount or 0)
        posted = transfer.amount if transfer.flags & TransferFlags.POST_PENDING_TRANSFER else 0
    if is_debit:
        return Balances(
            balances.debits_pending - pending,
            balances.debits_posted - posted,
            balances.credits_pending,
            balances.credits_posted,
        )
    return Balances(
        balances.debits_pending,
        balances.debits_posted,
        balances.credits_pending - pending,
        balances.credits_posted - posted,
    )


def account_history(account_id: UUID, *, before_seq: int | None = None, limit: int = 50) -> list[HistoryEntry]:
    """Return an account's entries, newest first, each with the balances right after it.

    ``before_seq`` (exclusive) continues where an earlier page ended; ``limit`` is held between 1 and 10,000.

    Raises:
        AccountNotFound: there is none.
    """
    limit = max(1, min(limit, HISTORY_MAX))
    start = _head(account_id) if before_seq is None else _nearest("mark_by_seq", account_id, seq=before_seq)
    found: list[HistoryEntry] = []
    for entry, _ in _walk(account_id, start, limit + (0 if before_seq is None else SPACING)):
        if before_seq is None or entry.transfer.seq < before_seq:
            found.append(entry)
        if len(found) >= limit:
            break
    return found


def balances_at(
    account_ids: Iterable[UUID], *, at: datetime | None = None, seq: int | None = None, booked_on: date | None = None
) -> dict[UUID, Balances]:
    """Return accounts' balances as of an instant, a place in the order, or the end of a booked date (one of the three).

    The first two start at the nearest mark and cost at most 128 steps; a booked date can be anything a caller chose, so
    the account's whole history is read.

    Raises:
        AccountNotFound: one of them does not exist.
    """
    if sum(bound is not None for bound in (at, seq, booked_on)) != 1:
        raise ValueError("give one of at, seq and booked_on")
    return {account_id: _balances_at(account_id, at, seq, booked_on) for account_id in account_ids}


def _balances_at(account_id: UUID, at: datetime | None, seq: int | None, booked_on: date | None) -> Balances:
    if booked_on is not None:
        return _balances_booked(account_id, booked_on)
    if at is not None:
        start = _nearest("mark_by_time", account_id, at=at)
    else:
        start = _nearest("mark_by_seq", account_id, seq=seq)
    earlier = start.balances
    for entry, before in _walk(account_id, start, SPACING):
        transfer = entry.transfer
        if (at is not None and transfer.posted_at <= at) or (seq is not None and transfer.seq <= seq):
            return entry.balances
        earlier = before
    return earlier


def _balances_booked(account_id: UUID, booked_on: date) -> Balances:
    start = _head(account_id)
    now = start.balances
    later = [0, 0, 0, 0]
    for entry, before in _walk(account_id, start, _CHUNK_MAX):
        if entry.transfer.booked_on > booked_on:
            after = entry.balances
            later[0] += after.debits_pending - before.debits_pending
            later[1] += after.debits_posted - before.debits_posted
            later[2] += after.credits_pending - before.credits_pending
            later[3] += after.credits_posted - before.credits_posted
    return Balances(
        now.debits_pending - later[0],
        now.debits_posted - later[1],
        now.credits_pending - later[2],
        now.credits_posted - later[3],
    )
