"""The door for money that is given back after a payment has settled: a receipt then says so to whoever checks it.

Whoever keeps refunds registers once, when the package starts; until then nothing is ever given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol
from uuid import UUID

from raseed.kernel.money import Money


class GiveBacks(Protocol):
    """What knows how much of settled payments was given back since."""

    def given_back(self, payment_ids: Iterable[UUID]) -> Mapping[UUID, Money]:
        """Return how much of each payment was given back, in all; a payment of which nothing was is left out."""


_sources: list[GiveBacks] = []


def register_give_backs(source: GiveBacks) -> None:
    """Let this source be asked from now on; the same one twice counts once."""
    if source not in _sources:
        _sources.append(source)


def given_back(payment_id: UUID) -> Money | None:
    """Return how much of a payment was given back, in all, or ``None``: nothing."""
    found = [known[payment_id] for source in _sources if payment_id in (known := source.given_back([payment_id]))]
    if not found:
        return None
    return Money(sum(each.amount_minor for each in found), found[0].currency)
