"""Calls and visits: logged by staff into the same conversations, as what was said and what was answered in person."""

from __future__ import annotations

from datetime import datetime, timedelta
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
from .keeping import Said, add_entry, keep, owe, owe_nothing
from .permissions import WORK
from .receiving import receive
from .replying import credit
from .words import clean_body

IN_PERSON: Final = frozenset({Channel.PHONE, Channel.BRANCH})
LOGGED_WITHIN: Final = timedelta(days=31)
"""How long after it a call or a visit may be written down."""
CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""So far ahead of ours a desk's own clock may be."""


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
    at: datetime | None = None,
    we_called: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> UUID:
    """Log a call or a visit, and return its conversation; the same id again changes nothing.

    What waits for an answer waits since the customer called or came, not since it was written down.

    Args:
        id: of this contact.
        line_id: the line for calls, or the branch.
        text: what the customer said.
        by: who took it.
        phone: from which number; may be typed as at home.
        customer_id: who came, as far as they say; a claim until they prove it.
        name: as they call themselves.
        said: what was answered there and then; without it the contact waits for an answer.
        at: when it was; now, where nothing is said. At most ``LOGGED_WITHIN`` ago.
        we_called: it was us who called; then ``said`` is what we called for, and nothing waits.
        clock: tells the time.

    Raises:
        LineUnknown, UnacceptableText, InvalidPhone, UnknownCustomer. NotPermitted: ``by`` may not work on conversations.
        InputError: not a line for calls or visits; neither number, customer nor name; a time to come or too long ago; a call
            of ours in which we said nothing.
    """
    line = channels.line(line_id)
    people.require(by, WORK, line.institution_id)
    if line.channel not in IN_PERSON:
        raise InputError(field="line_id")
    told = clean_body(text, field="text", length_max=NOTE_LENGTH_MAX)
    answer = clean_body(said, field="said", length_max=NOTE_LENGTH_MAX) if said.strip() else ""
    when = _checked_time(at, clock.now())
    if we_called and not answer:
        raise InputError(field="said")
    message = channels.take_in(
        line_id=line_id,
        party=_caller(line, id, phone, customer_id, name),
        text=told,
        provider_id=f"logged:{id}",
        sent_at=when,
        received_at=when,
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
        details = {"called": "us"} if we_called else {}
        content = Said(text=answer, message_id=id, delivery=TOLD, details=details)
        add_entry(row, EntryKind.OUT, by.actor, content, now=clock.now(), sent_at=when)
        _nothing_waits(row, when, by, clock)
        keep(row, clock=clock)
    return conversation_id


def _checked_time(at: datetime | None, now: datetime) -> datetime:
    if at is None:
        return now
    if not now - LOGGED_WITHIN <= at <= now + CLOCKS_DIFFER:
        raise InputError(field="at")
    return min(at, now)


def _caller(line: channels.Line, contact_id: UUID, phone: str, customer_id: UUID | None, name: str) -> channels.Party:
    """Return who called or came: known by number, else as the customer that they say they are, else by this contact alone."""
    here = line.institution_id
    if customer_id is not None and all(each.id != here for each in people.institutions_of(customer_id)):
        raise people.UnknownCustomer(field="customer_id")
    number = people.normal_phone(phone, people.institution(here).default_region) if phone.strip() else ""
    if not number and customer_id is None and not name.strip():
        raise InputError(field="phone")
    known_as = number or (f"visit:{customer_id}" if customer_id else f"unknown:{contact_id}")
    return channels.Party(scope=line.scope, external_id=known_as, phone=number or None, name=name.strip())


def _nothing_waits(row: ConversationRow, when: datetime, by: people.Author, clock: Clock) -> None:
    """Let nothing wait that came before an answer given in person; what came after it, and was written down before, does."""
    ours = EntryRow.objects.filter(conversation=row, kind=EntryKind.OUT.value).order_by("-position")
    answered = next(iter(ours.values_list("position", flat=True)[1:2]), 0)  # by the answer before this one
    asked = EntryRow.objects.filter(conversation=row, kind=EntryKind.IN.value, at__gt=when, position__gt=answered)
    later = list(asked.order_by("at").values_list("at", flat=True))
    owe_nothing(row)
    if not later:
        row.state = ConversationState.WAITING.value
    credit(row, by, when, clock)
    for each in later:
        owe(row, since=each, clock=clock)
