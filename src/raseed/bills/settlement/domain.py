"""Settlements as plain values, and the door through which refunds come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark
from raseed.kernel.money import Money

SETTLEMENTS_PER_PAGE: Final = 50


class SettlementState(StrEnum):
    """Where a settlement is: closed, then paid out; or its rest went into the next one."""

    CLOSED = "closed"
    PAID_OUT = "paid_out"
    CARRIED = "carried"


SETTLEMENT_STATE_WORDS: Final = {
    SettlementState.CLOSED: mark("Closed"),
    SettlementState.PAID_OUT: mark("Paid out to the biller"),
    SettlementState.CARRIED: mark("Carried into the next"),
}


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a biller was paid on a business day of its institution.

    Attributes:
        day: the business day; what was booked on it, and what was booked earlier but came after that day's closing.
        collected, refunded: sums of its payments and of its refunds.
        brought: what earlier settlements left owed to the biller; below zero: what the biller owes.
        others: postings on the collection account that are neither: they are breaks, and stay in the account.
        paid_out: what went to the biller's own account, if that was done.
    """

    id: UUID
    biller_id: UUID
    day: date
    collected: Money
    refunded: Money
    brought: Money
    payments: int
    refunds: int
    others: int
    state: SettlementState
    closed_at: datetime
    paid_out: Money | None = None
    payout_transfer_id: UUID | None = None
    payout_account_id: UUID | None = None
    paid_at: datetime | None = None

    @property
    def net(self) -> Money:
        """What the day itself leaves for the biller; below zero where more was refunded than collected."""
        return self.collected - self.refunded

    @property
    def due(self) -> Money:
        """What the biller is owed after it, with what was brought forward."""
        return self.brought + self.net

    @property
    def carried(self) -> Money:
        """What is left of that for the next settlement."""
        return self.due if self.paid_out is None else self.due - self.paid_out
