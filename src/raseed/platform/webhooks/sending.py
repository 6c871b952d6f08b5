"""Sending what is owed: claimed in one short transaction, posted with none open, the outcome kept in another.

One thread of the worker claims and keeps; others only post. An endpoint has a few posts in the air at most, one that fails
only one, and all that fail together at most half of the senders, so slow ones hold nobody up. A claim is a lease: who is
killed between claiming and keeping leaves the event to be sent again, under the same id.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog
from django.db import InterfaceError, OperationalError, connection, connections, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from ..audit import record
from ..jobs import growing_pause
from ..models import EventRow
from . import signing
from .client import SECONDS_MAX, Outcome, post
from .domain import FAILING_MAX, DeliveryState, EndpointState, OffReason, pause_after
from .models import AttemptRow, EndpointRow, OwedRow

SENDERS: Final = 32
FAILING_SENDERS: Final = SENDERS // 2
EACH: Final = 4
"""Posts in the air to one endpoint that works."""
FAILING_EACH: Final = 1
LEASE: Final = timedelta(seconds=4 * SECONDS_MAX)
POLL_S: Final = 0.5
"""How often it is looked for what is due, while nothing ends by itself."""
FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(seconds=30)
"""Between turns that failed as a whole."""
GONE: Final = 410
_log = structlog.get_logger("raseed.webhooks")
_troubles = logging.getLogger("raseed.webhooks")
"""For tracebacks: without the values of variables, which may be secret."""

_CLAIM: Final = """
WITH due AS (
    SELECT waiting.id
    FROM platform_webhook_endpoint AS endpoint
    CROSS JOIN LATERAL (
        SELECT owed.id, owed.next_try_at FROM platform_webhook_delivery AS owed
        WHERE owed.endpoint_id = endpoint.id AND owed.state = 'waiting' AND owed.next_try_at <= %(now)s
        ORDER BY owed.next_try_at, owed.id
        LIMIT greatest(%(each)s - coalesce((%(busy)s::jsonb ->> endpoint.id::text)::integer, 0), 0)
        FOR UPDATE SKIP LOCKED
    ) AS waiting
    WHERE endpoint.state = 'on' AND (endpoint.failing_since IS NOT NULL) = %(failing)s
    ORDER BY waiting.next_try_at
    LIMIT %(most)s
)
UPDATE platform_webhook_delivery AS owed
SET attempts = owed.attempts + 1, tries = owed.tries + 1, next_try_at = %(lease_ends)s
FROM due
WHERE owed.id = due.id
RETURNING owed.id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One event about to be posted to one endpoint."""

    owed_id: int
    endpoint_id: UUID
    failing: bool
    attempt: int
    tries: int
    url: str
    generations: tuple[int, ...]
    event: EventRow


class Sender:
    """Claims, posts and keeps until it is told to stop."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._stop = threading.Event()
        self._running: dict[Future[tuple[Outcome, int]], tuple[Claim, datetime]] = {}

    def stop(self) -> None:
        """Claim nothing more; what is in the air is still kept."""
        self._stop.set()

    def run(self) -> None:
        """Send what is due, as it becomes due. A database that is away is waited for.

        An outcome that could not be kept is as one of a killed worker's: the event is sent again when its lease ends.
        """
        troubles = 0
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="webhooks") as pool:
            while not self._stop.is_set():
                try:
                    if not self._turn(pool):
                        self._stop.wait(POLL_S)
                    troubles = 0
                except Exception as error:  # noqa: BLE001  one event's trouble, or a database away, must not end all sending
                    troubles += 1
                    away = isinstance(error, OperationalError | InterfaceError)
                    _troubles.error("sending webhooks: %s", type(error).__name__, exc_info=None if away else error)
                    connections.close_all()
                    pause = growing_pause(troubles, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
                    self._stop.wait(pause.total_seconds())
            self._drain()
        connections.close_all()

    def run_due(self) -> int:
        """Send what is due now, until nothing is; return how many attempts that were (for tests and one-off runs)."""
        attempts = 0
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="webhooks") as pool:
            while True:
                claimed = self._claim_into(pool)
                attempts += claimed
                if not self._running:
                    return attempts
                self._keep_done(POLL_S)

    def _turn(self, pool: ThreadPoolExecutor) -> bool:
        """Claim, and keep what has ended; return whether anything is in the air."""
        self._claim_into(pool)
        if self._running:
            self._keep_done(POLL_S)
        return bool(self._running)

    def _claim_into(self, pool: ThreadPoolExecutor) -> int:
        failing = sum(claim.failing for claim, _ in self._running.values())
        claims = self._claims(SENDERS - len(self._running), failing=False)
        free = min(SENDERS - len(self._running) - len(claims), FAILING_SENDERS - failing)
        claims += self._claims(free, failing=True)
        for claim in claims:
            began = self._clock.now()
            self._running[pool.submit(deliver, claim, began)] = (claim, began)
        return len(claims)

    def _claims(self, most: int, *, failing: bool) -> list[Claim]:
        if most <= 0:
            return []
        busy = Counter(str(claim.endpoint_id) for claim, _ in self._running.values())
        return claim_due(most=most, failing=failing, busy=busy, now=self._clock.now())

    def _keep_done(self, seconds: float) -> None:
        done, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            claim, began = self._running.pop(future)
            outcome, took_ms = future.result()
            keep(claim, outcome, began=began, took_ms=took_ms, clock=self._clock)

    def _drain(self) -> None:
        try:
            while self._running:
                self._keep_done(SECONDS_MAX)
        except (OperationalError, InterfaceError):
            _log.warning("webhooks_outcomes_not_kept", attempts=len(self._running))


