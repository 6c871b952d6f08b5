"""Checkpoints: whether each is signed by a key that is trusted, follows on the one before, and is the root it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..log.checkpoint import Checkpoint, hand_over_holds, trusted_after
from ..log.note import Forged, Malformed, Note, Verifier, parse_note
from ..log.tree import CompactRange
from .findings import Difference, differs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HAND_OVERS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A row of ``ledger_checkpoint``."""

    number: int
    leaves: int
    batch: int
    peaks: bytes
    note: str


@dataclass(frozen=True, slots=True)
class OutsideCheckpoint:
    """A checkpoint that was kept outside the database."""

    path: Path
    checkpoint: Checkpoint
    note: Note


def trust(given: Sequence[Verifier], hand_overs: Iterable[str]) -> list[Verifier]:
    """Return the keys that follow from those given: a hand-over, signed by all it names, leads from each to the others."""
    trusted = list(given)
    links = []
    for text in hand_overs:
        try:
            note = parse_note(text)
            checkpoint = Checkpoint.parse(note.text)
            if checkpoint.handing_over and hand_over_holds(checkpoint, note):
                links.append(checkpoint.handing_over)
        except (Malformed, Forged):
            continue  # it is named when its turn comes
    grown = True
    while grown:
        grown = False
        for names in links:
            new = [key for key in names if key not in trusted]
            if new and len(new) < len(names):
                trusted += new
                grown = True
    return trusted


@dataclass(slots=True)
class CheckpointChain:
    """The checkpoints in their order, each held against the tree when it has come to its size.

    Attributes:
        origin: the log's name.
        trusted: the keys whose signatures count; a hand-over changes them.
    """

    origin: str
    trusted: list[Verifier]
    last: CheckpointRow | None = None
    checked: int = 0
    _keys: list[Verifier] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._keys = list(self.trusted)

    def check(self, row: CheckpointRow, tree: CompactRange, last_batch: int) -> Difference | None:
        """Return what is wrong with the next checkpoint, whose size the tree has now."""
        expected = self.last.number + 1 if self.last else 1
        if row.number != expected:
            return differs("checkpoint_gap", expected=expected, found=row.number)
        try:
            note = parse_note(row.note)
            checkpoint = Checkpoint.parse(note.text)
        except Malformed as reason:
            return differs("checkpoint_unreadable", number=row.number, reason=str(reason))
        difference = self._signatures(row, note, checkpoint) or self._content(row, checkpoint, tree, last_batch)
        self.last = row
        self.checked += 1
        return difference

    def _signatures(self, row: CheckpointRow, note: Note, checkpoint: Checkpoint) -> Difference | None:
        if checkpoint.origin != self.origin:
            return differs("checkpoint_origin", number=row.number, found=checkpoint.origin, expected=self.origin)
        try:
            signed = note.signed_by(self.trusted)
            handed_over = hand_over_holds(checkpoint, note)
        except Forged as key:
            return differs("checkpoint_forged", number=row.number, key=str(key))
        if not signed:
            return differs("checkpoint_unsigned", number=row.number, keys=told(self.trusted))
        if not handed_over:
            return differs("checkpoint_hand_over", number=row.number)
        self.trusted = trusted_after(checkpoint, signed, self.trusted)
        return None

    def _content(
        self, row: CheckpointRow, checkpoint: Checkpoint, tree: CompactRange, last_batch: int
    ) -> Difference | None:
        number = row.number
        before = self.last.leaves if self.last else 0
        root, peaks = tree.root(), tree.to_bytes()
        checks = (
            (row.leaves < before, differs("checkpoint_back", number=number, found=row.leaves, expected=before)),
            (row.leaves != checkpoint.size, _field(number, "leaves", checkpoint.size, row.leaves)),
            (row.leaves != tree.size, differs("checkpoint_ahead", number=number, expected=row.leaves, found=tree.size)),
            (
                root != checkpoint.root,
                differs("checkpoint_root", number=number, leaves=tree.size, found=root, expected=checkpoint.root),
            ),
            (row.batch != last_batch, _field(number, "batch", last_batch, row.batch)),
            (row.peaks != peaks, _field(number, "peaks", peaks, row.peaks)),
        )
        return next((difference for wrong, difference in checks if wrong), None)

    def check_outside(self, kept: OutsideCheckpoint) -> Difference | None:
        """Say whether a checkpoint kept outside is of this log, and signed by a key that was trusted at the beginning."""
        path = str(kept.path)
        if kept.checkpoint.origin != self.origin:
            return differs("outside_origin", path=path, expected=kept.checkpoint.origin, found=self.origin or "—")
        try:
            signed = kept.note.signed_by(self._keys)
        except Forged:
            signed = []
        return None if signed else differs("outside_forged", path=path, keys=told(self._keys))


def _field(number: int, name: str, expected: object, found: object) -> Difference:
    return differs("checkpoint_field", number=number, field=name, expected=expected, found=found)


def told(keys: Sequence[Verifier]) -> str:
    """Tell keys by their names and ids."""
    return ", ".join(f"{key.name}+{key.id:08x}" for key in keys) or "—"
