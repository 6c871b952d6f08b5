"""One tree as the prover goes on with it: changes come in, are held against the ledger, and the new root is signed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from raseed.kernel.errors import RaseedError
from raseed.ledger.log.api import Forged, Malformed, keep, parse_note, sign_note

from ..proof.checkpoint import SignedRoot
from . import source
from .fold import exact_sum
from .hashing import RECORD
from .keys import DisplayKeys
from .layout import Torn
from .store import TreeStore, Update
from .tables import SignedRow, TreeRow, Why

if TYPE_CHECKING:
    from uuid import UUID

    from numpy.typing import NDArray

    from .source import Sealed

CHECKED_PER_ROUND: Final = 4
"""So many of the accounts that a round changed are held against the ledger before it is signed."""
HISTORY_MS: Final = 60_000
KEPT_OUTSIDE_MS: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_chance: Final = random.SystemRandom()


class Disagrees(Exception):
    """What was folded is not what the ledger says: nothing is signed until a person has looked.

    Attributes:
        name: of the check that found it.
        suspect: the account that it found, if it is one.
    """

    def __init__(self, name: str, suspect: UUID | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.suspect = suspect


class ProvenTree:
    """A tree, open for signing."""

    def __init__(self, row: TreeRow, store: TreeStore, home: Path) -> None:
        self.row = row
        self.store = store
        self.batch = store.head.batch
        self.signed_us = 0
        """When it was last signed, Unix microseconds."""
        self._home = home
        self._keys = DisplayKeys(home, row.tree_id)
        self._signed_by: tuple[str, ...] = ()
        self._suspects = row.suspects
        self._update: Update | None = None
        self._net = store.root.owed - store.root.owing if store.accounts else 0
        self._history_us = self._kept_us = 0

    def trust(self) -> None:
        """Look whether the files are those of the last root that we signed.

        Raises:
            Torn: they are not.
            LogKeyMissing, UnreadableKey: the key can't be used.
        """
        head = self.store.head
        try:
            note = parse_note(head.note)
            root = SignedRoot.parse(note.text)
            signed = note.signed_by(signer.verifier for signer in self._keys.signers())
        except (Malformed, Forged):
            raise Torn("no signed root") from None
        if not signed or (root.origin, root.capacity, root.batch) != (self._keys.origin, head.capacity, head.batch):
            raise Torn("another root")
        if root.root != self.store.root or head.batch < self.row.batch:
            raise Torn("an older root")

    @property
    def changed(self) -> bool:
        """Whether something was worked out that is not signed yet."""
        return self._update is not None

    @property
    def keys_changed(self) -> bool:
        """Whether other keys sign than at the last time."""
        return self._signed_by != tuple(str(signer.verifier) for signer in self._keys.signers())

    def without_leaf(self, ids: NDArray[Any]) -> NDArray[Any]:
        """Return those of the ids that have no leaf yet."""
        return ids[self.store.find(ids) < 0]

    def take(self, changes: NDArray[Any], opened: NDArray[Any], batch: int) -> None:
        """Work out the tree as of ``batch``: ``changes`` of accounts since, and the ids of customers' that are new.

        Raises:
            Disagrees: the sums, or one of a few accounts, are not what the ledger says.
            SumOverflow: a sum does not fit.
        """
        assert self._update is None, "what was worked out is signed before more is taken"
        assert (changes["batch"] > self.batch).all(), "what is in the tree already is not folded again"
        fresh = np.zeros(len(opened), RECORD)
        fresh["id"], fresh["position"] = opened, self.batch
        added = self.store.add(fresh) if len(opened) else np.empty(0, np.int64)
        changes = changes[self.store.find(changes["id"]) >= 0]  # the others are the house's
        self.batch = batch
        moved = self.store.find(changes["id"])
        numbers = np.union1d(added, moved)
        if not len(numbers):
            return
        records = self.store.records[numbers].copy()
        at = np.searchsorted(numbers, moved)
        records["booked"][at] += changes["booked"]
        records["held"][at] += changes["held"]
        records["position"][at] = changes["batch"]
        update = self.store.update(numbers, records)
        net = self._net + exact_sum(changes["booked"])
        if update.root.owed - update.root.owing != net:
            raise Disagrees("root_is_not_the_sum_of_movements")
        self._hold_against_the_ledger(records[at] if len(at) else records)
        self._update, self._net = update, net

    def _hold_against_the_ledger(self, records: NDArray[Any]) -> None:
        for place in _chance.sample(range(len(records)), min(CHECKED_PER_ROUND, len(records))):
            self._hold_one(records[place : place + 1])

    def _hold_one(self, record: NDArray[Any]) -> None:
        [account_id] = source.ids_of(record["id"])
        try:
            stands = source.stands_at(account_id, self.batch)
        except RaseedError:
            raise Disagrees("account_is_not_in_the_ledger", account_id) from None
        if stands != (int(record["booked"][0]), int(record["held"][0])):
            raise Disagrees("account_is_not_as_in_the_ledger", account_id)

    def clear_suspects(self) -> None:
        """Hold those accounts against the ledger that were found not to be as there, before anything is signed.

        Raises:
            Disagrees: one of them is still not.
        """
        if not self._suspects:
            return
        ids = np.frombuffer(b"".join(id_.bytes for id_ in self._suspects), "V16")
        numbers = self.store.find(ids)
        records = self.store.records[numbers[numbers >= 0]].copy()
        if self._update is not None:
            _, mine, theirs = np.intersect1d(numbers[numbers >= 0], self._update.numbers, return_indices=True)
            records[mine] = self._update.records[theirs]
        for place in range(len(records)):
            self._hold_one(records[place : place + 1])
        self._suspects = ()

    def sign(self, sealed: Sealed, as_of_us: int, now_us: int, *, built: bool = False) -> SignedRow:
        """Sign the tree as it was worked out, let readers see it, and return what is to be written down.

        Raises:
            LogKeyMissing, UnreadableKey: the key can't be used.
        """
        signers = self._keys.signers()
        keys = tuple(signer.verifier for signer in signers)
        root = self._update.root if self._update is not None else self.store.root
        text = SignedRoot(
            self._keys.origin, self.store.capacity, root, self.row.currency, self.row.scale, as_of_us, sealed.batch,
            sealed.origin, sealed.leaves, sealed.root, keys if len(keys) > 1 else (),
        ).text()  # fmt: skip
        note = sign_note(text, signers)
        why = self._why(now_us, built=built)
        self.store.publish(self._update, batch=sealed.batch, as_of_us=as_of_us, note=note)
        self._update, self.batch, self.signed_us = None, sealed.batch, now_us
        self._signed_by = tuple(str(key) for key in keys)
        if why is not None or now_us - self._kept_us >= KEPT_OUTSIDE_MS * 1000:
            self.keep_outside(now_us)
        return SignedRow(
            self.row.tree_id, instant(now_us), instant(as_of_us), sealed.batch, self.store.capacity, self.store.accounts,
            root.owed, root.owing, note, why,
        )  # fmt: skip

    def _why(self, now_us: int, *, built: bool) -> Why | None:
        why: Why | None = None
        if built:
            why = "built"
        elif self._signed_by and self.keys_changed:
            why = "key"
        elif now_us - self._history_us >= HISTORY_MS * 1000:
            why = "minute"
        if why is not None:
            self._history_us = now_us
        return why

    def keep_outside(self, now_us: int) -> None:
        """Write the latest root outside the database, beside the ledger's checkpoints."""
        self._kept_us = now_us
        keep(self._home, self.row.tree_id, self.store.head.note, instant(now_us))

    def close(self) -> None:
        """Put the files in order."""
        if self.store.head.note:
            self.store.close()


def instant(us: int) -> datetime:
    """Return the instant of Unix microseconds."""
    return _EPOCH + timedelta(microseconds=us)
