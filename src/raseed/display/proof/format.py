"""Leaves and nodes of a sum tree: SHA-256 over fixed layouts, every node with the sums of what is under it.

Numbers are big-endian and below 2⁶³. A sum tree (Maxwell; Chalkias and others, "Distributed auditing proofs of
liabilities", 2020) is a Merkle tree whose nodes also carry totals; since every total is part of its parent's hash, a leaf
can be left out of a total only by whoever finds two nodes of one hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

LEAF: Final = b"\x00"
NODE: Final = b"\x01"
HASH_BYTES: Final = 32
NODE_BYTES: Final = HASH_BYTES + 16
LEAF_BYTES: Final = 66
SALT_BYTES: Final = 16
SHARES: Final = 2
SUM_MAX: Final = (1 << 63) - 1
DEPTH_MAX: Final = 40
CAPACITY_MIN: Final = 2
FRESH_SECONDS_MAX: Final = 10
"""A certificate whose as-of is older proves nothing about now."""


class SumOverflow(ValueError):
    """Two sums together don't fit: a tree that says so is wrong."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its hash, and what the institution owes and is owed under it, in minor units."""

    hash: bytes
    owed: int
    owing: int

    def to_bytes(self) -> bytes:
        """Return the 48 bytes that the parent's hash is over."""
        return self.hash + self.owed.to_bytes(8) + self.owing.to_bytes(8)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read 48 bytes.

        Raises:
            SumOverflow: a sum is 2⁶³ or more.
        """
        owed, owing = int.from_bytes(raw[32:40]), int.from_bytes(raw[40:48])
        if owed > SUM_MAX or owing > SUM_MAX:
            raise SumOverflow
        return cls(raw[:HASH_BYTES], owed, owing)


UNUSED: Final = Node(bytes(HASH_BYTES), 0, 0)
"""The node of a place that no leaf was ever put in."""


def leaf_hash(*, salt: bytes, account_id: UUID, share: int, owed: int, owing: int, held: int, position: int) -> bytes:
    """Return the hash of one share of an account; amounts in minor units, ``position`` a batch's number."""
    return hashlib.sha256(
        LEAF + salt + account_id.bytes + bytes((share,))
        + owed.to_bytes(8) + owing.to_bytes(8) + held.to_bytes(8) + position.to_bytes(8)
    ).digest()  # fmt: skip


def parent(left: Node, right: Node) -> Node:
    """Return the node over two.

    Raises:
        SumOverflow: their sums together are 2⁶³ or more.
    """
    owed, owing = left.owed + right.owed, left.owing + right.owing
    if owed > SUM_MAX or owing > SUM_MAX:
        raise SumOverflow
    return Node(hashlib.sha256(NODE + left.to_bytes() + right.to_bytes()).digest(), owed, owing)


def root_over(leaf: Node, place: int, path: Sequence[Node]) -> Node:
    """Return the root that a path leads to from a leaf's node; bit i of ``place`` says on which side it is at level i.

    Raises:
        SumOverflow: sums on the way don't fit.
    """
    found = leaf
    for level, sibling in enumerate(path):
        found = parent(sibling, found) if place >> level & 1 else parent(found, sibling)
    return found


def depth_of(capacity: int) -> int:
    """Return how many levels are above the leaves of a tree with so many places (a power of two, at least 2)."""
    return capacity.bit_length() - 1
