"""The books as streams of columns: transfers between two batches, and every account's balances as of one.

For whoever works something out of the whole books, or follows them, without a part in posting: read-only, on a connection of
the reader's own, in chunks of bounded size. Both doors take batches that are *final* (``log.horizon``, or simply sealed), and
so answer the same whenever they are asked.

A look at a snapshot is not enough for the second: batches are committed out of order, so that a snapshot can hold batch 7
and not yet batch 6. Balances are therefore read as they are in one snapshot, and what batches after ``upto`` did, as far as
this snapshot sees them, is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .errors import RowsMissing
from .verify.formats import PENDING, SEQS_PER_BATCH_BITS, VOID, Table, words
from .verify.index import IdIndex
from .verify.reading import PAGES_PER_PORTION, Pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from numpy.typing import NDArray

TRANSFER: Final = np.dtype([
    ("batch", np.int64), ("debit", "V16"), ("credit", "V16"), ("amount", np.int64), ("resolves", np.int64),
    ("flags", np.int16), ("ledger", np.int32),
])  # fmt: skip
"""A posted transfer. ``resolves`` is the amount of the pending transfer that it posts or voids, else 0; amounts in minor units."""
BALANCE: Final = np.dtype([
    ("id", "V16"), ("ledger", np.int32), ("code", np.int32), ("debits_pending", np.int64), ("debits_posted", np.int64),
    ("credits_pending", np.int64), ("credits_posted", np.int64),
])  # fmt: skip
"""An account and its four sums, minor units."""
ACCOUNT: Final = np.dtype([("id", "V16"), ("ledger", np.int32), ("code", np.int32)])
"""What of an account never changes."""
SUMS: Final = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
BATCHES_PER_READ: Final = 4096
"""The most batches that one chunk of transfers spans, where the caller does not say otherwise."""
TRANSFERS_PER_READ: Final = 1 << 17
"""A chunk of transfers holds at most so many, and one batch at least."""

_NEWEST: Final = (1 << 50) - 1
"""No batch has a higher number."""
_SENT: Final = np.dtype([
    ("seq", ">i8"), ("debit", "V16"), ("credit", "V16"), ("amount", ">i8"), ("resolves", ">i8"), ("flags", ">i2"),
    ("ledger", ">i4"),
])  # fmt: skip
_TRANSFERS: Final = """
    SELECT count(*), count(*) FILTER (WHERE t.result = 0), string_agg(int8send(t.seq) || uuid_send(t.debit_account_id) || uuid_send(t.credit_account_id)
        || int8send(t.amount) || int8send(CASE WHEN t.pending_id = '00000000-0000-0000-0000-000000000000' THEN 0
            ELSE (SELECT p.amount FROM ledger_transfer p WHERE p.id = t.pending_id) END)
        || int2send(t.flags) || int4send(t.ledger), '') FILTER (WHERE t.result = 0)
    FROM ledger_transfer t WHERE t.seq >= %s AND t.seq < %s
"""
_BATCH: Final = np.dtype([("number", ">i8"), ("transfers", ">i4")])
_BATCHES: Final = """
    SELECT string_agg(int8send(number) || int4send(transfers), '') FROM (
        SELECT number, transfers FROM ledger_batch WHERE number > %s AND number <= %s ORDER BY number LIMIT %s) batches
"""
_CODES: Final = Table("ledger_account", ("id uuid", "code int4"))
_ACCOUNTS: Final = Table("ledger_account", ("id uuid", "ledger int4", "code int4"))
_BALANCES: Final = Table(
    "ledger_balance",
    (
        "id uuid",
        "ledger int4",
        "debits_pending int8",
        "debits_posted int8",
        "credits_pending int8",
        "credits_posted int8",
    ),
)


def effects_of(transfers: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what each transfer adds to the pending and to the posted sums of both its sides, in minor units."""
    flags, amount = transfers["flags"], transfers["amount"]
    pending = np.where(flags & PENDING != 0, amount, -transfers["resolves"])
    return pending, np.where(flags & (PENDING | VOID) != 0, 0, amount)


def transfers_between(
    connection: psycopg.Connection[Any], *, after: int, upto: int, limit_batches: int = BATCHES_PER_READ
) -> Iterator[NDArray[Any]]:
    """Yield the posted transfers of the batches ``after < batch <= upto`` in the order of the books, as ``TRANSFER``.

    Every chunk holds whole batches, and none that could still grow if ``upto`` is final. Refused transfers are left out.

    Raises:
        RowsMissing: transfers that batches were posted with are not there, or others came in.
    """
    reached = after
    while reached < upto:
        raw = connection.execute(_BATCHES, [reached, upto, limit_batches], binary=True).fetchone()
        batches = np.frombuffer((raw and raw[0]) or b"", _BATCH)
        if not len(batches):
            return
        ends = np.cumsum(batches["transfers"], dtype=np.int64)
        start = 0
        while start < len(batches):
            before = int(ends[start - 1]) if start else 0
            end = max(int(np.searchsorted(ends, before + TRANSFERS_PER_READ, "right")), start + 1)
            last = int(batches["number"][end - 1])
            chunk = _read(connection, reached, last, int(ends[end - 1]) - before)
            if len(chunk):
                yield chunk
            reached, start = last, end


