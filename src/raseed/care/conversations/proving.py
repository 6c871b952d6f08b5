"""Who writes: whom a conversation is about, and the code by which the sender shows that they are that customer."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.people.api import CODE_DIGITS, CODE_LIFE

from ..models import ConversationRow
from .domain import Conversation, EventCode
from .errors import WhichCustomer
from .keeping import add_event, keep, permitted
from .permissions import WORK
from .reading import told
from .words import code_in

MASK = "•"


def possible_customers(conversation_id: UUID, *, by: people.Author) -> list[UUID]:
    """Return who may be writing: customers of this institution that the sender is linked to, and whose number it is.

    Raises:
        UnknownConversation: none, or one that ``by`` may not see.
    """
    row = permitted(conversation_id, by)
    message = channels.incomings([row.last_in]).get(row.last_in) if row.last_in else None
    found = people.possible_customers(row.identity_id, phone=message.party.phone if message else None)
    return [one for one in found if _is_here(one, row.institution_id)]


@transaction.atomic
def choose_customer(
    conversation_id: UUID, *, customer_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Conversation:
    """Say whom a conversation is about. It is a claim until the sender proves it.

    Raises:
        UnknownConversation, UnacceptableText. UnknownCustomer: none of this institution.
        NotPermitted: ``by`` may not link senders to customers.
    """
    row = _held(conversation_id, by)
    if not _is_here(customer_id, row.institution_id):
        raise people.UnknownCustomer(field="customer_id")
    people.link_identity(
        row.identity_id, customer_id=customer_id, how=people.LinkHow.STAFF, by=by, reason=reason, clock=clock
    )
    if row.customer_id != customer_id:
        row.customer_id = customer_id
        row.proof_asked_of = row.proof_asked_until = None
        add_event(row, EventCode.LINKED, by.actor, now=clock.now(), text=reason, customer=str(customer_id))
        keep(row, clock=clock)
    return told(row)


@transaction.atomic
def unlink_customer(
    conversation_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Conversation:
    """Say that a conversation is not with the customer it is linked to; what was proven is gone with it.

    Raises:
        UnknownConversation, UnacceptableText, NotPermitted: as ``choose_customer``. WhichCustomer: it is with nobody.
    """
    row = _held(conversation_id, by)
    before = row.customer_id
    if before is None:
        raise WhichCustomer(field="conversation_id")
    sender = people.identity(row.identity_id)
    if any(link.customer_id == before for link in sender.links):
        sender = people.unlink_identity(sender.id, customer_id=before, by=by, reason=reason, clock=clock)
    row.customer_id = known_here(sender, row.institution_id)
    row.proof_asked_of = row.proof_asked_until = None
    add_event(row, EventCode.UNLINKED, by.actor, now=clock.now(), text=reason, customer=str(before))
    keep(row, clock=clock)
    return told(row)


@transaction.atomic
def ask_for_code(conversation_id: UUID, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> Conversation:
    """Send the customer of a conversation a code to their number on record; given back in the chat, it proves who writes.

    Raises:
        UnknownConversation. WhichCustomer: nobody said whom it is about. NotPermitted: ``by`` may not link senders.
        TooManyRequests, TooManyTries: too often, or after too many wrong codes.
    """
    row = permitted(conversation_id, by, WORK, lock=True)
    if row.customer_id is None:
        raise WhichCustomer(field="conversation_id")
    people.start_proof(
        row.identity_id, customer_id=row.customer_id, by=by, reason="asked for in a conversation", clock=clock
    )
    now = clock.now()
    row.proof_asked_of, row.proof_asked_until = row.customer_id, now + CODE_LIFE
    add_event(row, EventCode.PROOF_ASKED, by.actor, now=now)
    keep(row, clock=clock)
    return told(row)


def take_code(conversation_id: UUID, *, code: str, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> Conversation:
    """Take the code that somebody said on the phone or at a branch. Call it outside any transaction.

    Raises:
        UnknownConversation, WhichCustomer, NotPermitted. WrongCode: the try is counted. CodeExpired, TooManyTries.
    """
    with transaction.atomic(durable=True):
        row = _held(conversation_id, by)
        if row.customer_id is None:
            raise WhichCustomer(field="conversation_id")
        outcome = people.try_proof(row.identity_id, customer_id=row.customer_id, code=code, clock=clock)
        proven = isinstance(outcome, people.Identity)
        if proven:
            row.proof_asked_of = row.proof_asked_until = None
        add_event(row, EventCode.PROVEN if proven else EventCode.PROOF_FAILED, by.actor, now=clock.now())
        keep(row, clock=clock)
    if not isinstance(outcome, people.Identity):
        raise outcome
    return told(row)


def code_was_given(
    row: ConversationRow, sender: people.Identity, text: str, clock: Clock
) -> tuple[str, list[EventCode]]:
    """Take the code in a message to a locked conversation, if one is waited for; return the text without it, and what happened."""
    if row.proof_asked_of is None or row.proof_asked_until is None or row.proof_asked_until <= clock.now():
        return text, []
    code = code_in(text, CODE_DIGITS)
    if code is None:
        return text, []
    outcome = people.try_proof(sender.id, customer_id=row.proof_asked_of, code=code, clock=clock)
    masked = "".join(MASK if character.isdigit() else character for character in text)
    if not isinstance(outcome, people.Identity):
        return masked, [EventCode.PROOF_FAILED]
    row.customer_id = row.proof_asked_of
    row.proof_asked_of = row.proof_asked_until = None
    return masked, [EventCode.PROVEN]


def customers_here(sender: people.Identity, institution_id: UUID) -> list[UUID]:
    """Return which customers of an institution a sender is linked to.

    A number or an address is known to every institution here; whose customer its owner is elsewhere is not told.
    """
    return [link.customer_id for link in sender.links if _is_here(link.customer_id, institution_id)]


def known_here(sender: people.Identity, institution_id: UUID) -> UUID | None:
    """Return which customer of an institution a sender is, if they are linked to one and no other."""
    here = customers_here(sender, institution_id)
    return here[0] if len(here) == 1 else None


def _held(conversation_id: UUID, by: people.Author) -> ConversationRow:
    """Return a conversation's row, locked after its sender, as a message that comes in locks them."""
    people.hold_identity(permitted(conversation_id, by, WORK).identity_id)
    return permitted(conversation_id, by, WORK, lock=True)


def _is_here(customer_id: UUID, institution_id: UUID) -> bool:
    return any(each.id == institution_id for each in people.institutions_of(customer_id))
