"""Handing a message over: claimed and committed, asked with nothing open, and what came of it kept.

Whoever is killed between claiming and concluding leaves an attempt without an outcome. Nobody can know then whether the provider
has the message: it is put down as unknown and never sent again by itself, unless the provider drops what it has seen.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import growing_pause

from ..adapters.domain import Outcome, PutOff, Refused, Taken, Unclear, Wait
from ..adapters.wires import wire
from ..models import AttemptRow, OutgoingRow, StandingRow
from . import standings
from .buckets import line_key, pair_key, pause, rates_of
from .calling import call
from .claiming import Claim, call_next, claim
from .moving import move
from .states import OutgoingState, after_status
from .statuses import apply_early, called

TRIES_MAX: Final = 10
"""Of one round, where the provider certainly did not take it; what a limit or a missing token puts off does not count."""
FIRST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=30)
TOKEN_PAUSE: Final = timedelta(minutes=1)
SET_UP_PAUSE: Final = timedelta(minutes=5)
CALLED_NEXT: Final = 2
_UNCOUNTED: Final = frozenset({Wait.LINE_LIMIT, Wait.PAIR_LIMIT, Wait.TOKEN, Wait.NOT_SET_UP})
_log = structlog.get_logger("raseed.channels")


def carry(message_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Hand a message over once, if it leaves now; return whether anybody was asked."""
    claimed = claim(message_id, clock=clock)
    if claimed is None:
        return False
    if claimed.is_stale(clock.now()):  # so it may be somebody else's decision by now
        _log.warning("lease_slept_over", message_id=str(message_id))
        return False
    began = time.monotonic()
    outcome = _asked(claimed)
    took_ms = max(round((time.monotonic() - began) * 1000), 0)
    conclude(claimed, outcome, took_ms=took_ms, clock=clock)
    return True


def _asked(claimed: Claim) -> Outcome:
    asking = wire(claimed.line.channel.value)
    assert asking is not None, "what has no wire is not kept to be sent"
    try:
        return asking.hand_over(claimed.parcel)
    except Exception as error:  # noqa: BLE001  whatever went wrong, it may have left before
        _log.exception("hand_over_failed", message_id=str(claimed.message_id), error=type(error).__name__)
        return Unclear("answer_unclear", type(error).__name__)


@transaction.atomic
def conclude(claimed: Claim, outcome: Outcome, *, took_ms: int, clock: Clock) -> None:
    """Keep what came of an attempt, of the message and of the line."""
    standing = standings.locked(claimed.line.id)
    if isinstance(outcome, Taken):
        called(claimed.line.id, outcome.provider_id)
    row = OutgoingRow.objects.select_for_update().get(id=claimed.message_id)
    now = clock.now()
    _keep_attempt(claimed, outcome, took_ms, now)
    standings.learn(standing, outcome, mark=claimed.mark, institution_id=row.institution_id, now=now)
    is_last = row.attempts == claimed.number
    state = OutgoingState(row.state)
    match outcome:
        case Taken(provider_id=provider_id):
            if is_last or not row.provider_id:
                row.provider_id = provider_id
            heard = after_status(state, OutgoingState.SENT, of_last_attempt=is_last)
            if heard is not state:
                move(row, heard, at=now, clock=clock)
            else:
                row.save(update_fields=["provider_id"])
            apply_early(claimed.line.id, provider_id, clock=clock)
        case Refused(code=code, told=told) if is_last and state in {OutgoingState.SENDING, OutgoingState.UNKNOWN}:
            move(row, OutgoingState.FAILED, at=now, code=code, told=told, clock=clock)
        case PutOff() if is_last and state is OutgoingState.SENDING:
            _put_off(row, claimed, outcome, standing, now, clock)
        case PutOff(why=why, told=told) if is_last and state is OutgoingState.UNKNOWN:
            move(row, OutgoingState.FAILED, at=now, code=why.value, told=told, clock=clock)
        case Unclear(code=code, told=told) if is_last and state is OutgoingState.SENDING:
            move(row, OutgoingState.UNKNOWN, at=now, code=code, told=told, clock=clock)
    if standing.needs_token_since is None:
        call_next(claimed.line.id, most=CALLED_NEXT, now=now, at=standing.retry_at)


def _keep_attempt(claimed: Claim, outcome: Outcome, took_ms: int, now: datetime) -> None:
    word, code, told, provider_id = "", "", "", ""
    match outcome:
        case Taken(provider_id=provider_id):
            word = "taken"
        case Refused(code=code, told=told):
            word = "refused"
        case PutOff(why=why, told=told):
            word, code = "put_off", why.value
        case Unclear(code=code, told=told):
            word = "unknown"
    said = {"outcome": word, "ended_at": now, "took_ms": took_ms, "code": code, "told": told}
    if provider_id:
        said["provider_id"] = provider_id
    attempt = AttemptRow.objects.filter(message_id=claimed.message_id, number=claimed.number)
    attempt.filter(outcome__in=["", "unknown"]).update(**said)
    _log.info(
        "message_handed_over", message_id=str(claimed.message_id), attempt=claimed.number, outcome=word, code=code
    )


def _put_off(
    row: OutgoingRow, claimed: Claim, outcome: PutOff, standing: StandingRow, now: datetime, clock: Clock
) -> None:
    """Let a message that was certainly not taken wait, and with it whatever the provider's limit is about."""
    why = outcome.why
    if why in _UNCOUNTED:
        row.tries = max(row.tries - 1, 0)
    elif row.tries >= TRIES_MAX:
        move(row, OutgoingState.FAILED, at=now, code="gave_up", told=outcome.told, clock=clock)
        return
    at = now + _pause(row, outcome)
    line_rate, pair_rate = rates_of(claimed.line.channel.value, claimed.line.settings)
    if why is Wait.LINE_LIMIT:
        pause(line_key(row.line_id), line_rate, at)
    elif why is Wait.PAIR_LIMIT:
        pause(pair_key(row.line_id, row.to_external_id), pair_rate, at)
    if standing.retry_at is not None:
        at = max(at, standing.retry_at)
    move(row, OutgoingState.WAITING, at=now, code=why.value, told=outcome.told, next_try_at=at, clock=clock)
    call(row.id, at=at, now=now)


def _pause(row: OutgoingRow, outcome: PutOff) -> timedelta:
    if outcome.after is not None:
        return outcome.after
    if outcome.why is Wait.TOKEN:
        return TOKEN_PAUSE
    if outcome.why is Wait.NOT_SET_UP:
        return SET_UP_PAUSE
    return growing_pause(max(row.tries, 1), first=FIRST_PAUSE, longest=LONGEST_PAUSE)
