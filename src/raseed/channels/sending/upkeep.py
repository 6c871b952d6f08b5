"""Each minute: what was cut off, has expired, was overlooked, or shows no sign of delivery. Messages are owed by their rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import emit
from raseed.platform.jobs import app

from ..adapters.wires import WITH_STATUSES, wire
from ..events import DELIVERY_CHANGED
from ..models import AttemptRow, OutgoingRow, StandingRow
from .buckets import forget_buckets
from .calling import call
from .claiming import call_next
from .moving import move
from .oversight import NO_SIGN
from .standings import mark_of
from .states import OutgoingState
from .statuses import forget_early

BATCH_MAX: Final = 500
OVERDUE_AFTER: Final = timedelta(minutes=1)
NO_SIGN_AFTER: Final = timedelta(minutes=15)
"""A provider that has taken a message says so again within seconds; one that says nothing for so long may do nothing."""
LOOKED_BACK: Final = timedelta(days=2)
_log = structlog.get_logger("raseed.channels")


@app.periodic(cron="* * * * *")
@app.task(name="channels.look_after_messages", queue="upkeep", queueing_lock="channels.look_after_messages")
def look_after_messages(timestamp: int) -> None:
    """Do all of it once."""
    del timestamp
    look_after(clock=SYSTEM_CLOCK)


def look_after(*, clock: Clock) -> None:
    """Do all of it once, each message in a transaction of its own."""
    now = clock.now()
    _cut_off(now, clock)
    _expire(now, clock)
    _tokens_renewed(now)
    _call_overdue(now)
    _no_sign(now, clock)
    forget_early(now)
    forget_buckets(now)


def _cut_off(now: datetime, clock: Clock) -> None:
    """Put down as unknown what was being handed over by a process that is gone; where repeats are dropped, hand it over again."""
    ids = OutgoingRow.objects.filter(state=OutgoingState.SENDING.value, lease_until__lt=now)
    for message_id in list(ids.order_by("lease_until").values_list("id", flat=True)[:BATCH_MAX]):
        with transaction.atomic():
            row = (
                OutgoingRow.objects.select_for_update(skip_locked=True)
                .filter(id=message_id, state=OutgoingState.SENDING.value, lease_until__lt=now)
                .first()
            )
            if row is None:
                continue
            AttemptRow.objects.filter(message_id=row.id, number=row.attempts, outcome="").update(
                outcome="unknown", code="cut_off", ended_at=now
            )
            asking = wire(row.channel)
            if asking is not None and asking.idempotent:
                move(row, OutgoingState.WAITING, at=now, code="cut_off", next_try_at=now, clock=clock)
                call(row.id, at=now, now=now)
            else:
                move(row, OutgoingState.UNKNOWN, at=now, code="cut_off", clock=clock)
                call_next(row.line_id, most=1, now=now)
            _log.warning("hand_over_cut_off", message_id=str(row.id), attempt=row.attempts, state=row.state)


def _expire(now: datetime, clock: Clock) -> None:
    ids = OutgoingRow.objects.filter(state=OutgoingState.WAITING.value, expires_at__lte=now)
    for message_id in list(ids.order_by("expires_at").values_list("id", flat=True)[:BATCH_MAX]):
        with transaction.atomic():
            row = (
                OutgoingRow.objects.select_for_update(skip_locked=True)
                .filter(id=message_id, state=OutgoingState.WAITING.value)
                .first()
            )
            if row is not None:
                move(row, OutgoingState.EXPIRED, at=now, code="expired", clock=clock)
                call_next(row.line_id, most=1, now=now)


def _tokens_renewed(now: datetime) -> None:
    """Let lines send again that have another token than the one that was refused."""
    for standing in StandingRow.objects.exclude(needs_token_since=None):
        if bytes(standing.token_mark) == mark_of(standing.line_id):
            continue
        renewed = StandingRow.objects.filter(line_id=standing.line_id, token_mark=standing.token_mark)
        renewed.update(needs_token_since=None, token_mark=b"", failures=0, retry_at=None, code="", told="")
        waiting = OutgoingRow.objects.filter(line_id=standing.line_id, state=OutgoingState.WAITING.value)
        waiting.filter(reason_code="token_expired").update(next_try_at=now)
        call_next(standing.line_id, most=BATCH_MAX, now=now)


def _call_overdue(now: datetime) -> None:
    """Call what should have been tried, in case its job was lost; only what stands behind nothing on a line that may send."""
    overdue = OutgoingRow.objects.filter(state=OutgoingState.WAITING.value, next_try_at__lt=now - OVERDUE_AFTER)
    closed = StandingRow.objects.filter(Q(needs_token_since__isnull=False) | Q(retry_at__gt=now))
    lines = overdue.exclude(line_id__in=closed.values("line_id")).values_list("line_id", flat=True).distinct()
    for line_id in list(lines[:BATCH_MAX]):
        call_next(line_id, most=BATCH_MAX, now=now)


def _no_sign(now: datetime, clock: Clock) -> None:
    """Say of messages that were taken and not heard of since that there is no sign of them. They are not sent again by themselves."""
    taken = OutgoingRow.objects.filter(
        channel__in=WITH_STATUSES,
        state=OutgoingState.SENT.value,
        heard_at=None,
        sent_at__lt=now - NO_SIGN_AFTER,
        sent_at__gt=now - LOOKED_BACK,
        reason_code="",
    )
    for message_id, institution_id in list(taken.order_by("sent_at").values_list("id", "institution_id")[:BATCH_MAX]):
        with transaction.atomic():
            if taken.filter(id=message_id).update(reason_code=NO_SIGN):
                payload = {"message_id": str(message_id), "state": OutgoingState.SENT.value}
                emit(DELIVERY_CHANGED, payload, institution_id=institution_id, clock=clock)
