"""What transfers did to accounts: the change of each, by ledger, with sums that must come to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from raseed.ledger import api as ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

CHANGE: Final = np.dtype([("id", "V16"), ("booked", np.int64), ("held", np.int64), ("batch", np.int64)])
"""An account, what was added to its credits less debits posted and to its debits pending, and the last batch that did."""
PARTS_MAX: Final = 16
CHANGED_MAX: Final = 250_000
"""So many accounts of one ledger are folded at once; a tree that lags further is worked out anew, in bounded memory."""


class FoldAstray(AssertionError):
    """What was folded does not come to zero: a bug of ours, and the end of this round."""


class TooManyChanges(Exception):
    """More accounts of a ledger changed than are folded at once."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.ledger = number


def changes_by_ledger(chunks: Iterable[NDArray[Any]], after: Mapping[int, int]) -> dict[int, NDArray[Any]]:
    """Return, for each ledger, one change (``CHANGE``) for each account that transfers touched.

    ``after`` is the batch up to which a ledger is folded already; its transfers up to there are passed over.

    Raises:
        TooManyChanges: of a ledger that is too far behind.
    """
    found: dict[int, list[NDArray[Any]]] = {}
    for transfers in chunks:
        pending, posted = ledger.effects_of(transfers)
        for number in np.unique(transfers["ledger"]).tolist():
            mine = (transfers["ledger"] == number) & (transfers["batch"] > after.get(number, 0))
            if not mine.any():
                continue
            parts = found.setdefault(number, [])
            parts.append(_entries(transfers[mine], pending[mine], posted[mine]))
            if len(parts) > PARTS_MAX:
                found[number] = [_merged(parts)]
                _bounded(number, found[number][0])
    merged = {number: _merged(parts) for number, parts in found.items()}
    for number, changes in merged.items():
        _bounded(number, changes)
        if exact_sum(changes["booked"]):
            raise FoldAstray("debits are not credits")
    return merged


def _bounded(number: int, changes: NDArray[Any]) -> None:
    if len(changes) > CHANGED_MAX:
        raise TooManyChanges(number)


def _entries(transfers: NDArray[Any], pending: NDArray[np.int64], posted: NDArray[np.int64]) -> NDArray[Any]:
    count = len(transfers)
    entries = np.zeros(2 * count, CHANGE)
    debits, credits = entries[:count], entries[count:]
    debits["id"], debits["booked"], debits["held"], debits["batch"] = (
        transfers["debit"], -posted, pending, transfers["batch"],
    )  # fmt: skip
    credits["id"], credits["booked"], credits["batch"] = transfers["credit"], posted, transfers["batch"]
    return _merged([entries])


def _merged(parts: list[NDArray[Any]]) -> NDArray[Any]:
    entries = np.concatenate(parts)
    ids, owner = np.unique(np.ascontiguousarray(entries["id"]).view("S16"), return_inverse=True)
    changes = np.zeros(len(ids), CHANGE)
    changes["id"] = ids.view("V16")
    for name in ("booked", "held"):
        sums = np.zeros(len(ids), np.int64)
        np.add.at(sums, owner, entries[name])
        changes[name] = sums
    last = np.zeros(len(ids), np.int64)
    np.maximum.at(last, owner, entries["batch"])
    changes["batch"] = last
    return changes


def exact_sum(amounts: NDArray[np.int64]) -> int:
    """Return a sum of any size."""
    return (int((amounts >> 32).sum()) << 32) + int((amounts & 0xFFFF_FFFF).sum())
