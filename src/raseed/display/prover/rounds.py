"""The prover: one step after the other it looks at the ledger's log, folds what was sealed, and signs what it comes to.

A step that finds something wrong signs nothing and says so: what was signed grows old, and screens say "being verified". One
prover works at a time, by an advisory lock; killed at any instant, the next one goes on from what was last published.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger
from raseed.ledger.log.api import UnreadableKey, folder_of, parse_note

from ..customers import customer_codes
from ..proof.checkpoint import SignedRoot
from . import tables
from .as_of import AsOf
from .building import Site, base_for, build, forget
from .building import folder_of as folder_of_tree
from .fold import CHANGE, TooManyChanges, changes_by_ledger
from .keys import DisplayKeys, renew_secrets, secrets_of
from .layout import Torn
from .opening import Openings
from .places import Places
from .source import Sealed, Source, codes_of, ids_of
from .store import TreeStore
from .tables import SignedRow, TreeRow
from .trees import Disagrees, ProvenTree, instant

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from numpy.typing import NDArray

    from raseed.kernel.clock import Clock

LOCK: Final = 0x7261_7365_6564_5F70
"""The advisory lock of whoever proves: "raseed_p"."""
LOOK_EVERY_MS: Final = 40
"""The pause between two looks at the ledger's log."""
SIGN_EVERY_MS_MAX: Final = 2_500
"""What has not changed is signed anew after so long."""
OPENINGS_EVERY_MS: Final = 500
HOUSE_MAX: Final = 1_000_000
"""So many accounts that are no customers' are remembered by a prover, so that nobody asks for them again."""


class AnotherProver(Exception):
    """Another process proves already."""


class LedgerWentBack(Disagrees):
    """The ledger's log does not reach, or not match, what was signed before."""


