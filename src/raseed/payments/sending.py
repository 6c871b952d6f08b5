"""An instruction on its way, with what was found for it, and what became of a batch of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from raseed.banking.api import BankAccount, FeeEvent
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money

from .domain import Destination, Instruction, Payment, PaymentState, Refusal, Step, reference_of


@dataclass(frozen=True, slots=True)
class Sending:
    """An instruction with what was found for it. ``day`` is the payer's institution's business date."""

    instruction: Instruction
    payer: BankAccount
    destination: Destination | RaseedError
    instructed_at: datetime
    day: date

    @property
    def stays_with_owner(self) -> bool:
        """Whether it goes to another account of the payer's own, which no limit counts (ADR 0044)."""
        return isinstance(self.destination, Destination) and self.destination.recipient_id == self.payer.owner_id


FeeKey = tuple[UUID, FeeEvent, date]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: who was refused and why; everyone else has settled, at ``settled_at``."""

    refusals: Mapping[UUID, RaseedError]
    fees: Mapping[FeeKey, int]
    settled_at: datetime

    @property
    def has_fees(self) -> bool:
        """Whether anyone in the batch pays a fee."""
        return any(self.fees.values())

    def fee_minor(self, sending: Sending) -> int:
        """Return what the payer paid on top, minor units."""
        return 0 if sending.instruction.id in self.refusals else self.fees[fee_key(sending)]


def payment_of(sending: Sending, outcome: Outcome) -> Payment:
    """Return the payment that an instruction has become."""
    instruction, destination = sending.instruction, sending.destination
    found = destination if isinstance(destination, Destination) else None
    refusal = outcome.refusals.get(instruction.id)
    state = PaymentState.REFUSED if refusal else PaymentState.SETTLED
    return Payment(
        id=instruction.id,
        state=state,
        actor_customer_id=instruction.actor_customer_id,
        from_account_id=sending.payer.id,
        to_account_id=found.account_id if found else None,
        recipient_id=found.recipient_id if found else None,
        to=instruction.to,
        amount=instruction.amount,
        fee=Money(outcome.fee_minor(sending), sending.payer.currency),
        note=instruction.note,
        reference=reference_of(instruction.id),
        route=found.route if found else "",
        instructed_at=sending.instructed_at,
        booked_on=instruction.booked_on or sending.day,
        timeline=(
            Step(sending.instructed_at, PaymentState.ACCEPTED),
            Step(ended_at(sending, outcome.settled_at), state, Refusal.of(refusal) if refusal else None),
        ),
    )


def ended_at(sending: Sending, settled_at: datetime) -> datetime:
    """Return when a payment's last step happened; one given earlier (history, files with dates) ends as it began."""
    if sending.instruction.instructed_at is not None:
        return sending.instructed_at
    return max(settled_at, sending.instructed_at)


def fee_key(sending: Sending) -> FeeKey:
    """Return what decides a payment's fee."""
    return sending.payer.product.id, FeeEvent.TRANSFER_ON_US, sending.day
