"""Endpoints, deliveries and attempts as plain values, the pauses between attempts, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Final, Protocol
from uuid import UUID

from raseed.kernel.errors import Conflict, InputError, NotFound, PermissionRefused, mark

MANAGE: Final = "webhooks.manage"
"""The permission for everything here."""
EVERY_EVENT: Final = "*"
PAUSES: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1800, 7_200, 18_000, 36_000, 50_400, 68_400, 75_600)
)  # fmt: skip
"""After each failed attempt but the last: three days in all, as Standard Webhooks advises."""
TRIES_MAX: Final = len(PAUSES) + 1
SPAN: Final = list(accumulate(PAUSES))[-1]
RETRY_AFTER_MAX: Final = timedelta(hours=24)
"""The longest pause that an endpoint may ask for."""
FAILING_MAX: Final = timedelta(days=5)
"""An endpoint that took nothing for so long, though it was tried, is switched off."""
OVERLAP: Final = timedelta(hours=24)
"""How long the secret before a rotation still signs beside the new one."""
ENDPOINTS_MAX: Final = 50
"""Of one institution."""
EVENTS_MAX: Final = 100
URL_LENGTH_MAX: Final = 500
DESCRIPTION_LENGTH_MAX: Final = 200
ANSWER_KEPT_MAX: Final = 500
"""Characters of an answer that are kept, and only of one that was no success."""
PAGE_MAX: Final = 200
REPLAY_MAX: Final = 10_000
KEPT_FOR: Final = timedelta(days=30)
"""How long the log of deliveries is kept after their end."""


class Authority(Protocol):
    """Who asks; ``people.api.Author`` is one."""

    @property
    def actor(self) -> str:
        """As the audit trail names them."""

    def may(self, permission: str, institution_id: UUID) -> bool:
        """Whether a permission is held at an institution."""


class WebhooksNotPermitted(PermissionRefused):
    """The author may not manage this institution's webhooks."""

    code = "webhooks_not_permitted"
    sentence = mark("You may not manage webhooks here.")
    hint = mark("Ask an administrator for the permission %(permission)s.")


class EndpointUnknown(NotFound):
    """There is no such endpoint, or it is another institution's."""

    code = "endpoint_unknown"
    sentence = mark("We know no such webhook endpoint.")
    hint = mark("Look at the list of endpoints.")


class DeliveryUnknown(NotFound):
    """The endpoint was never owed this event."""

    code = "delivery_unknown"
    sentence = mark("This event was never owed to this endpoint.")
    hint = mark("Look at the list of its deliveries, or replay a span of time.")


class InvalidEndpointUrl(InputError):
    """An address that we do not send to; ``reason``: unreadable, not_https, credentials or private."""

    code = "invalid_endpoint_url"
    sentence = mark("We can't send to this address.")
    hint = mark("Give a public https address, without a name or password in it.")


class UnknownEvent(InputError):
    """A name that no event has."""

    code = "unknown_event"
    sentence = mark("No event is called “%(name)s”.")
    hint = mark("Choose from the list of events, or “*” for all of them.")


class TooManyEndpoints(Conflict):
    """The institution has as many endpoints as it may have."""

    code = "too_many_endpoints"
    sentence = mark("At most %(limit)s webhook endpoints are possible.")
    hint = mark("Remove one that is not needed any more.")


class WrongGeneration(Conflict):
    """A rotation to a generation of the secret that does not follow the present one."""

    code = "wrong_generation"
    sentence = mark("The secret is at generation %(generation)s.")
    hint = mark("Ask for the generation after it, or for the same one to see it again.")


class ReplayTooLarge(InputError):
    """A span of time with more events than one replay takes."""

    code = "replay_too_large"
    sentence = mark("There are more than %(limit)s events in this span of time.")
    hint = mark("Replay it in shorter parts.")


class EndpointOff(Conflict):
    """An endpoint that is switched off gets nothing."""

    code = "endpoint_off"
    sentence = mark("This endpoint is switched off.")
    hint = mark("Switch it on first.")


class EndpointState(StrEnum):
    """Where an endpoint is in its life."""

    ON = "on"
    OFF = "off"
    REMOVED = "removed"


class OffReason(StrEnum):
    """Why an endpoint is off: a person switched it, it failed for too long, or it said that it is gone (HTTP 410)."""

    NONE = ""
    PERSON = "person"
    FAILING = "failing"
    GONE = "gone"


class DeliveryState(StrEnum):
    """Where a delivery is. A dead one was tried as often as we try, and waits for a person to replay it."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an institution's software listens.

    Attributes:
        events: names of events, or ``*``.
        generation: of the secret; it grows with each rotation.
        previous_until: until when the secret before this one signs too.
        failing_since: since when every attempt failed, if they do.
    """

    id: UUID
    institution_id: UUID
    url: str
    events: tuple[str, ...]
    description: str
    state: EndpointState
    off_reason: OffReason
    generation: int
    previous_until: datetime | None
    failing_since: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event owed to one endpoint. ``attempts`` counts all, also those before a replay."""

    position: int
    endpoint_id: UUID
    event_id: UUID
    event_name: str
    state: DeliveryState
    attempts: int
    owed_at: datetime
    next_try_at: datetime | None
    delivered_at: datetime | None
    last_status: int | None
    last_outcome: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: what came of it in a word, the answer's status, and of a refusal the beginning of what it said."""

    number: int
    at: datetime
    took_ms: int
    status: int | None
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries, the latest owed first, and the marker of the next page if there is one."""

    deliveries: tuple[Delivery, ...]
    next: str | None


def pause_after(tries: int, asked: timedelta | None = None) -> timedelta | None:
    """Return how long to wait after the failed try number ``tries`` (1, 2, …), or ``None``: it was the last.

    ``asked`` is what the endpoint wanted (Retry-After); it can lengthen a pause, within a bound.
    """
    if tries >= TRIES_MAX:
        return None
    return max(PAUSES[tries - 1], min(asked or timedelta(0), RETRY_AFTER_MAX))
