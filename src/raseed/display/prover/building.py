"""Trees from nothing: every customer's balance as of one batch, read from the ledger once, for all trees that need it.

The sums are held against the rest of the books: all accounts of a ledger together come to zero, so what its customers
come to is what the others come to, the other way round. A row that was lost or read twice shows there.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np

from raseed.ledger import api as ledger

from .bulk import Whole, work_out
from .fold import exact_sum
from .hashing import RECORD
from .keys import secrets_of
from .layout import CAPACITY_LEAST
from .places import Places
from .store import TreeStore

if TYPE_CHECKING:
    import psycopg

ROOM: Final = 1.05
"""Room for what is opened between the count and the snapshot; there is always more when it is needed."""


class BooksDisagree(Exception):
    """A ledger's accounts do not come to zero together, or a tree not to the opposite of the others."""


@dataclass(slots=True)
class _Begun:
    """A tree that is being filled: all that its ledger's accounts come to, and its customers alone."""

    store: TreeStore
    whole: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """Where a tree is built: its ledger, its id, and how many customers' accounts there are about."""

    ledger: int
    tree_id: UUID
    accounts: int


def base_for(accounts: int) -> int:
    """Return how many places a tree for so many accounts begins with."""
    return max(CAPACITY_LEAST, 1 << (2 * max(accounts, 1) - 1).bit_length())


def build(
    connection: psycopg.Connection[Any],
    home: Path,
    sites: Sequence[Site],
    *,
    codes: Sequence[int],
    upto: int,
    processes: int | None = None,
) -> dict[int, TreeStore]:
    """Build trees as of a final batch in ``RASEED_HOME/display``; return their stores by ledger, not published yet.

    Raises:
        BooksDisagree: the sums don't come to what they should.
        SumOverflow: a sum does not fit.
    """
    begun = {site.ledger: _Begun(_site(home, site)) for site in sites}
    for balances in ledger.balances_as_of(connection, upto=upto):
        customers = np.isin(balances["code"], list(codes))
        for number, tree in begun.items():
            mine = balances["ledger"] == number
            if mine.any():
                _take(tree, balances[mine], customers[mine], upto)
    for site in sites:
        _finish(begun[site.ledger], home, site, processes)
    return {number: tree.store for number, tree in begun.items()}


def _site(home: Path, site: Site) -> TreeStore:
    blinding, places_secret = secrets_of(home, site.tree_id)
    base = base_for(int(site.accounts * ROOM))
    folder = folder_of(home, site.tree_id)
    folder = folder.with_name(f"{folder.name}.new")
    return TreeStore.create(folder, site.tree_id, site.accounts, blinding, Places(places_secret, base), base)


def folder_of(home: Path, tree_id: UUID) -> Path:
    """Return the folder of a tree's files."""
    return home / "display" / str(tree_id)


def _take(tree: _Begun, balances: Any, customers: Any, upto: int) -> None:
    booked = balances["credits_posted"] - balances["debits_posted"]
    tree.whole += exact_sum(booked)
    tree.others += exact_sum(booked[~customers])
    records = np.empty(int(customers.sum()), RECORD)
    records["id"], records["booked"] = balances["id"][customers], booked[customers]
    records["held"], records["position"] = balances["debits_pending"][customers], upto
    tree.store.append(records)


def _finish(tree: _Begun, home: Path, site: Site, processes: int | None) -> None:
    store = tree.store
    if tree.whole:
        raise BooksDisagree(f"the accounts of ledger {site.ledger} come to {tree.whole}")
    store.index_all()
    blinding, places_secret = secrets_of(home, site.tree_id)
    base, capacity, slots = store.head.base, store.capacity, len(store.arrays.slots)
    work_out(Whole(store.folder, capacity, slots, base, store.accounts, blinding, places_secret), processes=processes)
    root = store.root
    if root.owed - root.owing != -tree.others:
        raise BooksDisagree(f"the tree of ledger {site.ledger} comes to {root.owed - root.owing}, not {-tree.others}")
    store.move_to(folder_of(home, site.tree_id))


def forget(home: Path, keep: Mapping[UUID, object]) -> None:
    """Take away what is left of trees that were being built, or are no longer there."""
    folder = home / "display"
    for path in folder.iterdir() if folder.exists() else ():
        if path.name not in {str(tree_id) for tree_id in keep}:
            shutil.rmtree(path, ignore_errors=True)
