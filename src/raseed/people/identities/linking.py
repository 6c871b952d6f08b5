"""Saying which customer a sender is, and taking it back. A colleague's word is a claim; only a code or a sign-in proves."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import Event, subscribe

from .. import events
from ..authority import Author, clean_reason
from ..models import IdentityRow, SenderAliasRow, SenderLinkRow, SenderRow
from ..permissions import IDENTITIES_LINK
from ..queries import PHONE, customer
from ..standing import institutions_permitting
from .domain import LINKS_MAX, PROOF_OF, Identity, LinkHow, NotLinked, ProofState, TooManyLinks, UnknownIdentity
from .knowing import end_link, identities, identity, record_of_sender
from .merging import customers_as_one, resolve_customers


@transaction.atomic
def link_identity(
    identity_id: UUID, *, customer_id: UUID, how: LinkHow | str, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Identity:
    """Say that a sender is a customer. What proves more takes the place of what proved less; the same again changes nothing.

    Where the sender is linked to others already, all links stand: who shares a telephone is asked which of them it is.

    Raises:
        UnknownIdentity, UnknownCustomer, UnacceptableText. TooManyLinks.
        NotPermitted: ``by`` may not link senders at an institution of the customer.
    """
    kind, said = LinkHow(how), clean_reason(reason)
    institution_id = permitted_to_link(by, customer_id)
    row = locked_sender(identity_id)
    proof, now = PROOF_OF[kind], clock.now()
    held = list(SenderLinkRow.objects.filter(sender=row, until=None))
    before = next((link for link in held if link.customer_id == customer_id), None)
    if before is not None:
        if ProofState(before.proof) is ProofState.PROVEN and proof is not ProofState.PROVEN:
            return identity(row.id)
        if (before.proof, before.how) == (proof.value, kind.value) and proof is not ProofState.PROVEN:
            return identity(row.id)
        end_link(before, by.actor, now)
    elif len(held) >= LINKS_MAX:
        raise TooManyLinks(field="identity_id")
    SenderLinkRow.objects.create(
        sender=row, customer_id=customer_id, proof=proof.value, how=kind.value, by=by.actor, since=now
    )
    record_of_sender(
        "people.sender_linked", row.id, {"how": kind.value, "proof": proof.value}, clock,
        actor=by.actor, customer_id=customer_id, institution_id=institution_id, reason=said,
    )  # fmt: skip
    return identity(row.id)


@transaction.atomic
def unlink_identity(
    identity_id: UUID, *, customer_id: UUID, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Identity:
    """Say that a sender is not this customer, or no longer; what was proven is gone with it.

    Raises:
        UnknownIdentity, UnknownCustomer, UnacceptableText, NotPermitted: as ``link_identity``. NotLinked.
    """
    said = clean_reason(reason)
    institution_id = permitted_to_link(by, customer_id)
    row = locked_sender(identity_id)
    held = SenderLinkRow.objects.filter(sender=row, customer_id=customer_id, until=None).first()
    if held is None:
        raise NotLinked(field="customer_id")
    end_link(held, by.actor, clock.now())
    record_of_sender(
        "people.sender_unlinked", row.id, {"proof": held.proof}, clock,
        actor=by.actor, customer_id=customer_id, institution_id=institution_id, reason=said,
    )  # fmt: skip
    return identity(row.id)


def identities_of(customer_id: UUID) -> list[Identity]:
    """Return the senders that are linked to a customer, or to one who is merged with them; those linked first come first."""
    links = SenderLinkRow.objects.filter(customer_id__in=customers_as_one(customer_id), until=None).order_by("id")
    ids = list(dict.fromkeys(links.values_list("sender_id", flat=True)))
    found = identities(ids)
    return list({found[one].id: found[one] for one in ids}.values())


def proof_for(known: Identity, customer_id: UUID | None) -> ProofState:
    """Return what a sender has proven of being this customer, or one who is merged with them."""
    if customer_id is None:
        return ProofState.NONE
    own = {link.proof for link in known.links if link.customer_id == customer_id}
    others = {link.customer_id for link in known.links} - {customer_id}
    if ProofState.PROVEN not in own and others:
        read_as = resolve_customers({customer_id, *others})
        own = {link.proof for link in known.links if read_as.get(link.customer_id) == read_as[customer_id]}
    return next((state for state in (ProofState.PROVEN, ProofState.CLAIMED) if state in own), ProofState.NONE)


@subscribe(events.PHONE_CHANGED, handler_name="people.end_proofs_of_old_number")
def end_proofs_of_old_number(event: Event) -> None:
    """When a customer has another number, senders that are known by an old one have to prove anew who they are."""
    end_proofs_by_old_numbers(UUID(str(event.payload["customer_id"])))


@transaction.atomic
def end_proofs_by_old_numbers(customer_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """End the links of senders that have a number which was the customer's and is no longer; return how many. Bears a repeat."""
    past = IdentityRow.objects.filter(customer_id=customer_id, channel=PHONE, scope="").exclude(until=None)
    ids = [form for number in past.values_list("value", flat=True) for form in forms_of(number)]
    senders = SenderAliasRow.objects.filter(external_id__in=ids, until=None).values_list("sender_id", flat=True)
    links = SenderLinkRow.objects.filter(sender_id__in=list(senders), customer_id=customer_id, until=None)
    rows = list(links.select_for_update())
    for row in rows:
        end_link(row, "system", clock.now())
        record_of_sender("people.sender_unlinked", row.sender_id, {"proof": row.proof}, clock, customer_id=customer_id)
    return len(rows)


def forms_of(phone: str) -> tuple[str, ...]:
    """Return the ids under which a telephone number (E.164) may be known on channels."""
    digits = phone.removeprefix("+")
    return (phone, digits, f"wa:{digits}", f"tel:{phone}")


def hold_identity(identity_id: UUID) -> Identity:
    """Hold a sender until the caller's transaction ends, and return them: before anything else that is locked for them.

    Raises:
        UnknownIdentity: there is none with this id.
    """
    return identity(locked_sender(identity_id).id)


def locked_sender(identity_id: UUID) -> SenderRow:
    """Return a sender's row, of the one they were joined to if they were, locked FOR UPDATE.

    Raises:
        UnknownIdentity: there is none with this id.
    """
    row = SenderRow.objects.select_for_update().filter(id=identity(identity_id).id).first()
    if row is None:
        raise UnknownIdentity(field="identity_id")
    return row


def permitted_to_link(by: Author, customer_id: UUID) -> UUID | None:
    """Return the institution in whose name senders are linked to a customer; ``None`` for the system.

    Raises:
        UnknownCustomer: there is none. NotPermitted: at no institution of theirs.
    """
    customer(customer_id)
    if by.everything:
        return None
    return institutions_permitting(by, IDENTITIES_LINK, customer_id)[0]
