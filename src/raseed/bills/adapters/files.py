"""The file adapter: bills came in by a file, so they are known here; payments go out by a file at the end of the day.

A payment is taken in the moment in which it is posted: the biller has agreed to that, and reads of it later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from raseed.kernel.money import Money

from ..domain import Biller
from .protocol import Ask, FetchedBill, Paid, Refused, Said, Validated


class FileAdapter:
    """Speaks with billers by files."""

    async def fetch(self, biller: Biller, values: Mapping[str, str]) -> Sequence[FetchedBill]:
        """Never asked: what is open is what the last file said."""
        del biller, values
        raise AssertionError("bills of a file are known here")

    async def validate(self, biller: Biller, values: Mapping[str, str], amount: Money | None) -> Validated:
        """Whatever fits the biller's description is taken."""
        del biller, values, amount
        return Validated()

    async def pay(self, ask: Ask) -> Said:
        """Take it: the file of the day will say so."""
        return Paid(f"{ask.biller.code}-{ask.id.hex[-12:].upper()}")

    async def status(self, ask: Ask) -> Said:
        """Say the same again."""
        return await self.pay(ask)

    async def cancel(self, ask: Ask) -> Said:
        """Nothing has left before it is settled."""
        del ask
        return Refused("cancelled")
