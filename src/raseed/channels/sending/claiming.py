"""Taking up a message: its attempt is written and committed before anybody is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.kernel.clock import Clock
from raseed.kernel.ids import new_id

from ..adapters.domain import Parcel, Recipient
from ..domain import Channel
from ..email.threads import thread_of
from ..lines.domain import Line
from ..lines.services import line
from ..models import AttemptRow, OutgoingFileRow, OutgoingRow, StandingRow
from . import standings
from .buckets import line_key, pair_key, paused_until, rates_of, reserve, take_pair
from .calling import call
from .domain import REPLY
from .moving import move
from .states import OutgoingState
from .windows import window_on

LEASE: Final = timedelta(minutes=4)
"""How long an attempt may take before it counts as cut off: far longer than all time-outs of a wire together."""
LEASE_MARGIN: Final = timedelta(minutes=2)
LOOK_AGAIN: Final = timedelta(minutes=5)
"""After which a message of a closed line is looked at again, should nobody call it before."""
_EARLIER: Final = """
SELECT EXISTS (
    SELECT FROM channels_outgoing AS earlier
    WHERE earlier.line_id = %(line)s AND earlier.to_external_id = %(to)s AND earlier.position < %(position)s
        AND earlier.state IN ('waiting', 'sending') AND coalesce(earlier.not_before <= %(now)s, true))
"""
_NEXT: Final = """
SELECT next.id
FROM channels_outgoing AS next
WHERE next.line_id = %(line)s AND next.state = 'waiting' AND next.next_try_at <= %(now)s
    AND NOT EXISTS (
        SELECT FROM channels_outgoing AS earlier
        WHERE earlier.line_id = next.line_id AND earlier.to_external_id = next.to_external_id
            AND earlier.position < next.position AND earlier.state IN ('waiting', 'sending')
            AND coalesce(earlier.not_before <= %(now)s, true))
ORDER BY next.next_try_at, next.position
LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt that is about to be made: what is handed over, until when, and what the line signs in with."""

    message_id: UUID
    line: Line
    number: int
    parcel: Parcel
    began_at: datetime
    lease_until: datetime
    mark: bytes

    def is_stale(self, now: datetime) -> bool:
        """Whether this process has slept so long that the attempt may count as cut off while it is made."""
        return now > self.lease_until - LEASE_MARGIN


def claim(message_id: UUID, *, clock: Clock) -> Claim | None:
    """Take a message for one attempt, in a transaction of its own; ``None`` where it does not leave now.

    What stands behind another message to the same person, or behind what its line has in the air, is called when that is over.
    """
    with transaction.atomic(durable=True):
        waiting = OutgoingRow.objects.filter(id=message_id, state=OutgoingState.WAITING.value)
        line_id = waiting.values_list("line_id", flat=True).first()
        if line_id is None:
            return None
        standing = standings.locked(line_id)
        row = waiting.select_for_update().first()
        now = clock.now()
        if row is None or row.next_try_at is None or row.next_try_at > now:
            return None
        on = line(line_id)
        if not _may_leave(row, on, standing, now, clock):
            return None
        slot = _slot(row, on, now)
        if slot is not None:
            row.next_try_at = slot
            row.save(update_fields=["next_try_at", "slot_at", "reason_code", "reason_told"])
            call(row.id, at=slot, now=now)
            return None
        return _begun(row, on, now)


def call_next(line_id: UUID, *, most: int, now: datetime, at: datetime | None = None) -> int:
    """Call what is due on a line and stands behind nothing; return how many messages that are."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"line": line_id, "now": now, "most": most})
        ids = [message_id for (message_id,) in cursor.fetchall()]
    for message_id in ids:
        call(message_id, at=at or now, now=now)
    return len(ids)


