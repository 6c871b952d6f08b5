"""One tree on disk, as its one writer sees it: accounts are set, only the paths that change are worked out, then all is published.

Readers in other processes (``reader``) never see half of it: a counter is odd while the files are written to. What can't
be told to be whole and ours is refused (``Torn``) and worked out again, never trusted.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from ..proof.format import Node, depth_of
from . import index
from .hashing import leaves_of, parents_of
from .layout import (
    CAPACITY_LEAST,
    HEAD_BYTES,
    Arrays,
    Head,
    Torn,
    boot_id,
    mapped,
    read_head,
    root_at,
    sequence,
    set_sequence,
    where,
    write_head,
)

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from .blinding import Blinding
    from .places import Places

INDEXED_AT_ONCE: Final = 1 << 18
ACCOUNTS_MAX: Final = (1 << 31) - 2
"""A slot of the index has 32 bits."""


@dataclass(slots=True)
class Update:
    """What is to be published: records, and the nodes on their paths, with where each lies."""

    numbers: NDArray[np.int64]
    records: NDArray[Any]
    nodes: list[tuple[NDArray[np.int64], NDArray[Any]]]
    root: Node


class TreeStore:
    """A tree's files, open for its one writer."""

    def __init__(self, folder: Path, head: Head, blinding: Blinding, places: Places) -> None:
        """Map the files; for ``create`` and ``opened`` only."""
        self.folder = folder
        self.head = head
        self.accounts = head.accounts
        self._blinding = blinding
        self._places = places
        self._raw = mapped(folder / "head", HEAD_BYTES, write=True)
        self._map(head.capacity, head.slots)

    def _map(self, capacity: int, slots: int) -> None:
        self.capacity, self._slots = capacity, slots
        self._arrays = Arrays.of(self.folder, capacity, slots, write=True)

    @classmethod
    def create(cls, folder: Path, tree: UUID, accounts: int, blinding: Blinding, places: Places, base: int) -> Self:
        """Make an empty tree with room for so many accounts; ``base`` is that of its places."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        head = Head(tree.bytes, base, base, 0, index.slots_for(accounts), 0, 0, clean=False, boot=boot_id(), note="")
        store = cls(folder, head, blinding, places)
        set_sequence(store._raw, 1)  # nobody reads it before it is published
        return store

    @classmethod
    def opened(cls, folder: Path, tree: UUID, blinding: Blinding, places_of: Any) -> Self:
        """Open a tree that was closed in order, or written since the machine was last started.

        Raises:
            Torn: it is not that tree, or not whole.
        """
        raw = mapped(folder / "head", HEAD_BYTES, write=False)
        head = read_head(raw)
        if head.tree != tree.bytes:
            raise Torn("another tree")
        if sequence(raw) % 2 or not (head.clean or (head.boot and head.boot == boot_id())):
            raise Torn("not closed in order")
        if head.capacity < CAPACITY_LEAST or head.capacity.bit_count() != 1 or 2 * head.accounts > head.capacity:
            raise Torn("sizes that can't be")
        Arrays.of(folder, head.capacity, head.slots, write=False)
        store = cls(folder, head, blinding, places_of(head.base))
        store._write_head(replace(head, clean=False, boot=boot_id()))
        return store

    @property
    def root(self) -> Node:
        """The root as it lies in the files."""
        return Node.from_bytes(self._arrays.nodes[root_at(self.capacity)].tobytes())

    @property
    def records(self) -> NDArray[Any]:
        """The accounts' records, in the order in which they came."""
        return self._arrays.records[: self.accounts]

    @property
    def arrays(self) -> Arrays:
        """The mapped files."""
        return self._arrays

    def find(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """Return the numbers of accounts' records; −1 for those that have none."""
        return index.find(self._arrays.slots, self.records, ids)

    def make_room(self, accounts: int) -> None:
        """Make the files long enough for so many accounts; what readers see does not change by it."""
        assert accounts <= ACCOUNTS_MAX, "numbers of records fit the index"
        capacity = self.capacity
        while 2 * accounts > capacity:
            capacity *= 2
        slots = max(self._slots, index.slots_for(accounts))
        if (capacity, slots) == (self.capacity, self._slots):
            return
        grown = slots != self._slots
        if grown:
            (self.folder / f"index-{slots}").unlink(missing_ok=True)
        self._map(capacity, slots)
        if grown:
            index.insert(self._arrays.slots, self._arrays.records, np.arange(self.accounts))

    def add(self, records: NDArray[Any]) -> NDArray[np.int64]:
        """Give new accounts their records, unpublished, and return the numbers; their leaves come with ``update``.

        A reader finds such an account only once ``accounts`` in the head counts it.
        """
        self.make_room(self.accounts + len(records))
        numbers = np.arange(self.accounts, self.accounts + len(records))
        self._arrays.records[numbers] = records
        index.insert(self._arrays.slots, self._arrays.records, numbers)
        self.accounts += len(records)
        return numbers

    def append(self, records: NDArray[Any]) -> None:
        """Put down records of a tree that is being built: neither indexed nor in any leaf before ``index_all`` and ``bulk``."""
        capacity = self.capacity
        while 2 * (self.accounts + len(records)) > capacity:
            capacity *= 2
        if capacity != self.capacity:
            self._map(capacity, self._slots)
        self._arrays.records[self.accounts : self.accounts + len(records)] = records
        self.accounts += len(records)

    def index_all(self) -> None:
        """Index the records of a tree that is being built."""
        slots = index.slots_for(self.accounts)
        (self.folder / f"index-{self._slots}").unlink(missing_ok=True)
        self._map(self.capacity, slots)
        for start in range(0, self.accounts, INDEXED_AT_ONCE):
            numbers = np.arange(start, min(start + INDEXED_AT_ONCE, self.accounts))
            index.insert(self._arrays.slots, self._arrays.records, numbers)

    def update(self, numbers: NDArray[np.int64], records: NDArray[Any]) -> Update:
        """Work out the paths of records that are to change, without changing anything.

        Raises:
            SumOverflow: a sum does not fit.
        """
        leaves = leaves_of(records, self._blinding)
        places = self._places.of(np.stack([2 * numbers, 2 * numbers + 1], axis=1).reshape(-1))
        order = np.argsort(places)
        places, nodes = places[order], leaves[order]
        written = [(where(0, places), nodes)]
        for level in range(depth_of(self.capacity)):
            over, owner = np.unique(places >> 1, return_inverse=True)
            pairs = self._arrays.nodes[where(level, np.stack([2 * over, 2 * over + 1], axis=1))]
            pairs[owner, places & 1] = nodes
            places, nodes = over, parents_of(pairs, level)
            written.append((where(level + 1, places), nodes))
        return Update(numbers, records, written, Node.from_bytes(nodes[0].tobytes()))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        before = sequence(self._raw)
        assert before % 2 == 0 or not self.head.note, "what was left half written is worked out again, not written over"
        set_sequence(self._raw, before | 1)
        yield
        set_sequence(self._raw, (before | 1) + 1)

    def publish(self, update: Update | None, *, batch: int, as_of_us: int, note: str) -> None:
        """Let readers see what was worked out, under the note that was signed over it."""
        head = replace(
            self.head, capacity=self.capacity, slots=self._slots, accounts=self.accounts, batch=batch,
            as_of_us=as_of_us, note=note,
        )  # fmt: skip
        with self._writing():
            if update is not None:
                self._arrays.records[update.numbers] = update.records
                for at, nodes in update.nodes:
                    self._arrays.nodes[at] = nodes
            write_head(self._raw, head)
        self.head = head

    def _write_head(self, head: Head) -> None:
        with self._writing():
            write_head(self._raw, head)
        self.head = head

    def close(self) -> None:
        """Write everything to the disk, so that it is trusted at the next start; what is half written stays torn."""
        if sequence(self._raw) % 2:
            return
        self._arrays.flush()
        self._write_head(replace(self.head, clean=True))
        self._raw.flush()

    def move_to(self, folder: Path) -> None:
        """Put the files in another's place."""
        aside = folder.with_name(f"{folder.name}.old")
        shutil.rmtree(aside, ignore_errors=True)
        if folder.exists():
            folder.rename(aside)
        self.folder.rename(folder)
        self.folder = folder
        shutil.rmtree(aside, ignore_errors=True)
