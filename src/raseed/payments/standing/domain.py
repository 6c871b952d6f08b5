"""A standing order, its timetable and its runs as plain values, and the rules over them. Pure.

A timetable's *planned* dates are counted from its first date, so that none drifts; where one is no working day its rule moves
the *due* date only. Occurrences are numbered from 1; a number is run once, passed over once, or still to come.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.banking.api import Alias, BusinessDayRule, Cursor, Workdays, months_later
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.money import Money

from ..domain import Refusal
from .errors import InvalidTimetable

COUNT_MAX: Final = 1_200
"""A hundred years of months."""
EVERY_MAX: Final = 60
OPEN_MAX: Final = 200
"""How many standing orders that have not ended one customer may have."""
STANDING_PER_PAGE: Final = 50
DATES_SHOWN_MAX: Final = 60
TRIES_MAX: Final = 5
"""How often an occurrence is tried: on its due date, and on the working days after it."""
CATCH_UP: Final = timedelta(days=31)
"""What fell due longer ago than this while no worker ran is passed over and told, not paid."""


class StandingState(StrEnum):
    """Where a standing order is. ``WAITING``: its recipient is at another institution, and there is no way there yet."""

    ACTIVE = "active"
    WAITING = "waiting"
    PAUSED = "paused"
    ENDED = "ended"


STATE_WORDS: Final = {
    StandingState.ACTIVE: mark("Runs on its dates"),
    StandingState.WAITING: mark("Waits for a way to the recipient's institution; nothing is paid meanwhile"),
    StandingState.PAUSED: mark("Paused"),
    StandingState.ENDED: mark("Ended"),
}
LEGAL_CHANGES: Final = {
    StandingState.ACTIVE: frozenset({StandingState.PAUSED, StandingState.WAITING, StandingState.ENDED}),
    StandingState.WAITING: frozenset({StandingState.ACTIVE, StandingState.ENDED}),
    StandingState.PAUSED: frozenset({StandingState.ACTIVE, StandingState.WAITING, StandingState.ENDED}),
    StandingState.ENDED: frozenset[StandingState](),
}
"""Which state may follow which; a trigger holds the same rule."""


class Unit(StrEnum):
    """What the rhythm of a timetable counts in."""

    MONTHS = "months"
    WEEKS = "weeks"


class Purpose(StrEnum):
    """What a standing order pays for, where its books say so."""

    NONE = ""
    HOUSEHOLD = "household"
    INSURANCE = "insurance"
    LOAN = "loan"
    LEASING = "leasing"


PURPOSE_WORDS: Final = {
    Purpose.HOUSEHOLD: mark("Household payment"),
    Purpose.INSURANCE: mark("Insurance"),
    Purpose.LOAN: mark("Loan payment"),
    Purpose.LEASING: mark("Leasing"),
}


class RunOutcome(StrEnum):
    """What became of an occurrence: a payment was made, or it was passed over."""

    PAID = "paid"
    SKIPPED = "skipped"


RUN_WORDS: Final = {RunOutcome.PAID: mark("Paid"), RunOutcome.SKIPPED: mark("Passed over")}


@dataclass(frozen=True, slots=True)
class Outside:
    """A recipient at a bank that is not among our institutions, as that bank's books name it: a bank's code and an account."""

    bank: str
    account: str


@dataclass(frozen=True, slots=True)
class Timetable:
    """On which dates a standing order pays.

    Attributes:
        first_on: the first planned date; the others follow every ``every`` ``unit``s.
        last_of_month: every planned date is its month's last day; then ``first_on`` must be one.
        until: no planned date after this one. ``count``: no more dates than this. Both ``None``: without end.
        business_days: where a date goes that is no working day of the payer's institution.
    """

    first_on: date
    every: int = 1
    unit: Unit = Unit.MONTHS
    last_of_month: bool = False
    until: date | None = None
    count: int | None = None
    business_days: BusinessDayRule = BusinessDayRule.FOLLOWING

    def check(self) -> None:
        """Refuse a timetable that can't be.

        Raises:
            InvalidTimetable: names the field.
        """
        if not 0 < self.every <= EVERY_MAX:
            raise InvalidTimetable(field="every")
        if self.last_of_month and (
            self.unit is not Unit.MONTHS or (self.first_on + timedelta(days=1)).month == self.first_on.month
        ):
            raise InvalidTimetable(field="last_of_month")
        if self.until is not None and self.until < self.first_on:
            raise InvalidTimetable(field="until")
        if self.count is not None and not 0 < self.count <= COUNT_MAX:
            raise InvalidTimetable(field="count")

    def planned(self, number: int) -> date | None:
        """Return the planned date of an occurrence, or ``None`` past the timetable's end."""
        if number > COUNT_MAX or (self.count is not None and number > self.count):
            return None
        try:
            day = self._planned(number)
        except (ValueError, OverflowError):
            return None  # past the calendar
        return None if self.until is not None and day > self.until else day

    def due(self, number: int, workdays: Workdays) -> date | None:
        """Return when an occurrence is due, or ``None`` past the timetable's end."""
        planned = self.planned(number)
        return None if planned is None else workdays.moved(planned, self.business_days)

    def first_due_from(self, day: date, workdays: Workdays, *, number: int = 1) -> int:
        """Return the first occurrence from ``number`` on that is due on ``day`` or later; there may be none by that number."""
        found = bisect_left(
            range(COUNT_MAX + 1), day, lo=number, key=lambda each: self.due(each, workdays) or date.max
        )  # due dates never go back: months and weeks are longer than a run of days off
        return max(found, number)

    def _planned(self, number: int) -> date:
        steps = (number - 1) * self.every
        if self.unit is Unit.WEEKS:
            return self.first_on + timedelta(weeks=steps)
        return months_later(self.first_on, steps, last_of_month=self.last_of_month)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """An occurrence to come."""

    number: int
    planned_on: date
    due_on: date


