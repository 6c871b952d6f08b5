"""Marks: an account's balances after every 128th of its entries, from which history and as-of look-ups start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from . import wire
from .columns import UNIX_TO_POSTGRES_US
from .wire import ID, INT8

if TYPE_CHECKING:
    import psycopg
    from numpy.typing import NDArray

    from .state import BalanceRow

SPACING: Final = 128
_ROWS: Final = wire.Rows(
    "ledger_mark",
    [
        ("account_id", ID),
        ("seq", INT8),
        ("posted_at", INT8),
        ("transfer_id", ID),
        ("debits_pending", INT8),
        ("debits_posted", INT8),
        ("credits_pending", INT8),
        ("credits_posted", INT8),
    ],
)


def crosses(before: int, after: int) -> bool:
    """Say whether an account's number of entries passes a multiple of the spacing between these two."""
    return before // SPACING != after // SPACING


class Marks:
    """The marks of one batch."""

    def __init__(self, now_us: int) -> None:
        self._posted_at = now_us - UNIX_TO_POSTGRES_US
        self._rows: list[NDArray[Any]] = []

    def add(
        self,
        account_id: bytes,
        after: BalanceRow,
        seqs: NDArray[np.int64],
        transfer_ids: NDArray[Any],
        changes: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    ) -> None:
        """Mark an account: ``after`` is its row after the batch, ``changes`` what each of its entries did to the sums."""
        before = after.entries - len(seqs)
        first = (before // SPACING + 1) * SPACING
        places = np.arange(first, after.entries + 1, SPACING) - before - 1
        if not len(places):
            return
        rows = _ROWS.empty(len(places))
        rows["account_id"] = np.frombuffer(account_id, ID)
        rows["seq"], rows["posted_at"], rows["transfer_id"] = seqs[places], self._posted_at, transfer_ids[places]
        state = after.state
        finals = (state.debits_pending, state.debits_posted, state.credits_pending, state.credits_posted)
        names = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
        for name, final, change in zip(names, finals, changes, strict=True):
            running = np.cumsum(change)
            rows[name] = final - (running[-1] - running[places])
        self._rows.append(rows)

    def write(self, connection: psycopg.Connection[Any]) -> None:
        """Append them all."""
        if self._rows:
            _ROWS.copy(connection, *self._rows)
