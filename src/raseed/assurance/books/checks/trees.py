"""Certificates' trees: signed by us a moment ago, by what their rows say, and coming to what the ledger owes its customers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg

from raseed.display import api as display
from raseed.kernel.errors import mark
from raseed.ledger import api as ledger

from ..domain import Check, Finding, Look, Severity
from .places import institutions

SIGNED_WITHIN: Final = timedelta(seconds=30)
"""Roots are signed every three seconds; screens doubt them after ten."""
SIGNED_AFTER_MAX: Final = timedelta(minutes=5)
"""A root is signed moments after the instant that it is as of."""
ROUNDS_READ: Final = 100


def _signed(look: Look) -> Iterator[Finding]:
    keys, now, owners = display.public_keys(), look.clock.now(), institutions()
    trees = display.inspection.trees()
    for tree in trees:
        about, of = f"tree:{tree.ledger}", owners.get(tree.ledger)
        wrong = display.inspection.unlike_its_note(tree, keys) if tree.note else None
        if wrong is not None:
            yield Finding("roots_signed", wrong, about, "", "", institution_id=of)
        if tree.trouble:
            yield Finding("roots_signed", "trouble", about, "", tree.trouble, institution_id=of)
        for suspect in tree.suspects:
            yield Finding("roots_signed", "suspect", f"account:{suspect}", "", "", institution_id=of)
        if tree.codes != frozenset(display.customer_codes()):
            yield Finding(
                "roots_signed", "codes", about, _list(display.customer_codes()), _list(tree.codes), institution_id=of
            )
        yield from _times(tree, now, of)
    yield from _rounds_signed(keys, {tree.tree_id for tree in trees})


def _times(tree: display.inspection.Tree, now: datetime, of: UUID | None) -> Iterator[Finding]:
    about = f"tree:{tree.ledger}"
    if tree.as_of and tree.signed_at and not tree.as_of <= tree.signed_at <= tree.as_of + SIGNED_AFTER_MAX:
        yield Finding("roots_signed", "signed_at", about, "", tree.signed_at.isoformat(), institution_id=of)
    if tree.as_of is None or tree.as_of < now - SIGNED_WITHIN:
        seen = tree.as_of.isoformat(timespec="seconds") if tree.as_of else ""
        yield Finding("roots_signed", "old", about, "", seen, Severity.LATE, of)


def _rounds_signed(keys: list[str], of_trees: set[UUID]) -> Iterator[Finding]:
    for kept in display.inspection.kept_rounds(limit=ROUNDS_READ):
        wrong = display.inspection.unlike_its_note(kept, keys)
        if kept.tree_id not in of_trees:
            wrong = "tree_id"
        if wrong is not None and wrong != "unsigned":  # a key that has ended signed it
            yield Finding("roots_signed", wrong, f"round:{kept.id}", "", "")


def _roots(look: Look) -> Iterator[Finding]:
    """Hold each root's sums against the ledger's balances as of its own batch, whatever was posted since."""
    del look
    owners = institutions()
    trees = {tree.ledger: tree for tree in display.inspection.trees()}
    with closing(display.open_connection()) as connection:
        for number, tree in trees.items():
            if not tree.note:
                continue
            owed, owing = _liabilities(connection, number, tree.batch)
            for code, expected, found in (("owed", owed, tree.owed), ("owing", owing, tree.owing)):
                if expected != found:
                    yield Finding(
                        "roots_true",
                        code,
                        f"tree:{number}",
                        str(expected),
                        str(found),
                        institution_id=owners.get(number),
                    )
    codes = frozenset(display.customer_codes())
    with_customers = {each.ledger for each in ledger.inspection.sums_by_code() if each.code in codes}
    for number in sorted(with_customers - set(trees)):
        yield Finding("roots_true", "no_tree", f"ledger:{number}", "", "", Severity.LATE, owners.get(number))


def _liabilities(connection: psycopg.Connection[Any], number: int, batch: int) -> tuple[int, int]:
    """Return what a ledger's customers are owed and owe as of a batch, minor units."""
    codes = np.array(sorted(display.customer_codes()), np.int32)
    owed = owing = 0
    for chunk in ledger.balances_as_of(connection, upto=batch):
        mine = chunk[(chunk["ledger"] == number) & np.isin(chunk["code"], codes)]
        booked = mine["credits_posted"] - mine["debits_posted"]
        owed += int(booked[booked > 0].astype(object).sum()) if len(booked) else 0
        owing -= int(booked[booked < 0].astype(object).sum()) if len(booked) else 0
    return owed, owing


def _files(look: Look) -> Iterator[Finding]:
    del look
    owners = institutions()
    for number, parts in display.inspection.unlike_themselves().items():
        for part in parts:
            yield Finding("tree_files", part, f"tree:{number}", "", "", institution_id=owners.get(number))


def _list(codes: Iterable[int]) -> str:
    return " ".join(str(code) for code in sorted(codes))


ROOTS_SIGNED: Final = Check(
    "roots_signed",
    mark("Every tree's last root was signed by our key a moment ago, and is what its row says."),
    {
        "unreadable": mark("The signed root can't be read, or its signature is forged"),
        "unsigned": mark("No key of ours has signed it"),
        "tree_id": mark("The root is that of another tree"),
        "capacity": mark("The root is of a tree of another size"),
        "owed": mark("What is owed is not as in the signed root"),
        "owing": mark("What customers owe is not as in the signed root"),
        "batch": mark("The batch is not that of the signed root"),
        "as_of": mark("The time is not that of the signed root"),
        "signed_at": mark("It is said to be signed at another time than that of the root"),
        "currency": mark("The currency is not that of the signed root"),
        "scale": mark("The currency's decimals are not those of the signed root"),
        "trouble": mark("Nothing is signed, because something does not agree"),
        "suspect": mark("The account was found not to be as in the ledger"),
        "codes": mark("The tree was built with other kinds of accounts than customers'"),
        "old": mark("It was not signed anew for too long"),
    },
    _signed,
)
ROOTS_TRUE: Final = Check(
    "roots_true",
    mark("The signed sums of every tree are what the ledger owes its customers, and what they owe."),
    {
        "owed": mark("The root owes customers another sum than the ledger"),
        "owing": mark("Customers owe another sum by the root than by the ledger"),
        "no_tree": mark("There are customers, and no tree proves their balances"),
    },
    _roots,
    own_view=True,
    every_s=300,
)
TREE_FILES: Final = Check(
    "tree_files",
    mark("The files that certificates are taken from agree with themselves and with what was signed."),
    {
        "torn": mark("The files can't be read"),
        "head": mark("The head does not say what was signed"),
        "accounts": mark("There is another number of accounts than the tree's row says"),
        "index": mark("The index does not lead to every account"),
        "leaves": mark("Leaves are not those of the accounts"),
        "nodes": mark("Nodes are not those of what lies below them"),
        "root": mark("The root is not the one that was signed"),
    },
    _files,
    own_view=True,
    every_s=300,
)
