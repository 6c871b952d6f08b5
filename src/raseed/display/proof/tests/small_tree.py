"""A sum tree worked out naively, from the format's description alone, and certificates out of it."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from raseed.display.proof.certificate import Certificate, Share
from raseed.display.proof.checkpoint import SignedRoot, origin_of
from raseed.display.proof.format import UNUSED, Node, leaf_hash, parent
from raseed.ledger.log.api import Signer, sign_note

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AS_OF_US = 1_772_366_400_000_000
TREE = UUID("00000000-0000-4000-8000-000000000001")
OTHER_TREE = UUID("00000000-0000-4000-8000-000000000002")


@dataclass
class SmallTree:
    """A tree of a few accounts; everything about it can be bent before it is signed."""

    balances: dict[UUID, tuple[int, int]]
    depth: int
    seed: int = 1
    signer: Signer = field(default_factory=lambda: Signer(origin_of(TREE), b"\x07" * 32))
    origin: str = origin_of(TREE)
    as_of_us: int = AS_OF_US
    batch: int = 9
    leaves: dict[tuple[UUID, int], tuple[int, bytes, int, int]] = field(default_factory=dict)
    levels: list[list[Node]] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)  # noqa: S311
        places = chance.sample(range(1 << self.depth), 2 * len(self.balances))
        bottom = [UNUSED] * (1 << self.depth)
        for account_id, (booked, held) in self.balances.items():
            amount = chance.randint(0, abs(booked))
            for share, part in enumerate((amount, abs(booked) - amount)):
                place, salt = places.pop(), chance.randbytes(16)
                owed, owing = (part, 0) if booked >= 0 else (0, part)
                self.leaves[account_id, share] = (place, salt, owed, owing)
                bottom[place] = Node(self.leaf_hash(account_id, share, held), owed, owing)
        self.levels = [bottom]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([parent(below[at], below[at + 1]) for at in range(0, len(below), 2)])

    def leaf_hash(self, account_id: UUID, share: int, held: int) -> bytes:
        _, salt, owed, owing = self.leaves[account_id, share]
        return leaf_hash(salt=salt, account_id=account_id, share=share, owed=owed, owing=owing, held=held, position=4)

    @property
    def root(self) -> Node:
        return self.levels[-1][0]

    def signed_root(self) -> SignedRoot:
        return SignedRoot(
            self.origin, 1 << self.depth, self.root, "EGP", 2, self.as_of_us, self.batch, "raseed.local/ledger/x", 3,
            hashlib.sha256(b"").digest(),
        )  # fmt: skip

    def note(self) -> str:
        return sign_note(self.signed_root().text(), [self.signer])

    def certificate(self, account_id: UUID) -> Certificate:
        booked, held = self.balances[account_id]
        shares = []
        for share in (0, 1):
            place, salt, owed, owing = self.leaves[account_id, share]
            path = b"".join(self.levels[at][place >> at ^ 1].to_bytes() for at in range(self.depth))
            shares.append(Share(place, salt, owed, owing, path))
        return Certificate(
            account_id, "EGP", 2, booked, held, 4, (shares[0], shares[1]), self.note(), self.signed_root()
        )
