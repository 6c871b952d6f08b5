"""Webhooks at the management API: endpoints, their secrets, their deliveries, and sending again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Path, Query
from pydantic import Field, WithJsonSchema

from ..rest.callers import ApiRequest
from ..rest.fields import FROM_JSON, Given, Id, Instant, Taken, text, whole
from ..rest.paging import Page, Paging
from ..rest.routes import Resource
from . import api as webhooks
from .domain import DESCRIPTION_LENGTH_MAX, EVENTS_MAX, URL_LENGTH_MAX

resource = Resource(
    "Webhooks",
    "Events told to your software: signed after Standard Webhooks, at least once, tried for three days, replayable.",
)
_GENERATION_MAX = 1_000_000
_EXAMPLE_EVENTS = ["banking.account_opened", "banking.account_blocked"]

Url = Annotated[str, text(URL_LENGTH_MAX, example="https://hooks.example.com/raseed")]
Description = Annotated[str, text(DESCRIPTION_LENGTH_MAX, least=0)]
EventNames = Annotated[
    list[Annotated[str, text(100)]],
    Field(min_length=1, max_length=EVENTS_MAX),
    WithJsonSchema({
        "type": "array", "minItems": 1, "maxItems": EVENTS_MAX, "items": {"type": "string", "minLength": 1, "maxLength": 100},
        "description": "Names of events, or `*` for all; see GET /webhooks/events.", "example": _EXAMPLE_EVENTS,
    }),
]  # fmt: skip


class NewEndpoint(Taken):
    """Where events are to be sent, and which."""

    url: Url
    events: EventNames
    description: Description = ""


class EndpointChange(Taken):
    """What is to change; what is left out stays."""

    url: Url | None = None
    events: EventNames | None = None
    description: Description | None = None
    on: bool | None = None


class Generation(Taken):
    """The secret's generation that is wanted: the present one plus one."""

    generation: Annotated[int, whole(1, _GENERATION_MAX), FROM_JSON]


class Span(Taken):
    """From ``since`` until before ``until``; with ``dead_only`` only what was given up."""

    since: Instant
    until: Instant
    dead_only: bool = False


class EndpointGiven(Given):
    """An endpoint. ``previous_until``: until when the secret before this generation signs too."""

    id: UUID
    url: str
    events: list[str]
    description: str
    state: Literal["on", "off"]
    off_reason: Literal["", "person", "failing", "gone"]
    generation: int
    previous_until: datetime | None
    failing_since: datetime | None
    created_at: datetime


class EndpointWithSecret(EndpointGiven):
    """An endpoint with its secret: keep it, it verifies the signatures."""

    secret: Annotated[
        str,
        WithJsonSchema({"type": "string", "pattern": "^whsec_", "example": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}),
    ]


class EndpointList(Given):
    """All endpoints, the oldest first."""

    endpoints: list[EndpointGiven]


class DeliveryGiven(Given):
    """One event owed to the endpoint. ``last_outcome`` in a word: delivered, answered_500, no_answer_in_time and the like."""

    event_id: UUID
    event_name: str
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    owed_at: datetime
    next_try_at: datetime | None
    delivered_at: datetime | None
    last_status: int | None
    last_outcome: str


class DeliveryList(Page):
    """Deliveries, the latest owed first."""

    deliveries: list[DeliveryGiven]


class AttemptGiven(Given):
    """One try; ``answer`` is the beginning of what a refusing endpoint said."""

    number: int
    at: datetime
    took_ms: int
    status: int | None
    outcome: str
    answer: str


class DeliveryWithAttempts(DeliveryGiven):
    """A delivery with its attempts, oldest first."""

    log: list[AttemptGiven]


class EventNameList(Given):
    """The names that events have."""

    events: list[str]


class Replayed(Given):
    """How many events are sent again."""

    events: int


class DeliveryPaging(Paging):
    """A page of deliveries, in one state if asked."""

    state: Annotated[
        Literal["waiting", "delivered", "dead"] | None,
        WithJsonSchema({"type": "string", "enum": ["waiting", "delivered", "dead"]}),
    ] = None


@resource.get("/webhooks/events", permission=webhooks.MANAGE, answer=EventNameList)
def webhook_events(request: ApiRequest) -> EventNameList:
    """List the names of all events that can be asked for."""
    del request
    return EventNameList(events=list(webhooks.event_names()))


@resource.get("/webhooks", permission=webhooks.MANAGE, answer=EndpointList)
def list_webhooks(request: ApiRequest) -> EndpointList:
    """List the institution's endpoints."""
    caller = request.caller
    found = webhooks.endpoints_of(caller.institution_id, by=caller.author)
    return EndpointList(endpoints=[EndpointGiven(**_fields(endpoint)) for endpoint in found])


@resource.put(
    "/webhooks/{webhook_id}", permission=webhooks.MANAGE, answer=EndpointWithSecret, refuses=(409, 422),
    example={"url": "https://hooks.example.com/raseed", "events": _EXAMPLE_EVENTS, "description": "Back office"},
    links={
        "endpoint": ("show_webhook", "webhook_id"), "deliveries": ("list_deliveries", "webhook_id"),
        "secret": ("rotate_webhook_secret", "webhook_id"), "removal": ("remove_webhook", "webhook_id"),
    },
)  # fmt: skip
def register_webhook(request: ApiRequest, webhook_id: Path[Id], new: NewEndpoint) -> EndpointWithSecret:
    """Register an endpoint under an id of yours.

    The same id with the same content answers the same, secret included.
    """
    caller = request.caller
    endpoint, secret = webhooks.register_endpoint(
        id=webhook_id, institution_id=caller.institution_id, url=new.url, events=new.events,
        description=new.description, by=caller.author,
    )  # fmt: skip
    return EndpointWithSecret(**_fields(endpoint), secret=secret)


