"""Accounts that were opened and have not moved yet, so that a new customer's nothing is proven as well.

They are found at the end of the ledger's table, twice a second; each look goes back to where the end was some seconds
before, since an opening may be committed after later ones. What took the room of an opening that was rolled back lies
further up: a sweep passes over the whole table, a portion a look, again and again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from raseed.ledger import api as ledger

if TYPE_CHECKING:
    import psycopg
    from numpy.typing import NDArray

BACK_MS: Final = 10_000
SWEEP_EVERY_MS: Final = 3_600_000
_END: Final = "SELECT pg_relation_size('ledger_account') / current_setting('block_size')::int8"

Unknown = Callable[[int, "NDArray[Any]"], "NDArray[Any]"]
"""Of ids in a ledger, returns those that are new to the caller."""


class Openings:
    """Looks for accounts that were opened; begins with a sweep over all of them."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._ends: deque[tuple[int, int]] = deque()
        self._sweep_page = 0
        self._sweep_at_ms = 0

    def look(self, codes: Sequence[int], now_ms: int, unknown: Unknown) -> dict[int, NDArray[Any]]:
        """Return the ids of new accounts with these codes, by ledger."""
        while len(self._ends) > 1 and self._ends[1][0] <= now_ms - BACK_MS:
            self._ends.popleft()
        [end] = self._connection.execute(_END).fetchone() or [0]
        tail = self._ends[0][1] if self._ends else end
        self._ends.append((now_ms, end))
        chunks = [accounts for accounts, _ in ledger.accounts_from(self._connection, page=max(tail - 1, 0))]
        chunks += self._swept(now_ms, end)
        found: dict[int, NDArray[Any]] = {}
        for accounts in chunks:
            mine = accounts[np.isin(accounts["code"], list(codes))]
            for number in np.unique(mine["ledger"]).tolist():
                ids = unknown(number, mine["id"][mine["ledger"] == number])
                known = found.get(number, np.empty(0, "V16"))
                found[number] = np.unique(np.concatenate([known, ids]).view("S16")).view("V16")
        return {number: ids for number, ids in found.items() if len(ids)}

    def _swept(self, now_ms: int, end: int) -> list[NDArray[Any]]:
        if now_ms < self._sweep_at_ms:
            return []
        found = next(ledger.accounts_from(self._connection, page=self._sweep_page), None)
        if found is None or found[1] >= end - 1:
            self._sweep_page, self._sweep_at_ms = 0, now_ms + SWEEP_EVERY_MS
            return [] if found is None else [found[0]]
        self._sweep_page = found[1]
        return [found[0]]
