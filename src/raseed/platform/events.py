"""Facts that leave a package: kept in the outbox by the transaction that made them true, told to handlers afterwards.

At least once, in no promised order: a handler must bear a repeat. Each delivery runs in a transaction of its own, so a
handler that only writes to the database does its work exactly once. A delivery that fails is tried again with growing
pauses, ``ATTEMPTS_MAX`` times, and then kept with its error until a person replays it. A handler that can't take an event
yet says so (``NotYet``), and is asked each minute until it can.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import NotFound
from raseed.kernel.ids import new_id

from .jobs import app, growing_pause
from .models import DeliveryRow, EventRow
from .sql import STATEMENTS, run

ATTEMPTS_MAX: Final = 8
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=30)
NOT_YET_PAUSE: Final = timedelta(minutes=1)
SWEEP_BATCH_MAX: Final = 500
SWEEP_AFTER: Final = timedelta(minutes=2)
ERROR_LENGTH_MAX: Final = 500
PAGE_MAX: Final = 500

PayloadValue = str | int | bool | None | list[str]
Payload = Mapping[str, PayloadValue]
_log = structlog.get_logger("raseed.events")


@dataclass(frozen=True, slots=True)
class Event:
    """A fact. ``name`` is ``package.what_happened``; within a ``version`` the payload only grows; no personal data."""

    id: UUID
    name: str
    version: int
    institution_id: UUID | None
    position: int
    occurred_at: datetime
    payload: Payload


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A delivery that was given up: the event, the handler, how often it was tried, and why it failed last."""

    id: int
    event: Event
    handler: str
    attempts: int
    failed_at: datetime
    error: str


class NotYet(Exception):
    """Raised by a handler that can't take an event now, through no fault of the event: it stays owed and is asked again.

    It counts as no try, so it is never given up.
    """


Handler = Callable[[Event], None]
Wanted = Callable[[str, UUID | None], bool]
"""Whether an event of this name, of this institution, is wanted; asked in the transaction that emits it."""
_handlers: dict[str, tuple[Wanted, Handler]] = {}


def subscribe(event_name: str, *, handler_name: str) -> Callable[[Handler], Handler]:
    """Register a handler for events called ``event_name``; do it where ``AppConfig.ready`` imports it.

    ``handler_name`` (``package.verb``) is kept in the database and must not change while deliveries are owed to it.
    """
    return subscribe_where(lambda name, _: name == event_name, handler_name=handler_name)


def subscribe_where(wanted: Wanted, *, handler_name: str) -> Callable[[Handler], Handler]:
    """Register a handler for the events that ``wanted`` says yes to; else as ``subscribe``."""

    def register(handler: Handler) -> Handler:
        known = _handlers.get(handler_name)
        assert known is None or known[1] is handler, f"two handlers are called {handler_name}"
        _handlers[handler_name] = (wanted, handler)
        return handler

    return register


def emit(
    name: str, payload: Payload, *, version: int = 1, institution_id: UUID | None = None, clock: Clock = SYSTEM_CLOCK
) -> UUID:
    """Keep a fact in the outbox, in the caller's open transaction, and owe it to every handler of its name."""
    return emit_many(name, [payload], version=version, institution_id=institution_id, clock=clock)[0]


