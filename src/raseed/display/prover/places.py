"""Which place a leaf has: a keyed permutation, so that neighbours in the tree are strangers who learn nothing of each other.

A Feistel network (Luby and Rackoff, 1988) of six rounds whose round functions are tables drawn from SHAKE-256 under a
secret. A tree that grows keeps its places: what is added is permuted within the half that is new.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ROUNDS: Final = 6
_LABEL: Final = b"raseed-place-v1\n"


class _Network:
    """A permutation of 0 … 2^bits − 1."""

    def __init__(self, secret: bytes, bits: int, label: bytes) -> None:
        self._low_bits = bits // 2
        self._low_mask = (1 << self._low_bits) - 1
        self._tables = [
            self._table(secret, label + bytes((bits, number)), *self._widths(bits, number)) for number in range(ROUNDS)
        ]
        self._lists: list[list[int]] = [table.tolist() for table in self._tables]

    def _widths(self, bits: int, number: int) -> tuple[int, int]:
        """Return how many bits a round looks at, and how many it changes: the halves take turns."""
        low, high = self._low_bits, bits - self._low_bits
        return (high, low) if number % 2 == 0 else (low, high)

    @staticmethod
    def _table(secret: bytes, label: bytes, looks: int, changes: int) -> NDArray[np.int64]:
        drawn = hashlib.shake_256(_LABEL + secret + label).digest(4 << looks)
        return np.frombuffer(drawn, "<u4").astype(np.int64) & ((1 << changes) - 1)

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place of each number."""
        low, high = numbers & self._low_mask, numbers >> self._low_bits
        for number, table in enumerate(self._tables):
            if number % 2 == 0:
                low = low ^ table[high]
            else:
                high = high ^ table[low]
        return high << self._low_bits | low

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of each place: the rounds the other way round."""
        low, high = places & self._low_mask, places >> self._low_bits
        for number, table in reversed(list(enumerate(self._tables))):
            if number % 2 == 0:
                low = low ^ table[high]
            else:
                high = high ^ table[low]
        return high << self._low_bits | low

    def place(self, number: int) -> int:
        """Return the place of one number, without the price of arrays."""
        low, high = number & self._low_mask, number >> self._low_bits
        a, b, c, d, e, f = self._lists
        low ^= a[high]
        high ^= b[low]
        low ^= c[high]
        high ^= d[low]
        low ^= e[high]
        high ^= f[low]
        return high << self._low_bits | low


class Places:
    """The places of leaves 0, 1, 2 … in a tree that began with ``base`` places (a power of two) and doubles when it is full."""

    def __init__(self, secret: bytes, base: int) -> None:
        self._secret = secret
        self._base = base
        self._grown = functools.lru_cache(maxsize=64)(self._network)

    def _network(self, bits: int, label: bytes) -> _Network:
        return _Network(self._secret, bits, label)

    def of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place of each leaf's number."""
        return self._by_segment(numbers, _Network.places)

    def numbers(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the leaf that each place is for, whether there is such a leaf yet or not."""
        return self._by_segment(places, _Network.numbers)

    def _by_segment(
        self, given: NDArray[np.int64], turned: Callable[[_Network, NDArray[np.int64]], NDArray[np.int64]]
    ) -> NDArray[np.int64]:
        found = np.empty(len(given), np.int64)
        if not len(given):
            return found
        start, end = 0, self._base
        most = int(given.max())
        while start <= most:
            which: Any = (given >= start) & (given < end)
            if which.any():
                found[which] = start + turned(self._in_segment(start), given[which] - start)
            start, end = end, 2 * end
        return found

    def one(self, number: int) -> int:
        """Return the place of one leaf's number."""
        start = 0 if number < self._base else 1 << number.bit_length() - 1
        return start + self._in_segment(start).place(number - start)

    def _in_segment(self, start: int) -> _Network:
        """Return the permutation of the places from ``start`` on: the first ones, or those of a doubling."""
        return self._grown((start or self._base).bit_length() - 1, b"first" if start == 0 else b"grown")
