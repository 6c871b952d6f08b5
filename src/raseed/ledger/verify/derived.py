"""The tables that are derived from the transfers: balances, what is pending, marks; and unique ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raseed.kernel.errors import mark

from .accounts import Accounts
from .findings import Difference, Found, differs, instant
from .formats import (
    ACCOUNT_FLAGS,
    ACCOUNTS,
    BALANCES,
    CLOSED,
    CREDITS_LIMITED,
    DEBITS_LIMITED,
    MARKS,
    PENDINGS,
    SUMS,
    differ,
    id_of,
    words,
)
from .partitions import Partitions, first_repeat, sorted_by
from .reading import Pages, joined

if TYPE_CHECKING:
    import contextlib

    import psycopg
    from numpy.typing import NDArray

    from raseed.platform.api import Progress

_LIMITS = DEBITS_LIMITED | CREDITS_LIMITED


def load_accounts(connection: psycopg.Connection[Any]) -> Accounts:
    """Read what accounts are.

    Raises:
        Found: one can't have been opened, or is there twice.
    """
    rows = joined([*Pages(connection, ACCOUNTS)], ACCOUNTS)
    ledgers = [number for (number,) in connection.execute("SELECT number FROM ledger_ledger")]
    for name, wrong in (
        ("ledger", ~np.isin(rows["ledger"].astype(np.int64), ledgers)),
        ("code", rows["code"] <= 0),
        ("flags", (rows["flags"] & ~ACCOUNT_FLAGS != 0) | (rows["flags"] & _LIMITS == _LIMITS)),
    ):
        if wrong.any():
            row = rows[np.argmax(wrong)]
            raise Found(differs("account_impossible", account=id_of(row["id"]), field=name, found=int(row[name])))
    twice = first_repeat(rows["id"])
    if twice is not None:
        raise Found(differs("account_twice", account=id_of(twice), table=ACCOUNTS.name))
    return Accounts(rows)


def check_unique(connection: psycopg.Connection[Any], ids: Partitions, progress: Progress) -> Difference | None:
    """Find a transfer's id that is there twice."""
    done = 0
    for part in ids:
        twice = first_repeat(part["id"])
        if twice is not None:
            known = id_of(twice)
            seqs = connection.execute("SELECT seq FROM ledger_transfer WHERE id = %s ORDER BY seq", [known]).fetchall()
            return differs("id_twice", id=known, seq=seqs[0][0], other=seqs[-1][0])
        done += len(part)
        progress(mark("Ids of transfers"), done, ids.count)
    return None


def check_balances(connection: psycopg.Connection[Any], accounts: Accounts, progress: Progress) -> Difference | None:
    """Compare every balance, number of entries, last transfer and flag with what the transfers come to."""
    seen = np.zeros(len(accounts), bool)
    for rows in Pages(connection, BALANCES):
        places = accounts.index.find(words(rows["id"]))
        unknown = places < 0
        if unknown.any():
            return differs("balance_extra", account=id_of(rows["id"][np.argmax(unknown)]))
        again = seen[places]
        seen[places] = True
        if again.any() or len(np.unique(places)) < len(places):
            at = int(np.argmax(again)) if again.any() else int(np.flatnonzero(np.bincount(places)[places] > 1)[0])
            return differs("account_twice", account=id_of(rows["id"][at]), table=BALANCES.name)
        difference = _balance_difference(rows, places, accounts)
        if difference is not None:
            return difference
        progress(mark("Balances"), int(seen.sum()), len(accounts))
    if not seen.all():
        return differs("balance_missing", account=accounts.id(int(np.argmin(seen))))
    return None


def _balance_difference(rows: NDArray[Any], places: NDArray[np.int64], accounts: Accounts) -> Difference | None:
    numbers = [*zip(SUMS, accounts.sums, strict=True), ("entries", accounts.entries), ("ledger", accounts.ledger)]
    pairs = [(name, expected[places], rows[name].astype(np.int64)) for name, expected in numbers]
    pairs.append(("flags", accounts.flags[places] & _LIMITS, rows["flags"].astype(np.int64) & ~CLOSED))
    for name, expected, found in pairs:
        wrong = np.flatnonzero(expected != found)
        if len(wrong):
            at = int(wrong[0])
            values = {"expected": int(expected[at]), "found": int(found[at])}
            return differs("balance_differs", account=id_of(rows["id"][at]), field=name, **values)
    lasts = accounts.last[places]
    wrong = np.flatnonzero(differ(words(rows["last_id"]), lasts))
    if len(wrong):
        at = int(wrong[0])
        ids = {"expected": id_of(lasts[at]), "found": id_of(rows["last_id"][at])}
        return differs("balance_differs", account=id_of(rows["id"][at]), field="last_id", **ids)
    return None


