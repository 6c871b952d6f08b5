"""How lines stand: a provider that does not answer rests before it is asked again, and one that refuses our token waits for another.

The row of a line is also the lock under which its messages are claimed and concluded, one after another and always before a
message's own row.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from raseed.platform.api import emit, growing_pause, keyed_hash

from ..adapters.domain import Outcome, PutOff, Refused, Taken, Wait
from ..events import LINE_NEEDS_TOKEN
from ..lines.domain import SecretMissing
from ..lines.secrets import line_secret
from ..models import OutgoingRow, StandingRow

FAILURES_MAX: Final = 3
"""In a row; with the last of them the line rests."""
FIRST_REST: Final = timedelta(seconds=5)
LONGEST_REST: Final = timedelta(minutes=5)
IN_FLIGHT_MAX: Final = 2
"""Messages of one line that are handed over at once, so that one slow provider does not have all of the worker's threads."""
TAKEN_STEP: Final = timedelta(minutes=1)
_SECRETS: Final = ("access_token", "token_secret", "consumer_key", "smtp_password")
_KEY: Final = "channel-tokens"
_log = structlog.get_logger("raseed.channels")


def secret_or_nothing(line_id: UUID, name: str) -> str:
    """Return a line's secret, or nothing where it has none."""
    try:
        return line_secret(line_id, name)
    except SecretMissing:
        return ""


def mark_of(line_id: UUID) -> bytes:
    """Return what the line signs in with, as a hash under a key outside the database: another token, another mark."""
    return keyed_hash(_KEY, *(secret_or_nothing(line_id, name) for name in _SECRETS))


def locked(line_id: UUID) -> StandingRow:
    """Return a line's standing, locked until the transaction ends."""
    StandingRow.objects.get_or_create(line_id=line_id)
    return StandingRow.objects.select_for_update().get(line_id=line_id)


def is_closed(standing: StandingRow, now: datetime) -> bool:
    """Whether nothing is handed over now: the line rests, or its token was refused and is still the same."""
    if standing.needs_token_since is not None and bytes(standing.token_mark) == mark_of(standing.line_id):
        return True
    return standing.retry_at is not None and standing.retry_at > now


def has_room(standing: StandingRow) -> bool:
    """Whether another message may be in the air: one at a time while the line fails."""
    most = 1 if standing.failures >= FAILURES_MAX else IN_FLIGHT_MAX
    return OutgoingRow.objects.filter(line_id=standing.line_id, state="sending").count() < most


def learn(standing: StandingRow, outcome: Outcome, *, mark: bytes, institution_id: UUID, now: datetime) -> None:
    """Keep what an outcome says about the line."""
    match outcome:
        case PutOff(why=Wait.TOKEN, told=told):
            _needs_token(standing, told, mark, institution_id, now)
        case Taken() | Refused() | PutOff(why=Wait.LINE_LIMIT | Wait.PAIR_LIMIT):
            _works(standing, is_taken=isinstance(outcome, Taken), now=now)
        case PutOff(why=Wait.NOT_SET_UP):
            pass
        case _:
            _fails(standing, outcome, now)


def _works(standing: StandingRow, *, is_taken: bool, now: datetime) -> None:
    fresh = standing.taken_at is not None and now - standing.taken_at < TAKEN_STEP
    if standing.failures == 0 and standing.needs_token_since is None and (fresh or not is_taken):
        return
    standing.failures, standing.retry_at, standing.needs_token_since = 0, None, None
    standing.token_mark, standing.code, standing.told = b"", "", ""
    if is_taken:
        standing.taken_at = now
    standing.save()


def _fails(standing: StandingRow, outcome: Outcome, now: datetime) -> None:
    standing.failures += 1
    standing.code = outcome.why.value if isinstance(outcome, PutOff) else getattr(outcome, "code", "")
    standing.told = getattr(outcome, "told", "")
    if standing.failures >= FAILURES_MAX:
        rest = growing_pause(standing.failures - FAILURES_MAX + 1, first=FIRST_REST, longest=LONGEST_REST)
        standing.retry_at = now + rest
        _log.warning("line_rests", line=str(standing.line_id), failures=standing.failures, code=standing.code)
    standing.save()


def _needs_token(standing: StandingRow, told: str, mark: bytes, institution_id: UUID, now: datetime) -> None:
    """Mark the line, unless it has another token by now; operations are told once."""
    if mark != mark_of(standing.line_id):
        return
    is_new = standing.needs_token_since is None
    standing.needs_token_since = standing.needs_token_since or now
    standing.token_mark, standing.code, standing.told = mark, Wait.TOKEN.value, told
    standing.save()
    if is_new:
        _log.error("line_needs_token", line=str(standing.line_id))
        emit(LINE_NEEDS_TOKEN, {"line_id": str(standing.line_id)}, institution_id=institution_id)
