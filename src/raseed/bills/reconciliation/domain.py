"""Breaks as plain values: their names, what may become of them, and how old they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark
from raseed.kernel.money import Money

BREAKS_MAX: Final = 50_000
"""The most breaks that one file may leave: with more it is not this day's file, and is refused."""
BREAKS_PER_PAGE: Final = 50


class BreakKind(StrEnum):
    """What differs, and between whom. The first eight need the biller's file; the others are in our own books."""

    UNKNOWN_HERE = "unknown_here"
    MISSING_THERE = "missing_there"
    AMOUNT_DIFFERS = "amount_differs"
    TWICE_THERE = "twice_there"
    OTHER_DAY = "other_day"
    OTHER_BILL = "other_bill"
    UNDER_WAY_HERE = "under_way_here"
    RETURNED_HERE = "returned_here"
    PAYMENT_WITHOUT_LEDGER = "payment_without_ledger"
    LEDGER_WITHOUT_PAYMENT = "ledger_without_payment"
    LEDGER_AMOUNT = "ledger_amount"
    DIRECT_TRANSFER = "direct_transfer"
    UNEXPLAINED_DEBIT = "unexplained_debit"


OF_FILE: Final = frozenset(
    {
        BreakKind.UNKNOWN_HERE,
        BreakKind.MISSING_THERE,
        BreakKind.AMOUNT_DIFFERS,
        BreakKind.TWICE_THERE,
        BreakKind.OTHER_DAY,
        BreakKind.OTHER_BILL,
        BreakKind.UNDER_WAY_HERE,
        BreakKind.RETURNED_HERE,
    }
)
BREAK_WORDS: Final = {
    BreakKind.UNKNOWN_HERE: mark("They have it, we do not"),
    BreakKind.MISSING_THERE: mark("We have it, they do not"),
    BreakKind.AMOUNT_DIFFERS: mark("The amounts differ"),
    BreakKind.TWICE_THERE: mark("They have it twice"),
    BreakKind.OTHER_DAY: mark("They have it on another day"),
    BreakKind.OTHER_BILL: mark("They name another bill"),
    BreakKind.UNDER_WAY_HERE: mark("They have taken it, we do not know yet"),
    BreakKind.RETURNED_HERE: mark("They have taken it, we have given it back"),
    BreakKind.PAYMENT_WITHOUT_LEDGER: mark("Paid, but not in the ledger"),
    BreakKind.LEDGER_WITHOUT_PAYMENT: mark("In the ledger without a payment"),
    BreakKind.LEDGER_AMOUNT: mark("The ledger has another amount than the payment"),
    BreakKind.DIRECT_TRANSFER: mark("Paid straight into the collection account, without a bill"),
    BreakKind.UNEXPLAINED_DEBIT: mark("Left the collection account without a refund or payout"),
}


class BreakState(StrEnum):
    """Where a break is: open, somebody's, resolved by somebody, or closed by itself."""

    OPEN = "open"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    CLOSED = "closed"


BREAK_STATE_WORDS: Final = {
    BreakState.OPEN: mark("Open"),
    BreakState.ASSIGNED: mark("Assigned"),
    BreakState.RESOLVED: mark("Resolved"),
    BreakState.CLOSED: mark("Closed by itself"),
}
UNENDED: Final = frozenset({BreakState.OPEN, BreakState.ASSIGNED})


class Outcome(StrEnum):
    """How a break ended: the first five are a person's, the others its own."""

    MENDED_HERE = "mended_here"
    MENDED_THERE = "mended_there"
    GIVEN_BACK = "given_back"
    ACCEPTED = "accepted"
    MISTAKEN = "mistaken"
    NO_LONGER_TOLD = "no_longer_told"
    TOLD_ON_OTHER_DAY = "told_on_other_day"
    SETTLED_SINCE = "settled_since"
    RETURNED_SINCE = "returned_since"
    BOOKED_SINCE = "booked_since"


OUTCOME_WORDS: Final = {
    Outcome.MENDED_HERE: mark("Mended in our books"),
    Outcome.MENDED_THERE: mark("Mended in the biller's books"),
    Outcome.GIVEN_BACK: mark("The money was given back"),
    Outcome.ACCEPTED: mark("Accepted as it is"),
    Outcome.MISTAKEN: mark("It was no difference after all"),
    Outcome.NO_LONGER_TOLD: mark("A later file of the same day explains it"),
    Outcome.TOLD_ON_OTHER_DAY: mark("The biller's file of another day explains it"),
    Outcome.SETTLED_SINCE: mark("It has settled here since"),
    Outcome.RETURNED_SINCE: mark("It was given back here since: see the break that says so"),
    Outcome.BOOKED_SINCE: mark("It is in the ledger since"),
}
BY_PERSONS: Final = (
    Outcome.MENDED_HERE,
    Outcome.MENDED_THERE,
    Outcome.GIVEN_BACK,
    Outcome.ACCEPTED,
    Outcome.MISTAKEN,
)


@dataclass(frozen=True, slots=True)
class Break:
    """Something that differs.

    Attributes:
        day: the business day whose settlement or file it is about.
        order_id: the payment, if there is one; ``transfer_id``: the posting.
        line: of their file.
        ours, theirs: the two amounts, where each is known.
        assignee_id: whose work it is.
    """

    id: UUID
    biller_id: UUID
    day: date
    kind: BreakKind
    order_id: UUID | None
    transfer_id: UUID | None
    line: int | None
    their_reference: str
    ours: Money | None
    theirs: Money | None
    found_at: datetime
    state: BreakState
    assignee_id: UUID | None
    changed_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look at it still."""
        return self.state in UNENDED

    def age_days(self, on: date) -> int:
        """Return how many days old it is."""
        return max((on - self.day).days, 0)


@dataclass(frozen=True, slots=True)
class BreakStep:
    """One step of a break's history."""

    number: int
    at: datetime
    state: BreakState
    actor: str
    assignee_id: UUID | None
    outcome: Outcome | None
    note: str
    reconciliation_id: UUID | None


@dataclass(frozen=True, slots=True)
class BreakFilter:
    """Which breaks are wanted; ``None``: any. ``days_min``: at least so many days old."""

    kind: BreakKind | None = None
    biller_id: UUID | None = None
    is_open: bool | None = True
    assignee_id: UUID | None = None
    days_min: int = 0


@dataclass(frozen=True, slots=True)
class BreakPage:
    """Breaks, the oldest day first, and where the next page begins."""

    breaks: tuple[Break, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A file of a biller's, held against ours: how many lines agreed, how many breaks it left, how many it explained."""

    id: UUID
    biller_id: UUID
    settlement_id: UUID
    day: date
    lines: int
    total: Money
    matched: int
    found: int
    explained: int
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A break as it is found: ``subject`` is what makes it the same one when it is found again."""

    kind: BreakKind
    subject: str
    order_id: UUID | None = None
    transfer_id: UUID | None = None
    line: int | None = None
    their_reference: str = ""
    ours_minor: int | None = None
    theirs_minor: int | None = None
