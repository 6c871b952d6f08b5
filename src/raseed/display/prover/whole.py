"""Whether a tree's files agree with themselves and with what was signed: every record, leaf, node and slot, and the head.

For checks of the books. Certificates are proof enough for whoever is shown one; this finds what no certificate leads past yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..proof.format import depth_of
from .hashing import is_empty, leaves_of, parents_of
from .index import find
from .layout import Torn, root_at, where
from .reader import WAIT_MS_FOR_MANY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .reader import TreeReader, _State

ACCOUNTS_MAX: Final = 200_000
"""Larger trees are written to more often than they can be read whole; their accounts' certificates are looked at one by one."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """A tree's files as they were under one signed root."""

    state: _State
    records: NDArray[Any]
    slots: NDArray[np.int32]
    nodes: NDArray[Any]

    @classmethod
    def of(cls, state: _State) -> _Copy:
        """Copy what counts; larger trees' accounts are not looked at."""
        head, arrays = state.head, state.view.arrays
        few = head.accounts <= ACCOUNTS_MAX
        return cls(
            state,
            arrays.records[: head.accounts if few else 0].copy(),
            arrays.slots[: None if few else 0].copy(),
            arrays.nodes[: 2 * head.capacity if few else 0].copy(),
        )


def unlike_itself(reader: TreeReader, *, accounts: int, note: str) -> list[str]:
    """Return the parts of a tree's files that are not what they should be: head, accounts, index, leaves, nodes, root.

    ``accounts`` is how many its row says that there are, under the note in that row. ``torn``: the files can't be read at
    all. Only what two looks find is told.
    """
    found = _found(reader, accounts, note)
    return found and _found(reader, accounts, note)


def _found(reader: TreeReader, accounts: int, note: str) -> list[str]:
    try:
        copy = reader.at_rest(_Copy.of, WAIT_MS_FOR_MANY)
    except Torn:
        return ["torn"]
    head = copy.state.head
    if head.note == note and head.accounts != accounts:  # under another note they may be more
        return ["accounts"]
    return [] if head.accounts > ACCOUNTS_MAX else _unlike(reader, copy)


def _unlike(reader: TreeReader, copy: _Copy) -> list[str]:
    state, records, nodes = copy.state, copy.records, copy.nodes
    head, root = state.head, state.root
    told = (head.tree.hex(), head.capacity, head.batch, head.as_of_us)
    signed = (root.origin.rpartition("/")[2].replace("-", ""), root.capacity, root.batch, root.as_of_us)
    fits = head.base.bit_count() == 1 and head.base <= head.capacity
    wrong = [] if told == signed and fits else ["head"]
    if (find(copy.slots, records, records["id"]) != np.arange(head.accounts)).any():
        wrong.append("index")
    if not _leaves_fit(nodes, records, reader, state):
        wrong.append("leaves")
    if not all(_level_fits(nodes, level) for level in range(depth_of(head.capacity))):
        wrong.append("nodes")
    if nodes[root_at(head.capacity)].tobytes() != root.root.to_bytes():
        wrong.append("root")
    return wrong


def _leaves_fit(nodes: NDArray[Any], records: NDArray[Any], reader: TreeReader, state: _State) -> bool:
    places = state.places.of(np.arange(2 * len(records)))
    expected = np.zeros(state.head.capacity, nodes.dtype)
    expected[places] = leaves_of(records, reader._blinding)  # noqa: SLF001  (a reader's look, in a file of its own)
    return expected.tobytes() == nodes[where(0, np.arange(state.head.capacity))].tobytes()


def _level_fits(nodes: NDArray[Any], level: int) -> bool:
    """Say whether the nodes over a level are those of what lies below; what is over nothing is nothing."""
    below = nodes[(1 << level) - 1 :: 2 << level]
    pairs = np.ascontiguousarray(below[: len(below) // 2 * 2]).reshape(-1, 2)
    expected = np.zeros(len(pairs), nodes.dtype)
    full = ~is_empty(pairs.reshape(-1)).reshape(-1, 2).all(axis=1)
    if full.any():
        expected[full] = parents_of(pairs[full], level)
    above = np.ascontiguousarray(nodes[(2 << level) - 1 :: 4 << level][: len(pairs)])
    return expected.tobytes() == above.tobytes()
