"""All of a tree at once: block after block of places, each with its leaves and the nodes over them, by all cores.

A tree of millions is larger than what the system likes to keep unwritten, and its leaves lie anywhere: whoever wrote them in
the order of the accounts would have every page written to the disk several times. So each block of places asks whose
leaves are its own, and is written once.

Imports nothing that touches a database, so that a process for it starts in a moment.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..proof.format import SHARES, depth_of
from .blinding import Blinding
from .hashing import NODE_ROW, is_empty, parents_of, share_leaves_of
from .layout import Arrays, where
from .places import Places

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        fill(whole, 0, blocks)
    else:
        with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
            bounds = [blocks * part // count for part in range(count + 1)]
            for done in [pool.submit(fill, whole, *pair) for pair in itertools.pairwise(bounds)]:
                done.result()
    top(whole, block_levels)


def fill(whole: Whole, start: int, end: int) -> None:
    """Write the leaves of blocks, and the nodes over them up to each block's own root."""
    arrays, places = whole.arrays(), Places(whole.places_secret, whole.base)
    levels = min(BLOCK_LEVELS, depth_of(whole.capacity))
    width = 1 << levels
    for block in range(start, end):
        numbers = places.numbers(np.arange(block * width, (block + 1) * width))
        used = np.flatnonzero(numbers < SHARES * whole.accounts)
        if not len(used):
            continue
        lying = np.zeros(2 * width, NODE_ROW)
        accounts, shares = np.divmod(numbers[used], SHARES)
        lying[where(0, used)] = share_leaves_of(arrays.records[accounts], shares, whole.blinding)
        for level in range(levels):
            _level(lying, level)
        arrays.nodes[2 * block * width : 2 * (block + 1) * width] = lying


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
