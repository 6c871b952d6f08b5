"""What becomes of our answers: where they are now, as channels tells. An answer that failed is no answer: it is owed again."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from ..models import ConversationRow, EntryRow
from .domain import ConversationState, EntryKind
from .keeping import another_is_open, keep, owe, tell_changed
from .replying import FAILED, standing


@transaction.atomic
def delivery_changed(message_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Take over where an answer of ours is now; a message that is not a conversation's is none of our business.

    Where the last answer failed, its conversation is our turn again, with a clock and somebody accountable.
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
    failed_now = now_is.state == FAILED and entry.delivery != FAILED
    entry.delivery, entry.reason, entry.may_retry = now_is.state, now_is.reason, now_is.may_retry
    entry.save(update_fields=["delivery", "reason", "may_retry"])
    if failed_now and not row.unanswered and not _answered_since(row, entry) and not _is_history(row):
        row.state = ConversationState.OPEN.value
        owe(row, since=clock.now(), clock=clock)
        keep(row, clock=clock)
    else:
        tell_changed(row, clock=clock)


def _answered_since(row: ConversationRow, entry: EntryRow) -> bool:
    later = EntryRow.objects.filter(conversation=row, kind=EntryKind.OUT.value, position__gt=entry.position)
    return later.exclude(delivery=FAILED).exists()


def _is_history(row: ConversationRow) -> bool:
    """Whether the sender has gone on in another conversation, so that what failed in this one matters no more."""
    return row.state == ConversationState.CLOSED.value and another_is_open(row)
