"""Sending an answer again: what was lost really leaves, as it was; what has gone leaves once more, as a message of its own.

What it tells is looked at again: it leaves now, with what was so then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.channels import api as channels
from raseed.channels.api import OutgoingState
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from ..models import ConversationRow, EntryRow
from .domain import ConversationState, Entry, EntryKind, EventCode
from .errors import EntryNotFailed, UnknownConversation
from .keeping import add_event, keep, owe_nothing, permitted, record
from .permissions import WORK
from .reading import told_entries
from .replying import LEAVES_WITHIN, LOST, credit, facts_allowed, standing_of, tell

GONE: Final = frozenset({OutgoingState.SENT, OutgoingState.DELIVERED, OutgoingState.READ})
AGAIN: Final = "again"
"""The purpose of what has gone and is sent once more."""


@transaction.atomic
def retry(
    entry_id: UUID, *, by: people.Author, reason: str = "sent again from the conversation", clock: Clock = SYSTEM_CLOCK
) -> Entry:
    """Really send an answer again that failed, was too late, or of which nobody knows; what went wrong stays in its history.

    Raises:
        UnknownConversation: no such entry, or not to be seen. NotPermitted.
        EntryNotFailed: it is no answer, or has arrived. NothingToRetry: it can't help.
        IdentityNotProven, FactChanged, FactNotChecked, FactNotYours: what it tells is not so any more, or not for them.
    """
    entry = EntryRow.objects.defer("words").filter(id=entry_id).first()
    if entry is None:
        raise UnknownConversation(field="entry_id")
    row = permitted(entry.conversation_id, by, WORK, lock=True)
    entry.refresh_from_db(fields=["delivery", "may_retry"])
    return _retried(row, entry, by, reason, clock)


def answer_to(message_id: UUID, *, customer_id: UUID, institution_id: UUID) -> Entry:
    """Return a message of ours in a conversation with a customer, for whoever has looked who asks.

    Raises:
        UnknownConversation: it is none, another's, or elsewhere.
    """
    return told_entries([_own(message_id, customer_id, institution_id)])[0]


@transaction.atomic
def answer_again(
    message_id: UUID, *, customer_id: UUID, institution_id: UUID, id: UUID, by: people.Author, reason: str,  # noqa: A002
    clock: Clock = SYSTEM_CLOCK,
) -> Entry:  # fmt: skip
    """Send a message of ours to a customer again, whatever it holds: text, template or file. What has gone leaves under ``id``.

    Whoever calls has looked whether ``by`` may have it sent again. The same ``id`` again changes nothing.

    Raises:
        UnknownConversation: as ``answer_to``. NothingToRetry: it is on its way. WindowClosed, and what else refuses a message.
        IdentityNotProven, FactChanged, FactNotChecked, FactNotYours: as ``retry``.
    """
    entry = _own(message_id, customer_id, institution_id)
    row = ConversationRow.objects.select_for_update(no_key=True).get(id=entry.conversation_id)
    entry.refresh_from_db(fields=["delivery", "may_retry"])
    if entry.delivery in LOST:
        return _retried(row, entry, by, reason, clock)
    message, content = channels.outgoing([message_id]).get(message_id), channels.outgoing_content(message_id)
    if message is None or content is None or message.state not in GONE:
        raise channels.NothingToRetry(field="subject")
    facts_allowed(row, told_entries([entry])[0].facts, None, by, clock)
    return tell(
        row.id, client_message_id=id, text=entry.text, purpose=AGAIN, template=content.template, media=content.media,
        actor=by.actor, clock=clock,
    )  # fmt: skip


def _own(message_id: UUID, customer_id: UUID, institution_id: UUID) -> EntryRow:
    entry = (
        EntryRow.objects.defer("words")
        .select_related("conversation")
        .filter(message_id=message_id, kind=EntryKind.OUT.value, conversation__institution_id=institution_id)
        .first()
    )
    if entry is None or entry.conversation.customer_id not in people.customers_as_one(customer_id):
        raise UnknownConversation(field="subject")
    return entry


def _retried(row: ConversationRow, entry: EntryRow, by: people.Author, reason: str, clock: Clock) -> Entry:
    if entry.kind != EntryKind.OUT.value or entry.delivery not in LOST or entry.message_id is None:
        raise EntryNotFailed(field="entry_id")
    facts_allowed(row, told_entries([entry])[0].facts, None, by, clock)
    permitted_here = replace(by, everything=True)  # that they may was decided here; the trail of channels names them
    now = clock.now()
    sent = standing_of(
        channels.retry_message(
            entry.message_id, by=permitted_here, reason=reason, expires_at=now + LEAVES_WITHIN, clock=clock
        )
    )
    entry.delivery, entry.reason, entry.may_retry = sent.state, sent.reason, sent.may_retry
    entry.save(update_fields=["delivery", "reason", "may_retry"])
    add_event(row, EventCode.SENT_AGAIN, by.actor, now=now, entry=str(entry.id))
    if not EntryRow.objects.filter(conversation=row, kind="in", order_at__gt=entry.order_at).exists():
        owe_nothing(row)
        if row.state != ConversationState.CLOSED.value:
            row.state = ConversationState.WAITING.value
        credit(row, by, now, clock)
    keep(row, clock=clock)
    record(row, "care.reply_sent_again", by, after={"entry": str(entry.id)}, clock=clock)
    return told_entries([entry])[0]
