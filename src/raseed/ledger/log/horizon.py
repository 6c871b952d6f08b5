"""Up to which number every batch is final: what is committed is seen, and nothing more will come.

Numbers come from the sequence ``ledger_batch_number`` inside posting transactions, so a later number may be committed
before an earlier one, and numbers of transactions that rolled back are missing for good. ``Horizon`` tells the one
from the other without an extra column and without a lock that would make a posting wait:

1. Read L, the last number that was given out.
2. Then read H, the transactions that hold PostgreSQL's row-exclusive lock on the sequence.
3. Once none of H holds it any more, every number up to L is final.

Proof. A transaction T that was given a number n ≤ L called ``nextval`` before step 1 (the sequence has CACHE 1, so a number
is given out when it is taken). ``nextval`` takes the row-exclusive lock on the sequence before it takes a number and the
lock lasts until the whole transaction has ended, savepoints rolled back or not (PostgreSQL, sequence.c,
lock_and_open_sequence). So at step 2 T either holds the lock, and is in H, or has ended. Locks are released after a
commit has become visible (xact.c, CommitTransaction), so once T does not hold the lock, any statement that starts
thereafter sees T's batch, if it has one. Transactions that take the lock after step 2 get numbers above L.

Why not the oldest running transaction (pg_snapshot_xmin), as decision 10 has it? Any transaction that has written
anything, an import or a job, would hold the seal back for as long as it runs; ``post()`` is the last thing in a
transaction, so the lock is held for moments. Nor may pg_snapshot_xmax stand for "what runs now": it is the number after
the latest *finished* transaction, and those after it may be running; nor has a posting that finds none of its accounts
a transaction number before it takes its batch's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

_LAST_NUMBER: Final = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ledger_batch_number"
_HOLDERS: Final = (
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted"
    " AND relation = 'ledger_batch_number'::regclass"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Horizon:
    """The number up to which all batches are final; it only moves forward."""

    def __init__(self) -> None:
        self.final = 0
        self._candidate: tuple[int, frozenset[str]] | None = None

    @property
    def waits(self) -> bool:
        """Whether batches were seen whose transactions, or earlier ones, have not ended yet."""
        return self._candidate is not None

    def advance(self, connection: psycopg.Connection[Any]) -> int:
        """Look once, and return up to which number all batches are final.

        The connection must be outside a transaction (autocommit), so that each statement sees what is committed by then.
        """
        if self._candidate is None:
            last = self._read(connection, _LAST_NUMBER)[0]
            if last <= self.final:
                return self.final
            self._candidate = last, frozenset(self._read(connection, _HOLDERS))
            if self._candidate[1]:
                return self.final
        last, holders = self._candidate
        if not holders or holders.isdisjoint(self._read(connection, _HOLDERS)):
            self.final, self._candidate = last, None
        return self.final

    @staticmethod
    def _read(connection: psycopg.Connection[Any], statement: Any) -> list[Any]:
        return [value for (value,) in connection.execute(statement)]
