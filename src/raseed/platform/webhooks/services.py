"""The verbs on endpoints: register, change, switch, rotate the secret, remove, replay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.kernel.text import clean_text

from ..audit import Facts, record
from ..domain import SameIdOtherContent
from ..jobs import app
from ..models import EventRow
from . import signing
from .addresses import checked_url
from .domain import (
    DESCRIPTION_LENGTH_MAX,
    ENDPOINTS_MAX,
    EVENTS_MAX,
    EVERY_EVENT,
    KEPT_FOR,
    OVERLAP,
    REPLAY_MAX,
    Authority,
    DeliveryState,
    DeliveryUnknown,
    Endpoint,
    EndpointOff,
    EndpointState,
    OffReason,
    ReplayTooLarge,
    TooManyEndpoints,
    UnknownEvent,
    WrongGeneration,
)
from .fanout import event_names, owe_to
from .models import AttemptRow, EndpointRow, OwedRow
from .queries import check_may_manage, found, told

FORGET_ROWS_MAX: Final = 50_000
_LOCK_INSTITUTION: Final = "SELECT pg_advisory_xact_lock(hashtextextended('platform_webhook_endpoint' || %s, 0))"


@transaction.atomic
def register_endpoint(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    institution_id: UUID,
    url: str,
    events: Sequence[str],
    description: str = "",
    by: Authority,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[Endpoint, str]:
    """Register an endpoint and return it with its secret; a repeat with the same content returns both again.

    Raises:
        WebhooksNotPermitted, InvalidEndpointUrl, UnknownEvent, UnacceptableText: what they say.
        TooManyEndpoints: the institution has ``ENDPOINTS_MAX``.
        SameIdOtherContent: the id is another endpoint's.
    """
    check_may_manage(by, institution_id)
    fields = {
        "institution_id": institution_id,
        "url": checked_url(url),
        "events": _checked_events(events),
        "description": _checked_description(description),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_INSTITUTION, [str(institution_id)])
    there = EndpointRow.objects.filter(id=id).first()
    if there is not None:
        removed = there.state == EndpointState.REMOVED.value
        if removed or any(getattr(there, name) != value for name, value in fields.items()):
            raise SameIdOtherContent(field="id")
        return told(there), signing.secret_text(id, there.generation)
    living = EndpointRow.objects.filter(institution_id=institution_id).exclude(state=EndpointState.REMOVED.value)
    if living.count() >= ENDPOINTS_MAX:
        raise TooManyEndpoints(limit=ENDPOINTS_MAX)
    row = EndpointRow.objects.create(id=id, created_at=clock.now(), **fields)
    _record(row, "registered", by, clock, after={"events": list(row.events), "state": row.state})
    return told(row), signing.secret_text(id, row.generation)


@transaction.atomic
def change_endpoint(
    *,
    endpoint_id: UUID,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
    on: bool | None = None,
    by: Authority,
    clock: Clock = SYSTEM_CLOCK,
) -> Endpoint:
    """Change what is given, and switch the endpoint on or off. What is owed to it waits while it is off.

    Events that happen while it is off are not owed to it; ``replay_span`` brings them later.

    Raises:
        EndpointUnknown, InvalidEndpointUrl, UnknownEvent, UnacceptableText: what they say.
    """
    row = found(endpoint_id, by=by, locked=True)
    before: Facts = {"events": list(row.events), "state": row.state, "off_reason": row.off_reason}
    address_before = row.url
    if url is not None:
        row.url = checked_url(url)
    if events is not None:
        row.events = _checked_events(events)
    if description is not None:
        row.description = _checked_description(description)
    if on is True and row.state == EndpointState.OFF.value:
        row.state, row.off_reason, row.failing_since = EndpointState.ON.value, OffReason.NONE.value, None
    if on is False and row.state == EndpointState.ON.value:
        row.state, row.off_reason = EndpointState.OFF.value, OffReason.PERSON.value
    row.save()
    after: Facts = {"events": list(row.events), "state": row.state, "off_reason": row.off_reason}
    _record(row, "changed", by, clock, before=before, after={**after, "url_changed": row.url != address_before})
    return told(row)


@transaction.atomic
def rotate_secret(
    *,
    endpoint_id: UUID,
    generation: int,
    overlap: timedelta = OVERLAP,
    by: Authority,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[Endpoint, str]:
    """Make the secret's next generation, the present one plus one, and return it; a repeat returns the same.

    Until ``overlap`` has passed, messages carry a signature with the secret before it too.

    Raises:
        EndpointUnknown: there is none. WrongGeneration: it is not the next one.
    """
    row = found(endpoint_id, by=by, locked=True)
    if generation == row.generation + 1:
        row.generation, row.previous_until = generation, clock.now() + min(max(overlap, timedelta(0)), 7 * OVERLAP)
        row.save(update_fields=["generation", "previous_until"])
        _record(row, "secret_rotated", by, clock, after={"generation": generation})
    elif generation != row.generation:
        raise WrongGeneration(field="generation", generation=row.generation)
    return told(row), signing.secret_text(row.id, row.generation)


@transaction.atomic
def remove_endpoint(*, endpoint_id: UUID, by: Authority, clock: Clock = SYSTEM_CLOCK) -> None:
    """Remove an endpoint: nothing is sent to it any more, and what was owed to it is forgotten.

    Raises:
        EndpointUnknown: there is none, or it was removed before.
    """
    row = found(endpoint_id, by=by, locked=True)
    before = {"state": row.state}
    row.state, row.off_reason = EndpointState.REMOVED.value, OffReason.NONE.value
    row.save(update_fields=["state", "off_reason"])
    OwedRow.objects.filter(endpoint=row, state=DeliveryState.WAITING.value).update(
        state=DeliveryState.DEAD.value, next_try_at=None, ended_at=clock.now(), last_outcome="endpoint_removed"
    )
    _record(row, "removed", by, clock, before=before, after={"state": row.state})


@transaction.atomic
def replay(*, endpoint_id: UUID, event_id: UUID, by: Authority, clock: Clock = SYSTEM_CLOCK) -> None:
    """Send one event to an endpoint again, from the first try, whatever became of it before.

    Raises:
        EndpointUnknown, EndpointOff: what they say. DeliveryUnknown: it was never owed to this endpoint.
    """
    row = _on(endpoint_id, by)
    if not _again(OwedRow.objects.filter(endpoint=row, event__id=event_id), clock.now()):
        raise DeliveryUnknown(field="event_id")
    _record(row, "replayed", by, clock, after={"events": 1})


@transaction.atomic
def replay_span(
    *,
    endpoint_id: UUID,
    since: datetime,
    until: datetime,
    dead_only: bool = False,
    by: Authority,
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Send what happened from ``since`` until before ``until`` again; return how many events that are.

    That includes events that were never owed to the endpoint, because it was off or did not exist, if they are of the
    names that it wants now. With ``dead_only``, only those that were given up are sent.

    Raises:
        EndpointUnknown, EndpointOff, ReplayTooLarge: what they say. InputError: ``until`` is not after ``since``.
    """
    row = _on(endpoint_id, by)
    if until <= since:
        raise InputError(field="until")
    now = clock.now()
    happened = EventRow.objects.filter(institution_id=row.institution_id, occurred_at__gte=since, occurred_at__lt=until)
    if EVERY_EVENT not in row.events:
        happened = happened.filter(name__in=row.events)
    owed = OwedRow.objects.filter(endpoint=row, event__in=happened)
    if dead_only:
        count = _again(owed.filter(state=DeliveryState.DEAD.value), now)
    else:
        positions = list(happened.order_by("position").values_list("position", flat=True)[: REPLAY_MAX + 1])
        if len(positions) > REPLAY_MAX:
            raise ReplayTooLarge(field="until", limit=REPLAY_MAX)
        _again(OwedRow.objects.filter(endpoint=row, event_id__in=positions), now)
        owe_to([row.id], positions, now=now)
        count = len(positions)
    _record(row, "replayed", by, clock, after={"events": count})
    return count


