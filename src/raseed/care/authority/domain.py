"""Requests, limits, chains and ties as plain values, and the rule that says what is beyond a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark
from raseed.kernel.money import Money

SPLIT_WINDOW: Final = timedelta(hours=72)
"""Grants of one action to one customer within this count as one act, whoever gave them."""
CIRCLE_WINDOW: Final = timedelta(days=30)
"""Whoever approved a request of somebody's within this can't have one approved by them."""
STEPS_MAX: Final = 8
STEP_SECONDS_MIN: Final = 60
STEP_SECONDS_MAX: Final = 30 * 86_400
WAITING_MAX: Final = 100
"""Requests of one asker that may wait for a decision at once."""
REQUESTS_PER_PAGE: Final = 50
WINDOW_DAYS_MAX: Final = 366


class RequestState(StrEnum):
    """Where a request is. Approved: decided, and about to be done by itself."""

    DONE = "done"
    AWAITING = "awaiting"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


REQUEST_STATE_WORDS: Final = {
    RequestState.DONE: mark("Done"),
    RequestState.AWAITING: mark("Waiting for a decision"),
    RequestState.APPROVED: mark("Approved, being done"),
    RequestState.REFUSED: mark("Refused"),
    RequestState.EXPIRED: mark("Nobody decided in time"),
    RequestState.WITHDRAWN: mark("Taken back"),
    RequestState.FAILED: mark("Approved, but could not be done"),
}


class Beyond(StrEnum):
    """Which bound an act would be beyond; the first that says no."""

    NO_LIMIT = "no_limit"
    PER_ACT = "per_act"
    SPLIT = "split"
    PER_DAY = "per_day"
    PER_CUSTOMER = "per_customer"


BEYOND_WORDS: Final = {
    Beyond.NO_LIMIT: mark("No limit is set, and that means no"),
    Beyond.PER_ACT: mark("More than one act may come to"),
    Beyond.SPLIT: mark("With what this customer got in the last days, more than one act may come to"),
    Beyond.PER_DAY: mark("More than may be granted in a day"),
    Beyond.PER_CUSTOMER: mark("More than one customer may be granted in the time that counts"),
}


class HolderKind(StrEnum):
    """Whose limit it is: a person's, which comes first, or a role's."""

    STAFF = "staff"
    ROLE = "role"


class TieKind(StrEnum):
    """What a member of staff is to a customer."""

    SELF = "self"
    FAMILY = "family"
    CLOSE = "close"


TIE_WORDS: Final = {
    TieKind.SELF: mark("The same person"),
    TieKind.FAMILY: mark("Family"),
    TieKind.CLOSE: mark("Close to one another"),
}


class StepKind(StrEnum):
    """What happened to a request."""

    ASKED = "asked"
    GRANTED = "granted"
    REFERRED = "referred"
    PASSED_UP = "passed_up"
    RAN_OUT = "ran_out"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    DONE = "done"
    FAILED = "failed"


STEP_WORDS: Final = {
    StepKind.ASKED: mark("Asked for"),
    StepKind.GRANTED: mark("Within their own limits"),
    StepKind.REFERRED: mark("Put before somebody who may decide"),
    StepKind.PASSED_UP: mark("Passed up"),
    StepKind.RAN_OUT: mark("Not decided in time, and passed up"),
    StepKind.APPROVED: mark("Approved"),
    StepKind.REFUSED: mark("Refused"),
    StepKind.EXPIRED: mark("Nobody decided in time"),
    StepKind.WITHDRAWN: mark("Taken back"),
    StepKind.DONE: mark("Done"),
    StepKind.FAILED: mark("Could not be done"),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an authority goes: amounts in minor units of the limit's currency; ``None`` bounds nothing.

    Attributes:
        per_act_minor: one act, with what the same customer got by the same action within ``SPLIT_WINDOW``.
        per_day_minor, per_day_count: what the holder grants on one business date.
        per_customer_minor, per_customer_count: what one customer gets, by whomever, within ``window_days``.
    """

    per_act_minor: int | None
    per_day_minor: int | None
    per_customer_minor: int | None
    per_day_count: int | None = None
    per_customer_count: int | None = None
    window_days: int = 30


