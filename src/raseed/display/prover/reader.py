"""A tree's files as readers in any process see them: an account's record and both paths under one signed root, or nothing.

Readers take no lock. The writer's counter tells a reader that it was disturbed, and it reads again. Should that ever fail,
what comes out is a certificate that does not check: no reader, and no screen, need trust these files.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import numpy as np

from raseed.ledger.log.api import parse_note

from ..proof.certificate import Certificate, Share
from ..proof.checkpoint import SignedRoot
from ..proof.format import depth_of
from .blinding import Blinding, first_part
from .hashing import EMPTY, RECORD
from .index import find_one
from .layout import HEAD_BYTES, Arrays, Head, Torn, mapped, read_head, sequence
from .places import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

WAIT_MS: Final = 20
"""So long a reader waits for a writer to be done: many times what a round takes to be written."""
WAIT_MS_FOR_MANY: Final = 1_000
"""And so long one that copies a large part of the files."""
PAUSE_SECONDS: Final = 0.0005
RECORDS_AT_ONCE: Final = 1 << 18
_WORDS: Final = 6
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _View:
    """The files as mapped at one size, and the arrays that lead along a path."""

    arrays: Arrays
    slots: memoryview
    mask: int
    records: memoryview
    words: NDArray[np.uint64]
    levels: NDArray[np.int64]
    wider: NDArray[np.int64]
    middles: NDArray[np.int64]

    @classmethod
    def of(cls, folder: Path, head: Head) -> _View:
        """Map the files."""
        arrays = Arrays.of(folder, head.capacity, head.slots, write=False)
        levels = np.arange(depth_of(head.capacity))
        return cls(
            arrays, arrays.slots.data, head.slots - 1, arrays.records.data.cast("B"),
            arrays.nodes.view(np.uint64).reshape(-1, _WORDS), levels, levels + 1, (1 << levels) - 1,
        )  # fmt: skip

    def paths(self, places: tuple[int, int]) -> list[bytes]:
        """Return the siblings on the way from two places to the root, bottom up."""
        siblings = np.array(places)[:, None] >> self.levels ^ 1
        rows = self.words[(siblings << self.wider) + self.middles]
        paths = [rows[0].tobytes(), rows[1].tobytes()]
        return paths if rows[:, 1:, 0].all() else [_filled(path) for path in paths]


@dataclass(frozen=True, slots=True)
class _State:
    """What the head said at one count of its counter."""

    number: int
    head: Head
    root: SignedRoot
    view: _View
    places: Places


def _filled(path: bytes) -> bytes:
    nodes = [path[at : at + 48] for at in range(0, len(path), 48)]
    return b"".join(node if any(node) else EMPTY[level] for level, node in enumerate(nodes))


class TreeReader:
    """One tree's files, read only; several threads may share it."""

    def __init__(self, folder: Path, blinding: Blinding, places_secret: bytes) -> None:
        """Map the head.

        Raises:
            Torn: there is none.
        """
        self.folder = folder
        self._blinding = blinding
        self._places_secret = places_secret
        self._open()

    def _open(self) -> None:
        self._raw = mapped(self.folder / "head", HEAD_BYTES, write=False)
        self._inode = (self.folder / "head").stat().st_ino
        self._known: _State | None = None
        self._stuck_at = 0

    def is_current(self) -> bool:
        """Say whether the folder still holds the files that are mapped."""
        try:
            return (self.folder / "head").stat().st_ino == self._inode
        except OSError:
            return False

    def at_rest(self, read: Callable[[_State], T], within_ms: int = WAIT_MS) -> T:
        """Return what ``read`` makes of the files while nobody writes to them; a writer may be waited for, so many milliseconds.

        A counter that was waited for in vain is not waited for again until it has moved: its writer was killed.

        Raises:
            Torn: nothing can be read.
        """
        deadline = None
        while True:
            number = sequence(self._raw)
            if number % 2 == 0:
                try:
                    known = self._known
                    found = read(known if known is not None and known.number == number else self._state(number))
                except (Torn, ValueError, IndexError):  # what a torn read can lead to
                    if sequence(self._raw) == number:
                        raise Torn("not a tree") from None
                else:
                    if sequence(self._raw) == number:
                        return found
            elif number == self._stuck_at:
                raise Torn("left half written")
            now = time.monotonic()
            deadline = now + within_ms / 1000 if deadline is None else deadline
            if now >= deadline:
                self._stuck_at = number if number % 2 and within_ms else self._stuck_at
                raise Torn("never at rest")
            if number % 2:
                time.sleep(PAUSE_SECONDS)

    def _state(self, number: int) -> _State:
        """Return what the head says while the counter is ``number``."""
        head, known = read_head(self._raw), self._known
        root = SignedRoot.parse(parse_note(head.note).text)
        same = known is not None and (known.head.capacity, known.head.slots) == (head.capacity, head.slots)
        view = known.view if known is not None and same else _View.of(self.folder, head)
        places = known.places if known is not None else Places(self._places_secret, head.base)
        if sequence(self._raw) != number:
            raise Torn("disturbed")
        self._known = state = _State(number, head, root, view, places)
        return state

    def root(self) -> tuple[Head, SignedRoot]:
        """Return the head, and the root that was signed last.

        Raises:
            Torn: nothing can be read.
        """
        return self.at_rest(lambda state: (state.head, state.root))

    def certificate(self, account_id: UUID, within_ms: int = WAIT_MS) -> Certificate | None:
        """Return an account's certificate under the root that was signed last; None: it has no leaf.

        Raises:
            Torn: nothing can be read, or not within so many milliseconds.
        """
        return self.at_rest(lambda state: self._certificate(state, account_id), within_ms)

    def _certificate(self, state: _State, account_id: UUID) -> Certificate | None:
        view, width = state.view, RECORD.itemsize
        number = find_one(view.slots, view.mask, view.records, width, state.head.accounts, account_id.bytes)
        if number < 0:
            return None
        raw = bytes(view.records[number * width : (number + 1) * width])
        at = state.places.one(2 * number), state.places.one(2 * number + 1)
        return self._made(account_id, raw, at, view.paths(at), state)

    def _made(
        self, account_id: UUID, raw: bytes, at: tuple[int, int], paths: list[bytes], state: _State
    ) -> Certificate:
        booked = int.from_bytes(raw[16:24], "little", signed=True)
        held, position = int.from_bytes(raw[24:32], "little"), int.from_bytes(raw[32:40], "little")
        salt, other_salt, split = self._blinding.draw_one(account_id.bytes, position)
        part = first_part(split, abs(booked))
        rest = abs(booked) - part
        owed, owing = ((part, rest), (0, 0)) if booked > 0 else ((0, 0), (part, rest))
        shares = (
            Share(at[0], salt, owed[0], owing[0], paths[0]),
            Share(at[1], other_salt, owed[1], owing[1], paths[1]),
        )
        root = state.root
        return Certificate(account_id, root.currency, root.scale, booked, held, position, shares, state.head.note, root)

    def population(self) -> Iterator[NDArray[Any]]:
        """Yield all records (``RECORD``), a chunk at a time, each chunk as of one signed root.

        Raises:
            Torn: nothing can be read.
        """
        start = 0
        while len(chunk := self.at_rest(functools.partial(_records, start), WAIT_MS_FOR_MANY)):
            yield chunk
            start += len(chunk)


def _records(start: int, state: _State) -> NDArray[Any]:
    end = min(start + RECORDS_AT_ONCE, state.head.accounts)
    return state.view.arrays.records[start:end].copy()
