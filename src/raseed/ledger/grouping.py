"""A batch sorted by account: what it does to each, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .wire import ID

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .columns import Columns


@dataclass(slots=True)
class Grouping:
    """The batch's entries (two a transfer, debit first) sorted by account, each account's in the batch's order."""

    order: NDArray[np.int64]
    """Entry numbers (2 × position, + 1 for the credit side) in sorted order."""
    account: NDArray[np.int64]
    """For each sorted entry, the index of its account."""
    account_of: NDArray[np.int64]
    """For each entry number, the index of its account."""
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    ids: NDArray[Any]
    ledgers: NDArray[np.int64]
    """The ledger under which the batch names each account; −1, which none has, where it names two."""
    adverse: tuple[NDArray[np.int64], NDArray[np.int64]]
    """What might use up room: debits that are posted or held, and credits."""
    sums: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
    """What changes if all goes well: debits pending, debits posted, credits pending, credits posted."""

    def entries(self, account: int) -> NDArray[np.int64]:
        """Return the entry numbers of one account, in the batch's order."""
        start = self.starts[account]
        return self.order[start : start + self.counts[account]]


def sorted_order(ids: NDArray[Any]) -> NDArray[np.int64]:
    """Return the order in which ids are sorted."""
    words = ids.view(">u8").reshape(-1, 2).astype(np.uint64)
    return np.lexsort((words[:, 1], words[:, 0]))


def group(columns: Columns) -> Grouping:
    """Sort a batch's entries by account."""
    sides = np.empty(2 * len(columns), ID)
    sides[0::2], sides[1::2] = columns.debit, columns.credit
    words = sides.view(">u8").reshape(-1, 2).astype(np.uint64)
    order = np.lexsort((words[:, 1], words[:, 0]))
    high, low = words[order, 0], words[order, 1]
    first = np.empty(len(order), bool)
    first[0] = True
    np.not_equal(high[1:], high[:-1], out=first[1:])
    first[1:] |= low[1:] != low[:-1]
    starts = np.flatnonzero(first)
    counts = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=counts[:-1])
    counts[-1] = len(order) - starts[-1]
    account = np.cumsum(first) - 1
    account_of = np.empty(len(order), np.int64)
    account_of[order] = account
    positions = order >> 1
    is_debit = order & 1 == 0

    def both(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        ordered = values[positions]
        debits = np.where(is_debit, ordered, 0)
        return np.add.reduceat(debits, starts), np.add.reduceat(ordered - debits, starts)

    adverse = both(columns.adverse)
    if columns.all_plain:
        nothing = np.zeros(len(starts), np.int64)
        sums = (nothing, adverse[0], nothing, adverse[1])
    else:
        pending, posted = both(columns.pending_change), both(columns.posted_change)
        sums = (pending[0], posted[0], pending[1], posted[1])
    if columns.one_ledger:
        ledgers = np.full(len(starts), columns.ledger[0])
    else:
        named = columns.ledger[positions]
        lowest, highest = np.minimum.reduceat(named, starts), np.maximum.reduceat(named, starts)
        ledgers = np.where(lowest == highest, lowest, -1)
    return Grouping(
        order=order,
        account=account,
        account_of=account_of,
        starts=starts,
        counts=counts,
        ids=sides[order[starts]],
        ledgers=ledgers,
        adverse=adverse,
        sums=sums,
    )