@resource.get("/webhooks/{webhook_id}", permission=webhooks.MANAGE, answer=EndpointGiven)
def show_webhook(request: ApiRequest, webhook_id: Path[Id]) -> EndpointGiven:
    """Show an endpoint."""
    return EndpointGiven(**_fields(webhooks.endpoint(webhook_id, by=request.caller.author)))


@resource.patch(
    "/webhooks/{webhook_id}", permission=webhooks.MANAGE, answer=EndpointGiven, refuses=(422,), example={"on": False}
)
def change_webhook(request: ApiRequest, webhook_id: Path[Id], change: EndpointChange) -> EndpointGiven:
    """Change an endpoint, or switch it on or off.

    What is owed to it waits while it is off; what happens meanwhile is not owed to it, and can be replayed by span.
    """
    changed = webhooks.change_endpoint(
        endpoint_id=webhook_id, url=change.url, events=change.events, description=change.description, on=change.on,
        by=request.caller.author,
    )  # fmt: skip
    return EndpointGiven(**_fields(changed))


@resource.delete("/webhooks/{webhook_id}", permission=webhooks.MANAGE, answer=None, status=204)
def remove_webhook(request: ApiRequest, webhook_id: Path[Id]) -> None:
    """Remove an endpoint; what was owed to it is given up."""
    webhooks.remove_endpoint(endpoint_id=webhook_id, by=request.caller.author)


@resource.post(
    "/webhooks/{webhook_id}/secret", permission=webhooks.MANAGE, answer=EndpointWithSecret, refuses=(409,),
    example={"generation": 2},
)  # fmt: skip
def rotate_webhook_secret(request: ApiRequest, webhook_id: Path[Id], wanted: Generation) -> EndpointWithSecret:
    """Make the secret's next generation.

    For a day messages carry two signatures, with the new secret and with the one before it. The same generation asked for
    again answers the same.
    """
    endpoint, secret = webhooks.rotate_secret(
        endpoint_id=webhook_id, generation=wanted.generation, by=request.caller.author
    )
    return EndpointWithSecret(**_fields(endpoint), secret=secret)


@resource.get("/webhooks/{webhook_id}/deliveries", permission=webhooks.MANAGE, answer=DeliveryList, refuses=(422,))
def list_deliveries(request: ApiRequest, webhook_id: Path[Id], page: Query[DeliveryPaging]) -> DeliveryList:
    """List what was and is owed to an endpoint, the latest first. Ended deliveries are kept for 30 days."""
    state = None if page.state is None else webhooks.DeliveryState(page.state)
    found = webhooks.deliveries(webhook_id, by=request.caller.author, state=state, after=page.after, limit=page.limit)
    return DeliveryList(deliveries=[DeliveryGiven(**_delivery(each)) for each in found.deliveries], next=found.next)


@resource.get("/webhooks/{webhook_id}/deliveries/{event_id}", permission=webhooks.MANAGE, answer=DeliveryWithAttempts)
def show_delivery(request: ApiRequest, webhook_id: Path[Id], event_id: Path[Id]) -> DeliveryWithAttempts:
    """Show what became of one event at one endpoint, attempt by attempt."""
    delivery, attempts = webhooks.delivery(webhook_id, event_id, by=request.caller.author)
    log = [
        AttemptGiven(
            number=each.number, at=each.at, took_ms=each.took_ms, status=each.status, outcome=each.outcome,
            answer=each.answer,
        )
        for each in attempts
    ]  # fmt: skip
    return DeliveryWithAttempts(**_delivery(delivery), log=log)


@resource.post(
    "/webhooks/{webhook_id}/deliveries/{event_id}/replay", permission=webhooks.MANAGE, answer=Replayed, status=202,
    refuses=(409,),
)  # fmt: skip
def replay_delivery(request: ApiRequest, webhook_id: Path[Id], event_id: Path[Id]) -> Replayed:
    """Send one event to an endpoint again, whatever became of it before."""
    webhooks.replay(endpoint_id=webhook_id, event_id=event_id, by=request.caller.author)
    return Replayed(events=1)


@resource.post(
    "/webhooks/{webhook_id}/replay", permission=webhooks.MANAGE, answer=Replayed, status=202, refuses=(409, 422),
    example={"since": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z", "dead_only": False},
)  # fmt: skip
def replay_span(request: ApiRequest, webhook_id: Path[Id], span: Span) -> Replayed:
    """Send what happened in a span of time again, also what was never owed because the endpoint was off.

    At most 10,000 events at once.
    """
    count = webhooks.replay_span(
        endpoint_id=webhook_id, since=span.since, until=span.until, dead_only=span.dead_only, by=request.caller.author
    )
    return Replayed(events=count)


def _fields(endpoint: webhooks.Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "description": endpoint.description,
        "state": endpoint.state.value,
        "off_reason": endpoint.off_reason.value,
        "generation": endpoint.generation,
        "previous_until": endpoint.previous_until,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
    }


def _delivery(delivery: webhooks.Delivery) -> dict[str, Any]:
    return {
        "event_id": delivery.event_id,
        "event_name": delivery.event_name,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "owed_at": delivery.owed_at,
        "next_try_at": delivery.next_try_at,
        "delivered_at": delivery.delivered_at,
        "last_status": delivery.last_status,
        "last_outcome": delivery.last_outcome,
    }
