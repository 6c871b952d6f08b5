"""Leaves and nodes by the column: what ``proof.format`` says of one, done to many.

Nodes are rows of 48 bytes. A row of zeros stands for a subtree in which nothing is yet: what it really is depends only on
its level, so that a tree's file is as small as what is in it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..proof.format import DEPTH_MAX, LEAF_BYTES, NODE, NODE_BYTES, SHARES, UNUSED, SumOverflow, parent
from .blinding import Blinding, first_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

NODE_ROW: Final = np.dtype([("hash", "V32"), ("owed", ">i8"), ("owing", ">i8")])
RECORD: Final = np.dtype([("id", "V16"), ("booked", "<i8"), ("held", "<i8"), ("position", "<i8")])
"""An account in a tree: credits less debits posted, debits pending (minor units), and the batch as of which that is."""
_LEAF_ROW: Final = np.dtype([
    ("tag", "u1"), ("salt", "V16"), ("id", "V16"), ("share", "u1"), ("owed", ">i8"), ("owing", ">i8"), ("held", ">i8"),
    ("position", ">i8"),
])  # fmt: skip
_WORDS: Final = NODE_BYTES // 8
assert _LEAF_ROW.itemsize == LEAF_BYTES, "as the format says"


def _empty() -> list[bytes]:
    found = [UNUSED]
    for _ in range(DEPTH_MAX):
        found.append(parent(found[-1], found[-1]))
    return [node.to_bytes() for node in found]


EMPTY: Final = _empty()
"""By level: the node over a subtree in which nothing is."""
_EMPTY_ROWS: Final = [np.frombuffer(node, NODE_ROW) for node in EMPTY]


def leaves_of(records: NDArray[Any], blinding: Blinding) -> NDArray[Any]:
    """Return the nodes of both shares of each record, one after the other."""
    drawn = blinding.draw(records["id"], records["position"])
    shares = np.tile(np.arange(SHARES), len(records))
    return _leaves(np.repeat(records, SHARES), shares, np.repeat(drawn, SHARES))


def share_leaves_of(records: NDArray[Any], shares: NDArray[np.int64], blinding: Blinding) -> NDArray[Any]:
    """Return the node of one share of each record."""
    return _leaves(records, shares, blinding.draw(records["id"], records["position"]))


def _leaves(records: NDArray[Any], shares: NDArray[np.int64], drawn: NDArray[Any]) -> NDArray[Any]:
    booked = records["booked"]
    amounts = np.abs(booked)
    firsts = first_parts(drawn["split"], amounts)
    parts = np.where(shares == 0, firsts, amounts - firsts)
    rows = np.zeros(len(records), _LEAF_ROW)
    rows["salt"], rows["id"], rows["share"] = drawn["salt"][np.arange(len(records)), shares], records["id"], shares
    rows["owed"], rows["owing"] = np.where(booked > 0, parts, 0), np.where(booked < 0, parts, 0)
    rows["held"], rows["position"] = records["held"], records["position"]
    raw, sha256 = rows.tobytes(), hashlib.sha256
    hashes = [sha256(raw[at : at + LEAF_BYTES]).digest() for at in range(0, len(raw), LEAF_BYTES)]
    nodes = np.empty(len(rows), NODE_ROW)
    nodes["hash"] = np.frombuffer(b"".join(hashes), "V32")
    nodes["owed"], nodes["owing"] = rows["owed"], rows["owing"]
    return nodes


def is_empty(nodes: NDArray[Any]) -> NDArray[np.bool_]:
    """Say of each node whether it stands for a subtree in which nothing is."""
    words: NDArray[Any] = np.ascontiguousarray(nodes).view(np.uint64).reshape(-1, _WORDS)
    return np.asarray(~words.any(axis=1))


def filled(nodes: NDArray[Any], level: int) -> NDArray[Any]:
    """Return the nodes of a level as they are hashed, with what really stands for empty subtrees."""
    if level:
        empty = is_empty(nodes)
        if empty.any():
            nodes = nodes.copy()
            nodes[empty] = _EMPTY_ROWS[level]
    return nodes


def parents_of(pairs: NDArray[Any], level: int) -> NDArray[Any]:
    """Return the nodes over pairs (n, 2) of a level.

    Raises:
        SumOverflow: two sums together don't fit.
    """
    children = filled(pairs.reshape(-1), level).reshape(-1, 2)
    raw, width, sha256 = children.tobytes(), 2 * NODE_BYTES, hashlib.sha256
    hashes = [sha256(NODE + raw[at : at + width]).digest() for at in range(0, len(raw), width)]
    nodes = np.empty(len(children), NODE_ROW)
    nodes["hash"] = np.frombuffer(b"".join(hashes), "V32")
    for name in ("owed", "owing"):
        sums = children[name][:, 0].astype(np.int64) + children[name][:, 1].astype(np.int64)
        if (sums < 0).any():
            raise SumOverflow
        nodes[name] = sums
    return nodes
