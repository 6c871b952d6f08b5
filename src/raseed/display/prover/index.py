"""Where an account's record is: open addressing over 64-bit fingerprints, in an array that may lie in a mapped file.

A slot holds the record's number plus one; 0 is free. Ids are compared with the records', so that two accounts of one
fingerprint are told apart. Nothing is ever taken out: a slot that names a record beyond those that count, left by a
writer that was killed before it published it, is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLOTS_MIN: Final = 1 << 10
_FIRST: Final = 0x9E37_79B9_7F4A_7C15
_SECOND: Final = 0xC2B2_AE3D_27D4_EB4F
_MASK: Final = (1 << 64) - 1
_HALF: Final = np.uint64(32)


def slots_for(count: int) -> int:
    """Return how many slots so many accounts need: at most half of them are taken."""
    return max(SLOTS_MIN, 1 << (2 * count - 1).bit_length()) if count else SLOTS_MIN


def words_of(ids: NDArray[Any]) -> NDArray[np.uint64]:
    """Return ids as two machine words each, shape (n, 2)."""
    return np.ascontiguousarray(ids).view("<u8").reshape(-1, 2)


def _fingerprints(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (words[:, 0] ^ (words[:, 1] * np.uint64(_FIRST))) * np.uint64(_SECOND)
    mixed ^= mixed >> _HALF
    mixed *= np.uint64(_FIRST)
    mixed ^= mixed >> _HALF
    return mixed


def _fingerprint(account: bytes) -> int:
    first, second = int.from_bytes(account[:8], "little"), int.from_bytes(account[8:], "little")
    mixed = (first ^ second * _FIRST & _MASK) * _SECOND & _MASK
    mixed ^= mixed >> 32
    mixed = mixed * _FIRST & _MASK
    return mixed ^ mixed >> 32


def find(slots: NDArray[np.int32], records: NDArray[Any], ids: NDArray[Any]) -> NDArray[np.int64]:
    """Return the record of each id; −1 for one that has none among ``records``, which are those that count."""
    found = np.full(len(ids), -1, np.int64)
    wanted, mask = words_of(ids), len(slots) - 1
    at = (_fingerprints(wanted) & np.uint64(mask)).astype(np.int64)
    asking = np.arange(len(ids))
    while len(asking):
        numbers = slots[at].astype(np.int64) - 1
        taken = numbers >= 0
        if not taken.all():
            asking, wanted, at, numbers = asking[taken], wanted[taken], at[taken], numbers[taken]
        counts = numbers < len(records)
        theirs = words_of(records["id"][np.where(counts, numbers, 0)]) if len(records) else wanted
        other = ~counts | (theirs != wanted).any(axis=1)
        found[asking[~other]] = numbers[~other]
        asking, wanted, at = asking[other], wanted[other], (at[other] + 1) & mask
    return found


def find_one(slots: memoryview, mask: int, records: memoryview, width: int, count: int, account: bytes) -> int:
    """Return the record of one id, −1 where it has none among the first ``count``.

    ``records`` are bytes, each record of ``width``, that begin with the id.
    """
    at = _fingerprint(account) & mask
    for _ in range(mask + 1):
        number = slots[at] - 1
        if number < 0:
            return -1
        start = number * width
        if number < count and records[start : start + 16] == account:
            return int(number)
        at = at + 1 & mask
    return -1


def insert(slots: NDArray[np.int32], records: NDArray[Any], numbers: NDArray[np.int64]) -> None:
    """Put records in whose ids are distinct and not in yet."""
    mask = len(slots) - 1
    waiting = numbers
    at = (_fingerprints(words_of(records["id"][numbers])) & np.uint64(mask)).astype(np.int64)
    while len(waiting):
        free = slots[at] == 0
        slots[at[free]] = waiting[free] + 1  # of several, one wins
        lost = slots[at] != waiting + 1
        waiting, at = waiting[lost], (at[lost] + 1) & mask
