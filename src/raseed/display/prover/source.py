"""What the prover reads of the ledger: the sealed log's head, who is a customer, and how an account stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from raseed.ledger import api as ledger
from raseed.ledger.log.api import Checkpoint, Forged, Malformed, parse_note, public_path, read_public

if TYPE_CHECKING:
    import psycopg
    from numpy.typing import NDArray

_LATEST: Final = "SELECT leaves, batch, note FROM ledger_checkpoint ORDER BY number DESC LIMIT 1"
_LOG: Final = "SELECT id FROM ledger_log"
_NOTE_AT: Final = "SELECT note FROM ledger_checkpoint WHERE leaves = %s ORDER BY number LIMIT 1"
_COUNTS: Final = "SELECT ledger, count(*) FROM ledger_account WHERE code = ANY(%s) GROUP BY ledger"
_LEDGERS: Final = "SELECT number, currency, scale FROM ledger_ledger"
_SEQS_PER_BATCH: Final = 8192


class LogUntrusted(Exception):
    """The ledger's latest checkpoint is not signed by the ledger's key."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The latest checkpoint of the ledger's log: up to which batch it goes, and what it says."""

    batch: int
    leaves: int
    origin: str
    root: bytes


class Source:
    """The ledger, on a connection of the prover's own; reads only."""

    def __init__(self, connection: psycopg.Connection[Any], home: Path) -> None:
        self._connection = connection
        self._home = home
        self._last: tuple[str, Sealed] | None = None

    def sealed(self) -> Sealed | None:
        """Return where the log ends, once it has begun.

        Raises:
            LogUntrusted: its last checkpoint is not signed by a key of the log's.
        """
        row = self._connection.execute(_LATEST).fetchone()
        if row is None:
            return None
        leaves, batch, text = row
        if self._last is None or self._last[0] != text:
            self._last = text, self._checked(leaves, batch, text)
        return self._last[1]

    def _checked(self, leaves: int, batch: int, text: str) -> Sealed:
        [log_id] = self._connection.execute(_LOG).fetchone() or [UUID(int=0)]
        try:
            note = parse_note(text)
            checkpoint = Checkpoint.parse(note.text)
            signed = note.signed_by(read_public(public_path(self._home, log_id)))
        except (Malformed, Forged) as reason:
            raise LogUntrusted(str(reason)) from None
        if not signed or checkpoint.size != leaves or checkpoint.origin != signed[0].name:
            raise LogUntrusted(checkpoint.origin)
        return Sealed(batch, leaves, checkpoint.origin, checkpoint.root)

    def root_of(self, leaves: int) -> bytes | None:
        """Return the root that the log had with so many leaves, None where it has no such checkpoint."""
        row = self._connection.execute(_NOTE_AT, [leaves]).fetchone()
        return None if row is None else Checkpoint.parse(parse_note(row[0]).text).root

    def counts(self, codes: Sequence[int]) -> dict[int, int]:
        """Return how many accounts with these codes each ledger has; reads them all."""
        return dict(self._connection.execute(_COUNTS, [list(codes)]).fetchall())

    def ledgers(self) -> dict[int, tuple[str, int]]:
        """Return each ledger's currency and scale."""
        return {number: (currency, scale) for number, currency, scale in self._connection.execute(_LEDGERS)}


def ids_of(cells: NDArray[Any]) -> list[UUID]:
    """Return ids from cells of 16 bytes."""
    return [UUID(bytes=cell.tobytes()) for cell in cells]


def codes_of(ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the codes of accounts."""
    return {account.id: account.code for account in ledger.look_up_accounts(ids).values()}


def stands_at(account_id: UUID, batch: int) -> tuple[int, int]:
    """Return an account's booked balance and what is held, as of a batch, as the ledger's own chain of entries has it.

    Raises:
        AccountNotFound: there is none.
    """
    place = batch * _SEQS_PER_BATCH + _SEQS_PER_BATCH - 1
    balances = ledger.balances_at([account_id], seq=place)[account_id]
    return balances.credits_posted - balances.debits_posted, balances.debits_pending
