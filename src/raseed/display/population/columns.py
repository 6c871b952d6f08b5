"""Columns of a comparison: ids as numbers, the places of ids in a column, and pairs that differ."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PAIR: Final = np.dtype([
    ("id", "V16"), ("ledger", np.int32), ("has_row", np.bool_), ("has_true", np.bool_), ("shown_ledger", np.int32),
    ("shown", np.int64), ("shown_held", np.int64), ("true", np.int64), ("true_held", np.int64), ("stale", np.bool_),
])  # fmt: skip
"""What is shown of an account, and what is true; minor units. ``ledger`` is the true one, or what the row says of an account
that is none; ``stale``: what is shown was true once."""
_ODD: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_OTHER: Final = np.uint64(0xC2B2_AE3D_27D4_EB4F)
_HALF: Final = np.uint64(32)


def words(ids: NDArray[Any]) -> NDArray[np.uint64]:
    """Return ids as two machine words each, shape (n, 2)."""
    return np.ascontiguousarray(ids).view(np.uint64).reshape(-1, 2)


def mixed(pairs: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 64 well-mixed bits for each two words."""
    bits = (pairs[:, 0] ^ (pairs[:, 1] * _ODD)) * _OTHER
    bits ^= bits >> _HALF
    bits *= _ODD
    bits ^= bits >> _HALF
    return bits


class Places:
    """Where each id stands in a column of distinct ids; about 28 bytes an id."""

    def __init__(self, ids: NDArray[Any]) -> None:
        self._words = words(ids)
        bits = mixed(self._words)
        self._order = np.argsort(bits).astype(np.int32)
        self._bits = bits[self._order]

    def find(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """Return the places of ids; −1 for those that are not there."""
        asked = words(ids)
        bits = mixed(asked)
        found = np.full(len(asked), -1, np.int64)
        asking = np.argsort(bits)  # neighbours are looked up together: the column stays in the cache
        at = np.searchsorted(self._bits, bits[asking])
        while len(asking):
            there = at < len(self._bits)
            there[there] = self._bits[at[there]] == bits[asking[there]]
            asking, at = asking[there], at[there]
            places = self._order[at]
            same = (self._words[places] == asked[asking]).all(axis=1)
            found[asking[same]] = places[same]
            asking, at = asking[~same], at[~same] + 1  # another id with the same bits: look at the next
        return found
