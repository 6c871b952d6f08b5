"""What a person decides: to have a message sent again, or what became of one that nobody knows."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import NotFound, mark
from raseed.kernel.text import clean_text
from raseed.platform.api import AuditFacts, record

from ..authority import MESSAGES_RESEND, Authority, require
from ..lines.services import line
from ..models import OutgoingRow
from .calling import call
from .domain import NothingToRetry, OutgoingMessage
from .moving import move
from .queries import as_message
from .reasons import reason as reason_of
from .states import ANEW, OutgoingState
from .windows import window_on

REASON_LENGTH_MAX: Final = 500
_WINDOW: Final = "window_closed"


class OutgoingUnknown(NotFound):
    """No message on its way out has this id."""

    code = "outgoing_unknown"
    sentence = mark("We know no message of ours with this number.")
    hint = mark("Look for it in its conversation.")


class NothingToSettle(NothingToRetry):
    """It is known what became of the message."""

    code = "nothing_to_settle"
    sentence = mark("It is known what became of this message.")
    hint = mark("Look at what is there now.")


@transaction.atomic
def retry_message(
    message_id: UUID,
    *,
    by: Authority,
    reason: str,
    expires_at: datetime | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> OutgoingMessage:
    """Send a message that failed, or of which nobody knows whether it arrived, once more: in a new round, with a new attempt.

    What went wrong before stays in its attempts. Of one that is not known the person decides that twice is better than not at all.
    ``expires_at``: by when it has to leave now, in place of the time that it had; with it, what was too late is sent, too.

    Raises:
        OutgoingUnknown, ChannelsNotPermitted: what they say.
        NothingToRetry: it is on its way or has arrived, its time is over, or what stopped it is still so.
    """
    row = _decided(message_id, by)
    now = clock.now()
    if expires_at is not None:
        row.expires_at = expires_at
    if OutgoingState(row.state) not in ANEW or not _can_help(row, clock):
        raise NothingToRetry(field="message_id")
    before: AuditFacts = {"state": row.state, "reason": row.reason_code, "round": row.round}
    row.round += 1
    row.tries = 0
    move(row, OutgoingState.WAITING, at=now, next_try_at=now, clock=clock)
    call(row.id, at=now, now=now)
    _record(row, "message_sent_again", before, {"state": row.state, "round": row.round}, by, reason, clock)
    return as_message(row)


@transaction.atomic
def settle_message(
    message_id: UUID, *, was_sent: bool, by: Authority, reason: str, clock: Clock = SYSTEM_CLOCK
) -> OutgoingMessage:
    """Say what became of a message of which it is not known, as a person has found out.

    Raises:
        OutgoingUnknown, ChannelsNotPermitted: what they say.
        NothingToSettle: it is known by now.
    """
    row = _decided(message_id, by)
    if row.state != OutgoingState.UNKNOWN.value:
        raise NothingToSettle(field="message_id")
    before: AuditFacts = {"state": row.state, "reason": row.reason_code}
    if was_sent:
        move(row, OutgoingState.SENT, at=clock.now(), clock=clock)
    else:
        move(row, OutgoingState.FAILED, at=clock.now(), code="settled_as_not_sent", clock=clock)
    _record(row, "message_settled", before, {"state": row.state}, by, reason, clock)
    return as_message(row)


def _decided(message_id: UUID, by: Authority) -> OutgoingRow:
    row = OutgoingRow.objects.select_for_update().filter(id=message_id).first()
    if row is None:
        raise OutgoingUnknown(field="message_id")
    require(by, MESSAGES_RESEND, row.institution_id)
    return row


def _can_help(row: OutgoingRow, clock: Clock) -> bool:
    if row.expires_at is not None and row.expires_at <= clock.now():
        return False
    if row.reason_code == _WINDOW:
        on = line(row.line_id)
        digits = row.to_phone.removeprefix("+")
        return window_on(on, [row.to_external_id, f"wa:{digits}"], clock=clock).open
    if row.state == OutgoingState.EXPIRED.value:
        return row.expires_at is not None  # a new time, since the one that it had is over
    return reason_of(row.reason_code).may_retry


def _record(
    row: OutgoingRow, deed: str, before: AuditFacts, after: AuditFacts, by: Authority, reason: str, clock: Clock
) -> None:
    record(
        actor=by.actor,
        action=f"channels.{deed}",
        subject=f"outgoing:{row.id}",
        before=before,
        after=after,
        reason=clean_text(reason, field="reason", length_max=REASON_LENGTH_MAX),
        institution_id=row.institution_id,
        clock=clock,
    )
