"""What is signed of a tree: its name, its size and root, and, as extension lines, its sums, its as-of and the ledger's log.

A C2SP tlog-checkpoint in a signed note, as the ledger's log has them. Extension lines that we don't know are passed over.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from uuid import UUID

from raseed.ledger.log.api import KEY_LINE, Malformed, Verifier

from .format import CAPACITY_MIN, DEPTH_MAX, HASH_BYTES, SUM_MAX, Node, depth_of

ORIGIN: Final = "raseed.local/display/"
SUM_LINE: Final = "raseed-sum-v1 "
AS_OF_LINE: Final = "raseed-asof-v1 "
LEDGER_LINE: Final = "raseed-ledger-v1 "
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER: Final = r"(0|[1-9][0-9]{0,18})"
_SIZE: Final = re.compile(_NUMBER)
_SUM: Final = re.compile(rf"([A-Z]{{3}}) ([0-4]) {_NUMBER} {_NUMBER}")
_AS_OF: Final = re.compile(rf"{_NUMBER} {_NUMBER}")
_LEDGER: Final = re.compile(rf"(\S+) {_NUMBER} (\S+)")
_LINES_MIN: Final = 3
_AS_OF_US_MAX: Final = 1 << 57
"""Some four thousand years; later is no time."""


def origin_of(tree_id: UUID) -> str:
    """Return the name of a tree, under which its keys sign."""
    return f"{ORIGIN}{tree_id}"


@dataclass(frozen=True, slots=True)
class SignedRoot:
    """The text of a signed root.

    Attributes:
        origin: the tree's name.
        capacity: how many leaf places it has, a power of two.
        root: the hash of its root, and its sums in minor units.
        currency: the three letters; scale: how many decimals a minor unit has.
        as_of_us: Unix microseconds; every batch committed before that instant is in the tree.
        batch: the last batch that is in it.
        ledger_origin, ledger_leaves, ledger_root: the ledger log's checkpoint that ends with this batch.
        handing_over: the keys, while one hands over to another.
    """

    origin: str
    capacity: int
    root: Node
    currency: str
    scale: int
    as_of_us: int
    batch: int
    ledger_origin: str
    ledger_leaves: int
    ledger_root: bytes
    handing_over: tuple[Verifier, ...] = ()

    @property
    def as_of(self) -> datetime:
        """The instant up to which everything is in it."""
        return _EPOCH + timedelta(microseconds=self.as_of_us)

    def text(self) -> str:
        """Return the text to be signed."""
        ledger_root = base64.b64encode(self.ledger_root).decode()
        return "\n".join([
            self.origin,
            str(self.capacity),
            base64.b64encode(self.root.hash).decode(),
            f"{SUM_LINE}{self.currency} {self.scale} {self.root.owed} {self.root.owing}",
            f"{AS_OF_LINE}{self.as_of_us} {self.batch}",
            f"{LEDGER_LINE}{self.ledger_origin} {self.ledger_leaves} {ledger_root}",
            *(f"{KEY_LINE}{key}" for key in self.handing_over),
        ]) + "\n"  # fmt: skip

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a signed root.

        Raises:
            Malformed: it is not written as one.
        """
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < _LINES_MIN or not all(lines):
            raise Malformed("a signed root is a name, a size, a root and its lines")
        extensions = lines[_LINES_MIN:]
        capacity = int(_matched(_SIZE, lines[1])[0])
        if capacity < CAPACITY_MIN or capacity.bit_count() != 1 or depth_of(capacity) > DEPTH_MAX:
            raise Malformed("a tree's size is a power of two")
        currency, scale, owed, owing = _matched(_SUM, _only(extensions, SUM_LINE))
        as_of_us, batch = (int(word) for word in _matched(_AS_OF, _only(extensions, AS_OF_LINE)))
        ledger_origin, leaves, ledger_root = _matched(_LEDGER, _only(extensions, LEDGER_LINE))
        numbers = int(owed), int(owing), batch, int(leaves)
        if max(numbers) > SUM_MAX or as_of_us > _AS_OF_US_MAX:
            raise Malformed("a number is too large")
        keys = tuple(Verifier.parse(line.removeprefix(KEY_LINE)) for line in extensions if line.startswith(KEY_LINE))
        return cls(
            lines[0], capacity, Node(_hash(lines[2]), numbers[0], numbers[1]), currency, int(scale), as_of_us, batch,
            ledger_origin, numbers[3], _hash(ledger_root), keys,
        )  # fmt: skip


def _only(lines: list[str], start: str) -> str:
    found = [line.removeprefix(start) for line in lines if line.startswith(start)]
    if len(found) != 1:
        raise Malformed(f"a signed root has one line {start.strip()}")
    return found[0]


def _matched(pattern: re.Pattern[str], words: str) -> tuple[str, ...]:
    found = pattern.fullmatch(words)
    if found is None:
        raise Malformed(f"{words!r} is not written as it should be")
    return found.groups()


def _hash(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != HASH_BYTES or base64.b64encode(raw).decode() != text:
        raise Malformed("a root is 32 bytes in base64")
    return raw
