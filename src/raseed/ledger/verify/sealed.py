"""Batches and the log: whether the transfers of each batch are those that were posted, and were sealed so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..log.tree import LEAF, CompactRange
from .findings import Difference, differs, instant
from .formats import DIGEST_PREFIX, LEAF_PREFIX, RECORD_BYTES, SEQS_PER_BATCH_BITS, id_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .checkpoints import CheckpointChain, CheckpointRow, OutsideCheckpoint

_NEVER: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Portion:
    """What belongs together: all transfers, batches and leaves of the batch numbers below a limit and not before.

    Attributes:
        transfers, batches, leaves: rows in order.
        checkpoints: those that cover no more leaves than there were so far.
    """

    transfers: NDArray[Any]
    batches: NDArray[Any]
    leaves: NDArray[Any]
    checkpoints: Sequence[CheckpointRow]


@dataclass(slots=True)
class Log:
    """The log, recomputed.

    Attributes:
        chain: the checkpoints.
        outside: checkpoints kept outside, by size.
        last_sealed: the last batch that has a leaf; later ones are not sealed yet.
    """

    chain: CheckpointChain
    outside: list[OutsideCheckpoint]
    last_sealed: int
    tree: CompactRange = field(default_factory=CompactRange)
    last_batch: int = 0
    batches: int = 0
    unsealed: int = 0

    def check(self, portion: Portion) -> tuple[int, Difference] | None:
        """Return the first batch, in order, that is not as it was posted and sealed, with what is wrong with it."""
        numbers = portion.transfers["seq"].astype(np.int64) >> SEQS_PER_BATCH_BITS
        found = _first(
            _rows_twice(portion),
            _unmatched(numbers, portion.batches["number"].astype(np.int64), portion),
            self._unsealed(portion),
        )
        end = found[0] if found else _NEVER
        sizes = _sizes(numbers, portion, end)
        found = _first(found, sizes)
        end = found[0] if found else _NEVER
        digests = self._digests(portion, numbers, end)
        return _first(found, digests)

    def _unsealed(self, portion: Portion) -> tuple[int, Difference] | None:
        """Find a batch without a leaf before others that have one, or a leaf without a batch, or at another place."""
        batches, sealed = portion.batches["number"].astype(np.int64), portion.leaves["batch"].astype(np.int64)
        expected = batches[batches <= self.last_sealed]
        if len(expected) != len(sealed) or (expected != sealed).any():
            missing, extra = _only_in(expected, sealed), _only_in(sealed, expected)
            if extra is not None and (missing is None or extra < missing):
                leaf = portion.leaves[np.searchsorted(sealed, extra)]
                return extra, differs("leaf_without_batch", batch=extra, leaf=int(leaf["leaf_index"]))
            if missing is not None:
                return missing, differs("leaf_missing", batch=missing)
        places = portion.leaves["leaf_index"].astype(np.int64)
        wrong = np.flatnonzero(places != np.arange(self.tree.size, self.tree.size + len(places)))
        if len(wrong):
            at = int(wrong[0])
            batch = int(sealed[at])
            return batch, differs("leaf_place", batch=batch, found=int(places[at]), expected=self.tree.size + at)
        return None

    def _digests(self, portion: Portion, numbers: NDArray[np.int64], end: int) -> tuple[int, Difference] | None:
        """Recompute digests, leaves and roots of the batches before ``end``, whose rows are all there."""
        known = portion.batches["number"].astype(np.int64)
        count = int(np.searchsorted(known, end))
        width = portion.transfers.dtype.itemsize
        packed = np.ascontiguousarray(portion.transfers).view(np.uint8).reshape(len(portion.transfers), width)
        raw = memoryview(packed[:, :RECORD_BYTES].tobytes())
        starts = (np.searchsorted(numbers, known[:count]) * RECORD_BYTES).tolist()
        ends = (np.searchsorted(numbers, known[:count], side="right") * RECORD_BYTES).tolist()
        batches = np.ascontiguousarray(portion.batches).tobytes()
        size = portion.batches.dtype.itemsize
        leaves = [cell.tobytes() for cell in portion.leaves["hash"]]
        checkpoints = iter(portion.checkpoints)
        checkpoint = next(checkpoints, None)
        for place, number in enumerate(known[:count].tolist()):
            while checkpoint is not None and checkpoint.leaves <= self.tree.size:
                if (wrong := self._roots(checkpoint)) is not None:
                    return number, wrong
                checkpoint = next(checkpoints, None)
            batch = batches[place * size : (place + 1) * size]
            hashed = hashlib.sha256(DIGEST_PREFIX)
            hashed.update(raw[starts[place] : ends[place]])
            if hashed.digest() != batch[-32:]:
                return number, _altered(portion, numbers, number, hashed.digest(), batch[-32:])
            self.batches += 1
            if place >= len(leaves):
                self.unsealed += 1
                continue
            leaf = hashlib.sha256(LEAF + LEAF_PREFIX + batch).digest()
            if leaf != leaves[place]:
                where = {"batch": number, "leaf": self.tree.size}
                return number, differs("leaf_altered", **where, found=leaves[place], expected=leaf)
            self.tree.append(leaf)
            self.last_batch = number
            if self.outside and (wrong := self._outside_root()) is not None:
                return number, wrong
        while checkpoint is not None:
            if (wrong := self._roots(checkpoint)) is not None:
                return _NEVER, wrong
            checkpoint = next(checkpoints, None)
        return None

    def _roots(self, row: CheckpointRow) -> Difference | None:
        return self.chain.check(row, self.tree, self.last_batch)

    def _outside_root(self) -> Difference | None:
        """Compare the root with the checkpoints from outside that have this size."""
        while self.outside and self.outside[0].checkpoint.size <= self.tree.size:
            kept = self.outside.pop(0)
            root = self.tree.root()
            if kept.checkpoint.size == self.tree.size and kept.checkpoint.root != root:
                return differs(
                    "outside_root",
                    path=str(kept.path),
                    leaves=self.tree.size,
                    found=root,
                    expected=kept.checkpoint.root,
                )
        return None

    def end(self) -> Difference | None:
        """Return what is wrong with the log's end, after all portions."""
        for kept in self.outside:
            size = kept.checkpoint.size
            if size > self.tree.size:
                return differs("outside_ahead", path=str(kept.path), expected=size, found=self.tree.size)
        covered = self.chain.last.leaves if self.chain.last else 0
        if covered != self.tree.size:
            return differs("checkpoint_behind", expected=covered, found=self.tree.size)
        return None


