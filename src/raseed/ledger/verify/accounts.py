"""Every account's balances, history and limits, recomputed from the transfers in their order.

About 100 bytes an account are held in memory, whatever the number of transfers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .findings import Difference, differs
from .formats import CREDITS_LIMITED, DEBITS_LIMITED, MARK_SPACING, MARKS, SUMS, differ, id_of, words
from .index import IdIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POSITION_BITS: Final = 22
"""Entries of a portion are numbered with so many bits, two a transfer."""
TRANSFERS_MAX: Final = 1 << _POSITION_BITS - 1


@dataclass(slots=True)
class Moves:
    """Posted transfers of a portion, in order, and what each does: a column a field.

    Attributes:
        rows: the transfers.
        debit: the place of the debited account; credit: of the credited one.
        pending: what is added to the two pending sums; posted: to the two posted ones (minor units).
    """

    rows: NDArray[Any]
    debit: NDArray[np.int64]
    credit: NDArray[np.int64]
    pending: NDArray[np.int64]
    posted: NDArray[np.int64]


@dataclass(slots=True)
class _Entries:
    """The two entries of each move, sorted by account, each account's in order."""

    entry: NDArray[np.int64]
    """Two times the move's position, and one more for the credit side."""
    account: NDArray[np.int64]
    position: NDArray[np.int64]
    is_credit: NDArray[np.bool_]
    starts: NDArray[np.int64]
    segment: NDArray[np.int64]
    running: NDArray[np.int64]
    """The four sums after each entry, shape (4, entries)."""


