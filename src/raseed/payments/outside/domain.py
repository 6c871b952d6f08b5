"""Lanes, breakers and pauses as plain values, and the rules over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.platform.jobs import growing_pause

from ..domain import Answer, Errand, Payment, PaymentState

LANE_LENGTH_MAX: Final = 80
BREAKER_FAILURES: Final = 5
"""So many asks in a row without a definite answer open a lane's breaker."""
BREAKER_FIRST_PAUSE: Final = timedelta(seconds=5)
BREAKER_LONGEST_PAUSE: Final = timedelta(minutes=5)
LEASE_MARGIN: Final = timedelta(seconds=20)
"""How much longer than the two asks that it may take an errand is left to its courier before another takes it up."""


class Breaker(StrEnum):
    """Whether errands of a lane leave: all of them, none, or one to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class LaneTerms:
    """How a lane is treated; kept with it as data.

    Attributes:
        in_flight_max: the most asks at once, of one courier.
        deadline_ms: how long one ask may take.
        first_pause_s, longest_pause_s: before an unknown outcome is asked about again; doubling in between.
        unknown_max_s: how long after it was first sent an unknown outcome is referred to a person.
        held_max_s: how long a payment that could not be sent is held before its money is given back.
    """

    in_flight_max: int = 32
    deadline_ms: int = 10_000
    first_pause_s: int = 2
    longest_pause_s: int = 15 * 60
    unknown_max_s: int = 24 * 60 * 60
    held_max_s: int = 24 * 60 * 60

    def pause(self, unknowns: int, *, sent_for: timedelta) -> timedelta | None:
        """Return the pause after so many unknown answers (1, 2, …), or ``None``: it is a person's now.

        The last ask is at the end of ``unknown_max_s``.
        """
        left = timedelta(seconds=self.unknown_max_s) - sent_for
        if left <= timedelta(0):
            return None
        first, longest = timedelta(seconds=self.first_pause_s), timedelta(seconds=self.longest_pause_s)
        return min(growing_pause(unknowns, first=first, longest=longest), left)


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane as staff see it: how it stands, and how many payments are on it.

    Attributes:
        closed: staff have closed it: it takes nothing new, and what had not left is given back.
        retry_at: when the breaker lets one errand through to see.
        last_code: what was last seen instead of a definite answer.
    """

    code: str
    institution_id: UUID
    terms: LaneTerms
    closed: bool
    breaker: Breaker
    failures: int
    opened_at: datetime | None
    retry_at: datetime | None
    last_code: str
    held: int = 0
    sent: int = 0
    unknown: int = 0
    referred: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """An errand that this courier has taken, until its lease ends.

    ``blind``: it has never left before. ``probe``: it goes through an open breaker, to see.
    """

    errand: Errand
    route: str
    blind: bool
    deadline: timedelta
    in_flight_max: int
    probe: bool = False


class Asked(StrEnum):
    """Which question an attempt put: carry it out; what became of it; and, as it was not seen there, carry it out after all."""

    ASK = "ask"
    ASK_AGAIN = "ask_again"
    ASK_AFTER_ALL = "ask_after_all"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of an attempt. ``answer`` is never ``NotSeen``."""

    claim: Claim
    asked: Asked
    answer: Answer
    began_at: datetime
    took_ms: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as staff see it; ``code`` is that of a no or of what was seen, ``reference`` the other side's."""

    number: int
    asked: Asked
    began_at: datetime
    took_ms: int
    answer: str
    code: str
    reference: str


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment that has not ended, with what is known of its errand.

    Attributes:
        since: when its money was held.
        attempts: how often it was taken up.
        due_at: when it is asked about next; ``None``: it is a person's.
    """

    payment: Payment
    lane: str
    since: datetime
    first_sent_at: datetime | None
    attempts: int
    due_at: datetime | None
    last_code: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is known of a payment that has not ended, and what comes next if nothing else does.

    Attributes:
        since: when its money was held.
        attempts: how often it was taken up.
        due_at: when it is taken up next; ``None``: it is a person's.
        given_back_at: when its money is given back by itself, if it has not left until then.
        referred_at: when it becomes a person's, if nobody has answered until then.
    """

    payment_id: UUID
    lane: str
    since: datetime
    attempts: int
    due_at: datetime | None
    given_back_at: datetime | None = None
    referred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenPage:
    """Payments that have not ended, those that need somebody most first; ``next`` is ``None`` on the last page."""

    payments: tuple[OpenPayment, ...] = ()
    next: str | None = None


def breaker_of(retry_at: datetime | None, now: datetime) -> Breaker:
    """Return how a breaker stands."""
    if retry_at is None:
        return Breaker.CLOSED
    return Breaker.HALF_OPEN if retry_at <= now else Breaker.OPEN


def breaker_pause(openings: int) -> timedelta:
    """Return how long a breaker stays open the first, second, … time in a row."""
    return growing_pause(openings, first=BREAKER_FIRST_PAUSE, longest=BREAKER_LONGEST_PAUSE)


RANKS: Final = {PaymentState.REFERRED: 1, PaymentState.UNKNOWN: 2, PaymentState.SENT: 3, PaymentState.HELD: 4}
"""Who needs somebody most."""
