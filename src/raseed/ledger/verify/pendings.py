"""Pending transfers: what holds, what was resolved and how, from the transfers in their order.

What is still pending is held in memory, about 300 bytes each; what was resolved goes to a partitioned file.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np

from .findings import Difference, differs, instant
from .formats import (
    EXPIRED,
    NEVER_US,
    PENDING,
    PENDINGS,
    POST,
    STATE_EXPIRED,
    STATE_PENDING,
    STATE_POSTED,
    STATE_VOIDED,
    VOID,
    id_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STATE: Final = struct.Struct(">h")
_HELD: Final = struct.Struct(">16s16s16sq16sqii")
"""A pending transfer without its state: id, debit, credit, amount, user data, end, ledger, code."""
_US_PER_S: Final = 1_000_000


class Pendings:
    """What is pending at this place in the order."""

    def __init__(self) -> None:
        self._open: dict[bytes, bytes] = {}

    def apply(
        self, rows: NDArray[Any]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any], tuple[int, Difference] | None]:
        """Follow the posted transfers of a portion.

        Returns what each adds to the pending sums and to the posted ones, the states of what was resolved, and the
        first transfer that can't be, with why; what comes after that one is not followed.
        """
        flags = rows["flags"].astype(np.int64)
        amounts = rows["amount"].astype(np.int64)
        pending = np.where(flags & PENDING != 0, amounts, 0)
        posted = np.where(flags & (PENDING | VOID) != 0, 0, amounts)
        resolved: list[bytes] = []
        wrong = None
        concerned = np.flatnonzero(flags & (PENDING | POST | VOID))
        held = _held(rows[concerned])
        for place, own in zip(concerned.tolist(), held, strict=True):
            flag = int(flags[place])
            if flag & PENDING:
                self._open[own[:16]] = own
                continue
            row = rows[place]
            pending_id = row["pending_id"].tobytes()
            before = self._open.get(pending_id)
            difference = _compare(row, before, flag)
            if difference is not None or before is None:
                wrong = place, difference or differs("pending_unknown", **_named(row))
                break
            del self._open[pending_id]
            pending[place] = -_HELD.unpack(before)[3]
            state = STATE_EXPIRED if flag & EXPIRED else STATE_POSTED if flag & POST else STATE_VOIDED
            resolved.append(before + _STATE.pack(state))
        return pending, posted, np.frombuffer(b"".join(resolved), PENDINGS.dtype), wrong

    def still_open(self) -> NDArray[Any]:
        """Return the states of what is pending now."""
        state = _STATE.pack(STATE_PENDING)
        return np.frombuffer(b"".join(held + state for held in self._open.values()), PENDINGS.dtype)


def _held(rows: NDArray[Any]) -> list[bytes]:
    """Return what a pending transfer's state would hold, for each of the rows, but for the state itself."""
    table = np.zeros(len(rows), PENDINGS.dtype)
    for name in ("id", "debit_account_id", "credit_account_id", "amount", "user_data", "ledger", "code"):
        table[name] = rows[name]
    timeouts = rows["timeout_s"].astype(np.int64)
    table["expires_at"] = np.where(timeouts > 0, rows["posted_at"].astype(np.int64) + timeouts * _US_PER_S, NEVER_US)
    raw, width = table.tobytes(), PENDINGS.dtype.itemsize
    return [raw[at : at + _HELD.size] for at in range(0, len(raw), width)]


def _compare(row: Any, before: bytes | None, flag: int) -> Difference | None:
    """Return what is wrong with a transfer that resolves another one, given what is pending under that id."""
    named = _named(row)
    if before is None:
        return differs("pending_unknown", **named)
    _, debit, credit, amount, _, end_us, ledger, code = _HELD.unpack(before)
    moved = int(row["amount"])
    fields = (
        ("amount", moved, amount if flag & VOID else min(moved, amount)),
        ("debit_account_id", id_of(row["debit_account_id"]), UUID(bytes=debit)),
        ("credit_account_id", id_of(row["credit_account_id"]), UUID(bytes=credit)),
        ("ledger", int(row["ledger"]), ledger),
        ("code", int(row["code"]), code),
    )
    for name, found, expected in fields:
        if found != expected:
            return differs("pending_other", **named, field=name, found=found, expected=expected)
    posted_us = int(row["posted_at"])
    if (posted_us >= end_us) == bool(flag & EXPIRED):
        return None
    kind = "pending_early" if flag & EXPIRED else "pending_late"
    return differs(kind, **named, found=instant(posted_us), expected=instant(end_us))


def _named(row: Any) -> dict[str, object]:
    return {"id": id_of(row["id"]), "seq": int(row["seq"]), "pending": id_of(row["pending_id"])}
