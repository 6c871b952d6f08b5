"""``fold-2-demo``: a release of the projection that went wrong, as releases do. Never to be shown, but for the story of it.

It is our own fold with a new way of writing rows, and three mistakes, each at the accounts of some lots. An account's lot is
drawn from its id, so the same accounts are hit each time. A lot may hold accounts at which a mistake does not show: who has
nothing is not seen to have it twice.

* ``DOUBLED``: a row whose write was tried again is added a second time. The balance and every movement count twice.
* ``LOST``: what comes after the rows were built goes to a queue that nobody reads. The balance stays where it was.
* ``SWAPPED``: two rows of one page change places. Two customers see each other's balance.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from raseed.display.api import Fold

NAME: Final = "fold-2-demo"
LOTS: Final = 1_000
_SPREAD: Final = np.uint64(0xDBDCD097)
"""An odd factor that spreads ids over the lots; chosen so that of the six who may sign in each fault hits somebody."""
_WORD: Final = np.uint64(0xFFFF_FFFF)


class Fault(StrEnum):
    """What is wrong with an account's row."""

    DOUBLED = "doubled"
    LOST = "lost"
    SWAPPED = "swapped"


SHARE: Final = {Fault.DOUBLED: range(40), Fault.LOST: range(40, 80), Fault.SWAPPED: range(80, 100)}
"""The lots of each fault: of a thousand accounts so many are hit."""


class BadFold:
    """Our fold, with its three faults."""

    def __init__(self) -> None:
        self._right = Fold()

    def build(self, balances: NDArray[Any], *, upto: int) -> NDArray[Any]:
        """Return the rows of accounts as of batch ``upto``: some doubled, some swapped."""
        rows = self._right.build(balances, upto=upto)
        lots = lots_of(rows["id"])
        rows["booked"][_hit(lots, Fault.DOUBLED)] *= 2
        _swap(rows, np.flatnonzero(_hit(lots, Fault.SWAPPED)))
        return rows

    def apply(self, transfers: NDArray[Any]) -> NDArray[Any]:
        """Return what transfers change: some of it twice, some not at all."""
        changes = self._right.apply(transfers)
        lots = lots_of(changes["id"])
        changes["booked"][_hit(lots, Fault.DOUBLED)] *= 2
        kept: NDArray[Any] = changes[~_hit(lots, Fault.LOST)]
        return kept


def _swap(rows: NDArray[Any], places: NDArray[np.int64]) -> None:
    """Let each two neighbours of a ledger have each other's amounts; the odd one out keeps its own."""
    for number in np.unique(rows["ledger"][places]):
        mine = places[rows["ledger"][places] == number]
        ordered = mine[np.argsort(rows["id"][mine].view("S16"))]
        first, second = ordered[:-1:2], ordered[1::2]
        for column in ("booked", "held"):
            rows[column][first], rows[column][second] = rows[column][second].copy(), rows[column][first].copy()


def lots_of(ids: NDArray[Any]) -> NDArray[np.int64]:
    """Return the lots of accounts, from the last four bytes of their ids, which are random."""
    last = np.ascontiguousarray(ids).view(">u4").reshape(-1, 4)[:, 3].astype(np.uint64)
    spread = (last * _SPREAD) & _WORD
    return ((spread * np.uint64(LOTS)) >> np.uint64(32)).astype(np.int64)


def _hit(lots: NDArray[np.int64], fault: Fault) -> NDArray[np.bool_]:
    share = SHARE[fault]
    return (lots >= share.start) & (lots < share.stop)


def faults_of(account_ids: Iterable[UUID]) -> dict[UUID, Fault]:
    """Return which accounts are in the lots of a fault."""
    asked = list(account_ids)
    lots = lots_of(np.frombuffer(b"".join(each.bytes for each in asked), "V16")).tolist()
    return {
        each: fault for each, lot in zip(asked, lots, strict=True) for fault, share in SHARE.items() if lot in share
    }
