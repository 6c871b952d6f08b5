"""From 128-bit ids to small whole numbers, a column at a time: an open-addressing hash table in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from .formats import differ

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIRST: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_SECOND: Final = np.uint64(0xC2B2_AE3D_27D4_EB4F)
_HALF: Final = np.uint64(32)


def fingerprints(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 64 well-mixed bits for each id, given as two words (n, 2)."""
    mixed = (words[:, 0] ^ (words[:, 1] * _FIRST)) * _SECOND
    mixed ^= mixed >> _HALF
    mixed *= _FIRST
    mixed ^= mixed >> _HALF
    return mixed


class IdIndex:
    """The place of each id in a list of distinct ids; about 24 bytes an id."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        """Take the ids as two words each, shape (n, 2)."""
        self.words = words
        size = 1 << max(4, (2 * len(words)).bit_length())
        self._mask = np.uint64(size - 1)
        self._slots = np.full(size, -1, np.int32)
        waiting = np.arange(len(words), dtype=np.int32)
        slots = (fingerprints(words) & self._mask).astype(np.int64)
        while len(waiting):
            free = self._slots[slots] < 0
            self._slots[slots[free]] = waiting[free]  # of several, one wins
            lost = self._slots[slots] != waiting
            waiting, slots = waiting[lost], (slots[lost] + 1) & (size - 1)

    def find(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the places of ids; −1 for those that are not in the list."""
        found = np.full(len(words), -1, np.int64)
        slots = (fingerprints(words) & self._mask).astype(np.int64)
        asking = np.arange(len(words))
        wanted = words
        while len(asking):
            places = np.take(self._slots, slots)
            taken = places >= 0
            if not taken.all():
                asking, wanted, slots, places = asking[taken], wanted[taken], slots[taken], places[taken]
            other = differ(np.take(self.words, places, axis=0), wanted)
            if not other.any():
                found[asking] = places
                break
            found[asking[~other]] = places[~other]
            asking, wanted, slots = asking[other], wanted[other], (slots[other] + 1) & int(self._mask)
        return found
