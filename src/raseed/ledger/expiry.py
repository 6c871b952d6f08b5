"""Expiry: a pending transfer past its timeout is released by a transfer of the system's own, within a second.

The releasing void (flags VOID and EXPIRED) has an id that follows from the pending transfer's, and the pending transfer's
state is checked under its accounts' locks, so however many sweepers run or die, it happens once. A post that comes after
the deadline is refused whether or not a sweeper has been there.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from psycopg import errors as pg_errors

from raseed.kernel.clock import SYSTEM_CLOCK

from .domain import CreateTransferResult as Result
from .domain import NewTransfer, TransferFlags
from .engine import post_batch
from .errors import LedgerBusy
from .services import TRIES_MAX, raw_connection

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from raseed.kernel.clock import Clock

SWEEP_MAX: Final = 1000
"""The most pending transfers that one transaction releases."""
SWEEP_SECONDS: Final = 0.25
"""The pause between two looks, a quarter of what is promised."""
TROUBLE_SECONDS_MAX: Final = 5.0
"""The longest pause while the database can't be reached."""
ID_TRIES_MAX: Final = 8
_FLAGS: Final = TransferFlags.VOID_PENDING_TRANSFER | TransferFlags.EXPIRED
_DONE: Final = frozenset(
    {
        Result.EXISTS,
        Result.PENDING_TRANSFER_EXPIRED,
        Result.PENDING_TRANSFER_ALREADY_POSTED,
        Result.PENDING_TRANSFER_ALREADY_VOIDED,
    }
)
"""Another was there first."""
_log = logging.getLogger(__name__)


def expiry_id(pending_id: UUID, attempt: int = 0) -> UUID:
    """Return the id under which a pending transfer is released: version 8, from SHA-256 of its id (RFC 9562, 5.8).

    ``attempt`` counts up where somebody else's transfer already has that id.
    """
    digest = hashlib.sha256(b"raseed-expiry-v1\n" + pending_id.bytes + attempt.to_bytes(1)).digest()
    number = int.from_bytes(digest[:16])
    return UUID(int=number & ~(0xF << 76) & ~(0b11 << 62) | 0x8 << 76 | 0b10 << 62)


def expire_due(*, clock: Clock = SYSTEM_CLOCK, most: int = SWEEP_MAX) -> int:
    """Release up to ``most`` pending transfers whose time is over, in a transaction of their own; return how many were due.

    Raises:
        LedgerBusy: others stood in the way more often than we try; nothing was released.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM ledger_pending WHERE expires_at <= %s AND expires_at < 'infinity'"
            " ORDER BY expires_at LIMIT %s",
            [clock.now(), most],
        )
        due = [row[0] for row in cursor.fetchall()]
    left = due
    for attempt in range(ID_TRIES_MAX):
        if not left:
            break
        results = _post([_void(pending_id, attempt) for pending_id in left], clock)
        left = [pending_id for pending_id, result in zip(left, results, strict=True) if not _is_settled(result)]
    for pending_id in left:
        _log.error("pending transfer %s is past its timeout and can't be released", pending_id)
    return len(due)


def _void(pending_id: UUID, attempt: int) -> NewTransfer:
    return NewTransfer(expiry_id(pending_id, attempt), None, None, 0, 0, 0, _FLAGS, pending_id)


def _is_settled(result: Result) -> bool:
    return result is Result.OK or result in _DONE


def _post(voids: Sequence[NewTransfer], clock: Clock) -> list[Result]:
    for _ in range(TRIES_MAX):
        try:
            with transaction.atomic(durable=True):
                return post_batch(raw_connection(), voids, clock, may_expire=True)[0]
        except (pg_errors.UniqueViolation, pg_errors.DeadlockDetected, pg_errors.SerializationFailure):
            continue
    raise LedgerBusy


def sweep_until(stop: threading.Event, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Release what is due, several times a second, until told to stop; trouble with the database is waited out."""
    pause = SWEEP_SECONDS
    while not stop.is_set():
        try:
            while expire_due(clock=clock) == SWEEP_MAX and not stop.is_set():
                pass
            pause = SWEEP_SECONDS
        except (DatabaseError, pg_errors.Error, LedgerBusy) as error:
            _log.warning("the sweep of expired transfers is tried again: %s", error)
            connection.close()
            pause = min(2 * pause, TROUBLE_SECONDS_MAX)
        stop.wait(pause)
    connection.close()
