"""Up to which instant everything is in a tree: an instant from before a look at the horizon whose batches are all sealed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from raseed.ledger.log.api import Horizon

if TYPE_CHECKING:
    import psycopg

LOOKS_MAX: Final = 4096
"""So many looks are remembered while the seal is behind; further ones are not taken."""
_NEWEST: Final = "SELECT coalesce(max(number), 0) FROM ledger_batch WHERE number <= %s"


class AsOf:
    """Looks at the horizon, and the instants before them, until their batches are sealed."""

    def __init__(self) -> None:
        self._horizon = Horizon()
        self._looks: deque[tuple[int, int]] = deque()
        self._at_us = 0
        self._reached_us = 0

    def look(self, connection: psycopg.Connection[Any], now_us: int) -> None:
        """Look once; ``now_us`` (Unix microseconds) was read before the call."""
        if not self._horizon.waits:
            self._at_us = now_us
        final = self._horizon.advance(connection)
        if not self._horizon.waits and len(self._looks) < LOOKS_MAX:
            [newest] = connection.execute(_NEWEST, [final]).fetchone() or [0]
            self._looks.append((self._at_us, newest))

    def reached(self, batch: int) -> int:
        """Return the latest instant before which every committed batch has a number up to this one; 0: not known yet.

        Every batch committed before a look's instant is final in it, and so has at most the number that it found.
        """
        while self._looks and self._looks[0][1] <= batch:
            self._reached_us = max(self._reached_us, self._looks.popleft()[0])
        return self._reached_us