@dataclass(frozen=True, slots=True)
class Run:
    """What became of an occurrence. ``payment_id`` is of its last payment; ``refused`` says why it was passed over."""

    number: int
    planned_on: date
    due_on: date
    outcome: RunOutcome
    payment_id: UUID | None
    refused: Refusal | None
    at: datetime

    @property
    def refusal(self) -> RaseedError | None:
        """Why it was passed over, as the typed error that it is."""
        return self.refused.error() if self.refused else None


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """A standing order as its customer sees it.

    Attributes:
        id: made by the client.
        actor_customer_id: who gave it; each payment is theirs.
        to: the recipient as it was named; ``Outside`` only where another bank's books named it so.
        next_number: the occurrence to come; ``next_planned_on`` and ``try_on`` (when it is tried, or tried again) are
            ``None`` where nothing will be paid as things are.
        tries: how often that occurrence was refused already; ``last_refused`` why.
        ended_by: ``None`` while it has not ended, else who ended it; ``system`` after its last date.
    """

    id: UUID
    state: StandingState
    actor_customer_id: UUID
    from_account_id: UUID
    institution_id: UUID
    to: Alias | Outside
    amount: Money
    note: str
    purpose: Purpose
    timetable: Timetable
    next_number: int
    next_planned_on: date | None
    try_on: date | None
    tries: int
    last_refused: Refusal | None
    made_at: datetime
    ended_at: datetime | None
    ended_by: str | None

    @property
    def refusal(self) -> RaseedError | None:
        """Why the occurrence to come was refused when it was last tried."""
        return self.last_refused.error() if self.last_refused else None


@dataclass(frozen=True, slots=True)
class StandingPage:
    """Standing orders, newest first. ``next`` is ``None`` on the last page."""

    orders: tuple[StandingOrder, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs of an order, newest first; ``next`` is the number below which the next page begins."""

    runs: tuple[Run, ...]
    next: int | None


def planned_runs(
    timetable: Timetable, workdays: Workdays, *, number: int, earliest: date, most: int
) -> Iterator[PlannedRun]:
    """Yield occurrences to come from a number on, at most so many; none is due before ``earliest``."""
    for each in range(number, number + most):
        planned = timetable.planned(each)
        if planned is None:
            return
        yield PlannedRun(each, planned, max(workdays.moved(planned, timetable.business_days), earliest))


def run_payment_id(order_id: UUID, planned_on: date, attempt: int) -> UUID:
    """Return the id of an occurrence's payment: the same for whoever makes it, so it can be made only once.

    A refusal is final for a payment's id; each further try of the occurrence has another, and follows a refusal only.
    """
    said = f"raseed standing\x00{order_id}\x00{planned_on.isoformat()}\x00{attempt}"
    return UUID(bytes=hashlib.sha256(said.encode()).digest()[:16])
