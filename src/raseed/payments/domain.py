"""The payment instruction, its timeline and its routes as plain values, and the rules over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from raseed.banking.api import Alias, BankAccount, Cursor
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.money import Money

NOTE_LENGTH_MAX: Final = 140
"""The longest note that goes with a payment: one unstructured remittance line of ISO 20022."""

BATCH_MAX: Final = 8190
"""The most transfers that one batch may need: what the ledger takes in one call."""

PAYMENTS_PER_PAGE: Final = 50


class PaymentState(StrEnum):
    """Where a payment is. On us it is settled or refused in the moment in which it is accepted."""

    ACCEPTED = "accepted"
    SETTLED = "settled"
    REFUSED = "refused"


LEGAL_STEPS: Final = {
    None: frozenset({PaymentState.ACCEPTED}),
    PaymentState.ACCEPTED: frozenset({PaymentState.SETTLED, PaymentState.REFUSED}),
    PaymentState.SETTLED: frozenset(),
    PaymentState.REFUSED: frozenset(),
}
"""Which state may follow which; the database holds the same rule in a trigger."""

STATE_SENTENCES: Final = {
    PaymentState.ACCEPTED: mark("We have accepted your instruction."),
    PaymentState.SETTLED: mark("Done. The money has arrived."),
    PaymentState.REFUSED: mark("Refused. Nothing has left your account."),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a payment was refused, as its timeline keeps it: a typed error's code, field and data."""

    code: str
    field: str | None = None
    params: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(cls, error: RaseedError) -> Refusal:
        """Return what is kept of an error."""
        return cls(error.code, error.field, tuple(sorted(error.params.items())))

    def error(self) -> RaseedError:
        """Return the typed error again; one that no loaded package knows any more comes back as the root."""
        kind = next((kind for kind in _kinds(RaseedError) if kind.code == self.code), RaseedError)
        return kind(field=self.field, **dict(self.params))


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a timeline, and for a refusal why."""

    at: datetime
    state: PaymentState
    refused: Refusal | None = None

    @property
    def reason_code(self) -> str | None:
        """The stable code of the refusal, if it is one."""
        return self.refused.code if self.refused else None

    @property
    def reason(self) -> RaseedError | None:
        """The refusal as the typed error that it is, to be translated for its reader."""
        return self.refused.error() if self.refused else None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as its payer sees it.

    Attributes:
        id: made by the client, who keeps it before sending.
        state: its last step's.
        actor_customer_id: who gave the instruction.
        from_account_id, to_account_id: accounts; the second is ``None`` where the recipient was not found.
        recipient_id: the customer who holds the second, if a customer does.
        to: the recipient as the payer named it.
        amount, fee: what the recipient gets; what the payer pays on top.
        note: the payer's words, or empty.
        reference: short, to quote to the institution.
        route: the way that it went, empty where there was none.
        instructed_at: when the instruction was accepted (UTC).
        booked_on: the business date that it counts for.
        timeline: its steps, oldest first.
    """

    id: UUID
    state: PaymentState
    actor_customer_id: UUID
    from_account_id: UUID
    to_account_id: UUID | None
    recipient_id: UUID | None
    to: Alias
    amount: Money
    fee: Money
    note: str
    reference: str
    route: str
    instructed_at: datetime
    booked_on: date
    timeline: tuple[Step, ...] = ()

    @property
    def refusal(self) -> RaseedError | None:
        """Why it was refused, if it was."""
        return self.timeline[-1].reason if self.timeline else None


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """A customer's payments, newest first. ``next`` is ``None`` on the last page."""

    payments: tuple[Payment, ...] = field(default=())
    next: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a payer is shown before confirming. Names are in the reader's language.

    ``recipient_name`` is masked; where ``to_own_account``, it is the payer's own label of the account, or its product.
    """

    from_account: BankAccount
    to: Alias
    recipient_name: str
    recipient_institution_id: UUID
    recipient_institution: str
    amount: Money
    fee: Money
    to_own_account: bool = False

    @property
    def total(self) -> Money:
        """What will leave the payer's account."""
        return self.amount + self.fee


@dataclass(frozen=True, slots=True)
class Instruction:
    """A payment as it comes in.

    ``instructed_at`` and ``booked_on`` are for instructions given earlier (history, files with a date of their own);
    by default both are the present.
    """

    id: UUID
    actor_customer_id: UUID
    from_account_id: UUID
    to: Alias
    amount: Money
    note: str = ""
    instructed_at: datetime | None = None
    booked_on: date | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a route takes a payment: the account to credit, and what its payer is told about the recipient.

    ``recipient_id`` is the customer who holds it, if a customer does.
    """

    route: str
    account_id: UUID
    institution_id: UUID
    recipient_id: UUID | None


class Route(Protocol):
    """A way for payments to go; ``bills`` and ``switch`` register theirs through ``api.register_route``."""

    @property
    def code(self) -> str:
        """A stable name, kept with each payment."""

    def find(self, orders: Sequence[tuple[BankAccount, Alias]]) -> list[Destination | RaseedError | None]:
        """Say for each (payer's account, recipient): where it goes, why it can't, or ``None``: not by this route."""


def _kinds(root: type[RaseedError]) -> Iterator[type[RaseedError]]:
    for kind in root.__subclasses__():
        yield from _kinds(kind)
        if "code" in vars(kind):
            yield kind


def reference_of(payment_id: UUID) -> str:
    """Return the reference that people quote: the last ten hexadecimal digits of the id, in capitals."""
    return payment_id.hex[-10:].upper()
