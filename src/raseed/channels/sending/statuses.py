"""What providers say later of a message: applied once, in any order, however often; never backwards.

A status may overtake the answer to the request it is about. One whose message is not known yet is kept by the provider's name for
it, and applied when that name becomes known. Both sides hold a lock on the name, so neither misses the other.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from ..adapters.domain import told as fit
from ..adapters.whatsapp import reason_of_status
from ..models import AttemptRow, EarlyStatusRow, OutgoingRow
from .moving import move
from .states import RANK, OutgoingState, after_status

FORGOTTEN_AFTER: Final = timedelta(days=8)
"""Providers repeat a status for seven days; of what is unknown longer we have sent nothing."""
EARLY_BATCH_MAX: Final = 20
_LOCK: Final = 0x52534F55  # a name space of advisory locks
_WORDS: Final[Mapping[str, OutgoingState]] = {
    "accepted": OutgoingState.SENT,
    "sent": OutgoingState.SENT,
    "delivered": OutgoingState.DELIVERED,
    "read": OutgoingState.READ,
    "played": OutgoingState.READ,
    "failed": OutgoingState.FAILED,
    "bounced": OutgoingState.FAILED,
}
BOUNCED: Final = "bounced"


def keep_status(
    *,
    line_id: UUID,
    provider_id: str,
    state: str,
    at: datetime,
    error_code: str,
    error_title: str,
    client_message_id: UUID | None,
) -> None:
    """Keep a status that came in: what ``receiving`` calls for each."""
    apply_status(
        line_id=line_id, provider_id=provider_id, state=state, at=at, error_code=error_code, error_title=error_title,
        client_message_id=client_message_id,
    )  # fmt: skip


@transaction.atomic
def apply_status(
    *,
    line_id: UUID,
    provider_id: str,
    state: str,
    at: datetime,
    error_code: int | str | None = None,
    error_title: str = "",
    client_message_id: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Keep what a provider says of a message. A repeat changes nothing, and so does a word that is not one of a delivery.

    Args:
        line_id: the line on which it came.
        provider_id: what the provider calls the message.
        state: ``sent``, ``delivered``, ``read``, ``played`` or ``failed``.
        at: when it became so, by the provider's clock.
        error_code: of ``failed``: the provider's.
        error_title: of ``failed``: in the provider's words.
        client_message_id: what went along with the request and came back (``biz_opaque_callback_data``): it leads to the
            attempt also where the answer was lost.
        clock: tells the time.
    """
    heard = _WORDS.get(state)
    if heard is None or not provider_id:
        return
    now = clock.now()
    said = str(error_code)
    number = int(said) if said.isdecimal() and len(said) <= 9 else None  # noqa: PLR2004
    called(line_id, provider_id)
    attempt = AttemptRow.objects.filter(line_id=line_id, provider_id=provider_id).order_by("-number").first()
    if attempt is None:
        attempt = _by_callback(line_id, client_message_id, provider_id)
    if attempt is None:
        EarlyStatusRow.objects.bulk_create(
            [
                EarlyStatusRow(
                    line_id=line_id, provider_id=provider_id, state=state, at=min(at, now), error_code=number,
                    error_title=fit(error_title), kept_at=now,
                )
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        return
    _apply(attempt, state, min(at, now), number, error_title, clock)


def apply_early(line_id: UUID, provider_id: str, *, clock: Clock) -> None:
    """Apply what was said of a message before its name was known; whoever calls holds the lock on the name."""
    early = EarlyStatusRow.objects.filter(line_id=line_id, provider_id=provider_id)
    kept = sorted(early[:EARLY_BATCH_MAX], key=lambda one: RANK[_WORDS[one.state]])
    if not kept:
        return
    attempt = AttemptRow.objects.filter(line_id=line_id, provider_id=provider_id).order_by("-number").first()
    assert attempt is not None, "its name was kept before"
    for one in kept:
        _apply(attempt, one.state, one.at, one.error_code, one.error_title, clock)
    early.delete()


def called(line_id: UUID, provider_id: str) -> None:
    """Lock a provider's name for a message until the transaction ends; taken before any message's row."""
    number = zlib.crc32(f"{line_id}:{provider_id}".encode("utf-8", "replace")) - (1 << 31)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, number])


def forget_early(now: datetime) -> None:
    """Delete what was said of messages that nobody ever sent from here."""
    EarlyStatusRow.objects.filter(kept_at__lt=now - FORGOTTEN_AFTER).delete()


def _by_callback(line_id: UUID, callback: UUID | None, provider_id: str) -> AttemptRow | None:
    """Return the attempt whose own name came back, and keep what the provider calls it."""
    if callback is None:
        return None
    attempt = AttemptRow.objects.filter(callback=callback, line_id=line_id).first()
    if attempt is not None and not attempt.provider_id:
        attempt.provider_id = provider_id
        attempt.save(update_fields=["provider_id"])
    return attempt


def _apply(
    attempt: AttemptRow, word: str, at: datetime, error_code: int | None, error_title: str, clock: Clock
) -> None:
    row = OutgoingRow.objects.select_for_update().get(id=attempt.message_id)
    heard, state = _WORDS[word], OutgoingState(row.state)
    is_last = row.attempts == attempt.number
    failed = heard is OutgoingState.FAILED
    code = "" if not failed else BOUNCED if word == BOUNCED else reason_of_status(error_code)
    words = fit(f"{error_code}: {error_title}" if error_code is not None else error_title) if failed else ""
    _keep_on_attempt(attempt, code, words, at)
    changed = row.heard_at is None
    row.heard_at = row.heard_at or at
    if is_last or not row.provider_id:
        row.provider_id = attempt.provider_id
    after = after_status(state, heard, of_last_attempt=is_last)
    if after is not state:
        move(row, after, at=at, code=code, told=words, clock=clock)
        return
    _late_times(row, heard, at)
    if changed and state is OutgoingState.SENT:  # "no sign of delivery" is over
        row.reason_code = row.reason_told = ""
    row.save(update_fields=["heard_at", "provider_id", "reason_code", "reason_told", "delivered_at"])


def _late_times(row: OutgoingRow, heard: OutgoingState, at: datetime) -> None:
    """Keep the time of a step that is told of after a later one; it moves nothing else."""
    if heard is OutgoingState.DELIVERED and row.read_at is not None and row.delivered_at == row.read_at:
        row.delivered_at = min(at, row.read_at)


def _keep_on_attempt(attempt: AttemptRow, code: str, told: str, at: datetime) -> None:
    """That the provider speaks of it proves that it was taken; why it failed later stays in its history."""
    if attempt.outcome in {"", "unknown"}:
        attempt.outcome, attempt.code, attempt.told, attempt.ended_at = "taken", code, told, attempt.ended_at or at
    elif code and not attempt.code:
        attempt.code, attempt.told = code, told
    else:
        return
    attempt.save(update_fields=["outcome", "code", "told", "ended_at"])
