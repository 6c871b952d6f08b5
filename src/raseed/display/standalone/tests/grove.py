"""Small sum trees with certificates from them, made by the letter of docs/formats/certificate.md, for tests.

Written apart from the prover's code, so that both follow the document and not each other. The keys are test keys: their
private halves stand here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN: Final = "raseed.local/display/00000000-0000-4000-8000-0000000000aa"
LEDGER: Final = (
    "raseed.local/ledger/00000000-0000-4000-8000-0000000000bb 196 2ZbCfX1rLzF2PeGoNQT7BQLbTlbckQx5E7udfsnKsUM="
)
AS_OF_US: Final = 1_772_366_400_123_456  # 2026-03-01T12:00:00.123456Z
BATCH: Final = 4_800
Node = bytes
EMPTY: Final[Node] = bytes(48)


def encoded(raw: bytes) -> str:
    """Return base64."""
    return base64.b64encode(raw).decode("ascii")


def parent(left: Node, right: Node) -> Node:
    """Return the node above two."""
    owed = int.from_bytes(left[32:40]) + int.from_bytes(right[32:40])
    owing = int.from_bytes(left[40:48]) + int.from_bytes(right[40:48])
    return hashlib.sha256(b"\1" + left + right).digest() + owed.to_bytes(8) + owing.to_bytes(8)


@dataclass(frozen=True)
class TestKey:
    """A key whose private half everybody knows."""

    __test__ = False
    seed: bytes
    name: str = ORIGIN

    @property
    def private(self) -> Ed25519PrivateKey:
        """The private half."""
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        """The public half."""
        return self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        """What signature lines name."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encoded(bytes([1]) + self.public)}"

    def line(self, text: str) -> str:
        """Return the signature line under a text."""
        return f"— {self.name} {encoded(self.id + self.private.sign(text.encode()))}\n"


KEY: Final = TestKey(hashlib.sha256(b"test key 1").digest())
NEXT_KEY: Final = TestKey(hashlib.sha256(b"test key 2").digest())
STRANGER: Final = TestKey(hashlib.sha256(b"a stranger's key").digest())


@dataclass(frozen=True)
class Leaf:
    """One share of an account's balance, at its place."""

    place: int
    account: str
    share: int
    owed: int
    owing: int
    held: int
    position: int
    salt: bytes

    def node(self) -> Node:
        """Return its node."""
        sums = self.owed.to_bytes(8) + self.owing.to_bytes(8)
        account = bytes.fromhex(self.account.replace("-", ""))
        rest = sums + self.held.to_bytes(8) + self.position.to_bytes(8)
        return hashlib.sha256(b"\0" + self.salt + account + bytes([self.share]) + rest).digest() + sums


@dataclass
class Grove:
    """A sparse sum tree of ``1 << depth`` places."""

    depth: int
    leaves: dict[int, Leaf] = field(default_factory=dict)
    nodes: list[dict[int, Node]] = field(default_factory=list)

    def plant(
        self, account: str, booked: int, *, places: tuple[int, int], held: int = 0, position: int = 4_711
    ) -> None:
        """Put in an account; its balance is split by a hash, so that it is the same each time."""
        of = hashlib.sha256(f"{account} {position}".encode()).digest()
        part = int.from_bytes(of[:8]) % (abs(booked) + 1)
        for share, some in enumerate((part, abs(booked) - part)):
            salt = hashlib.sha256(of + bytes([share])).digest()[:16]
            owed, owing = (some, 0) if booked >= 0 else (0, some)
            self.put(Leaf(places[share], account, share, owed, owing, held, position, salt))

    def put(self, leaf: Leaf) -> None:
        """Put in a leaf, whatever it says."""
        self.leaves[leaf.place] = leaf

    def grow(self) -> Node:
        """Make all nodes; return the root's."""
        self.nodes = [{place: leaf.node() for place, leaf in self.leaves.items()}]
        for level in range(self.depth):
            below = self.nodes[level]
            above = {place >> 1 for place in below}
            self.nodes.append({at: parent(self.at(level, 2 * at), self.at(level, 2 * at + 1)) for at in above})
        return self.at(self.depth, 0)

    def at(self, level: int, index: int) -> Node:
        """Return a node; where nothing stands below, that of nothing."""
        found = self.nodes[level].get(index)
        if found is None:
            found = EMPTY
            for _ in range(level):
                found = parent(found, found)
        return found

    def path(self, place: int) -> bytes:
        """Return the sibling nodes from the bottom up."""
        return b"".join(self.at(level, (place >> level) ^ 1) for level in range(self.depth))

    def text(
        self,
        *,
        as_of_us: int = AS_OF_US,
        batch: int = BATCH,
        origin: str = ORIGIN,
        currency: str = "EGP",
        more: str = "",
    ) -> str:
        """Return the checkpoint's text."""
        root = self.grow()
        sums = f"{int.from_bytes(root[32:40])} {int.from_bytes(root[40:48])}"
        return (
            f"{origin}\n{1 << self.depth}\n{encoded(root[:32])}\nraseed-sum-v1 {currency} 2 {sums}\n"
            f"raseed-asof-v1 {as_of_us} {batch}\nraseed-ledger-v1 {LEDGER}\n{more}"
        )

    def certificate(self, account: str, note: str) -> dict[str, Any]:
        """Return an account's certificate as a JSON object."""
        shares = sorted((leaf for leaf in self.leaves.values() if leaf.account == account), key=lambda each: each.share)
        return {
            "format": "raseed-certificate-v1",
            "account": account,
            "currency": "EGP",
            "scale": 2,
            "booked": str(sum(each.owed - each.owing for each in shares)),
            "held": str(shares[0].held),
            "position": str(shares[0].position),
            "shares": [
                {
                    "place": str(each.place),
                    "salt": encoded(each.salt),
                    "owed": str(each.owed),
                    "owing": str(each.owing),
                    "path": encoded(self.path(each.place)),
                }
                for each in shares
            ],
            "checkpoint": note,
        }


def note(text: str, *keys: TestKey) -> str:
    """Return a text signed by keys."""
    return text + "\n" + "".join(key.line(text) for key in keys)


def written(certificate: dict[str, Any]) -> bytes:
    """Return a certificate as it travels."""
    return json.dumps(certificate, separators=(",", ":"), ensure_ascii=False).encode()
