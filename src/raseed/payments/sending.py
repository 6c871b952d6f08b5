"""An instruction on its way, with what was found for it, and what became of a batch of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    def lane(self) -> str | None:
        """Whom to ask first, if it goes outside."""
        return self.destination.lane if isinstance(self.destination, Destination) else None

    @property
    def stays_with_owner(self) -> bool:
        """Whether it goes to another account of the payer's own, which no limit counts (ADR 0044)."""
        return isinstance(self.destination, Destination) and self.destination.recipient_id == self.payer.owner_id


FeeKey = tuple[UUID, FeeEvent, date]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: who was refused and why; everyone else has settled, or is held, at ``settled_at``."""

    refusals: Mapping[UUID, RaseedError]
    fees: Mapping[FeeKey, int]
    settled_at: datetime

    @property
    def has_fees(self) -> bool:
        """Whether anyone in the batch pays a fee."""
        return any(self.fees.values())

    def fee_minor(self, sending: Sending) -> int:
        """Return what the payer paid on top, minor units."""
        return 0 if sending.instruction.id in self.refusals else self.fees.get(fee_key(sending), 0)


def payment_of(sending: Sending, outcome: Outcome) -> Payment:
    """Return the payment that an instruction has become."""
    instruction, destination = sending.instruction, sending.destination
    found = destination if isinstance(destination, Destination) else None
    refusal = outcome.refusals.get(instruction.id)
    state = state_of(sending, refusal)
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


def accepted(sending: Sending) -> Payment:
    """Return the payment that an instruction is at the instant at which it is accepted; its fee is not known yet."""
    nothing = Outcome({}, {}, sending.instructed_at)
    return replace(
        payment_of(sending, nothing),
        state=PaymentState.ACCEPTED,
        timeline=(Step(sending.instructed_at, PaymentState.ACCEPTED),),
    )


def state_of(sending: Sending, refusal: object) -> PaymentState:
    """Return where a payment is once it is carried out: refused, held if it goes outside, else settled."""
    if refusal is not None:
        return PaymentState.REFUSED
    return PaymentState.HELD if sending.lane else PaymentState.SETTLED


def ended_at(sending: Sending, settled_at: datetime) -> datetime:
    """Return when a payment settled, was refused or held; one given earlier (history, files with dates) ends as it began."""
    if sending.instruction.instructed_at is not None:
        return sending.instructed_at
    return max(settled_at, sending.instructed_at)


def fee_key(sending: Sending) -> FeeKey:
    """Return what decides a payment's fee."""
    to = sending.destination
    event = to.fee_event if isinstance(to, Destination) else FeeEvent.TRANSFER_ON_US
    return sending.payer.product.id, event, sending.day
