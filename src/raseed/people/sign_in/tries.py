"""How often something may be tried: counters per window, and gates that close for a while after too many wrong tries.

Both are rows under keyed hashes, so that nothing tells whose they are. Counters are taken before gates, and each verb takes
its own in one order, so that two verbs can't deadlock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import connection

from raseed.platform.api import TooManyRequests, keyed_hash

from ..domain import Limit
from ..models import SignInRow
from .codes import LOCKS_FORGOTTEN_AFTER, lock_for, whole_minutes

PEPPER: Final = "one-time-codes"

_COUNT_ONE: Final = """
INSERT INTO people_rate AS rate (bucket, count, ends_at) VALUES (%(bucket)s, 1, %(ends_at)s)
ON CONFLICT (bucket) DO UPDATE SET
    count = CASE WHEN rate.ends_at <= %(now)s THEN 1 ELSE rate.count + 1 END,
    ends_at = CASE WHEN rate.ends_at <= %(now)s THEN excluded.ends_at ELSE rate.ends_at END
RETURNING count, ends_at
"""
_GIVE_BACK: Final = """
UPDATE people_rate SET count = count - 1 WHERE bucket = %(bucket)s AND count > 0
"""


def count_one(limit: Limit, kind: str, subject: str, now: datetime) -> None:
    """Count one request of ``kind`` by ``subject``.

    Raises:
        TooManyRequests: it is one more than ``limit`` allows; a caller who lets that roll back counts nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ONE, {"bucket": _bucket(kind, subject), "now": now, "ends_at": now + limit.window})
        count, ends_at = cursor.fetchone()
    if count > limit.count:
        raise TooManyRequests(minutes=whole_minutes(ends_at - now))


def give_back(kind: str, subject: str) -> None:
    """Take back what ``count_one`` counted: where only what went wrong is limited, it is counted before one knows."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, {"bucket": _bucket(kind, subject)})


def gate(key: bytes, now: datetime, *, tries: int = 0) -> SignInRow:
    """Return the gate called ``key``, made with so many ``tries`` if need be, locked FOR UPDATE until the transaction ends."""
    SignInRow.objects.bulk_create(
        [SignInRow(phone_key=key, changed_at=now, tries_left=tries)],
        update_conflicts=True,
        update_fields=["changed_at"],
        unique_fields=["phone_key"],
    )
    return SignInRow.objects.select_for_update().get(phone_key=key)


def closed(row: SignInRow, now: datetime) -> int | None:
    """Return for how many minutes more the gate is closed, or ``None`` while it is open."""
    if row.locked_until is None or now >= row.locked_until:
        return None
    return whole_minutes(row.locked_until - now)


def close(row: SignInRow, now: datetime, *, tries: int = 0) -> int:
    """Close the gate, longer each time, and void what waits behind it; return the minutes. Then it has ``tries`` again."""
    if row.locked_at is not None and now - row.locked_at > LOCKS_FORGOTTEN_AFTER:
        row.times_locked = 0
    wait = lock_for(row.times_locked)
    row.times_locked += 1
    row.locked_at, row.locked_until = now, now + wait
    row.code_hash, row.expires_at, row.tries_left = None, None, tries
    row.save()
    return whole_minutes(wait)


def forgive(row: SignInRow, *, tries: int = 0) -> None:
    """Open the gate and forget what went wrong at it."""
    row.code_hash, row.expires_at, row.tries_left = None, None, tries
    row.times_locked, row.locked_at, row.locked_until = 0, None, None
    row.save()


def _bucket(kind: str, subject: str) -> bytes:
    return keyed_hash(PEPPER, "rate", kind, subject)
