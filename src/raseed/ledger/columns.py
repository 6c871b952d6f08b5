"""A batch as columns: what numpy and the wire need, made once from the transfers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import repeat
from operator import eq
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .domain import TIMEOUT_S_MAX
from .evaluation import LINKED, PENDING, POST, VOID, ZERO, Intent
from .wire import ID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from numpy.typing import NDArray

    from .domain import NewTransfer

DAY_ZERO: Final = date(2000, 1, 1).toordinal()
"""PostgreSQL's dates count from here."""
UNIX_TO_POSTGRES_US: Final = 946_684_800_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AMOUNT_MAX: Final = (1 << 61) // (1 << 18)
"""No batch of up to 2¹⁸ amounts below this can sum past 2⁶¹, where SQL's check of overflow begins."""
_INT4_MAX: Final = (1 << 31) - 1
_ONES: Final = (1 << 128) - 1


def unix_us(instant: datetime) -> int:
    """Return an instant as whole microseconds since 1970, exactly."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def day_number(day: date) -> int:
    """Return a date as PostgreSQL's day number."""
    return day.toordinal() - DAY_ZERO


def intent_of(transfer: NewTransfer, today: int) -> Intent:
    """Return a transfer in the form in which it is evaluated."""
    booked = transfer.booked_on
    return Intent(
        transfer.id.bytes,
        transfer.debit_account_id.bytes if transfer.debit_account_id else ZERO,
        transfer.credit_account_id.bytes if transfer.credit_account_id else ZERO,
        transfer.amount,
        transfer.ledger,
        transfer.code,
        int(transfer.flags),
        transfer.pending_id.bytes if transfer.pending_id else ZERO,
        transfer.timeout_s,
        transfer.user_data.bytes if transfer.user_data else ZERO,
        today if booked is None else day_number(booked),
        booked is None,
    )


@dataclass(slots=True)
class Columns:
    """A well-formed batch, a column a field; ids are 16-byte cells, numbers 64-bit.

    ``posts`` are the positions of posts and voids; their accounts, amounts, ledgers, codes and changes are filled in from
    the pending transfers before anything is grouped.
    """

    id: NDArray[Any]
    debit: NDArray[Any]
    credit: NDArray[Any]
    amount: NDArray[np.int64]
    ledger: NDArray[np.int64]
    code: NDArray[np.int64]
    user_data: NDArray[Any]
    booked: NDArray[np.int64]
    all_plain: bool
    one_ledger: bool
    flags: NDArray[np.int64]
    pending_id: NDArray[Any]
    timeout_s: NDArray[np.int64]
    posts: NDArray[np.int64]
    adverse: NDArray[np.int64]
    """What each transfer asks of its accounts' room: its amount, but nothing where it was held already."""
    pending_change: NDArray[np.int64]
    """What each transfer adds to both accounts' pending sums."""
    posted_change: NDArray[np.int64]
    """What each transfer adds to both accounts' posted sums."""
    transfers: Sequence[NewTransfer]
    """What the columns were made from."""

    def __len__(self) -> int:
        return len(self.amount)

    def intent(self, at: int) -> Intent:
        """Return one transfer, as it was asked for, in the form in which it is evaluated."""
        return intent_of(self.transfers[at], int(self.booked[at]))


