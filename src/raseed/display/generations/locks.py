"""The advisory locks of generations: one for all that moves the pointer or a state, one for each generation's rows.

Where both are needed, a generation's comes first.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

_CLASS: Final = 0x72_64_67_6E
"""Of display's generations ("rdgn"), among all advisory locks of two numbers."""
WHOLE: Final = 0
"""Generations begin with 1: this is the lock of the pointer and of all states."""


class Executes(Protocol):
    """A connection or a cursor, psycopg's or Django's."""

    def execute(self, query: Any, params: Any = None, /) -> Any:
        """Run a statement."""


def lock(on: Executes, number: int) -> None:
    """Wait for a lock, and hold it until the transaction ends."""
    on.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_CLASS, number])


def try_lock(on: Executes, number: int) -> bool:
    """Take a lock until the transaction ends if nobody holds it; say whether."""
    return bool(on.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_CLASS, number]).fetchone()[0])
