"""Limits: counters consumed, locked, in the transaction that posts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money

from .domain import Spend


def consume(spends: Sequence[Spend]) -> list[RaseedError | None]:
    """Take amounts, in order, from their accounts' limits; locks the counters until the transaction ends.

    A spend above a limit takes nothing and its place in the answer holds ``LimitPerTransfer`` or ``LimitPerDay``.
    Needs an open transaction.
    """
    raise NotImplementedError


def check_and_consume(account_id: UUID, amount: Money, now: datetime) -> None:
    """Take one amount from an account's limits; the day is that of ``now`` in the institution's zone.

    Raises:
        LimitPerTransfer, LimitPerDay: above a limit; nothing was taken.
    """
    raise NotImplementedError