def _again(owed: QuerySet[OwedRow], now: datetime) -> int:
    return owed.update(state=DeliveryState.WAITING.value, tries=0, next_try_at=now, ended_at=None)


def _on(endpoint_id: UUID, by: Authority) -> EndpointRow:
    row = found(endpoint_id, by=by, locked=True)
    if row.state != EndpointState.ON.value:
        raise EndpointOff(field="endpoint_id")
    return row


def _checked_events(events: Sequence[str]) -> list[str]:
    known = {EVERY_EVENT, *event_names()}
    for name in events:
        if name not in known:
            raise UnknownEvent(field="events", name=name[:100])
    chosen = sorted(set(events))
    if not 0 < len(chosen) <= EVENTS_MAX:
        raise UnknownEvent(field="events", name="")
    return chosen


def _checked_description(description: str) -> str:
    blank = not description.strip()
    return "" if blank else clean_text(description, field="description", length_max=DESCRIPTION_LENGTH_MAX)


def _record(
    row: EndpointRow,
    deed: str,
    by: Authority,
    clock: Clock,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
) -> None:
    record(
        actor=by.actor,
        action=f"platform.webhook_{deed}",
        subject=f"webhook:{row.id}",
        before=before,
        after=after,
        institution_id=row.institution_id,
        clock=clock,
    )


@app.periodic(cron="23 3 * * *")
@app.task(name="platform.forget_webhooks", queue="upkeep", queueing_lock="platform.forget_webhooks")
def forget_webhooks(timestamp: int) -> None:
    """Delete deliveries that ended long ago, with their attempts; what is waiting stays."""
    del timestamp
    before = SYSTEM_CLOCK.now() - KEPT_FOR
    with transaction.atomic():
        old = list(
            OwedRow.objects.filter(ended_at__lt=before).exclude(state=DeliveryState.WAITING.value)
            .order_by("ended_at").values_list("id", flat=True)[:FORGET_ROWS_MAX]
        )  # fmt: skip
        AttemptRow.objects.filter(owed_id__in=old).delete()
        OwedRow.objects.filter(id__in=old).delete()
