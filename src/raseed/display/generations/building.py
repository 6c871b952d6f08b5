"""Building: a generation's first rows, all of them, from the books as of one batch. In one transaction: whole or not at all.

It may take minutes, so nothing else waits for it: neither the generations that are kept up nor anybody who moves the pointer.
Killed, it begins anew.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import psycopg

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.ledger import api as ledger

from ..connecting import Connect
from ..customers import customer_codes
from .breaking import ProjectorBroke, of_projector
from .columns import SHOWN
from .locks import WHOLE, lock, try_lock
from .projectors import Projector
from .rows import copy_in
from .services import fail_generation

_BUILDING: Final = "SELECT number, projector FROM display_generation WHERE state = 'building' ORDER BY number"
_BUILT: Final = "UPDATE display_generation SET state = 'candidate', built_to = %s, accounts = %s WHERE number = %s AND state = 'building'"


def to_be_built(connection: psycopg.Connection[Any]) -> list[tuple[int, str]]:
    """Return the generations that have no rows yet, with the names of their projectors."""
    return connection.execute(_BUILDING).fetchall()


def build(connect: Connect, number: int, projector: Projector, *, upto: int, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Build a generation as of the final batch ``upto``; say whether it is a candidate now.

    It is not where another process builds it, where it was retired meanwhile, or where its projector broke: then it has failed.
    """
    try:
        with connect() as writing, connect() as books, writing.transaction():
            if not try_lock(writing, number) or not _still_to_be_built(writing, number):
                return False
            writing.execute("SET LOCAL statement_timeout = 0")
            count = _write(writing, books, number, projector, upto)
            lock(writing, WHOLE)
            if not writing.execute(_BUILT, [upto, count, number]).rowcount:
                raise psycopg.Rollback
            return True
    except ProjectorBroke as broke:
        fail_generation(number, reason=broke.reason, clock=clock)
    return False


def _still_to_be_built(writing: psycopg.Connection[Any], number: int) -> bool:
    """Say whether nobody has built it, or given it up, since it was seen: asked under its lock."""
    return any(number == each for each, _ in to_be_built(writing))


def _write(
    writing: psycopg.Connection[Any], books: psycopg.Connection[Any], number: int, projector: Projector, upto: int
) -> int:
    codes = np.array(customer_codes(), np.int32)
    count = 0
    for balances in ledger.balances_as_of(books, upto=upto):
        customers = balances[np.isin(balances["code"], codes)]
        if not len(customers):
            continue
        with of_projector():
            rows = projector.build(customers, upto=upto)
            if rows.dtype != SHOWN:
                raise TypeError("rows are of another kind")
            copy_in(writing, number, rows)
        count += len(rows)
    return count
