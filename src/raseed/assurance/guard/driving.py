"""Who works on a release: one process at a time, and a worker goes on with what was cut off.

Working means holding the release's advisory lock, which the database lets go of when a process dies. Rolling back needs
no such lock: it must not wait for anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection

from raseed.platform import api as platform

from .errors import ReleaseBusy

JOB = "assurance.guard_go_on"
QUEUE = "guard"
Pause = Callable[[float], None]
"""Waits so many seconds; tests move their clock instead."""
_held: set[UUID] = set()


@contextmanager
def held(release_id: UUID) -> Iterator[None]:
    """Work on a release alone; within, it may be asked for again.

    Raises:
        ReleaseBusy: another process works on it.
    """
    if release_id in _held and _is_ours(release_id):
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_key(release_id)])
        if not cursor.fetchone()[0]:
            raise ReleaseBusy
    _held.add(release_id)
    try:
        yield
    finally:
        _held.discard(release_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_key(release_id)])


def _is_ours(release_id: UUID) -> bool:
    key = _key(release_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() "
            "AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = %s)",
            [key],
        )
        return bool(cursor.fetchone()[0])


def _key(release_id: UUID) -> int:
    """Return the lock's number: 62 random bits of the id, so that classid stays positive."""
    return release_id.int & ((1 << 62) - 1)


def call_a_worker(release_id: UUID) -> None:
    """Have a worker go on with a release, as soon as the caller's transaction has committed."""
    platform.app.configure_task(JOB, queue=QUEUE, lock=f"guard:{release_id}").defer(release_id=str(release_id))


def wait(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)
