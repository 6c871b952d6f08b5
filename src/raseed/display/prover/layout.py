"""A tree's files, mapped into memory: ``head``, ``records``, ``index-N`` and ``nodes``; how large they are and what lies where.

Nodes lie in order (leaf p at 2p, the node over leaves 2p and 2p + 1 between them, and so on up), so that a tree that
doubles leaves every node where it is, and a leaf's lowest ancestors lie in its own page. Files are sparse: what was never
written takes no room.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .hashing import NODE_ROW, RECORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEAD_BYTES: Final = 16 << 10
NOTE_BYTES_MAX: Final = 8 << 10
CAPACITY_LEAST: Final = 1 << 10
"""The smallest tree that is made; its file takes what is in it only."""
MAGIC: Final = b"raseedT1"
_FIELDS: Final = struct.Struct("<16sQQQQqqQ40sI")
_FIELDS_AT: Final = 16
_NOTE_AT: Final = 256
_SEQUENCE: Final = struct.Struct("<Q")
_SEQUENCE_AT: Final = 8
FILE_MODE: Final = 0o600


class Torn(Exception):
    """Files that are not a tree's, or not whole: to be worked out again."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says.

    Attributes:
        tree: the tree's id.
        capacity: its leaf places; base: those it began with.
        accounts: how many it has; slots: the size of its index.
        batch: the ledger's batch as of which it is; as_of_us: up to which instant that is all (Unix microseconds).
        clean: whether it was closed in order and written to the disk.
        boot: which start of the machine wrote it.
        note: the signed root.
    """

    tree: bytes
    capacity: int
    base: int
    accounts: int
    slots: int
    batch: int
    as_of_us: int
    clean: bool
    boot: bytes
    note: str


def boot_id() -> bytes:
    """Return what differs after each start of the machine; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    except OSError:
        return b""


def sequence(head: mmap.mmap) -> int:
    """Return the head's counter: odd while it, and what it speaks of, is being written."""
    found: int = _SEQUENCE.unpack_from(head, _SEQUENCE_AT)[0]
    return found


def set_sequence(head: mmap.mmap, number: int) -> None:
    """Set the counter."""
    _SEQUENCE.pack_into(head, _SEQUENCE_AT, number)


def read_head(raw: mmap.mmap) -> Head:
    """Read a head.

    Raises:
        Torn: it is none.
    """
    if len(raw) != HEAD_BYTES or raw[: len(MAGIC)] != MAGIC:
        raise Torn("no head")
    tree, capacity, base, accounts, slots, batch, as_of_us, clean, boot, length = _FIELDS.unpack_from(raw, _FIELDS_AT)
    if length > NOTE_BYTES_MAX:
        raise Torn("no note")
    note = bytes(raw[_NOTE_AT : _NOTE_AT + length]).decode(errors="replace")
    return Head(tree, capacity, base, accounts, slots, batch, as_of_us, clean == 1, boot.rstrip(b"\0"), note)


def write_head(raw: mmap.mmap, head: Head) -> None:
    """Write a head; the counter is the caller's."""
    note = head.note.encode()
    assert len(note) <= NOTE_BYTES_MAX, "a note is a few hundred bytes"
    raw[: len(MAGIC)] = MAGIC
    _FIELDS.pack_into(
        raw, _FIELDS_AT, head.tree, head.capacity, head.base, head.accounts, head.slots, head.batch, head.as_of_us,
        int(head.clean), head.boot, len(note),
    )  # fmt: skip
    raw[_NOTE_AT : _NOTE_AT + len(note)] = note


def mapped(path: Path, size: int, *, write: bool) -> mmap.mmap:
    """Map a file of exactly this size; a writer makes it, or makes it longer.

    Raises:
        Torn: a reader finds it missing or shorter.
    """
    flags = os.O_RDWR | os.O_CREAT if write else os.O_RDONLY
    try:
        descriptor = os.open(path, flags, FILE_MODE)
    except FileNotFoundError:
        raise Torn(f"{path.name} is missing") from None
    try:
        found = os.fstat(descriptor).st_size
        if found < size:
            if not write:
                raise Torn(f"{path.name} is too short")
            os.ftruncate(descriptor, size)
        return mmap.mmap(descriptor, size, access=mmap.ACCESS_WRITE if write else mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Arrays:
    """A tree's mapped files as arrays."""

    records: NDArray[Any]
    slots: NDArray[np.int32]
    nodes: NDArray[Any]
    maps: tuple[mmap.mmap, ...]

    @classmethod
    def of(cls, folder: Path, capacity: int, slots: int, *, write: bool) -> Arrays:
        """Map the files of a tree with so many places and slots.

        Raises:
            Torn: one is missing, or shorter than it should be.
        """
        sizes = {
            "records": capacity // 2 * RECORD.itemsize,
            f"index-{slots}": slots * 4,
            "nodes": 2 * capacity * NODE_ROW.itemsize,
        }
        maps = tuple(mapped(folder / name, size, write=write) for name, size in sizes.items())
        records, index, nodes = maps
        return cls(np.frombuffer(records, RECORD), np.frombuffer(index, np.int32), np.frombuffer(nodes, NODE_ROW), maps)

    def flush(self) -> None:
        """Write all of them to the disk."""
        for found in self.maps:
            found.flush()


def where(level: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the nodes of a level lie."""
    return (places << level + 1) + (1 << level) - 1


def root_at(capacity: int) -> int:
    """Return where the root lies."""
    return capacity - 1