@contextmanager
def sending(clock: Clock = SYSTEM_CLOCK) -> Iterator[None]:
    """Send in a thread of its own for as long as the ``with`` lasts."""
    sender = Sender(clock)
    thread = threading.Thread(target=sender.run, name="webhooks")
    thread.start()
    try:
        yield
    finally:
        sender.stop()
        thread.join()


@transaction.atomic
def claim_due(*, most: int, failing: bool, busy: Counter[str], now: datetime) -> list[Claim]:
    """Take up to ``most`` of what is due to endpoints that work, or to those that fail, for one attempt each."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "now": now, "each": FAILING_EACH if failing else EACH, "busy": json.dumps(busy), "failing": failing,
                "most": most, "lease_ends": now + LEASE,
            },
        )  # fmt: skip
        ids = [owed_id for (owed_id,) in cursor.fetchall()]
    rows = OwedRow.objects.filter(id__in=ids).select_related("endpoint", "event").order_by("id") if ids else []
    return [
        Claim(
            row.id, row.endpoint_id, failing, row.attempts, row.tries, row.endpoint.url,
            valid_generations(row.endpoint, now), row.event,
        )
        for row in rows
    ]  # fmt: skip


def valid_generations(row: EndpointRow, now: datetime) -> tuple[int, ...]:
    """Return the generations of an endpoint's secret that sign now, the newest first."""
    if row.previous_until is not None and now < row.previous_until:
        return row.generation, row.generation - 1
    return (row.generation,)


def deliver(claim: Claim, at: datetime) -> tuple[Outcome, int]:
    """Post one message; return what came of it and how many milliseconds it took."""
    began = time.monotonic()
    body = envelope(claim.event)
    secrets = [signing.secret_bytes(claim.endpoint_id, generation) for generation in claim.generations]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Raseed-Webhooks/1",
        **signing.headers(message_id=claim.event.id, at=at, body=body, secrets=secrets),
    }
    outcome = post(claim.url, body, headers)
    return outcome, round((time.monotonic() - began) * 1000)


def envelope(event: EventRow) -> bytes:
    """Return what is sent: the event with its envelope (decision 21). ``position`` is a string, as all 64-bit numbers."""
    return msgspec.json.encode({
        "id": event.id,
        "name": event.name,
        "version": event.version,
        "institution_id": event.institution_id,
        "position": str(event.position),
        "occurred_at": event.occurred_at,
        "payload": event.payload,
    })  # fmt: skip


@transaction.atomic
def keep(claim: Claim, outcome: Outcome, *, began: datetime, took_ms: int, clock: Clock) -> None:
    """Keep what came of an attempt: delivered, or when the next one is, or that it was the last."""
    now = clock.now()
    AttemptRow.objects.bulk_create(
        [
            AttemptRow(
                owed_id=claim.owed_id, number=claim.attempt, at=began, took_ms=took_ms, status=outcome.status,
                outcome=outcome.word, answer=outcome.answer,
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    still_ours = OwedRow.objects.filter(id=claim.owed_id, state=DeliveryState.WAITING.value, attempts=claim.attempt)
    said = {"last_status": outcome.status, "last_outcome": outcome.word}
    if outcome.delivered:
        still_ours.update(state=DeliveryState.DELIVERED.value, next_try_at=None, ended_at=now, **said)
        EndpointRow.objects.filter(id=claim.endpoint_id).exclude(failing_since=None).update(failing_since=None)
        return
    asked = None if outcome.retry_after_s is None else timedelta(seconds=outcome.retry_after_s)
    pause = pause_after(claim.tries, asked)
    if pause is None:
        still_ours.update(state=DeliveryState.DEAD.value, next_try_at=None, ended_at=now, **said)
    else:
        still_ours.update(next_try_at=now + pause, **said)
    _log.warning(
        "webhook_not_delivered", endpoint=str(claim.endpoint_id), event_id=str(claim.event.id), attempt=claim.attempt,
        outcome=outcome.word, given_up=pause is None,
    )  # fmt: skip
    _endpoint_failed(claim.endpoint_id, gone=outcome.status == GONE, clock=clock)


def _endpoint_failed(endpoint_id: UUID, *, gone: bool, clock: Clock) -> None:
    """Note that an endpoint fails; switch it off when it has for too long, or says that it is gone."""
    now = clock.now()
    row = EndpointRow.objects.select_for_update().get(id=endpoint_id)
    row.failing_since = row.failing_since or now
    too_long = now - row.failing_since >= FAILING_MAX
    if row.state == EndpointState.ON.value and (gone or too_long):
        reason = OffReason.GONE if gone else OffReason.FAILING
        row.state, row.off_reason = EndpointState.OFF.value, reason.value
        record(
            actor="system",
            action="platform.webhook_switched_off",
            subject=f"webhook:{endpoint_id}",
            before={"state": EndpointState.ON.value},
            after={"state": EndpointState.OFF.value, "off_reason": reason.value},
            reason="it said that it is gone" if gone else "it has taken nothing for days",
            institution_id=row.institution_id,
            clock=clock,
        )
    row.save(update_fields=["failing_since", "state", "off_reason"])
