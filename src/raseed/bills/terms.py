"""The door for what is paid beside a bill's own amount: penalties and waivers, credit kept and used.

Whoever owns those rules registers once, when the package starts; until then a bill costs what it says, and nothing over it
is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

from .domain import Bill, Biller, BillOrder, Part


class Terms(Protocol):
    """What the rules of a biller add to its bills."""

    def parts(self, biller: Biller, bills: Sequence[Bill], *, customer_id: UUID, on: date) -> Sequence[Part]:
        """Return what is due on a day beside the bills' own amounts, each part with its bill's id."""

    def keeps_credit(self, biller: Biller) -> bool:
        """Whether more than is owed is taken, and kept as credit."""

    def settled(self, orders: Sequence[BillOrder]) -> None:
        """Note what was paid, in the settling transaction."""


class NoTerms:
    """Nothing is added, and no credit is kept."""

    def parts(self, biller: Biller, bills: Sequence[Bill], *, customer_id: UUID, on: date) -> Sequence[Part]:
        """Return nothing."""
        del biller, bills, customer_id, on
        return ()

    def keeps_credit(self, biller: Biller) -> bool:
        """Return that it is not."""
        del biller
        return False

    def settled(self, orders: Sequence[BillOrder]) -> None:
        """Do nothing."""


_terms: list[Terms] = [NoTerms()]


def register_terms(terms: Terms) -> None:
    """Let these rules count from now on."""
    _terms[0] = terms


def terms() -> Terms:
    """Return the rules that count."""
    return _terms[0]