class Prover:
    """Proves all ledgers' customers' balances; not for use by several threads at once."""

    def __init__(self, connection: psycopg.Connection[Any], home: Path, clock: Clock = SYSTEM_CLOCK) -> None:
        """Take a connection of the prover's own, in autocommit, and the folder of keys and files.

        Raises:
            AnotherProver: one is at work on this database.
        """
        [taken] = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() or [False]
        if not taken:
            raise AnotherProver("another prover is at work on this database")
        self._connection = connection
        self._home = home
        self._clock = clock
        self._source = Source(connection, home)
        self._as_of = AsOf()
        self._openings = Openings(connection)
        self._codes = customer_codes()
        self._trees: dict[int, ProvenTree] | None = None
        self._built: set[int] = set()
        self._house: set[bytes] = set()
        self._folded = 0
        self._looked_ms = 0

    def step(self) -> int:
        """Look once, sign what there is to sign, and return after how many milliseconds to look again.

        Raises:
            Disagrees, Torn, SumOverflow, LogUntrusted, BooksDisagree, RaseedError, psycopg.Error: nothing more is signed.
        """
        self._as_of.look(self._connection, self._now_us())
        sealed = self._source.sealed()
        if sealed is None:
            if any(row.note for row in tables.trees(self._connection)):
                raise LedgerWentBack("ledger_went_back")
            return LOOK_EVERY_MS
        if self._trees is None:
            self._trees = self._open(sealed)
            sealed = self._source.sealed() or sealed
        if not self._as_of.reached(sealed.batch):
            return LOOK_EVERY_MS
        changes = self._fold(sealed)
        opened = self._opened()
        for number in sorted({*changes, *opened} - set(self._trees)):
            self._begin_tree(number, changes.get(number), opened.get(number))
        for number, tree in self._trees.items():
            mine = changes.get(number)
            if mine is not None or number in opened or tree.batch < sealed.batch:
                self._take(tree, mine, opened.get(number), sealed.batch)
            tree.clear_suspects()
        self._sign(sealed)
        return LOOK_EVERY_MS

    def close(self) -> None:
        """Put the files in order, so that the next prover need not work them out again."""
        for tree in (self._trees or {}).values():
            if tree.store.head.note:
                tree.keep_outside(self._now_us())
            tree.close()
        self._trees = None

    def trouble(self, name: str, suspect: UUID | None = None) -> None:
        """Let operations see why nothing is signed, and forget what was worked out and not signed.

        An account that is not as in the ledger is suspect, and held against it before anything is signed again.
        """
        self._trees = None
        tables.note_trouble(self._connection, name, suspect, self._clock.now())

    # Opening

    def _open(self, sealed: Sealed) -> dict[int, ProvenTree]:
        rows = {row.ledger: row for row in tables.trees(self._connection)}
        forget(self._home, {row.tree_id: row for row in rows.values()})
        counts = self._source.counts(self._codes)
        for number in sorted(set(counts) - set(rows)):
            rows[number] = self._new_row(number)
        found: dict[int, ProvenTree] = {}
        lost: list[TreeRow] = []
        for number, row in rows.items():
            self._compare_outside(row, sealed)
            DisplayKeys(self._home, row.tree_id).mend()
            try:
                found[number] = self._reopened(row, sealed)
            except (Torn, ValueError):
                lost.append(row)
        found.update(self._worked_out(lost, counts, sealed))
        self._openings, self._looked_ms = Openings(self._connection), _now_ms()
        self._folded = sealed.batch
        return found

    def _worked_out(self, rows: Sequence[TreeRow], counts: Mapping[int, int], sealed: Sealed) -> dict[int, ProvenTree]:
        """Build trees anew from the ledger, as of what is sealed.

        Raises:
            Disagrees: a tree of balances that may be wrong would agree with them.
        """
        if any(row.suspects for row in rows):
            raise Disagrees("suspects_and_no_tree")
        sites = [Site(row.ledger, row.tree_id, counts.get(row.ledger, 0)) for row in rows]
        for site in sites:  # old files under new secrets would be trusted, should the build be cut short
            (folder_of_tree(self._home, site.tree_id) / "head").unlink(missing_ok=True)
            renew_secrets(self._home, site.tree_id)
        stores = build(self._connection, self._home, sites, codes=self._codes, upto=sealed.batch) if sites else {}
        found: dict[int, ProvenTree] = {}
        for row in rows:
            tables.set_codes(self._connection, row.tree_id, self._codes)
            tree = found[row.ledger] = ProvenTree(row, stores[row.ledger], self._home)
            tree.batch = sealed.batch
            self._built.add(row.ledger)
        return found

    def _reopened(self, row: TreeRow, sealed: Sealed) -> ProvenTree:
        """Return a tree from its files.

        Raises:
            Torn, ValueError: they are not to be trusted, or not those of these codes.
        """
        if row.codes != self._codes:
            raise Torn("other codes")
        try:
            blinding, places_secret = secrets_of(self._home, row.tree_id)
        except UnreadableKey:
            raise Torn("its secrets are lost") from None
        folder = folder_of_tree(self._home, row.tree_id)
        store = TreeStore.opened(folder, row.tree_id, blinding, lambda base: Places(places_secret, base))
        tree = ProvenTree(row, store, self._home)
        tree.trust()
        if tree.batch > sealed.batch:
            raise LedgerWentBack("ledger_went_back")
        return tree

    def _new_row(self, number: int) -> TreeRow:
        currency, scale = self._source.ledgers()[number]
        tree_id: UUID = new_id()
        DisplayKeys(self._home, tree_id).make()
        renew_secrets(self._home, tree_id)
        row = TreeRow(number, tree_id, currency, scale, self._codes, 0, "", "", ())
        tables.open_tree(self._connection, row, self._clock.now())
        return row

    def _compare_outside(self, row: TreeRow, sealed: Sealed) -> None:
        """Refuse to sign for a ledger that was set back, or changed, since a root was last kept outside the database.

        Raises:
            LedgerWentBack: it was.
        """
        path = folder_of(self._home, row.tree_id) / "latest"
        if not path.exists():
            return
        kept = SignedRoot.parse(parse_note(path.read_text(encoding="utf-8")).text)
        same = kept.ledger_origin == sealed.origin and kept.ledger_leaves <= sealed.leaves
        if not same or kept.ledger_root != self._source.root_of(kept.ledger_leaves):
            raise LedgerWentBack("ledger_went_back")

    def _begin_tree(self, number: int, changes: Any, opened: Any) -> None:
        """Begin the tree of a ledger whose first customers came: none of them had moved before what was folded last."""
        customers = self._customers(changes["id"]) if changes is not None else np.empty(0, "V16")
        if not len(customers) and (opened is None or not len(opened)):
            return
        row = self._new_row(number)
        blinding, places_secret = secrets_of(self._home, row.tree_id)
        base = base_for(0)
        folder = folder_of_tree(self._home, row.tree_id)
        store = TreeStore.create(folder, row.tree_id, 0, blinding, Places(places_secret, base), base)
        assert self._trees is not None, "opened before"
        self._trees[number] = ProvenTree(row, store, self._home)
        self._built.add(number)

    # Folding

    def _fold(self, sealed: Sealed) -> dict[int, NDArray[Any]]:
        """Return what was moved in each ledger since its tree's batch; a tree too far behind is worked out anew first."""
        assert self._trees is not None, "opened before"
        before, self._folded = self._folded, max(sealed.batch, self._folded)
        while True:
            batches = {number: tree.batch for number, tree in self._trees.items()}
            after = min(batches.values(), default=before)
            if sealed.batch <= after:
                return {}
            chunks = ledger.transfers_between(self._connection, after=after, upto=sealed.batch)
            try:
                return changes_by_ledger(chunks, batches)
            except TooManyChanges as behind:
                rows = {row.ledger: row for row in tables.trees(self._connection)}
                row = rows.get(behind.ledger) or self._new_row(behind.ledger)
                self._trees.pop(behind.ledger, None)
                counts = self._source.counts(self._codes)
                self._trees.update(self._worked_out([row], counts, sealed))

    def _opened(self) -> dict[int, NDArray[Any]]:
        """Return the ids of accounts that were opened and have no leaf yet, by ledger; looks now and then."""
        now_ms, trees = _now_ms(), self._trees or {}
        if now_ms - self._looked_ms < OPENINGS_EVERY_MS:
            return {}
        self._looked_ms = now_ms
        return self._openings.look(
            self._codes, now_ms, lambda number, ids: trees[number].without_leaf(ids) if number in trees else ids
        )

    def _customers(self, ids: NDArray[Any]) -> NDArray[Any]:
        """Return those of the ids that are customers' accounts, and remember the others."""
        asked = [id_ for id_ in ids_of(ids) if id_.bytes not in self._house]
        codes = codes_of(asked)
        if len(self._house) > HOUSE_MAX:
            self._house.clear()
        self._house.update(id_.bytes for id_ in asked if codes.get(id_) not in self._codes)
        mine = {id_.bytes for id_ in asked} - self._house
        return np.frombuffer(b"".join(sorted(mine)), "V16")

    def _take(self, tree: ProvenTree, changes: Any, opened: Any, batch: int) -> None:
        changes = np.empty(0, CHANGE) if changes is None else changes
        fresh = self._customers(tree.without_leaf(changes["id"]))
        if opened is not None:
            fresh = np.unique(np.concatenate([fresh.view("S16"), opened.view("S16")])).view("V16")
        tree.take(changes, fresh, batch)

    # Signing

    def _sign(self, sealed: Sealed) -> None:
        as_of_us, now_us = self._as_of.reached(sealed.batch), self._now_us()
        signed: list[SignedRow] = []
        for number, tree in (self._trees or {}).items():
            due = now_us - tree.signed_us >= SIGN_EVERY_MS_MAX * 1000
            if tree.store.accounts and (tree.changed or due or number in self._built or tree.keys_changed):
                signed.append(tree.sign(sealed, as_of_us, now_us, built=number in self._built))
                self._built.discard(number)
        if signed:
            tables.note_signed(self._connection, signed)

    def _now_us(self) -> int:
        since = self._clock.now() - instant(0)
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
