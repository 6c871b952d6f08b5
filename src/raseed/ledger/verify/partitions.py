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
MEMORY_BYTES_MAX: Final = 1 << 18
"""Of one partition of one heap; what is more goes to the disk."""


class Partitions:
    """A heap of records, split by the id that is their first field."""

    def __init__(self, dtype: Any, stack: contextlib.ExitStack) -> None:
        """Take the records' layout, and what will close the temporary files."""
        self._dtype = np.dtype(dtype)
        self.count = 0
        self._files = [
            stack.enter_context(tempfile.SpooledTemporaryFile(MEMORY_BYTES_MAX, prefix="raseed-verify-"))  # noqa: SIM115
            for _ in range(1 << PARTITION_BITS)
        ]

    def add(self, records: NDArray[Any], ids: NDArray[np.uint64]) -> None:
        """Add records, with their ids as two words each."""
        if not len(records):
            return
        self.count += len(records)
        partition = (fingerprints(ids) >> np.uint64(64 - PARTITION_BITS)).astype(np.uint8)
        order = np.argsort(partition, kind="stable")
        ends = np.cumsum(np.bincount(partition, minlength=len(self._files)))
        ordered = records[order]
        start = 0
        for file, end in zip(self._files, ends.tolist(), strict=True):
            if end > start:
                file.write(ordered[start:end].tobytes())
            start = end

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for file in self._files:
            file.seek(0)
            yield np.frombuffer(file.read(), self._dtype)


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