def _first(*found: tuple[int, Difference] | None) -> tuple[int, Difference] | None:
    return min((each for each in found if each is not None), key=lambda each: each[0], default=None)


def _only_in(these: NDArray[np.int64], those: NDArray[np.int64]) -> int | None:
    only = these[~np.isin(these, those)]
    return int(only[0]) if len(only) else None


def _rows_twice(portion: Portion) -> tuple[int, Difference] | None:
    found = []
    for code, column in (("batch_twice", portion.batches["number"]), ("leaf_twice", portion.leaves["batch"])):
        numbers = column.astype(np.int64)
        again = np.flatnonzero(numbers[1:] == numbers[:-1])
        if len(again):
            batch = int(numbers[again[0]])
            found.append((batch, differs(code, batch=batch)))
    return _first(*found)


def _unmatched(numbers: NDArray[np.int64], known: NDArray[np.int64], portion: Portion) -> tuple[int, Difference] | None:
    """Find the first batch that has transfers and no row, or a row and no transfers."""
    first = np.ones(len(numbers), bool)
    first[1:] = numbers[1:] != numbers[:-1]
    with_transfers = numbers[first]
    if len(with_transfers) == len(known) and (with_transfers == known).all():
        return None
    rowless, empty = _only_in(with_transfers, known), _only_in(known, with_transfers)
    if rowless is not None and (empty is None or rowless < empty):
        seqs = portion.transfers["seq"][numbers == rowless]
        return rowless, differs("batch_row_missing", batch=rowless, first=int(seqs[0]), last=int(seqs[-1]))
    if empty is not None:
        expected = int(portion.batches["transfers"][np.searchsorted(known, empty)])
        return empty, differs("batch_short", batch=empty, expected=expected, found=0)
    return None  # a row twice: named already


def _sizes(numbers: NDArray[np.int64], portion: Portion, end: int) -> tuple[int, Difference] | None:
    """Find the first batch before ``end`` whose transfers are more or fewer than it was posted with, or of another time."""
    batches = portion.batches[portion.batches["number"] < end]
    known = batches["number"].astype(np.int64)
    starts, ends = np.searchsorted(numbers, known), np.searchsorted(numbers, known, side="right")
    found = []
    wrong = np.flatnonzero(ends - starts != batches["transfers"])
    if len(wrong):
        at = int(wrong[0])
        counts = {"expected": int(batches["transfers"][at]), "found": int(ends[at] - starts[at])}
        code = "batch_short" if counts["found"] < counts["expected"] else "batch_long"
        found.append((int(known[at]), differs(code, batch=int(known[at]), **counts)))
    rows = portion.transfers[: int(ends[-1])] if len(known) else portion.transfers[:0]
    times = np.repeat(batches["posted_at"], ends - starts)
    if len(times) == len(rows):
        late = np.flatnonzero(times != rows["posted_at"])
        if len(late):
            row, batch = rows[late[0]], int(numbers[late[0]])
            told = {"found": instant(int(row["posted_at"])), "expected": instant(int(times[late[0]]))}
            found.append((batch, differs("batch_time", id=id_of(row["id"]), seq=int(row["seq"]), **told)))
    return _first(*found)


def _altered(portion: Portion, numbers: NDArray[np.int64], number: int, found: bytes, expected: bytes) -> Difference:
    seqs = portion.transfers["seq"][numbers == number]
    return differs(
        "batch_altered", batch=number, first=int(seqs[0]), last=int(seqs[-1]), found=found, expected=expected
    )
