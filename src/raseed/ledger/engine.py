"""The PostgreSQL engine: one batch, in the connection's open transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import wire
from .columns import columns_of, day_number, intent_of
from .domain import POST_MAX
from .errors import BatchTooLarge
from .exact import post_exact
from .optimistic import post_optimistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from raseed.kernel.clock import Clock

    from .domain import CreateTransferResult, NewTransfer


def post_batch(
    connection: psycopg.Connection[Any],
    transfers: Sequence[NewTransfer],
    clock: Clock,
    *,
    check_ids: bool = True,
    may_expire: bool = False,
) -> tuple[list[CreateTransferResult], int]:
    """Post a batch; answer a result per transfer, in order, and the number of the transaction.

    ``check_ids=False`` leaves it to the unique key to find ids that exist already, which is cheaper for a caller who owns
    the transaction and tries again with ``check_ids=True`` after a UniqueViolation.
    ``may_expire`` lets the system's own transfers with the flag EXPIRED in.

    Raises:
        BatchTooLarge: more than ``POST_MAX`` transfers.
        TypeError: a number is not an int.
        psycopg.errors.UniqueViolation: see ``check_ids``; rarely also with it, when another transaction posts the same
            id with other accounts at the same moment. The transaction is lost then, and may be tried again.
        psycopg.errors.SerializationFailure: see ``state.books``; the transaction may be tried again.
        psycopg.errors.DeadlockDetected: the transaction held locks that others wait for before it came here.
    """
    if len(transfers) > POST_MAX:
        raise BatchTooLarge(most=POST_MAX, count=len(transfers))
    if not transfers:
        return [], 0
    wire.begin(connection)
    today = day_number(clock.now().date())
    columns = columns_of(transfers, today)
    if columns is not None:
        return post_optimistic(connection, columns, clock, check_ids=check_ids)
    intents = [intent_of(transfer, today) for transfer in transfers]
    return post_exact(connection, intents, clock, may_expire=may_expire)
