"""What was given back of a payment after it had settled: its receipt then says so to whoever checks it."""

from __future__ import annotations

from uuid import UUID

from raseed.kernel.money import Money

from ..refunds.reading import refunds_of_orders


def given_back(payment_id: UUID) -> Money | None:
    """Return how much of a payment was given back, in all, or ``None``: nothing."""
    refunds = refunds_of_orders([payment_id]).get(payment_id, ())
    if not refunds:
        return None
    return Money(sum(each.amount.amount_minor for each in refunds), refunds[0].amount.currency)
