"""What checks of the books ask of shown balances: what is kept, what never changes, and whether what was signed says the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from raseed.ledger.log.api import Forged, Malformed, Verifier, parse_note
from raseed.platform.api import named_statements, run_statement

from .proof.checkpoint import SignedRoot, origin_of
from .prover.certificates import proofs
from .prover.whole import unlike_itself

_SQL: Final = named_statements("raseed.display", "sql/inspection.sql")


@dataclass(frozen=True, slots=True)
class NeverChanges:
    """Rows of which nothing changes once they are there: what they are about, and what each says, in their order."""

    about: str
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """What is kept to be shown of an account in a generation; amounts in minor units of the ledger's currency."""

    generation: int
    ledger: int
    account_id: UUID
    booked: int
    held: int
    position: int


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows a generation has, and the latest batch that any of them names."""

    generation: int
    count: int
    position: int


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree's row: what it is, and what was signed of it last, as columns and as the note itself."""

    ledger: int
    tree_id: UUID
    currency: str
    scale: int
    codes: frozenset[int]
    trouble: str
    suspects: tuple[UUID, ...]
    capacity: int
    accounts: int
    owed: int
    owing: int
    batch: int
    as_of: datetime | None
    signed_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class KeptRound:
    """A root that was signed and kept."""

    id: int
    tree_id: UUID
    capacity: int
    owed: int
    owing: int
    batch: int
    as_of: datetime
    note: str


def never_changing() -> list[NeverChanges]:
    """Return all rows of the small tables of which nothing may ever change, those of rounds in thousands."""
    rows = _run("never_change")
    return [
        NeverChanges(about, tuple(said for _, said in group))
        for about, group in groupby(rows, key=lambda row: str(row[0]))
    ]


def rows_by_generation() -> list[Rows]:
    """Count all rows, by generation: one pass over all shown balances."""
    return [Rows(*row) for row in _run("rows_by_generation")]


def shown_rows(account_ids: Iterable[UUID]) -> list[ShownRow]:
    """Return what is kept of these accounts, in all generations."""
    return [ShownRow(*row) for row in _run("shown_rows", ids=list(account_ids))]


def trees() -> list[Tree]:
    """Return all trees, by ledger."""
    return [
        Tree(row[0], row[1], row[2], row[3], frozenset(row[4]), row[5], tuple(row[6]), *row[7:15])
        for row in _run("trees")
    ]


def kept_rounds(*, limit: int) -> list[KeptRound]:
    """Return what was signed and kept, the latest first."""
    return [KeptRound(*row) for row in _run("rounds", limit=limit)]


def unlike_themselves() -> dict[int, list[str]]:
    """Return the parts of trees' files that are not what they should be, by ledger; trees that can't be read are ``torn``."""
    found = {}
    for row in trees():
        reader = proofs().reader(row.tree_id)
        wrong = (
            (["torn"] if row.note else [])
            if reader is None
            else unlike_itself(reader, accounts=row.accounts, note=row.note)
        )
        if wrong:
            found[row.ledger] = wrong
    return found


def unlike_its_note(row: Tree | KeptRound, keys: Iterable[str]) -> str | None:
    """Return what of a row is not as its note says, by name; ``None`` where all is, and one of these keys has signed it.

    The names: ``unreadable``, ``unsigned``, or the column.
    """
    try:
        note = parse_note(row.note)
        root = SignedRoot.parse(note.text)
        signed = note.signed_by([Verifier.parse(key) for key in keys])
    except (Malformed, Forged):
        return "unreadable"
    told: dict[str, tuple[object, object]] = {
        "tree_id": (origin_of(row.tree_id), root.origin),
        "capacity": (row.capacity, root.capacity),
        "owed": (row.owed, root.root.owed),
        "owing": (row.owing, root.root.owing),
        "batch": (row.batch, root.batch),
        "as_of": (row.as_of, root.as_of),
    }
    if isinstance(row, Tree):
        told |= {"currency": (row.currency, root.currency), "scale": (row.scale, root.scale)}
    differs = next((name for name, (kept, said) in told.items() if kept != said), None)
    return differs or (None if signed else "unsigned")


def _run(name: str, **parameters: object) -> list[tuple[Any, ...]]:
    return run_statement(_SQL[name], parameters)
