"""What checks of the books ask about payments: what is stuck, what each must have in the ledger; and letting go of a forgotten hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.ledger import api as ledger
from raseed.platform.api import named_statements, run_statement

from .domain import OPEN_STATES, Payment, PaymentState
from .errors import OutcomeNotOpen
from .outside.posting import end_transfer_id, post_ends
from .posting import fee_transfer_id
from .queries import told

_SQL: Final = named_statements("raseed.payments.sql", "inspection.sql")
FIRST_ID: Final = UUID(int=0)
GIVEN_BACK: Final = frozenset({PaymentState.RETURNED, PaymentState.REFUSED})
"""The states in which a payment is over and its money is the payer's."""


@dataclass(frozen=True, slots=True)
class StuckPayment:
    """A payment that has not ended though it should have. ``why`` is a code; ``since`` when its money was held."""

    payment_id: UUID
    institution_id: UUID
    state: str
    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class LostPayment:
    """A payment that has not ended and that nobody will ask about, or whose errand (``errand``, empty: none) says otherwise."""

    payment_id: UUID
    from_account_id: UUID
    state: str
    errand: str


@dataclass(frozen=True, slots=True)
class Postings:
    """What the ledger must have of a payment: each transfer's id and amount in minor units.

    Attributes:
        posted: transfers that have moved the money.
        held: transfers that must be pending now.
    """

    payment: Payment
    posted: tuple[tuple[UUID, int], ...]
    held: tuple[tuple[UUID, int], ...]


def stuck_payments(*, grace: timedelta, referred: timedelta, now: datetime, limit: int) -> list[StuckPayment]:
    """Return payments older than their lanes' terms let them be by ``grace``, or with a person for longer than ``referred``."""
    rows = _run("stuck", grace_s=_seconds(grace), referred_s=_seconds(referred), now=now, limit=limit)
    return [StuckPayment(*row) for row in rows]


def lost_payments(*, limit: int) -> list[LostPayment]:
    """Return payments that have not ended and that no errand is about: one pass over all payments."""
    return [LostPayment(*row) for row in _run("without_errand", limit=limit)]


def open_payment_ids(*, after: UUID = FIRST_ID, limit: int) -> list[UUID]:
    """Return a page of the payments that have not ended, in the order of ids."""
    return [id_ for (id_,) in _run("open_payments", after=after, limit=limit)]


def payments_from(*, after: int, limit: int) -> list[tuple[int, UUID]]:
    """Return a page of payments, each with its place, in the order in which they came."""
    return [(position, id_) for position, id_ in _run("payments_from", after=after, limit=limit)]


def last_position() -> int:
    """Return the place of the payment that came last."""
    ((position,),) = _run("last_position")
    return int(position)


def postings_of(payment_ids: Iterable[UUID]) -> dict[UUID, Postings]:
    """Return what the ledger must have of each payment; unknown ids are left out."""
    return {each.id: _postings(each) for each in told(payment_ids)}


def let_go_of_hold(payment_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Void what the ledger still holds for a payment that was given back; return how many transfers that was.

    Nothing is decided here: the payment has ended already, by its timeline, and only its hold was forgotten. It is the last
    thing in the caller's transaction, for the ledger posts last.

    Raises:
        OutcomeNotOpen: the payment has not ended so. LedgerBusy: not done, and may be tried again.
        BooksRefuse: the ledger does not take it.
    """
    with transaction.atomic():
        locked = _run("lock_payment", id=payment_id)
        if not locked or PaymentState(locked[0][0]) not in GIVEN_BACK:
            raise OutcomeNotOpen(field="payment_id")
        (payment,) = told([payment_id])
        pending = ledger.inspection.pending_amounts(id_ for id_, _ in _transfers(payment))
        if not pending:
            return 0
        payer = banking.account(payment.from_account_id)
        day = max(payment.booked_on, banking.business_day(payer, clock.now()))
        post_ends([(payment, payer.ledger, day, False)], clock)
        return len(pending)


def _postings(payment: Payment) -> Postings:
    transfers = _transfers(payment)
    if payment.state in OPEN_STATES:
        return Postings(payment, (), transfers)
    if payment.state is not PaymentState.SETTLED:
        return Postings(payment, (), ())
    was_held = any(step.state is PaymentState.HELD for step in payment.timeline)
    return Postings(
        payment, tuple((end_transfer_id(id_, settles=True) if was_held else id_, minor) for id_, minor in transfers), ()
    )


def _transfers(payment: Payment) -> tuple[tuple[UUID, int], ...]:
    own = (payment.id, payment.amount.amount_minor)
    fee = payment.fee.amount_minor
    return (own, (fee_transfer_id(payment.id), fee)) if fee else (own,)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


def _run(name: str, **parameters: object) -> list[tuple[Any, ...]]:
    return run_statement(_SQL[name], parameters)
