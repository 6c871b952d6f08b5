"""Pending transfers: what holds, and what resolves it, from the transfers in their order.

What is still pending is held in memory, about 300 bytes each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .findings import Difference, differs, instant
from .formats import (
    EXPIRED,
    NEVER_US,
    PENDING,
    PENDINGS,
    POST,
    VOID,
    differ,
    id_of,
    words,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HELD: Final = PENDINGS.dtype
_ID_BYTES: Final = 16
_US_PER_S: Final = 1_000_000


class Pendings:
    """What is pending at this place in the order."""

    def __init__(self) -> None:
        self._open: dict[bytes, bytes] = {}

    def apply(self, rows: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[int, Difference] | None]:
        """Follow the posted transfers of a portion.

        Returns what each adds to the pending sums and to the posted ones, and the first transfer that can't be, with why;
        what comes after that one is not followed.
        """
        flags = rows["flags"].astype(np.int64)
        amounts = rows["amount"].astype(np.int64)
        pending = np.where(flags & PENDING != 0, amounts, 0)
        posted = np.where(flags & (PENDING | VOID) != 0, 0, amounts)
        concerned = np.flatnonzero(flags & (PENDING | POST | VOID))
        if not len(concerned):
            return pending, posted, None
        resolving = concerned[flags[concerned] & PENDING == 0]
        held = self._pass_through(rows[concerned], (flags[concerned] & PENDING != 0).tolist())
        wrong = None
        if len(held) < len(resolving):
            place = int(resolving[len(held)])
            wrong = place, differs("pending_unknown", **_named(rows[place]))
        resolving = resolving[: len(held)]
        pending[resolving] = -held["amount"].astype(np.int64)
        wrong = _first_other(rows, resolving, held, flags[resolving]) or wrong
        return pending, posted, wrong

    def _pass_through(self, rows: NDArray[Any], is_hold: list[bool]) -> NDArray[Any]:
        """Open and close holds in order; return those that were closed, up to the first that was not open."""
        opened = _held(rows).tobytes()
        closes = np.ascontiguousarray(rows["pending_id"]).tobytes()
        width, closed = _HELD.itemsize, []
        for place, hold in enumerate(is_hold):
            if hold:
                at = place * width
                self._open[opened[at : at + _ID_BYTES]] = opened[at : at + width]
                continue
            at = place * _ID_BYTES
            before = self._open.pop(closes[at : at + _ID_BYTES], None)
            if before is None:
                break
            closed.append(before)
        return np.frombuffer(b"".join(closed), _HELD)

    def still_open(self) -> NDArray[Any]:
        """Return what is pending now."""
        return np.frombuffer(b"".join(self._open.values()), _HELD)


def _held(rows: NDArray[Any]) -> NDArray[Any]:
    """Return what is kept of a pending transfer, for each of the rows."""
    table = np.zeros(len(rows), _HELD)
    for name in ("id", "debit_account_id", "credit_account_id", "amount", "user_data", "ledger", "code"):
        table[name] = rows[name]
    timeouts = rows["timeout_s"].astype(np.int64)
    table["expires_at"] = np.where(timeouts > 0, rows["posted_at"].astype(np.int64) + timeouts * _US_PER_S, NEVER_US)
    return table


def _first_other(
    rows: NDArray[Any], resolving: NDArray[np.int64], held: NDArray[Any], flags: NDArray[np.int64]
) -> tuple[int, Difference] | None:
    """Find the first transfer that does not fit what it resolves: accounts, amount, or the time."""
    own = rows[resolving]
    amounts, held_amounts = own["amount"].astype(np.int64), held["amount"].astype(np.int64)
    posted, ends, expires = own["posted_at"].astype(np.int64), held["expires_at"].astype(np.int64), flags & EXPIRED != 0
    wrong = [("amount", (amounts > held_amounts) | (flags & VOID != 0) & (amounts != held_amounts))]
    accounts = ("debit_account_id", "credit_account_id")
    wrong += [(name, differ(words(own[name]), words(held[name]))) for name in accounts]
    wrong += [(name, own[name] != held[name]) for name in ("ledger", "code")]
    wrong.append(("", (posted >= ends) != expires))
    found = [(int(np.argmax(bad)), order, name) for order, (name, bad) in enumerate(wrong) if bad.any()]
    if not found:
        return None
    at, _, name = min(found)
    named = _named(own[at])
    if name:
        values = {"found": _told(own[at][name]), "expected": _told(held[at][name])}
        return int(resolving[at]), differs("pending_other", **named, field=name, **values)
    kind = "pending_early" if expires[at] else "pending_late"
    times = {"found": instant(int(posted[at])), "expected": instant(int(ends[at]))}
    return int(resolving[at]), differs(kind, **named, **times)


def _told(value: Any) -> object:
    return id_of(value) if value.dtype.kind == "V" else int(value)


def _named(row: Any) -> dict[str, object]:
    return {"id": id_of(row["id"]), "seq": int(row["seq"]), "pending": id_of(row["pending_id"])}