class Accounts:
    """The accounts, by place: what they are, and what they come to so far."""

    def __init__(self, rows: NDArray[Any]) -> None:
        """Take the rows of ``ledger_account``; ids are distinct."""
        self.index = IdIndex(words(rows["id"]))
        self.ledger = rows["ledger"].astype(np.int64)
        self.flags = rows["flags"].astype(np.int64)
        self.sums = np.zeros((4, len(rows)), np.int64)
        self.entries = np.zeros(len(rows), np.int64)
        self.last = np.zeros((len(rows), 2), np.uint64)

    def __len__(self) -> int:
        return len(self.ledger)

    def id(self, place: int) -> Any:
        """Return an account's id."""
        return id_of(self.index.words[place])

    def apply(self, moves: Moves) -> tuple[int, Difference] | NDArray[Any]:
        """Let the moves happen, and return the marks that belong to them; or the first that can't be, and why.

        After a difference the accounts are left as they were before the portion.
        """
        if not len(moves.rows):
            return np.empty(0, MARKS.dtype)
        entries = self._sorted(moves)
        transfer_ids = words(moves.rows["id"])
        wrong = [
            found
            for found in (
                self._wrong_link(moves, entries, transfer_ids),
                self._overflow(moves, entries),
                self._past_limit(moves, entries),
            )
            if found is not None
        ]
        if wrong:
            return min(wrong, key=lambda each: each[0])
        return self._advance(moves, entries, transfer_ids)

    def first_moved(self, moves: Moves) -> Difference | None:
        """Return the first transfer that does not follow on its accounts' earlier ones, whatever else is wrong."""
        if not len(moves.rows):
            return None
        found = self._wrong_link(moves, self._sorted(moves), words(moves.rows["id"]))
        return found[1] if found else None

    def _sorted(self, moves: Moves) -> _Entries:
        count = len(moves.rows)
        assert count <= TRANSFERS_MAX, "a portion is smaller"
        numbers = np.arange(count) << 1
        keys = np.concatenate([moves.debit << _POSITION_BITS | numbers, moves.credit << _POSITION_BITS | numbers | 1])
        keys.sort()
        account = keys >> _POSITION_BITS
        entry = keys & (1 << _POSITION_BITS) - 1
        position, is_credit = entry >> 1, (entry & 1).astype(bool)
        first = np.ones(len(keys), bool)
        np.not_equal(account[1:], account[:-1], out=first[1:])
        starts = np.flatnonzero(first)
        segment = np.cumsum(first) - 1
        entries = _Entries(entry, account, position, is_credit, starts, segment, np.empty((4, len(keys)), np.int64))
        pending, posted = moves.pending[position], moves.posted[position]
        touched = account[starts]
        for place, (change, on_credit) in enumerate(
            ((pending, False), (posted, False), (pending, True), (posted, True))
        ):
            changes = np.where(is_credit == on_credit, change, 0)
            total = np.cumsum(changes)  # wraps round as the running sums do, so their differences are exact
            before = self.sums[place][touched] - (total[starts] - changes[starts])
            entries.running[place] = total + before[segment]
        return entries

    def _wrong_link(
        self, moves: Moves, entries: _Entries, transfer_ids: NDArray[np.uint64]
    ) -> tuple[int, Difference] | None:
        expected = np.empty((len(entries.account), 2), np.uint64)
        np.take(transfer_ids, entries.position[:-1], axis=0, out=expected[1:])
        expected[entries.starts] = np.take(self.last, entries.account[entries.starts], axis=0)
        links = np.empty((len(entries.account), 2), np.uint64)
        links[0::2], links[1::2] = words(moves.rows["debit_prev"]), words(moves.rows["credit_prev"])
        found = np.take(links, entries.entry, axis=0)
        wrong = np.flatnonzero(differ(found, expected))
        if not len(wrong):
            return None
        at = int(wrong[np.argmin(entries.position[wrong])])
        place = int(entries.position[at])
        return place, differs(
            "account_link", **_named(moves.rows[place]), account=self.id(int(entries.account[at])),
            found=id_of(found[at]), expected=id_of(expected[at]),
        )  # fmt: skip

    def _overflow(self, moves: Moves, entries: _Entries) -> tuple[int, Difference] | None:
        running = entries.running
        checks = [
            *zip(SUMS, running, strict=True),
            ("debits", running[0] + running[1]),
            ("credits", running[2] + running[3]),
        ]
        first: tuple[int, Difference] | None = None
        for name, sums in checks:
            if sums.min() >= 0:
                continue
            wrong = np.flatnonzero(sums < 0)
            at = int(wrong[np.argmin(entries.position[wrong])])
            place = int(entries.position[at])
            if first is None or place < first[0]:
                account = self.id(int(entries.account[at]))
                first = place, differs("account_beyond", **_named(moves.rows[place]), account=account, field=name)
        return first

    def _past_limit(self, moves: Moves, entries: _Entries) -> tuple[int, Difference] | None:
        flags = self.flags[entries.account]
        debits_pending, debits_posted, credits_pending, credits_posted = entries.running
        past = (flags & DEBITS_LIMITED != 0) & (debits_pending + debits_posted > credits_posted)
        past |= (flags & CREDITS_LIMITED != 0) & (credits_pending + credits_posted > debits_posted)
        wrong = np.flatnonzero(past)
        if not len(wrong):
            return None
        at = int(wrong[np.argmin(entries.position[wrong])])
        place = int(entries.position[at])
        sums = [int(value) for value in entries.running[:, at]]
        return place, differs(
            "account_limit", **_named(moves.rows[place]), account=self.id(int(entries.account[at])),
            debits=f"{sums[1]:,} + {sums[0]:,}", credits=f"{sums[3]:,} + {sums[2]:,}",
        )  # fmt: skip

    def _advance(self, moves: Moves, entries: _Entries, transfer_ids: NDArray[np.uint64]) -> NDArray[Any]:
        touched = entries.account[entries.starts]
        counts = np.diff(np.append(entries.starts, len(entries.account)))
        ends = entries.starts + counts - 1
        before = self.entries[touched] - entries.starts
        number = np.arange(1, len(entries.account) + 1) + before[entries.segment]
        marked = np.flatnonzero(number % MARK_SPACING == 0)
        for sums, running in zip(self.sums, entries.running, strict=True):
            sums[touched] = running[ends]
        self.entries[touched] += counts
        self.last[touched] = transfer_ids[entries.position[ends]]
        rows = moves.rows[entries.position[marked]]
        marks = np.empty(len(marked), MARKS.dtype)
        marks["account_id"] = self.index.words[entries.account[marked]].reshape(-1).view("V16")
        marks["seq"], marks["posted_at"], marks["transfer_id"] = rows["seq"], rows["posted_at"], rows["id"]
        for name, sums in zip(SUMS, entries.running, strict=True):
            marks[name] = sums[marked]
        return marks


def _named(row: Any) -> dict[str, object]:
    return {"id": id_of(row["id"]), "seq": int(row["seq"])}
