"""All of a tree at once: leaves of all records, then all nodes, by as many processes as there are cores.

Imports nothing that touches a database, so that a process for it starts in a moment.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..proof.format import depth_of
from .blinding import Blinding
from .hashing import is_empty, leaves_of, parents_of
from .layout import Arrays, where
from .places import Places

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RECORDS_AT_ONCE: Final = 1 << 15
BLOCK_LEVELS: Final = 15
"""The lowest so many levels are worked out block by block: 3 MiB of the file, one after the other."""
ALONE_MAX: Final = 20_000
"""Up to so many accounts are done here: a process costs more to start."""
PROCESSES_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Whole:
    """A tree to be worked out: its files, its secrets, and how many accounts there are."""

    folder: Path
    capacity: int
    slots: int
    base: int
    accounts: int
    blinding: Blinding
    places_secret: bytes

    def arrays(self) -> Arrays:
        """Map its files."""
        return Arrays.of(self.folder, self.capacity, self.slots, write=True)


def work_out(whole: Whole, *, processes: int | None = None) -> None:
    """Write every leaf and node of a tree whose records are there and whose nodes are not.

    Raises:
        SumOverflow: a sum does not fit.
    """
    block_levels = min(BLOCK_LEVELS, depth_of(whole.capacity))
    blocks = whole.capacity >> block_levels
    count = 1 if whole.accounts <= ALONE_MAX else processes or min(os.cpu_count() or 1, PROCESSES_MAX)
    if count == 1:
        leaves(whole, 0, whole.accounts)
        nodes(whole, 0, blocks)
    else:
        with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
            _share(pool, leaves, whole, whole.accounts, count)
            _share(pool, nodes, whole, blocks, count)
    top(whole, block_levels)


def _share(
    pool: ProcessPoolExecutor, work: Callable[[Whole, int, int], None], whole: Whole, total: int, count: int
) -> None:
    bounds = [total * part // count for part in range(count + 1)]
    for done in [pool.submit(work, whole, bounds[part], bounds[part + 1]) for part in range(count)]:
        done.result()


def leaves(whole: Whole, start: int, end: int) -> None:
    """Write the leaves of the records from one number to another."""
    arrays, places = whole.arrays(), Places(whole.places_secret, whole.base)
    for first in range(start, end, RECORDS_AT_ONCE):
        last = min(first + RECORDS_AT_ONCE, end)
        made = leaves_of(arrays.records[first:last], whole.blinding)
        arrays.nodes[where(0, places.of(np.arange(2 * first, 2 * last)))] = made


def nodes(whole: Whole, start: int, end: int) -> None:
    """Write the nodes over the leaves of blocks, up to each block's own root."""
    arrays = whole.arrays()
    levels = min(BLOCK_LEVELS, depth_of(whole.capacity))
    width = 2 << levels
    for block in range(start, end):
        lying = arrays.nodes[block * width : (block + 1) * width]
        for level in range(levels):
            _level(lying, level)


def top(whole: Whole, above: int) -> None:
    """Write the levels above the blocks."""
    arrays = whole.arrays()
    for level in range(above, depth_of(whole.capacity)):
        _level(arrays.nodes, level)


def _level(lying: NDArray[Any], level: int) -> None:
    """Write the nodes over a level of what lies here; what is over nothing stays nothing."""
    below = lying[(1 << level) - 1 :: 2 << level]
    pairs = np.ascontiguousarray(below[: len(below) // 2 * 2]).reshape(-1, 2)
    used = np.flatnonzero(~is_empty(pairs.reshape(-1)).reshape(-1, 2).all(axis=1))
    if len(used):
        lying[where(level + 1, used)] = parents_of(pairs[used], level)
