"""A message that came in lands in exactly one conversation, once, with one accountable person, whatever comes twice or late.

The sender's ids are held while the message is placed, so of two messages at the same instant one waits for the other; the
message's own unique key keeps it from being placed twice whatever happens.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.channels import api as channels
from raseed.channels.api import Channel, IncomingMessage, LinePurpose, MessageKind
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.people import api as people

from ..cases.filing import file_media
from ..duty import api as duty
from ..models import ConversationRow, EntryRow
from .domain import TEXT_LENGTH_MAX, ConversationState, EntryKind, EventCode
from .keeping import Said, add_entry, add_event, keep, owe
from .proving import code_was_given, customers_here, known_here
from .routing import team_of_line
from .words import language_of

REOPENED_WITHIN: Final = timedelta(days=7)
"""What a sender writes so soon after the end goes on with the conversation; later it is a new one."""
ASKS_NOTHING: Final = frozenset({MessageKind.REACTION})
SIGNED_IN_CUSTOMER: Final = "customer:"
"""How our own pages name a sender who is signed in."""
_HASH: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 23))"


@transaction.atomic
def receive(message_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> UUID:
    """Place a message that came in, and return the conversation that it is in; again, it changes nothing.

    Raises:
        MessageUnknown: channels has no such message.
    """
    placed = _placed(message_id)
    if placed is not None:
        return placed
    message = channels.incoming(message_id)
    party = message.party
    sender = people.identity_for(
        channel=message.channel.value,
        scope=party.scope,
        external_ids=[party.external_id, *party.aliases],
        name=party.name,
        clock=clock,
    )
    with connection.cursor() as cursor:
        cursor.execute(_HASH, [f"care.conversation:{message.line_id}:{sender.id}"])
    placed = _placed(message_id)
    if placed is not None:
        return placed
    sender = _known_better(sender, message, clock)
    row = _going_on(sender, message) or _begin(sender, message, clock)
    _take(row, sender, message, clock)
    return row.id


def _placed(message_id: UUID) -> UUID | None:
    return EntryRow.objects.filter(message_id=message_id).values_list("conversation_id", flat=True).first()


def _known_better(sender: people.Identity, message: IncomingMessage, clock: Clock) -> people.Identity:
    """Link a sender by what came with the message: a sign-in to our own pages proves, a number on record is a claim."""
    external_id = message.party.external_id
    if message.channel is Channel.WEB and external_id.startswith(SIGNED_IN_CUSTOMER):
        customer_id, how = UUID(external_id.removeprefix(SIGNED_IN_CUSTOMER)), people.LinkHow.SIGNED_IN
        if people.proof_for(sender, customer_id) is people.ProofState.PROVEN:
            return sender
    elif message.party.phone and not customers_here(sender, message.institution_id):
        try:
            customer_id, how = people.customer_by_phone(message.party.phone).id, people.LinkHow.NUMBER
        except people.UnknownCustomer:
            return sender
    else:
        return sender
    if all(each.id != message.institution_id for each in people.institutions_of(customer_id)):
        return sender
    return people.link_identity(
        sender.id, customer_id=customer_id, how=how, by=people.SYSTEM, reason=f"came with a message: {how.value}",
        clock=clock,
    )  # fmt: skip


def _going_on(sender: people.Identity, message: IncomingMessage) -> ConversationRow | None:
    """Return the sender's conversation on the line that is open, or has just ended, locked."""
    rows = ConversationRow.objects.select_for_update(no_key=True).filter(
        identity_id__in=people.identity_ids_of(sender.id), line_id=message.line_id
    )
    row = rows.exclude(state="closed").order_by("-last_at", "-id").first()
    if row is None:
        row = rows.order_by("-last_at", "-id").first()
        lasts = REOPENED_WITHIN if message.kind not in ASKS_NOTHING else timedelta.max
        if row is not None and message.received_at - row.last_at > lasts:
            return None
    return row


def _begin(sender: people.Identity, message: IncomingMessage, clock: Clock) -> ConversationRow:
    now, line = clock.now(), channels.line(message.line_id)
    team_id = team_of_line(line, clock=clock)
    row = ConversationRow(
        id=new_id(),
        institution_id=message.institution_id,
        line_id=message.line_id,
        channel=message.channel.value,
        documents=line.purpose is LinePurpose.DOCUMENTS,
        identity_id=sender.id,
        customer_id=known_here(sender, message.institution_id),
        state=ConversationState.OPEN.value,
        team_id=team_id,
        assignee=None,
        accountable=duty.accountable(team_id, None, now),
        language=_language(sender, message),
        subject="",
        name=message.party.name[:200],
        version=1,
        positions=0,
        answered_order=None,
        last_order=min(now, message.sent_at),
        unanswered_since=None,
        unanswered=0,
        opened_at=now,
        last_at=now,
        last_in=None,
        snippet="",
    )
    row.save(force_insert=True)
    return row


def _language(sender: people.Identity, message: IncomingMessage) -> str:
    """Return the language to answer in: the letters that the sender writes, else what the customer reads, else Arabic."""
    written = language_of(message.text)
    if written in {"ar", "he"}:
        return written
    known = known_here(sender, message.institution_id)
    return people.customer(known).language if known is not None else written or "ar"


def _take(row: ConversationRow, sender: people.Identity, message: IncomingMessage, clock: Clock) -> None:
    """Add the message to its conversation: as an entry, as something owed, with its files, and as a code if it is one."""
    now = clock.now()
    if row.state == ConversationState.CLOSED.value and message.kind not in ASKS_NOTHING:
        add_event(row, EventCode.REOPENED, people.SYSTEM.actor, now=now)
        row.state = ConversationState.OPEN.value
    row.last_in, row.name = message.id, message.party.name[:200] or row.name
    if row.customer_id is None or all(link.customer_id != row.customer_id for link in sender.links):
        row.customer_id = known_here(sender, row.institution_id)
    if (written := language_of(message.text)) in {"ar", "he"}:
        row.language = str(written)
    text, steps = code_was_given(row, sender, message.text[:TEXT_LENGTH_MAX], clock)
    made = add_entry(
        row,
        EntryKind.IN,
        f"identity:{sender.id}",
        Said(text=text, message_id=message.id, message_kind=message.kind.value, late=message.late),
        now=now,
        sent_at=message.sent_at,
    )
    for code in steps:
        add_event(row, code, people.SYSTEM.actor, now=now)
    if message.kind not in ASKS_NOTHING:
        owe(row, since=_owed_since(row, message.received_at), clock=clock)
    file_media(row, made, message, clock=clock)
    keep(row, clock=clock)


def _owed_since(row: ConversationRow, received_at: datetime) -> datetime:
    """Return since when a message waits: since it was received, but never since before the answer that it came after."""
    return max(received_at, row.answered_order) if row.answered_order else received_at