@dataclass(frozen=True, slots=True)
class Limit:
    """What somebody may grant of one action; ``currency`` is empty where the action comes to no amount."""

    id: UUID
    institution_id: UUID
    holder_kind: HolderKind
    holder_id: UUID
    action: str
    currency: str
    bounds: Bounds
    set_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit that applies to somebody, and what of today's is used."""

    limit: Limit
    day: date
    used_minor: int
    used_count: int


@dataclass(frozen=True, slots=True)
class Given:
    """What was granted so far of one action: the holder's on the day; the customer's within the window, and of late."""

    day_minor: int = 0
    day_count: int = 0
    customer_minor: int = 0
    customer_count: int = 0
    lately_minor: int = 0


@dataclass(frozen=True, slots=True)
class ChainStep:
    """Who decides at one step, a role's holders or one person, and within how many seconds."""

    holder_kind: HolderKind
    holder_id: UUID
    within_s: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Who decides about what is beyond an asker's authority; an empty ``action``: of all that have no chain of their own."""

    id: UUID
    institution_id: UUID
    action: str
    steps: tuple[ChainStep, ...]


@dataclass(frozen=True, slots=True)
class Tie:
    """That a member of staff is, or is close to, a customer."""

    id: UUID
    institution_id: UUID
    staff_id: UUID
    customer_id: UUID
    kind: TieKind
    declared_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What an action is asked to do: what its ``weigh`` and ``perform`` get.

    Attributes:
        id: the request's, and the key of whatever the action does: the same id does it once.
        subject: what it is done to, ``kind:id``, such as ``payment:0190…``.
        amount: as asked for when it is weighed; as it was weighed when it is performed.
        details: more that the action needs, by name, as text.
        through: the business date on which it was asked: what grows later is not part of it.
    """

    id: UUID
    institution_id: UUID
    action: str
    customer_id: UUID
    subject: str
    amount: Money | None
    details: Mapping[str, str]
    reason: str
    asked_by: UUID
    through: date

    @property
    def actor(self) -> str:
        """Who does it, as audit trails name them."""
        return f"staff:{self.asked_by}"


@dataclass(frozen=True, slots=True)
class RequestStep:
    """One step in the life of a request; ``to`` is whom it went to."""

    kind: StepKind
    at: datetime
    by: str
    to: UUID | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Something that was asked for a customer, and what became of it.

    Attributes:
        asked_by: the member of staff; ``assigned_to`` before whom it waits, until ``due_at``.
        beyond: which bound of the asker's it was beyond; ``None`` where it was within.
        limit: the limit that allowed it, once one has.
        split: whether it is one of several pieces that together are beyond what one act may come to.
        failure: the code of what refused an approved deed.
    """

    id: UUID
    institution_id: UUID
    action: str
    customer_id: UUID
    subject: str
    amount: Money | None
    details: Mapping[str, str]
    reason: str
    conversation_id: UUID | None
    asked_by: UUID
    asked_at: datetime
    through: date
    state: RequestState
    beyond: Beyond | None
    split: bool
    assigned_to: UUID | None = None
    due_at: datetime | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    done_at: datetime | None = None
    failure: str = ""
    limit_id: UUID | None = None
    steps: tuple[RequestStep, ...] = field(default=())

    @property
    def asked(self) -> Asked:
        """What the action gets of it."""
        return Asked(
            self.id, self.institution_id, self.action, self.customer_id, self.subject, self.amount, self.details,
            self.reason, self.asked_by, self.through,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Requests, the latest first, and the marker of the next page if there is one."""

    requests: Sequence[Request]
    next: str | None


def beyond(bounds: Bounds | None, given: Given, amount_minor: int) -> Beyond | None:
    """Return the first bound that one more act would be beyond, given what was granted so far; ``None``: it is within all."""
    if bounds is None:
        return Beyond.NO_LIMIT
    if _over(amount_minor, bounds.per_act_minor):
        return Beyond.PER_ACT
    if _over(given.lately_minor + amount_minor, bounds.per_act_minor):
        return Beyond.SPLIT
    if _over(given.day_minor + amount_minor, bounds.per_day_minor) or _over(given.day_count + 1, bounds.per_day_count):
        return Beyond.PER_DAY
    if _over(given.customer_minor + amount_minor, bounds.per_customer_minor) or _over(
        given.customer_count + 1, bounds.per_customer_count
    ):
        return Beyond.PER_CUSTOMER
    return None


def _over(value: int, bound: int | None) -> bool:
    return bound is not None and value > bound
