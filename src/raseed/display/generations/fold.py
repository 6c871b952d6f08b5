"""``fold-1``: a shown balance is the fold of the account's transfers. Whole columns at a time."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .columns import CHANGE, SHOWN

NAME: Final = "fold-1"
_PENDING: Final = 2
_VOID: Final = 8


class Fold:
    """Booked is credits − debits posted, held is debits pending."""

    def build(self, balances: NDArray[Any], *, upto: int) -> NDArray[Any]:
        """Return the rows of accounts as of batch ``upto``."""
        rows = np.empty(len(balances), SHOWN)
        rows["id"], rows["ledger"] = balances["id"], balances["ledger"]
        rows["booked"] = balances["credits_posted"] - balances["debits_posted"]
        rows["held"] = balances["debits_pending"]
        rows["position"] = upto
        return rows

    def apply(self, transfers: NDArray[Any]) -> NDArray[Any]:
        """Return what transfers change, by account."""
        flags, amount = transfers["flags"], transfers["amount"]
        held = np.where(flags & _PENDING, amount, -transfers["resolves"])
        booked = np.where(flags & (_PENDING | _VOID), 0, amount)
        ids = np.concatenate([transfers["debit"], transfers["credit"]]).view("S16")
        accounts, first, where = np.unique(ids, return_index=True, return_inverse=True)
        changes = np.zeros(len(accounts), CHANGE)
        changes["id"] = accounts.view("V16")
        changes["ledger"] = np.concatenate([transfers["ledger"], transfers["ledger"]])[first]
        np.add.at(changes["booked"], where, np.concatenate([-booked, booked]))
        np.add.at(changes["held"], where, np.concatenate([held, np.zeros_like(held)]))
        np.maximum.at(changes["position"], where, np.concatenate([transfers["batch"], transfers["batch"]]))
        return changes
