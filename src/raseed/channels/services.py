"""Sending texts: kept in the sender's transaction, delivered by a job, tried again with growing pauses, bounded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import NotFound
from raseed.platform.api import SameIdOtherContent, growing_pause
from raseed.platform.jobs import app

from .domain import ONE_TIME_CODE, TEXT_LENGTH_MAX, InvalidMessage, OutgoingText, TextState
from .gateway import TIMEOUT_S, DeliveryProblem, gateway_known, post_text
from .models import TextRow

ATTEMPTS_MAX: Final = 10
FIRST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=30)
CLAIM: Final = timedelta(seconds=3 * TIMEOUT_S)
SWEEP_BATCH_MAX: Final = 500
SWEEP_AFTER: Final = timedelta(minutes=1)
PAGE_MAX: Final = 500
CODES_FIRST: Final = 10
"""The priority of one-time codes: somebody waits for each, while a thousand reminders may wait."""
_log = structlog.get_logger("raseed.channels")


@transaction.atomic
def send_text(
    *,
    to_phone: str,
    text: str,
    purpose: str,
    message_id: UUID,
    expires_at: datetime | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Keep a text to ``to_phone`` (E.164) in the caller's transaction; it leaves once that has committed.

    The same id again changes nothing. After ``expires_at`` it is not sent any more. Purpose ``ONE_TIME_CODE`` makes the
    text secret: it is blanked at the end of its way.

    Raises:
        InvalidMessage: it is empty or longer than ``TEXT_LENGTH_MAX`` characters.
        SameIdOtherContent: the id is another message's.
    """
    if not 0 < len(text) <= TEXT_LENGTH_MAX:
        raise InvalidMessage(field="text")
    now = clock.now()
    row, made = TextRow.objects.get_or_create(
        message_id=message_id,
        defaults={
            "to_phone": to_phone,
            "text": text,
            "purpose": purpose,
            "created_at": now,
            "expires_at": expires_at,
            "next_try_at": now,
        },
    )
    if made:
        urgency = CODES_FIRST if purpose == ONE_TIME_CODE else 0
        deliver_text.configure(priority=urgency).defer(message_id=str(message_id))
    elif (row.to_phone, row.purpose) != (to_phone, purpose) or row.text not in {None, text}:
        raise SameIdOtherContent(field="message_id")


@app.task(name="channels.deliver_text", queue="texts")
def deliver_text(*, message_id: str) -> None:
    """Try once to hand a text to the gateway, and keep the outcome; a failed try plans the next."""
    try_delivery(UUID(message_id), clock=SYSTEM_CLOCK)


def try_delivery(message_id: UUID, *, clock: Clock) -> None:
    """Claim the text, post it with no transaction open, keep the outcome.

    A text not due is left alone, and so is every text while there is no gateway's address.
    """
    if not gateway_known():
        return
    claimed = _claim(message_id, clock)
    if claimed is None:
        return
    attempt, to_phone, text = claimed
    try:
        post_text(message_id=message_id, to_phone=to_phone, text=text)
    except DeliveryProblem as problem:
        _keep_failure(message_id, attempt, str(problem), clock)
    else:
        _end(message_id, TextState.DELIVERED, delivered_at=clock.now())


def _claim(message_id: UUID, clock: Clock) -> tuple[int, str, str] | None:
    """Take the text for one try, so that a second job at the same instant does not; returns attempt, phone, text."""
    now = clock.now()
    with transaction.atomic():
        row = TextRow.objects.select_for_update().filter(message_id=message_id, state=TextState.WAITING).first()
        if row is None or row.next_try_at is None or row.next_try_at > now or row.text is None:
            return None
        if row.expires_at is not None and row.expires_at <= now:
            _end(message_id, TextState.EXPIRED)
            return None
        row.attempts += 1
        row.next_try_at = now + CLAIM
        row.save(update_fields=["attempts", "next_try_at"])
        return row.attempts, row.to_phone, row.text


def _keep_failure(message_id: UUID, attempt: int, error: str, clock: Clock) -> None:
    _log.warning("text_not_delivered", message_id=str(message_id), attempt=attempt, error=error)
    if attempt >= ATTEMPTS_MAX:
        _end(message_id, TextState.FAILED, last_error=error)
        return
    again_at = clock.now() + growing_pause(attempt, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
    with transaction.atomic():
        if TextRow.objects.filter(message_id=message_id, state=TextState.WAITING, attempts=attempt).update(
            next_try_at=again_at, last_error=error
        ):
            deliver_text.configure(schedule_at=again_at).defer(message_id=str(message_id))


@transaction.atomic
def _end(message_id: UUID, state: TextState, *, delivered_at: datetime | None = None, last_error: str = "") -> None:
    """End the way of a text; a one-time code is blanked in the same statement."""
    rows = TextRow.objects.filter(message_id=message_id, state=TextState.WAITING)
    rows.filter(purpose=ONE_TIME_CODE).update(text=None)
    rows.update(state=state, next_try_at=None, delivered_at=delivered_at, last_error=last_error)


def outgoing_text(message_id: UUID) -> OutgoingText:
    """Return a text and where it is.

    Raises:
        NotFound: there is none with this id.
    """
    row = TextRow.objects.filter(message_id=message_id).first()
    if row is None:
        raise NotFound(field="message_id")
    return _text(row)


def failed_texts(*, limit: int = 100) -> list[OutgoingText]:
    """Return the texts that were given up, oldest first, for a person to look at."""
    rows = TextRow.objects.filter(state=TextState.FAILED).order_by("created_at")
    return [_text(row) for row in rows[: min(limit, PAGE_MAX)]]


@transaction.atomic
def retry_text(message_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Try a given-up text again from its first attempt, under the same id.

    Raises:
        NotFound: it is not there, was not given up, or is a one-time code (whose text is gone).
    """
    given_up = TextRow.objects.filter(message_id=message_id, state=TextState.FAILED).exclude(text=None)
    if not given_up.update(state=TextState.WAITING, attempts=0, next_try_at=clock.now(), last_error=""):
        raise NotFound(field="message_id")
    deliver_text.defer(message_id=str(message_id))


@app.periodic(cron="* * * * *")
@app.task(name="channels.sweep_texts", queue="upkeep", queueing_lock="channels.sweep_texts")
def sweep_texts(timestamp: int) -> None:
    """Blank what has expired, and defer again what is overdue, in case its job was lost.

    A text is owed by its row, not by its job; without a gateway's address it waits for one.
    """
    del timestamp
    now = SYSTEM_CLOCK.now()
    waiting = TextRow.objects.filter(state=TextState.WAITING).order_by("next_try_at")
    for message_id in waiting.filter(expires_at__lte=now).values_list("message_id", flat=True)[:SWEEP_BATCH_MAX]:
        _end(message_id, TextState.EXPIRED)
    if not gateway_known():
        return
    overdue = waiting.filter(next_try_at__lt=now - SWEEP_AFTER)
    for message_id in overdue.values_list("message_id", flat=True)[:SWEEP_BATCH_MAX]:
        deliver_text.defer(message_id=str(message_id))


def _text(row: TextRow) -> OutgoingText:
    return OutgoingText(
        message_id=row.message_id,
        to_phone=row.to_phone,
        text=row.text,
        purpose=row.purpose,
        state=TextState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        next_try_at=row.next_try_at,
        delivered_at=row.delivered_at,
        last_error=row.last_error,
    )
