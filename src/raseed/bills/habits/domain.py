"""Autopays, reminders and saved billers as plain values, and the rules over them. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.banking.api import Workdays
from raseed.kernel.errors import mark
from raseed.kernel.money import Money
from raseed.payments.api import Refusal

from ..domain import Bill

DAYS_BEFORE_MAX: Final = 10
TRIES_MAX: Final = 5
"""How often a bill without a due date is tried."""
REMINDER_DAYS: Final = (7, 3, 1, 0)
"""How many days before its due date somebody may be reminded of a bill."""
REMINDED_BY_DEFAULT: Final = (3, 0)
NICKNAME_LENGTH_MAX: Final = 40
LOOK_FROM: Final = time(6)
"""When an institution's day of looking begins, in its zone; autopays are spread over the hours that follow."""
LOOK_SPREAD_S: Final = 3 * 3600


class AutopayState(StrEnum):
    """Where an autopay is."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


AUTOPAY_STATE_WORDS: Final = {
    AutopayState.ACTIVE: mark("Pays by itself"),
    AutopayState.PAUSED: mark("On pause"),
    AutopayState.ENDED: mark("Has ended"),
}


class AutopayOutcome(StrEnum):
    """What became of a bill, step by step."""

    SENT = "sent"
    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"
    CHANGED = "changed"
    OVER_CEILING = "over_ceiling"
    DISPUTED = "disputed"
    GIVEN_UP = "given_up"


OUTCOME_WORDS: Final = {
    AutopayOutcome.SENT: mark("On its way to the biller"),
    AutopayOutcome.PAID: mark("Paid"),
    AutopayOutcome.REFUSED: mark("Not paid; it is tried again"),
    AutopayOutcome.RETURNED: mark("The money came back; it is tried again"),
    AutopayOutcome.CHANGED: mark("The biller changed the amount before it was paid"),
    AutopayOutcome.OVER_CEILING: mark("Above your ceiling; not paid"),
    AutopayOutcome.DISPUTED: mark("Disputed; not paid"),
    AutopayOutcome.GIVEN_UP: mark("Not paid"),
}
TERMINAL: Final = frozenset({AutopayOutcome.PAID, AutopayOutcome.GIVEN_UP})
FAILED: Final = frozenset({AutopayOutcome.REFUSED, AutopayOutcome.RETURNED})


@dataclass(frozen=True, slots=True)
class Autopay:
    """Somebody's word that the bills of a reference are paid from an account, each of at most ``ceiling``.

    Attributes:
        days_before: how many days before its due date a bill is paid.
        ended_code: why it ended, where its customer did not end it.
        next_look_at: when the biller is asked next, while it is active.
    """

    id: UUID
    customer_id: UUID
    biller_id: UUID
    institution_id: UUID
    reference: str
    values: Mapping[str, str]
    from_account_id: UUID
    ceiling: Money
    days_before: int
    state: AutopayState
    made_at: datetime
    next_look_at: datetime | None = None
    ended_at: datetime | None = None
    ended_code: str = ""


@dataclass(frozen=True, slots=True)
class AutopayRun:
    """One thing that became of a bill. ``on`` is the institution's day; ``order_id`` is also the payment's."""

    autopay_id: UUID
    bill_id: UUID
    number: int
    outcome: AutopayOutcome
    amount: Money
    on: date
    at: datetime
    order_id: UUID | None = None
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """What somebody once asked a biller about."""

    biller_id: UUID
    reference: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Saved:
    """A biller with what was typed for it, under a name of the customer's own."""

    id: UUID
    customer_id: UUID
    biller_id: UUID
    reference: str
    values: Mapping[str, str]
    nickname: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class NoticeHours:
    """From when until when an institution's customers get texts that can wait, in its zone."""

    begins: time = time(9)
    ends: time = time(20)

    def next_moment(self, now: datetime, zone: str) -> datetime:
        """Return the first instant from now on at which a text may leave."""
        local = now.astimezone(ZoneInfo(zone))
        if self.begins <= local.time() < self.ends:
            return now
        day = local.date() if local.time() < self.begins else local.date() + timedelta(days=1)
        return datetime.combine(day, self.begins, ZoneInfo(zone))

    def end_of(self, day: date, zone: str) -> datetime:
        """Return when the hours of a day end."""
        return datetime.combine(day, self.ends, ZoneInfo(zone))


def pay_on(bill: Bill, days_before: int) -> date:
    """Return the day on which a bill is paid; one without a due date is paid when it is seen."""
    return date.min if bill.pay_by is None else bill.pay_by - timedelta(days=days_before)


def tries_on(today: date, pay_by: date | None, workdays: Workdays) -> bool:
    """Whether a bill that could not be paid is tried again on a day: working days, and its last day always."""
    return workdays.is_workday(today) or (pay_by is not None and today >= pay_by)


def is_last_try(today: date, pay_by: date | None, tries: int) -> bool:
    """Whether no further try follows one on this day: the due date is tried always, and is the last."""
    return tries >= TRIES_MAX if pay_by is None else today >= pay_by


def order_id_of(autopay_id: UUID, bill_id: UUID, number: int) -> UUID:
    """Return the id of a try's order and payment: whoever makes it makes the same, so it is paid once."""
    return _hashed(f"raseed autopay\x00{autopay_id}\x00{bill_id}\x00{number}")


def notice_id_of(customer_id: UUID, kind: str, about: UUID, on: str) -> UUID:
    """Return the id of a notice: the same thing is told once."""
    return _hashed(f"raseed notice\x00{customer_id}\x00{kind}\x00{about}\x00{on}")


def next_day_look(autopay_id: UUID, now: datetime, zone: str) -> datetime:
    """Return when the biller is asked on the institution's next day; autopays are spread by their ids."""
    tomorrow = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    return datetime.combine(tomorrow, LOOK_FROM, ZoneInfo(zone)) + timedelta(seconds=autopay_id.int % LOOK_SPREAD_S)


def _hashed(said: str) -> UUID:
    return UUID(bytes=hashlib.sha256(said.encode()).digest()[:16])
