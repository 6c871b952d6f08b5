"""Two heaps of records, compared without either fitting into memory: both are split by key over temporary files.

What is small never reaches the disk; what is large costs its own size there, for as long as the verification runs.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .formats import words
from .index import fingerprints

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTITION_BITS: Final = 6
MEMORY_BYTES_MAX: Final = 8 << 20
"""Of one heap; what is more goes to the disk."""


class Partitions:
    """A heap of records, split by the id that is their first field; each addition lies sorted by part in one file."""

    def __init__(self, dtype: Any, stack: contextlib.ExitStack) -> None:
        """Take the records' layout, and what will close the temporary file."""
        self._dtype = np.dtype(dtype)
        file = tempfile.SpooledTemporaryFile(MEMORY_BYTES_MAX, prefix="raseed-verify-")  # noqa: SIM115 - the stack does
        self._file = stack.enter_context(file)
        self._ends: list[NDArray[np.int64]] = []
        """For each addition, where each part ends, counted in records from the beginning of the file."""
        self.count = 0

    def add(self, records: NDArray[Any], ids: NDArray[np.uint64]) -> None:
        """Add records, with their ids as two words each."""
        if not len(records):
            return
        part = (fingerprints(ids) >> np.uint64(64 - PARTITION_BITS)).astype(np.uint8)
        self._file.write(records[np.argsort(part, kind="stable")].tobytes())
        self._ends.append(self.count + np.cumsum(np.bincount(part, minlength=1 << PARTITION_BITS)))
        self.count += len(records)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        width = self._dtype.itemsize
        for part in range(1 << PARTITION_BITS):
            pieces = []
            before = 0
            for ends in self._ends:
                start = int(ends[part - 1]) if part else before
                self._file.seek(start * width)
                pieces.append(self._file.read((int(ends[part]) - start) * width))
                before = int(ends[-1])
            yield np.frombuffer(b"".join(pieces), self._dtype)


def sorted_by(records: NDArray[Any], *names: str) -> tuple[NDArray[Any], NDArray[np.uint64]]:
    """Return records sorted by some of their fields, and those fields as machine words, shape (n, words)."""
    columns = [np.ascontiguousarray(records[name]) for name in names]
    keys = np.concatenate(
        [column.view(np.uint64).reshape(len(records), column.itemsize // 8) for column in columns], axis=1
    )
    order = np.lexsort(keys.T[::-1])
    return records[order], keys[order]


def first_repeat(ids: NDArray[Any]) -> Any | None:
    """Return an id that is there twice, or None."""
    marks = np.sort(fingerprints(words(ids)))
    if not (marks[1:] == marks[:-1]).any():
        return None
    ordered, keys = sorted_by(np.ascontiguousarray(ids).view([("id", "V16")]), "id")
    again = np.flatnonzero((keys[1:] == keys[:-1]).all(axis=1))
    return ordered["id"][again[0]] if len(again) else None