def emit_many(
    name: str,
    payloads: Sequence[Payload],
    *,
    version: int = 1,
    institution_id: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> list[UUID]:
    """Keep many facts of one name and one institution, as ``emit`` each, and ask once who wants them."""
    assert transaction.get_connection().in_atomic_block, "an event is kept by the transaction that makes it true"
    now = clock.now()
    ids = [new_id() for _ in payloads]
    kept = run(
        STATEMENTS["keep_events"],
        {
            "name": name,
            "version": version,
            "institution": institution_id,
            "now": now,
            "ids": ids,
            "payloads": [json.dumps(dict(payload), ensure_ascii=False) for payload in payloads],
        },
    )
    wanting = [handler_name for handler_name, (wanted, _) in _handlers.items() if wanted(name, institution_id)]
    owed = [DeliveryRow(event_id=place, handler=handler, due_at=now) for (place,) in kept for handler in wanting]
    for delivery in DeliveryRow.objects.bulk_create(owed):
        deliver_event.defer(delivery_id=delivery.id)
    return ids


@app.task(name="platform.deliver_event", queue="events")
def deliver_event(*, delivery_id: int) -> None:
    """Tell one handler of one event; on failure, plan the next try or give up."""
    try:
        with transaction.atomic():
            delivery = (
                DeliveryRow.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("event")
                .filter(id=delivery_id, failed_at=None)
                .first()
            )
            if delivery is None:
                return
            _handlers[delivery.handler][1](_event(delivery.event))
            delivery.delete()
    except NotYet:
        due_at = SYSTEM_CLOCK.now() + NOT_YET_PAUSE
        with transaction.atomic():
            if DeliveryRow.objects.filter(id=delivery_id, failed_at=None).update(due_at=due_at):
                deliver_event.configure(schedule_at=due_at).defer(delivery_id=delivery_id)
    except Exception as error:  # noqa: BLE001  whatever a handler raises is kept for a person, and must not stop others
        _keep_failure(delivery_id, error, SYSTEM_CLOCK)


def _keep_failure(delivery_id: int, error: Exception, clock: Clock) -> None:
    with transaction.atomic():
        delivery = DeliveryRow.objects.select_for_update().filter(id=delivery_id).first()
        if delivery is None:
            return
        delivery.attempts += 1
        delivery.error = f"{type(error).__name__}: {error}"[:ERROR_LENGTH_MAX]
        given_up = delivery.attempts >= ATTEMPTS_MAX
        if given_up:
            delivery.failed_at = clock.now()
        else:
            pause = growing_pause(delivery.attempts, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
            delivery.due_at = clock.now() + pause
            deliver_event.configure(schedule_at=delivery.due_at).defer(delivery_id=delivery_id)
        delivery.save()
    _log.warning("event_delivery_failed", delivery=delivery_id, handler=delivery.handler, given_up=given_up)


def failed_deliveries(*, limit: int = 100) -> list[FailedDelivery]:
    """Return the deliveries that were given up, oldest first."""
    rows = DeliveryRow.objects.exclude(failed_at=None).select_related("event").order_by("failed_at")
    return [
        FailedDelivery(row.id, _event(row.event), row.handler, row.attempts, row.failed_at, row.error)
        for row in rows[: min(limit, PAGE_MAX)]
        if row.failed_at is not None
    ]


def replay_delivery(delivery_id: int, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Try a given-up delivery again, from its first attempt.

    Raises:
        NotFound: it is not there, or was not given up.
    """
    with transaction.atomic():
        changed = (
            DeliveryRow.objects.filter(id=delivery_id)
            .exclude(failed_at=None)
            .update(failed_at=None, attempts=0, error="", due_at=clock.now())
        )
        if not changed:
            raise NotFound(field="delivery_id")
        deliver_event.defer(delivery_id=delivery_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="platform.sweep_deliveries", queue="upkeep", queueing_lock="platform.sweep_deliveries")
def sweep_deliveries(timestamp: int) -> None:
    """Defer again what is overdue, in case its job was lost: deliveries are owed by their row, not by their job."""
    del timestamp
    overdue = DeliveryRow.objects.filter(failed_at=None, due_at__lt=SYSTEM_CLOCK.now() - SWEEP_AFTER)
    for delivery_id in overdue.order_by("due_at").values_list("id", flat=True)[:SWEEP_BATCH_MAX]:
        deliver_event.defer(delivery_id=delivery_id)


def _event(row: EventRow) -> Event:
    return Event(row.id, row.name, row.version, row.institution_id, row.position, row.occurred_at, row.payload)
