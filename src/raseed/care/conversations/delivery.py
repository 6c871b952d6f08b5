"""What becomes of our answers: where they are now, as channels tells.

An answer that failed, was too late, or of which nobody knows whether it left, is no answer: what it answered is owed again, since
the customer asked and not since it failed, and its clock runs on. If it turns out to have arrived after all, it has answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from ..clocks import api as clocks
from ..models import ConversationRow, EntryRow
from .domain import ConversationState, EntryKind, EventCode
from .keeping import STAFF, another_is_open, keep, owe_nothing, tell_changed
from .replying import ANSWERS, LOST, PART_OF, standing

_ON_THEIR_WAY: Final = frozenset({channels.OutgoingState.WAITING.value, channels.OutgoingState.SENDING.value})
_ASKS_NOTHING: Final = channels.MessageKind.REACTION.value
_LOOKED_BACK_MAX: Final = 200


@transaction.atomic
def delivery_changed(message_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Take over where an answer of ours is now; a message that is not a conversation's is none of our business.

    Where the last answer is lost, its conversation is our turn again, with the clock that ran and somebody accountable.
    """
    known = (
        EntryRow.objects.filter(message_id=message_id, kind=EntryKind.OUT.value).values_list("conversation_id").first()
    )
    if known is None:
        return
    people.hold_identity(ConversationRow.objects.values_list("identity_id", flat=True).get(id=known[0]))
    row = ConversationRow.objects.select_for_update(no_key=True).get(id=known[0])
    entry = EntryRow.objects.defer("words").get(message_id=message_id)
    now_is = standing([message_id]).get(message_id)
    if now_is is None or (entry.delivery, entry.reason, entry.may_retry) == (
        now_is.state, now_is.reason, now_is.may_retry,
    ):  # fmt: skip
        return
    was_lost, is_lost = entry.delivery in LOST, now_is.state in LOST
    entry.delivery, entry.reason, entry.may_retry = now_is.state, now_is.reason, now_is.may_retry
    entry.save(update_fields=["delivery", "reason", "may_retry"])
    if was_lost is is_lost or _is_history(row):
        tell_changed(row, clock=clock)
    elif is_lost:
        _owe_again(row, entry, clock)
    else:
        _arrived_after_all(row, entry, clock)