def columns_of(transfers: Sequence[NewTransfer], today: int) -> Columns | None:
    """Return the batch as columns, or None where something in it is malformed or depends on the batch itself.

    That is: an id twice, a pending transfer made and resolved here or resolved twice, an open chain, a flag, id or number
    that the rules refuse. Such a batch needs the exact rules from the start, which say what is wrong with it.

    Raises:
        TypeError: a number is not an int.
    """
    count = len(transfers)
    # List comprehensions: the interpreter specialises their attribute look-ups, which halves the cost of this function.
    amounts, ledgers, codes = [t.amount for t in transfers], [t.ledger for t in transfers], [t.code for t in transfers]
    all_flags, timeouts = [t.flags for t in transfers], [t.timeout_s for t in transfers]
    pending, user_data = [t.pending_id for t in transfers], [t.user_data for t in transfers]
    booked = [t.booked_on for t in transfers]
    for kind in {*map(type, amounts), *map(type, ledgers), *map(type, codes), *map(type, timeouts)}:
        if not issubclass(kind, int) or kind is bool:  # numpy would make whole numbers of floats and of texts
            raise TypeError(f"amount, ledger, code and timeout are whole numbers, not {kind.__name__}")
    try:
        ids = [t.id.int for t in transfers]
        debits = _numbers([t.debit_account_id for t in transfers])
        credits = _numbers([t.credit_account_id for t in transfers])
        is_flagged = max(all_flags) != 0 or min(all_flags) != 0
        nothing = np.zeros(count, np.int64)
        amount = np.array(amounts, np.int64)
        columns = Columns(
            id=_cells(ids),
            debit=_cells(debits),
            credit=_cells(credits),
            amount=amount,
            ledger=np.array(ledgers, np.int64),
            code=np.array(codes, np.int64),
            user_data=_cells(_numbers(user_data)) if any(user_data) else np.zeros(count, ID),
            booked=np.array([today if day is None else day_number(day) for day in booked])
            if any(booked)
            else np.full(count, today),
            all_plain=not (is_flagged or any(pending) or any(timeouts)),
            one_ledger=False,
            flags=nothing,
            pending_id=np.zeros(count, ID),
            timeout_s=nothing,
            posts=nothing[:0],
            adverse=amount,
            pending_change=nothing,
            posted_change=amount,
            transfers=transfers,
        )
        if not columns.all_plain:
            columns.flags = flags = np.array(list(map(int, all_flags)), np.int64)
            columns.timeout_s = np.array(timeouts, np.int64)
            columns.posts = np.flatnonzero(flags & (POST | VOID))
            columns.adverse = np.where(flags & (POST | VOID), 0, amount)
            columns.pending_change = np.where(flags & PENDING, amount, 0)
            columns.posted_change = np.where(flags & (PENDING | POST | VOID), 0, amount)
            pending_ids = _numbers(pending)
            columns.pending_id = _cells(pending_ids)
            if not _flags_well_formed(columns, pending_ids, ids):
                return None
    except OverflowError:
        return None
    return columns if _well_formed(columns, ids, debits, credits) else None


def _numbers(ids: list[UUID | None]) -> list[int]:
    """Return ids as numbers, 0 for an absent one."""
    return [0 if id_ is None else id_.int for id_ in ids]


def _cells(numbers: list[int]) -> NDArray[Any]:
    return np.frombuffer(b"".join(map(int.to_bytes, numbers, repeat(16))), ID)


def _well_formed(columns: Columns, ids: list[int], debits: list[int], credits: list[int]) -> bool:
    distinct = set(ids)
    if len(distinct) < len(ids) or 0 in distinct or _ONES in distinct or _ONES in debits or _ONES in credits:
        return False
    amount, ledger, code = columns.amount, columns.ledger, columns.code
    columns.one_ledger = not len(columns.posts) and bool((ledger == ledger[0]).all())
    if len(columns.posts):
        resolves = np.zeros(len(columns), bool)
        resolves[columns.posts] = True
        amount, ledger, code = (np.where(resolves, 1, column) for column in (amount, ledger, code))
        if columns.amount.min() < 0 or columns.ledger.min() < 0 or columns.code.min() < 0:
            return False
        sides = [(d, c) for d, c, r in zip(debits, credits, resolves.tolist(), strict=True) if not r]
        debits, credits = [debit for debit, _ in sides], [credit for _, credit in sides]
    if any(map(eq, debits, credits)) or not all(debits) or not all(credits):
        return False
    return bool(
        amount.min() > 0 and amount.max() < _AMOUNT_MAX
        and ledger.min() > 0 and ledger.max() <= _INT4_MAX
        and code.min() > 0 and code.max() <= _INT4_MAX
    )  # fmt: skip


def _flags_well_formed(columns: Columns, pending_ids: list[int], ids: list[int]) -> bool:
    flags, timeout = columns.flags, columns.timeout_s
    kinds = flags & (PENDING | POST | VOID)
    one_kind = (kinds & (kinds - 1)) == 0
    if (flags & ~(LINKED | PENDING | POST | VOID)).any() or not one_kind.all() or flags[-1] & LINKED:
        return False
    if ((timeout != 0) & (kinds != PENDING)).any() or timeout.min() < 0 or timeout.max() > TIMEOUT_S_MAX:
        return False
    resolved = [pending_ids[at] for at in columns.posts.tolist()]
    distinct = set(resolved)
    named = len(pending_ids) - pending_ids.count(0)
    return (
        named == len(resolved) == len(distinct)
        and 0 not in distinct
        and _ONES not in distinct
        and distinct.isdisjoint(ids)
    )
