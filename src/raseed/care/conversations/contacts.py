"""Calls and visits: logged by staff into the same conversations, as what was said and what was answered in person."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.channels import api as channels
from raseed.channels.api import Channel
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.people import api as people

from ..models import ConversationRow, EntryRow
from .domain import NOTE_LENGTH_MAX, TOLD, ConversationState, EntryKind
from .keeping import Said, add_entry, keep, owe_nothing
from .permissions import WORK
from .receiving import receive
from .replying import credit
from .words import clean_body

IN_PERSON: Final = frozenset({Channel.PHONE, Channel.BRANCH})


@transaction.atomic
def log_contact(
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    line_id: UUID,
    text: str,
    by: people.Author,
    phone: str = "",
    customer_id: UUID | None = None,
    name: str = "",
    said: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> UUID:
    """Log a call or a visit, and return its conversation; the same id again changes nothing.

    Args:
        id: of this contact.
        line_id: the line for calls, or the branch.
        text: what the customer said.
        by: who took it.
        phone: from which number; may be typed as at home.
        customer_id: who came, as far as they say; a claim until they prove it.
        name: as they call themselves.
        said: what was answered there and then; without it the contact waits for an answer.
        clock: tells the time.

    Raises:
        LineUnknown, UnacceptableText, InvalidPhone, UnknownCustomer. NotPermitted: ``by`` may not work on conversations.
        InputError: not a line for calls or visits, or neither number, customer nor name.
    """
    line = channels.line(line_id)
    people.require(by, WORK, line.institution_id)
    if line.channel not in IN_PERSON:
        raise InputError(field="line_id")
    told = clean_body(text, field="text", length_max=NOTE_LENGTH_MAX)
    answer = clean_body(said, field="said", length_max=NOTE_LENGTH_MAX) if said.strip() else ""
    number = people.normal_phone(phone, people.institution(line.institution_id).default_region) if phone.strip() else ""
    if not number and customer_id is None and not name.strip():
        raise InputError(field="phone")
    message = channels.take_in(
        line_id=line_id,
        party=channels.Party(
            scope=line.scope,
            external_id=number or (f"visit:{customer_id}" if customer_id else f"unknown:{id}"),
            phone=number or None,
            name=name.strip(),
        ),
        text=told,
        provider_id=f"logged:{id}",
        sent_at=clock.now(),
        clock=clock,
    )
    conversation_id = receive(message.id, clock=clock)
    row = ConversationRow.objects.select_for_update(no_key=True).get(id=conversation_id)
    if customer_id is not None and row.customer_id != customer_id:
        people.link_identity(
            row.identity_id, customer_id=customer_id, how=people.LinkHow.STAFF, by=by, reason="said so in person",
            clock=clock,
        )  # fmt: skip
        row.customer_id = customer_id
        keep(row, clock=clock)
    if answer and not EntryRow.objects.filter(message_id=id).exists():
        now = clock.now()
        add_entry(row, EntryKind.OUT, by.actor, Said(text=answer, message_id=id, delivery=TOLD), now=now)
        owe_nothing(row)
        row.state = ConversationState.WAITING.value
        credit(row, by, now, clock)
        keep(row, clock=clock)
    return conversation_id