def not_arrived(conversation_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return, of conversations that wait because our answer is lost, where it is; for whoever has looked who asks."""
    owed = ConversationRow.objects.filter(id__in=list(conversation_ids), unanswered__gt=0)
    lost = EntryRow.objects.filter(conversation__in=owed, kind=EntryKind.OUT.value, delivery__in=LOST)
    found: dict[UUID, str] = {}
    for entry in lost.defer("words").select_related("conversation").order_by("conversation_id", "-position"):
        if entry.conversation_id not in found:
            end = _last_end(entry.conversation)
            if end is None or end.position < entry.position:
                found[entry.conversation_id] = entry.delivery or ""
    return found


@dataclass(frozen=True, slots=True)
class _End:
    """What ended a wait last: an answer that is not lost, or a closing with nothing to answer."""

    position: int
    at: datetime


@dataclass(frozen=True, slots=True)
class _Owed:
    """What waits since then: how many messages, and since when the first."""

    count: int
    since: datetime


def _owe_again(row: ConversationRow, entry: EntryRow, clock: Clock) -> None:
    end = _last_end(row)
    if end is not None and end.position > entry.position:  # it was answered later
        tell_changed(row, clock=clock)
        return
    owed = _owed(row, end) or _Owed(1, entry.at)  # nobody had asked: it is what we wanted to tell that is owed
    row.unanswered = owed.count
    row.unanswered_since = min(row.unanswered_since or owed.since, owed.since)
    row.state = ConversationState.OPEN.value
    row.breached_at = row.breached_at or _run_on(row, since=owed.since, after=end.at if end else None, clock=clock)
    keep(row, clock=clock)


def _run_on(row: ConversationRow, *, since: datetime, after: datetime | None, clock: Clock) -> datetime | None:
    """Let what answers stopped run on, in the hands in which the conversation is now; return when it was broken."""
    clocks.answer_failed(subject_id=row.id, after=after, clock=clock)
    clocks.handed_over(
        subject_id=row.id,
        team_id=row.team_id,
        to=row.assignee,
        by=people.SYSTEM.actor,
        reason="",
        at=clock.now(),
        clock=clock,
    )
    running = clocks.message_arrived(
        conversation_id=row.id, institution_id=row.institution_id, team_id=row.team_id, assignee=row.assignee,
        at=since, clock=clock,
    )  # fmt: skip
    return min(
        (one.breached_at for one in running if one.kind in clocks.ANSWER_KINDS and one.breached_at), default=None
    )


def _arrived_after_all(row: ConversationRow, entry: EntryRow, clock: Clock) -> None:
    """Let an answer that was taken for lost have answered when it was sent: a breach since then is withdrawn.

    One that was sent again answers from now on.
    """
    end = _last_end(row)
    if not row.unanswered or end is None:
        tell_changed(row, clock=clock)
        return
    leaves_now = entry.delivery in _ON_THEIR_WAY  # somebody had it sent again
    at, owed = clock.now() if leaves_now else _sent_at(row, entry), _owed(row, end)
    owe_nothing(row)
    if entry.actor.startswith(STAFF):
        staff_id = UUID(entry.actor.removeprefix(STAFF))
        clocks.answered(subject_id=row.id, by=staff_id, at=at, clock=clock)
    if owed is not None:
        row.unanswered, row.unanswered_since = owed.count, owed.since
        clocks.message_arrived(
            conversation_id=row.id, institution_id=row.institution_id, team_id=row.team_id, assignee=row.assignee,
            at=owed.since, clock=clock,
        )  # fmt: skip
    elif row.state != ConversationState.CLOSED.value:
        row.state = ConversationState.WAITING.value
        clocks.pause_clock(
            subject_id=row.id,
            reason=clocks.PauseReason.WAITING_FOR_CUSTOMER,
            by=entry.actor,
            at=clock.now(),
            clock=clock,
        )
    keep(row, clock=clock)


def _last_end(row: ConversationRow) -> _End | None:
    """Return what ended the wait last. An answer of several messages is one only if none of them is lost."""
    parts: dict[str, list[tuple[int, datetime, bool]]] = {}
    for message_id, position, order_at, delivery, details in (
        _answers_of(row)
        .order_by("-position")
        .values_list("message_id", "position", "order_at", "delivery", "details")[:_LOOKED_BACK_MAX]
    ):
        whole = str(details.get(PART_OF, message_id))
        parts.setdefault(whole, []).append((position, order_at, delivery in LOST))
    arrived = (max(each) for each in parts.values() if not any(lost for _, _, lost in each))
    answer = next(arrived, None)  # the latest first
    closed = (
        EntryRow.objects.filter(conversation=row, kind=EntryKind.EVENT.value, event=EventCode.CLOSED.value)
        .exclude(details__unanswered="0")
        .order_by("-position")
        .values_list("position", "order_at")
        .first()
    )
    ends = [_End(*each[:2]) for each in (answer, closed) if each is not None]
    return max(ends, key=lambda one: one.position, default=None)


def _answers_of(row: ConversationRow) -> QuerySet[EntryRow]:
    """Return what was written as an answer: not what another room of care told beside the conversation."""
    said = EntryRow.objects.filter(conversation=row, kind=EntryKind.OUT.value)
    return said.filter(Q(details__purpose__isnull=True) | Q(details__has_key=ANSWERS))


def _owed(row: ConversationRow, end: _End | None) -> _Owed | None:
    asked = EntryRow.objects.filter(conversation=row, kind=EntryKind.IN.value).exclude(message_kind=_ASKS_NOTHING)
    if end is not None:
        asked = asked.filter(position__gt=end.position)
    first = asked.order_by("position").values_list("message_id", "at").first()
    if first is None:
        return None
    message_id, at = first
    message = channels.incomings([message_id]).get(message_id) if message_id else None
    since = message.received_at if message is not None else at
    return _Owed(asked.count(), max(since, end.at) if end is not None else since)


def _sent_at(row: ConversationRow, entry: EntryRow) -> datetime:
    """Return when an answer was sent, or sent again last."""
    again = EntryRow.objects.filter(conversation=row, event=EventCode.SENT_AGAIN.value, details__entry=str(entry.id))
    return max([entry.at, *again.values_list("at", flat=True)])


def _is_history(row: ConversationRow) -> bool:
    """Whether the sender has gone on in another conversation, so that what failed in this one matters no more."""
    return row.state == ConversationState.CLOSED.value and another_is_open(row)