def _read(connection: psycopg.Connection[Any], after: int, upto: int, expected: int) -> NDArray[Any]:
    bounds = [after + 1 << SEQS_PER_BATCH_BITS, upto + 1 << SEQS_PER_BATCH_BITS]
    found, posted, raw = connection.execute(_TRANSFERS, bounds, binary=True).fetchone() or (0, 0, None)
    if found != expected or len(raw or b"") != posted * _SENT.itemsize:  # shorter: what a post resolves is not there
        raise RowsMissing(first=after + 1, last=upto)
    sent = np.frombuffer(raw or b"", _SENT)
    seqs = sent["seq"].astype(np.int64)
    if (seqs[1:] < seqs[:-1]).any():
        order = np.argsort(seqs)
        sent, seqs = sent[order], seqs[order]
    transfers = np.empty(len(sent), TRANSFER)
    transfers["batch"] = seqs >> SEQS_PER_BATCH_BITS
    for name in ("debit", "credit", "amount", "resolves", "flags", "ledger"):
        transfers[name] = sent[name]
    return transfers


def balances_as_of(connection: psycopg.Connection[Any], *, upto: int) -> Iterator[NDArray[Any]]:
    """Yield every account with its balances exactly as of the final batch ``upto``, as ``BALANCE``, in no order.

    The connection must be outside a transaction; one snapshot is held until the last chunk was taken. Accounts opened
    meanwhile may be among them, with sums of zero. About 50 bytes an account are held here, and about 30 MiB a chunk.

    Raises:
        RowsMissing: transfers that batches were posted with are not there, or others came in.
        raseed.ledger.verify.findings.Found: a row is damaged.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL statement_timeout = 0")
        later = _Later(connection, upto)
        index, codes = _codes(connection)
        for rows in Pages(connection, _BALANCES):
            balances = np.empty(len(rows), BALANCE)
            for name in ("id", "ledger", *SUMS):
                balances[name] = rows[name]
            places = index.find(words(balances["id"]))
            balances["code"] = codes[places]
            later.take_back(balances)
            yield balances


def _codes(connection: psycopg.Connection[Any]) -> tuple[IdIndex, NDArray[np.int32]]:
    """Return the accounts' codes, with a zero at the end for whoever is not among them."""
    ids, codes = [], []
    for rows in Pages(connection, _CODES):
        ids.append(words(rows["id"]))
        codes.append(rows["code"].astype(np.int32))
    codes.append(np.zeros(1, np.int32))
    whole = np.concatenate([np.empty((0, 2), np.uint64), *ids])
    ids.clear()  # a quarter of a gigabyte for 16 million accounts, while the index is made
    return IdIndex(whole), np.concatenate(codes)


def accounts_from(connection: psycopg.Connection[Any], *, page: int = 0) -> Iterator[tuple[NDArray[Any], int]]:
    """Yield accounts, as ``ACCOUNT``, from a page of their table on, each chunk with the page to go on from another time.

    Accounts are only ever added, nearly always at the end; one that takes the room of an opening that was rolled back is
    found by a look from page 0.

    Raises:
        raseed.ledger.verify.findings.Found: a row is damaged.
    """
    pages = Pages(connection, _ACCOUNTS, first=page)
    for start in pages.starts:
        rows = pages.read(start)
        accounts = np.empty(len(rows), ACCOUNT)
        for name in ("id", "ledger", "code"):
            accounts[name] = rows[name]
        yield accounts, max(min(start + PAGES_PER_PORTION, pages.starts.stop) - 1, 0)


class _Later:
    """What batches after one number did to accounts, as far as this transaction's snapshot sees them."""

    def __init__(self, connection: psycopg.Connection[Any], upto: int) -> None:
        ids, sums = np.empty(0, "S16"), np.empty((0, 4), np.int64)
        for transfers in transfers_between(connection, after=upto, upto=_NEWEST):
            pending, posted = effects_of(transfers)
            none = np.zeros_like(pending)
            debits = np.stack([pending, posted, none, none], axis=1)
            credits = np.stack([none, none, pending, posted], axis=1)
            touched = np.concatenate([ids, transfers["debit"].view("S16"), transfers["credit"].view("S16")])
            ids, where = np.unique(touched, return_inverse=True)
            moved = np.concatenate([sums, debits, credits])
            sums = np.zeros((len(ids), 4), np.int64)
            np.add.at(sums, where, moved)
        self._index = IdIndex(words(ids.view("V16")))
        self._sums = sums

    def take_back(self, balances: NDArray[Any]) -> None:
        """Set balances as they were before."""
        if not len(self._sums):
            return
        places = self._index.find(words(balances["id"]))
        rows = np.flatnonzero(places >= 0)
        for at, name in enumerate(SUMS):
            balances[name][rows] -= self._sums[places[rows], at]
