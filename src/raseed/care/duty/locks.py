"""One lock an institution between those who change who works when, and those who work out who is accountable.

Who reads the roster and writes what follows from it shares the lock; who changes the roster holds it alone, and then has
every running clock looked at again. So no clock is left with somebody by a roster that has changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Least

from raseed.kernel.clock import Clock

from ..models import ClockRow

_SHARED: Final = "SELECT pg_advisory_xact_lock_shared(hashtextextended('care_roster' || %s, 0))"
_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended('care_roster' || %s, 0))"


def share_roster(institution_id: UUID) -> None:
    """Keep the roster of an institution as it is until the transaction ends; others may do so too."""
    _lock(_SHARED, institution_id)


def hold_roster(institution_id: UUID) -> None:
    """Let nobody else read or change the roster of an institution until the transaction ends."""
    _lock(_ALONE, institution_id)


def _lock(statement: str, institution_id: UUID) -> None:
    assert connection.in_atomic_block, "the lock is held until the transaction ends"
    with connection.cursor() as cursor:
        cursor.execute(statement, [str(institution_id)])


@contextmanager
def change_roster(institution_id: UUID, clock: Clock) -> Iterator[datetime]:
    """Change the roster or the hours of an institution in a transaction; gives the instant from which the change counts.

    Every running clock of the institution is then due to be looked at. Until a worker has, whoever reads one works out
    for themselves who is accountable and when it is due.
    """
    with transaction.atomic():
        hold_roster(institution_id)
        now = clock.now()
        yield now
        running = ClockRow.objects.filter(institution_id=institution_id, stopped_at=None)
        running.update(changes_at=Least("changes_at", now), next_at=Least("next_at", now))
