"""Salts and splits: what makes a leaf's hash tell nothing, and the part of a balance beside a stranger's leaf say little.

Both follow, under a secret, from the account and the batch as of which the leaf is written, so that they change with every
change and need not be kept. Keyed BLAKE2b (RFC 7693) is the pseudo-random function.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECRET_BYTES: Final = 32
_DRAWN: Final = np.dtype([("salt", "V16", 2), ("split", "<u8")])
_ASKED: Final = np.dtype([("id", "V16"), ("position", ">i8")])
_LOW: Final = np.uint64(0xFFFF_FFFF)
_HALF: Final = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Blinding:
    """Salts and splits under one secret."""

    secret: bytes

    def draw(self, ids: NDArray[Any], positions: NDArray[np.int64]) -> NDArray[Any]:
        """Return, for each account and position, two salts (``salt``) and what decides its split (``split``)."""
        asked = np.empty(len(ids), _ASKED)
        asked["id"], asked["position"] = ids, positions
        raw, width = asked.tobytes(), _ASKED.itemsize
        keyed = hashlib.blake2b(key=self.secret, digest_size=_DRAWN.itemsize)
        parts = []
        for at in range(0, len(raw), width):
            one = keyed.copy()
            one.update(raw[at : at + width])
            parts.append(one.digest())
        return np.frombuffer(b"".join(parts), _DRAWN)

    def draw_one(self, account: bytes, position: int) -> tuple[bytes, bytes, int]:
        """Return the two salts, and what decides the split, of one account."""
        drawn = hashlib.blake2b(
            account + position.to_bytes(8), key=self.secret, digest_size=_DRAWN.itemsize
        ).digest()  # fmt: skip
        return drawn[:16], drawn[16:32], int.from_bytes(drawn[32:], "little")


def first_part(split: int, amount: int) -> int:
    """Return the first share of an amount: each from nothing to all of it is as likely."""
    return split * (amount + 1) >> 64


def first_parts(splits: NDArray[np.uint64], amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first share of each amount, as ``first_part`` does: the high half of a product of 128 bits."""
    wide = amounts.astype(np.uint64) + np.uint64(1)
    split_low, split_high = splits & _LOW, splits >> _HALF
    wide_low, wide_high = wide & _LOW, wide >> _HALF
    middle = split_high * wide_low + (split_low * wide_low >> _HALF)
    other = split_low * wide_high + (middle & _LOW)
    return np.asarray(split_high * wide_high + (middle >> _HALF) + (other >> _HALF)).astype(np.int64)