def check_sums(accounts: Accounts) -> Difference | None:
    """Compare both sides of every ledger: the sum of all debits is the sum of all credits."""
    for ledger in np.unique(accounts.ledger).tolist():
        own = accounts.ledger == ledger
        debits_pending, debits_posted, credits_pending, credits_posted = (
            _exact_sum(sums[own]) for sums in accounts.sums
        )
        for name, debits, credits in (
            ("pending sums", debits_pending, credits_pending),
            ("posted sums", debits_posted, credits_posted),
        ):
            if debits != credits:
                return differs("ledger_unbalanced", ledger=ledger, field=name, debits=debits, credits=credits)
    return None


def _exact_sum(column: NDArray[np.int64]) -> int:
    """Add up numbers that may come to more than 64 bits."""
    return (int((column >> 32).sum()) << 32) + int((column & 0xFFFF_FFFF).sum())


def check_pendings(
    connection: psycopg.Connection[Any], expected: NDArray[Any], progress: Progress
) -> Difference | None:
    """Compare what is pending with what is kept as such."""
    rows = joined([*Pages(connection, PENDINGS)], PENDINGS)
    progress(mark("Pending transfers"), len(rows), len(expected))
    row, should = _first_unequal(rows, expected, ("id",))
    if row is None:
        return None if should is None else differs("pending_missing", id=id_of(should["id"]))
    if should is None:
        return differs("pending_extra", id=id_of(row["id"]))
    name = next(name for name in PENDINGS.dtype.names or () if row[name] != should[name])
    values = {"expected": _told(name, should[name]), "found": _told(name, row[name])}
    return differs("pending_differs", id=id_of(row["id"]), field=name, **values)


def check_marks(
    connection: psycopg.Connection[Any], expected: Partitions, stack: contextlib.ExitStack, progress: Progress
) -> Difference | None:
    """Compare the marks, which history starts from, with what accounts came to at those places."""
    kept = Partitions(MARKS.dtype, stack)
    for rows in Pages(connection, MARKS):
        kept.add(rows, words(rows["account_id"]))
        progress(mark("Marks"), kept.count, expected.count)
    for theirs, ours in zip(kept, expected, strict=True):
        row, should = _first_unequal(theirs, ours, ("account_id", "seq"))
        if row is None and should is None:
            continue
        known = should if row is None else row
        where = {"account": id_of(known["account_id"]), "seq": int(known["seq"])}
        if row is None:
            return differs("mark_missing", **where)
        if should is None:
            return differs("mark_extra", **where)
        name = next(name for name in MARKS.dtype.names or () if row[name] != should[name])
        values = {"expected": _told(name, should[name]), "found": _told(name, row[name])}
        return differs("mark_differs", **where, field=name, **values)
    return None


def _first_unequal(theirs: NDArray[Any], ours: NDArray[Any], names: tuple[str, ...]) -> tuple[Any, Any]:
    """Return the first pair that differs: what is kept and what should be, None where one of them is not there."""
    theirs, their_keys = sorted_by(theirs, *names)
    ours, our_keys = sorted_by(ours, *names)
    both = min(len(theirs), len(ours))
    unequal = (_bytes(theirs[:both]) != _bytes(ours[:both])).any(axis=1)
    if not unequal.any() and len(theirs) == len(ours):
        return None, None
    at = int(np.argmax(unequal)) if unequal.any() else both
    if at >= len(theirs) or at >= len(ours):
        return (None, ours[at]) if at >= len(theirs) else (theirs[at], None)
    their, our = tuple(their_keys[at]), tuple(our_keys[at])
    if their == our:
        return theirs[at], ours[at]
    return (None, ours[at]) if our < their else (theirs[at], None)


def _bytes(records: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(records).view(np.uint8).reshape(len(records), records.dtype.itemsize)


def _told(name: str, value: Any) -> object:
    if value.dtype.kind == "V":
        return id_of(value)
    if name in {"posted_at", "expires_at"}:
        return instant(int(value))
    return int(value)
