"""Sweeping: the rows of retired generations are taken out, some at a time, by whoever comes first."""

from __future__ import annotations

from typing import Any, Final

import psycopg

from .locks import try_lock
from .rows import take_some

ROWS_PER_SWEEP: Final = 20_000
_TO_SWEEP: Final = (
    "SELECT number FROM display_generation WHERE state = 'retired' AND accounts > 0 ORDER BY number LIMIT 1"
)
_SWEPT: Final = "UPDATE display_generation SET accounts = 0 WHERE number = %s"


def sweep(connection: psycopg.Connection[Any]) -> bool:
    """Take some rows of a retired generation out; say whether there may be more."""
    found = connection.execute(_TO_SWEEP).fetchone()
    if found is None:
        return False
    with connection.transaction():
        if not try_lock(connection, found[0]):
            return False
        if take_some(connection, found[0], most=ROWS_PER_SWEEP) == 0:
            connection.execute(_SWEPT, [found[0]])
    return True
