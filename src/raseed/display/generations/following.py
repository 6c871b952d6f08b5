"""Following: candidates and the live generation are brought up to the last final batch, each movement once.

The rows and the batch that they have come to (``built_to``) change in one transaction, under the generation's lock: killed
at any instant, whoever comes next goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.ledger import api as ledger

from ..customers import customer_codes
from .breaking import ProjectorBroke, of_projector
from .columns import CHANGE
from .locks import try_lock
from .projectors import Projector
from .rows import add, copy_in, steady_plans, uuids
from .services import fail_generation

CHUNKS_PER_TURN: Final = 8
"""A generation that is far behind takes so many of the ledger's chunks, then it is the others' turn."""
STRANGERS_MAX: Final = 1 << 16
"""So many accounts are remembered as not being customers'."""
_FOLLOWED: Final = "SELECT number, projector FROM display_generation WHERE state IN ('candidate', 'live') ORDER BY state = 'live' DESC, number"
_BUILT_TO: Final = "SELECT built_to FROM display_generation WHERE number = %s AND state IN ('candidate', 'live')"
_REACHED: Final = (
    "UPDATE display_generation SET built_to = %s, accounts = accounts + %s"
    " WHERE number = %s AND built_to = %s AND state IN ('candidate', 'live')"
)


def to_be_followed(connection: psycopg.Connection[Any]) -> list[tuple[int, str]]:
    """Return the generations that are kept up, what is live first, with the names of their projectors."""
    return connection.execute(_FOLLOWED).fetchall()


class Follower:
    """Brings generations forward on one connection, which is in autocommit; not for several threads at once."""

    def __init__(self, connection: psycopg.Connection[Any], clock: Clock = SYSTEM_CLOCK) -> None:
        self._connection = connection
        self._clock = clock
        self._strangers: set[bytes] = set()

    def follow(self, number: int, projector: Projector, *, upto: int) -> bool:
        """Bring a generation nearer to the final batch ``upto``; say whether it may be there.

        A projector that raises has its generation marked as failed, with the reason.
        """
        try:
            return self._follow(number, projector, upto)
        except ProjectorBroke as broke:
            fail_generation(number, reason=broke.reason, clock=self._clock)
            return True

    def _follow(self, number: int, projector: Projector, upto: int) -> bool:
        found = self._connection.execute(_BUILT_TO, [number]).fetchone()
        if found is None or found[0] >= upto:
            return True
        reached = int(found[0])
        chunks = _with_end(ledger.transfers_between(self._connection, after=reached, upto=upto), upto)
        for chunk, end in islice(chunks, CHUNKS_PER_TURN):
            if not self._take(number, projector, chunk, after=reached, upto=end):
                return True
            reached = end
        return reached >= upto

    def _take(self, number: int, projector: Projector, chunk: NDArray[Any] | None, *, after: int, upto: int) -> bool:
        """Apply the transfers of the batches after one up to another; ``False``: another process did, or does."""
        connection = self._connection
        with connection.transaction():
            if not try_lock(connection, number):
                return False
            reached = connection.execute(_BUILT_TO, [number]).fetchone()
            if reached is None or reached[0] != after:
                return False
            with of_projector():
                begun = self._write(number, projector, chunk) if chunk is not None else 0
            if not connection.execute(_REACHED, [upto, begun, number, after]).rowcount:
                raise psycopg.Rollback  # retired or failed meanwhile: nothing of it stays
        return True

    def _write(self, number: int, projector: Projector, chunk: NDArray[Any]) -> int:
        """Write what transfers change; return how many accounts are shown for the first time."""
        changes = projector.apply(chunk)
        if changes.dtype != CHANGE:
            raise TypeError("changes are of another kind")
        changes = changes[[cell.tobytes() not in self._strangers for cell in changes["id"]]]
        if not len(changes):
            return 0
        steady_plans(self._connection)
        new = self._customers(changes[~add(self._connection, number, changes)])
        if len(new):
            copy_in(self._connection, number, new)
        return len(new)

    def _customers(self, changes: NDArray[Any]) -> NDArray[Any]:
        """Return those of accounts that are customers', and remember who is not."""
        if not len(changes):
            return changes
        codes = frozenset(customer_codes())
        ids = uuids(changes["id"])
        accounts = ledger.look_up_accounts(ids)
        theirs = np.array([each in accounts and accounts[each].code in codes for each in ids], bool)
        if len(self._strangers) > STRANGERS_MAX:
            self._strangers.clear()
        self._strangers.update(cell.tobytes() for cell in changes["id"][~theirs])
        customers: NDArray[Any] = changes[theirs]
        return customers


def _with_end(chunks: Iterable[NDArray[Any]], upto: int) -> Iterator[tuple[NDArray[Any] | None, int]]:
    """Yield each chunk with the batch that one has come to after it; the last one reaches ``upto``, and so does none."""
    waiting: NDArray[Any] | None = None
    for chunk in chunks:
        if waiting is not None:
            yield waiting, int(waiting["batch"][-1])
        waiting = chunk
    yield waiting, upto
