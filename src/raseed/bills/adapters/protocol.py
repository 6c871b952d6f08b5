"""What every way of speaking with a biller can do, and what a biller can say.

An adapter never guesses: what is not clearly said is ``Unsaid``, and what can't be right is ``AnswerRefused``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from raseed.kernel.money import Money

from ..domain import Biller, PartKind, PartPayments


@dataclass(frozen=True, slots=True)
class FetchedBill:
    """A bill as its biller tells it. ``paid`` is all that the biller has been paid on it, by whomever."""

    number: str
    issued_on: date
    amount: Money
    paid: Money
    part_payments: PartPayments
    due_on: date | None = None
    period: str = ""
    minimum: Money | None = None
    customer_name: str = ""


@dataclass(frozen=True, slots=True)
class Validated:
    """What a biller says of what was typed: whose it is (masked), and within which amounts it takes money."""

    customer_name: str = ""
    least: Money | None = None
    most: Money | None = None


@dataclass(frozen=True, slots=True)
class AskedPart:
    """A part of what is paid, with the number of its bill where it is of one."""

    kind: PartKind
    amount: Money
    bill_number: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A payment that a biller is asked to take; the same in every attempt but for ``attempt``."""

    id: UUID
    biller: Biller
    values: Mapping[str, str]
    amount: Money
    parts: Sequence[AskedPart]
    attempt: int = 1

    @property
    def bill_numbers(self) -> list[str]:
        """The numbers of the bills that are paid, each once, sorted."""
        return sorted({part.bill_number for part in self.parts if part.bill_number})


@dataclass(frozen=True, slots=True)
class Paid:
    """The biller has taken the payment. ``proof`` is what it signed, to be kept."""

    reference: str
    paid_at: datetime | None = None
    proof: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """The biller has not taken the payment and never will under this id; ``code`` says why."""

    code: str


@dataclass(frozen=True, slots=True)
class Pending:
    """The biller has it and does not know yet."""


@dataclass(frozen=True, slots=True)
class NotReceived:
    """The biller has never heard of it."""


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Nobody can tell: no answer, or none that says anything; ``code`` is a word for why."""

    code: str


Said = Paid | Refused | Pending | NotReceived | Unsaid


class CustomerNotKnown(Exception):
    """The biller knows nobody by what was typed."""


class NoAnswer(Exception):
    """The biller did not answer; its text is one word for why."""


class BillerAdapter(Protocol):
    """A way of speaking with billers.

    ``fetch`` and ``validate`` raise ``NoAnswer``, ``CustomerNotKnown`` or ``AnswerRefused``; the others raise
    ``AnswerRefused`` only, and what is not clear is ``Unsaid``.
    """

    async def fetch(self, biller: Biller, values: Mapping[str, str]) -> Sequence[FetchedBill]:
        """Return all that is open on what was typed."""

    async def validate(self, biller: Biller, values: Mapping[str, str], amount: Money | None) -> Validated:
        """Say whether money can be paid for what was typed."""

    async def pay(self, ask: Ask) -> Said:
        """Have it take a payment; under the same id it takes it once, however often it is asked."""

    async def status(self, ask: Ask) -> Said:
        """Ask what became of a payment."""

    async def cancel(self, ask: Ask) -> Said:
        """Ask it to give up a payment that it has not taken: ``Refused`` where it has, ``Paid`` where it is too late."""
