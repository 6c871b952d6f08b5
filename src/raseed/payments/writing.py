"""What is kept of payments that are being carried out: their rows and the two steps of each timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from raseed.kernel.errors import RaseedError
from raseed.platform.api import rows

from .domain import Destination, PaymentState, Refusal
from .reasons import kept
from .sending import Outcome, Sending, ended_at, state_of
from .sql import STATEMENTS

_PAYMENT: Final = rows.width(16)
_STEP: Final = rows.width(6)
_STATES: Final = {state: rows.text(state.value) for state in PaymentState}
_FIRST: Final = rows.int2(1)
_SECOND: Final = rows.int2(2)
_FOUND_NOTHING: Final = (rows.NULL, rows.NULL, rows.text(""))
_NO_REASON: Final = rows.NULL + rows.NULL


def write(sendings: Sequence[Sending], outcome: Outcome) -> None:
    """Write the payments as what the outcome says, before the books have answered; needs an open transaction."""
    rows.copy(STATEMENTS["copy_payments"], _payments(sendings, outcome))
    rows.copy(STATEMENTS["copy_steps"], _steps(sendings, outcome))


def _payments(sendings: Sequence[Sending], outcome: Outcome) -> Iterator[bytes]:
    refusals, has_fees = outcome.refusals, outcome.has_fees
    no_fee = rows.int8(0)
    for sending in sendings:
        instruction, destination, to = sending.instruction, sending.destination, sending.instruction.to
        is_refused = bool(refusals) and instruction.id in refusals
        yield b"".join((
            _PAYMENT,
            rows.uuid(instruction.id),
            _STATES[state_of(sending, refusals[instruction.id] if is_refused else None)],
            rows.uuid(instruction.actor_customer_id),
            rows.uuid(sending.payer.id),
            rows.text(to.kind.value),
            rows.text(to.value),
            rows.uuid(to.institution_id),
            *(_FOUND_NOTHING if isinstance(destination, RaseedError) else _found(destination)),
            rows.int8(instruction.amount.amount_minor),
            rows.int8(outcome.fee_minor(sending)) if has_fees else no_fee,
            rows.text(instruction.amount.currency.code),
            rows.text(instruction.note),
            rows.instant(sending.instructed_at),
            rows.day(instruction.booked_on or sending.day),
        ))  # fmt: skip


def _found(destination: Destination) -> tuple[bytes, bytes, bytes]:
    return rows.uuid(destination.account_id), rows.uuid(destination.recipient_id), rows.text(destination.route)


def _steps(sendings: Sequence[Sending], outcome: Outcome) -> Iterator[bytes]:
    """Yield both steps of each payment; all but the id is the same for most of a batch."""
    accepted: dict[datetime, bytes] = {}
    ends: dict[tuple[datetime, PaymentState], bytes] = {}
    refused_by: dict[int, bytes] = {}
    refusals = outcome.refusals
    for sending in sendings:
        id_, began_at = sending.instruction.id, sending.instructed_at
        if began_at not in accepted:
            accepted[began_at] = _FIRST + rows.instant(began_at) + _STATES[PaymentState.ACCEPTED] + _NO_REASON
        ended = ended_at(sending, outcome.settled_at)
        refusal = refusals.get(id_) if refusals else None
        if refusal is None:
            end = ended, state_of(sending, None)
            if end not in ends:
                ends[end] = _SECOND + rows.instant(ended) + _STATES[end[1]] + _NO_REASON
            last = ends[end]
        else:
            reason = refused_by.get(id(refusal)) or refused_by.setdefault(id(refusal), _reason(refusal))
            last = _SECOND + rows.instant(ended) + _STATES[PaymentState.REFUSED] + reason
        yield _both(id_, accepted[began_at], last)


def _both(id_: UUID, first: bytes, last: bytes) -> bytes:
    head = _STEP + rows.uuid(id_)
    return head + first + head + last


def _reason(error: RaseedError) -> bytes:
    return rows.text(error.code) + rows.document(kept(Refusal.of(error)))
