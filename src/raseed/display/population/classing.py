"""What sort of wrong each difference is: whole columns at a time, the first kind that fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..domain import DifferenceKind as Kind
from .columns import mixed

SCALE_MAX: Final = 4
ORDER: Final = tuple(Kind)
"""Kinds by number, in their order of precedence."""
_OTHER: Final = ORDER.index(Kind.OTHER)


def kinds_of(pairs: NDArray[Any], scales: Mapping[int, int]) -> NDArray[np.int8]:
    """Return the kind of each pair that differs, as its place in ``ORDER``; ``scales``: decimals, by ledger."""
    kinds = np.full(len(pairs), _OTHER, np.int8)
    held_same = pairs["shown_held"] == pairs["true_held"]
    found = {
        Kind.UNEXPECTED: ~pairs["has_true"],
        Kind.MISSING: ~pairs["has_row"],
        Kind.CURRENCY: pairs["shown_ledger"] != pairs["ledger"],
        Kind.SIGN: held_same & (pairs["true"] != 0) & (pairs["shown"] == -pairs["true"]),
        Kind.SWAPPED: _swapped(pairs),
        Kind.STALE: pairs["stale"],
        Kind.ROUNDING: held_same & _rounded(pairs, scales),
    }
    for kind in reversed(found):
        kinds[found[kind]] = ORDER.index(kind)
    return kinds


def counted(pairs: NDArray[Any], kinds: NDArray[np.int8]) -> Counter[tuple[int, Kind]]:
    """Count kinds by ledger."""
    both, counts = np.unique(np.stack([pairs["ledger"].astype(np.int64), kinds]), axis=1, return_counts=True)
    return Counter(
        {(ledger, ORDER[kind]): count for ledger, kind, count in zip(*both.tolist(), counts.tolist(), strict=True)}
    )


def _swapped(pairs: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether another account of the same ledger is shown what is true of this one, and the other way round."""
    whole = pairs["has_row"] & pairs["has_true"] & (pairs["shown"] != pairs["true"])
    here = _traded(pairs["ledger"], pairs["shown"], pairs["true"])
    there = _traded(pairs["ledger"], pairs["true"], pairs["shown"])
    return np.asarray(whole & np.isin(here, there[whole]), bool)


def _traded(ledger: NDArray[Any], one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.uint64]:
    first = mixed(
        np.stack([ledger.astype(np.uint64), one.view(np.uint64) if one.flags.c_contiguous else _bits(one)], 1)
    )
    return mixed(np.stack([first, _bits(other)], 1))


def _bits(column: NDArray[Any]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(column).view(np.uint64)


def _rounded(pairs: NDArray[Any], scales: Mapping[int, int]) -> NDArray[np.bool_]:
    """Whether a minor unit was lost, or decimals were: what is shown is the nearest coarser amount, up or down."""
    off = np.abs(pairs["shown"] - pairs["true"])
    found = off == 1
    scale = np.zeros(len(pairs), np.int64)
    for ledger, decimals in scales.items():
        scale[pairs["ledger"] == ledger] = decimals
    for decimals in range(1, SCALE_MAX + 1):
        unit = 10**decimals
        found |= (decimals <= scale) & (off < unit) & (pairs["shown"] % unit == 0)
    return np.asarray(found & (off > 0), bool)
