"""The rows that say which trees there are, what was last signed of each, and what keeps one from being signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

if TYPE_CHECKING:
    import psycopg

Why = Literal["minute", "key", "built"]
_TREES: Final = (
    "SELECT ledger, tree_id, currency, scale, codes, batch, note, trouble, suspects FROM display_tree ORDER BY ledger"
)
_OPEN: Final = """
    INSERT INTO display_tree (ledger, tree_id, currency, scale, opened_at, codes) VALUES (%s, %s, %s, %s, %s, %s)
"""
_CODES: Final = "UPDATE display_tree SET codes = %s WHERE tree_id = %s"
_SIGNED: Final = """
    UPDATE display_tree SET signed_at = %s, as_of = %s, batch = %s, capacity = %s, accounts = %s, owed = %s, owing = %s,
        note = %s, trouble = '', troubled_at = NULL, suspects = '{}' WHERE tree_id = %s
"""
_ROUND: Final = """
    INSERT INTO display_round (tree_id, why, signed_at, as_of, batch, capacity, accounts, owed, owing, note)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_TROUBLE: Final = "UPDATE display_tree SET trouble = %s, troubled_at = %s WHERE trouble <> %s"
_SUSPECT: Final = """
    UPDATE display_tree SET suspects = suspects || %s
    WHERE ledger = (SELECT ledger FROM ledger_account WHERE id = %s) AND NOT %s = ANY(suspects)
"""
_CLEAR: Final = "UPDATE display_tree SET suspects = '{}' WHERE suspects <> '{}'"
ROUNDS: Final = """
    SELECT ledger, tree_id, currency, capacity, owed, owing, batch, as_of, note, accounts, trouble
    FROM display_tree WHERE note <> '' ORDER BY ledger
"""


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A tree as its row has it."""

    ledger: int
    tree_id: UUID
    currency: str
    scale: int
    codes: tuple[int, ...]
    batch: int
    note: str
    trouble: str
    suspects: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class SignedRow:
    """What was signed of a tree, for its row, and, where ``why`` says so, for the history."""

    tree_id: UUID
    signed_at: datetime
    as_of: datetime
    batch: int
    capacity: int
    accounts: int
    owed: int
    owing: int
    note: str
    why: Why | None

    def values(self) -> tuple[Any, ...]:
        """Return the columns that both tables have."""
        return (
            self.signed_at, self.as_of, self.batch, self.capacity, self.accounts, self.owed, self.owing, self.note,
        )  # fmt: skip


def trees(connection: psycopg.Connection[Any]) -> list[TreeRow]:
    """Return all trees, by ledger."""
    return [
        TreeRow(number, tree_id, currency, scale, tuple(codes), batch, note, trouble, tuple(suspects))
        for number, tree_id, currency, scale, codes, batch, note, trouble, suspects in connection.execute(_TREES)
    ]


def open_tree(connection: psycopg.Connection[Any], row: TreeRow, at: datetime) -> None:
    """Add a tree."""
    connection.execute(_OPEN, [row.ledger, row.tree_id, row.currency, row.scale, at, list(row.codes)])


def set_codes(connection: psycopg.Connection[Any], tree_id: UUID, codes: Sequence[int]) -> None:
    """Note with which codes a tree was built."""
    connection.execute(_CODES, [list(codes), tree_id])


def note_signed(connection: psycopg.Connection[Any], signed: Sequence[SignedRow]) -> None:
    """Write down what was signed; it may be lost with the server's last moment, since it is derived."""
    with connection.transaction():
        connection.execute("SET LOCAL synchronous_commit = off")
        for row in signed:
            connection.execute(_SIGNED, [*row.values(), row.tree_id])
            if row.why is not None:
                connection.execute(_ROUND, [row.tree_id, row.why, *row.values()])


def note_trouble(connection: psycopg.Connection[Any], trouble: str, suspect: UUID | None, at: datetime) -> None:
    """Write down why nothing is signed, and which account is not as in the ledger."""
    connection.execute(_TROUBLE, [trouble, at, trouble])
    if suspect is not None:
        connection.execute(_SUSPECT, [suspect, suspect, suspect])


def clear_suspects(connection: psycopg.Connection[Any]) -> None:
    """Forget which accounts were found not to be as in the ledger: a person has looked."""
    connection.execute(_CLEAR)
