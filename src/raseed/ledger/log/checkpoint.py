"""Checkpoints of the log: C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint), and what a leaf is over; pure.

A checkpoint's text is the log's origin, the number of leaves and the root. While a key hands over to the next, two
extension lines ``raseed-key-v1 PUBLICKEY`` name both, and both sign: whoever trusts one of them learns the other from it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

from .note import Malformed, Verifier
from .tree import HASH_BYTES

if TYPE_CHECKING:
    from .note import Note

LEAF_PREFIX: Final = b"raseed-leaf-v1\n"
ORIGIN: Final = "raseed.local/ledger/"
KEY_LINE: Final = "raseed-key-v1 "
_SIZE: Final = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_LINES_MIN: Final = 3


def leaf_data(*, number: int, posted_us: int, transfers: int, digest: bytes) -> bytes:
    """Return what is hashed for a batch: its number, Unix microseconds, how many transfers, and their digest."""
    return LEAF_PREFIX + number.to_bytes(8) + posted_us.to_bytes(8, signed=True) + transfers.to_bytes(4) + digest


def origin_of(log_id: UUID) -> str:
    """Return the name of the log with this id, under which its keys sign."""
    return f"{ORIGIN}{log_id}"


def log_id_of(origin: str) -> UUID | None:
    """Return the id in an origin, or None where it is not one of ours."""
    try:
        return UUID(origin.removeprefix(ORIGIN)) if origin.startswith(ORIGIN) else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: a log, the number of its leaves, their root; in a hand-over also the keys that it is between."""

    origin: str
    size: int
    root: bytes
    handing_over: tuple[Verifier, ...] = ()

    def text(self) -> str:
        """Return the text to be signed."""
        keys = [f"{KEY_LINE}{key}" for key in self.handing_over]
        return "\n".join([self.origin, str(self.size), base64.b64encode(self.root).decode(), *keys]) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a checkpoint's text; extension lines that we don't know are passed over.

        Raises:
            Malformed: it is not written as a checkpoint.
        """
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < _LINES_MIN or not all(lines) or not _SIZE.match(lines[1]):
            raise Malformed("a checkpoint is an origin, a number of leaves and a root")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError):
            root = b""
        if len(root) != HASH_BYTES:
            raise Malformed("a checkpoint's root is 32 bytes in base64")
        keys = [line.removeprefix(KEY_LINE) for line in lines[_LINES_MIN:] if line.startswith(KEY_LINE)]
        return cls(lines[0], int(lines[1]), root, tuple(Verifier.parse(key) for key in keys))


def hand_over_holds(checkpoint: Checkpoint, note: Note) -> bool:
    """Say whether every key that a checkpoint names signed it: only then does trust go from one to the other."""
    return len(note.signed_by(checkpoint.handing_over)) == len(set(checkpoint.handing_over))


def trusted_after(checkpoint: Checkpoint, signed: Sequence[Verifier], trusted: Sequence[Verifier]) -> list[Verifier]:
    """Return the keys to trust after a checkpoint that holds, given which of the trusted keys signed it.

    In a hand-over those are the keys it names. Otherwise a key that did not sign is no longer in use: were it stolen
    later, it could sign nothing that comes after.
    """
    if checkpoint.handing_over:
        return list(checkpoint.handing_over)
    return [key for key in trusted if key in signed]