def _may_leave(row: OutgoingRow, on: Line, standing: StandingRow, now: datetime, clock: Clock) -> bool:
    """Whether a due message leaves now; what can't leave any more is ended here, and what stands behind it is called."""
    if row.expires_at is not None and row.expires_at <= now:
        move(row, OutgoingState.EXPIRED, at=now, code="expired", clock=clock)
        call_next(on.id, most=1, now=now)
        return False
    if not on.active:
        row.next_try_at, row.reason_code = now + LOOK_AGAIN, "line_not_set_up"
        row.save(update_fields=["next_try_at", "reason_code"])
        return False
    if standings.is_closed(standing, now):
        return False
    if _stands_behind(row, now) or not standings.has_room(standing):
        return False
    if on.channel is Channel.WHATSAPP and not row.template_name:
        known_as = _known_as(row)
        if not window_on(on, known_as, clock=clock).open:
            move(row, OutgoingState.FAILED, at=now, code="window_closed", clock=clock)
            call_next(on.id, most=1, now=now)
            return False
    return True


def _stands_behind(row: OutgoingRow, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER, {"line": row.line_id, "to": row.to_external_id, "position": row.position, "now": now})
        (found,) = cursor.fetchone()
    return bool(found)


def _slot(row: OutgoingRow, on: Line, now: datetime) -> datetime | None:
    """Return when a message may leave by the rates, or ``None`` for now; it takes its place in both buckets once."""
    line_rate, pair_rate = rates_of(on.channel.value, on.settings)
    whole, pair = line_key(on.id), pair_key(on.id, row.to_external_id)
    rest = paused_until(pair, now)
    if rest is None and row.slot_at is None:
        rest = take_pair(pair, pair_rate, now)
    if rest is not None:
        row.slot_at, row.reason_code, row.reason_told = None, "pair_limited", ""
        return rest
    if row.slot_at is None or paused_until(whole, now) is not None:
        row.slot_at = reserve(whole, line_rate, now)
    if row.slot_at > now:
        row.reason_code, row.reason_told = "rate_limited", ""
        return row.slot_at
    return None


def _begun(row: OutgoingRow, on: Line, now: datetime) -> Claim:
    row.state, row.lease_until = OutgoingState.SENDING.value, now + LEASE
    row.attempts += 1
    row.tries += 1
    row.next_try_at = row.slot_at = None
    row.save(update_fields=["state", "lease_until", "attempts", "tries", "next_try_at", "slot_at"])
    attempt = AttemptRow.objects.create(
        message_id=row.id,
        line_id=row.line_id,
        number=row.attempts,
        callback=row.id if row.attempts == 1 else new_id(),
        round=row.round,
        began_at=now,
    )
    return Claim(
        row.id, on, row.attempts, _parcel(row, on, attempt.callback), now, row.lease_until, standings.mark_of(on.id)
    )


def _parcel(row: OutgoingRow, on: Line, callback: UUID) -> Parcel:
    file = OutgoingFileRow.objects.filter(message_id=row.id).first() if row.media_type else None
    thread = thread_of(on.id, row.reply_to) if on.channel is Channel.EMAIL else None
    return Parcel(
        message_id=row.id,
        callback=callback,
        address=on.address,
        settings=on.settings,
        secret=partial(standings.secret_or_nothing, on.id),
        to=Recipient(row.to_external_id, row.to_phone, row.to_name),
        text=row.text,
        template_name=row.template_name,
        template_language=row.template_language,
        template_values=tuple(row.template_values),
        media_name=row.media_name,
        media_type=row.media_type,
        media=bytes(file.content) if file is not None else b"",
        reply_to=row.reply_to,
        subject=row.subject or (thread.subject if thread is not None else ""),
        references=thread.references if thread is not None else (),
        automatic=row.purpose != REPLY,
        line_name=next(iter(on.names.values()), ""),
    )


def _known_as(row: OutgoingRow) -> list[str]:
    """Return the ids under which somebody may have written: by number as well as by business-scoped id."""
    digits = row.to_phone.removeprefix("+")
    return [row.to_external_id, *([f"wa:{digits}"] if digits else [])]
