"""What the books say of a few accounts: now, and exactly as of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from raseed.ledger import api as ledger

_SEQS_PER_BATCH: Final = 8192
"""A transfer's place in the order is its batch's number times this, and its place in the batch."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a shown balance says, in minor units: credits − debits posted, and debits pending."""

    booked: int
    held: int

    @classmethod
    def of(cls, balances: ledger.Balances) -> Amounts:
        """Return what an account's four sums come to."""
        return cls(balances.credits_posted - balances.debits_posted, balances.debits_pending)


NOTHING: Final = Amounts(0, 0)


def end_of(batch: int) -> int:
    """Return the last place in the order that belongs to a batch."""
    return (batch + 1) * _SEQS_PER_BATCH - 1


def as_of_batch(accounts: Iterable[ledger.Account], batch: int) -> dict[UUID, ledger.Balances]:
    """Return accounts' four sums as of a final batch, whatever was posted since they were read.

    Most have not moved since, which one look-up of their last transfers tells; the others are walked back.
    """
    found = list(accounts)
    last = ledger.look_up_transfers({each.last_transfer_id for each in found if each.last_transfer_id})
    upto = end_of(batch)
    return {
        each.id: each.balances if _settled(each, last, upto) else ledger.balances_at([each.id], seq=upto)[each.id]
        for each in found
    }


def _settled(account: ledger.Account, last: Mapping[UUID, ledger.Transfer], upto: int) -> bool:
    if account.last_transfer_id is None:
        return True
    transfer = last.get(account.last_transfer_id)
    return transfer is not None and transfer.seq <= upto
