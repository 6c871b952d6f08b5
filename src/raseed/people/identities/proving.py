"""Proving by a one-time code who a sender is: the code goes to the number on record, and comes back in the chat.

It is not a code for signing in, and opens nothing else. Where two customers share a telephone the code says whose it is: each
has their own, asked for by name.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext, override

from raseed.channels.api import ONE_TIME_CODE, send_text
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.text import ascii_digits
from raseed.platform.api import keyed_hash

from ..authority import SYSTEM, Author, clean_reason
from ..domain import UnknownCustomer
from ..queries import customer, customer_by_phone
from ..sign_in.codes import (
    CODE_DIGITS,
    CODE_LIFE,
    PER_PHONE_DAY,
    PER_PHONE_SHORT,
    TRIES_MAX,
    CodeExpired,
    TooManyTries,
    WrongCode,
)
from ..sign_in.tries import PEPPER, close, closed, count_one, forgive, gate
from .domain import Identity, LinkHow
from .knowing import identity, record_of_sender
from .linking import link_identity, permitted_to_link

PROOF_REASON: Final = "proven by a one-time code"
_KIND: Final = "sender-proof"


@transaction.atomic
def start_proof(identity_id: UUID, *, customer_id: UUID, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Send a code to a customer's number on record, for a sender to show that they are this customer.

    An earlier code for the same two is void. In the caller's transaction, if there is one.

    Raises:
        UnknownIdentity, UnknownCustomer, UnacceptableText. NotPermitted: ``by`` may not link senders there.
        TooManyRequests: asked too often for this number. TooManyTries: locked after too many wrong codes.
    """
    said = clean_reason(reason)
    institution_id = permitted_to_link(by, customer_id)
    sender, known, now = identity(identity_id), customer(customer_id), clock.now()
    count_one(PER_PHONE_SHORT, "sender-phone-short", known.phone, now)
    count_one(PER_PHONE_DAY, "sender-phone-day", known.phone, now)
    row = gate(_gate(sender.id, customer_id), now)
    if minutes := closed(row, now):
        raise TooManyTries(minutes=minutes)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    row.code_hash = _code_hash(sender.id, customer_id, code)
    row.expires_at, row.tries_left, row.changed_at = now + CODE_LIFE, TRIES_MAX, now
    row.save()
    with override(known.language):
        text = gettext("%(code)s is the code that shows that it is you who writes to us. Write it in the chat.") % {
            "code": code
        }
    send_text(
        to_phone=known.phone,
        text=text,
        purpose=ONE_TIME_CODE,
        message_id=new_id(),
        expires_at=row.expires_at,
        clock=clock,
    )
    record_of_sender(
        "people.sender_proof_asked", sender.id, {}, clock,
        actor=by.actor, customer_id=customer_id, institution_id=institution_id, reason=said,
    )  # fmt: skip


def finish_proof(identity_id: UUID, *, customer_id: UUID, code: str, clock: Clock = SYSTEM_CLOCK) -> Identity:
    """Take the code that a sender gave: they are proven to be the customer. Call it outside any transaction.

    Raises:
        UnknownIdentity, UnknownCustomer. WrongCode: the try is counted. CodeExpired: no code is waiting.
        TooManyTries: the tries are used up, now or before.
    """
    with transaction.atomic(durable=True):
        outcome = try_proof(identity_id, customer_id=customer_id, code=code, clock=clock)
    if isinstance(outcome, Identity):
        return outcome
    raise outcome


@transaction.atomic
def try_proof(
    identity_id: UUID, *, customer_id: UUID, code: str, clock: Clock = SYSTEM_CLOCK
) -> Identity | WrongCode | CodeExpired | TooManyTries:
    """Take a code in the caller's transaction, who commits in any case, so that a wrong one is counted; what is refused is returned.

    Raises:
        UnknownIdentity, UnknownCustomer.
    """
    sender, now = identity(identity_id), clock.now()
    customer(customer_id)
    row = gate(_gate(sender.id, customer_id), now)
    if minutes := closed(row, now):
        return TooManyTries(minutes=minutes)
    if row.code_hash is None or row.expires_at is None or now >= row.expires_at:
        return CodeExpired(field="code")
    plain = ascii_digits("".join(code.split()))
    if hmac.compare_digest(bytes(row.code_hash), _code_hash(sender.id, customer_id, plain)):
        forgive(row)
        return link_identity(
            sender.id, customer_id=customer_id, how=LinkHow.ONE_TIME_CODE, by=SYSTEM, reason=PROOF_REASON, clock=clock
        )
    row.tries_left -= 1
    if row.tries_left > 0:
        row.save()
        return WrongCode(field="code", tries_left=row.tries_left)
    return TooManyTries(minutes=close(row, now))


def possible_customers(identity_id: UUID, *, phone: str | None = None) -> list[UUID]:
    """Return who a sender may be: those they are linked to, the best known first, and whose number on record it is."""
    sender = identity(identity_id)
    ranked = sorted(sender.links, key=lambda link: (link.proof.value != "proven", link.since))
    found = dict.fromkeys(link.customer_id for link in ranked)
    if phone:
        with contextlib.suppress(UnknownCustomer):
            found.setdefault(customer_by_phone(phone).id)
    return list(found)


def _gate(sender_id: UUID, customer_id: UUID) -> bytes:
    return keyed_hash(PEPPER, _KIND, str(sender_id), str(customer_id))


def _code_hash(sender_id: UUID, customer_id: UUID, code: str) -> bytes:
    return keyed_hash(PEPPER, "sender-code", str(sender_id), str(customer_id), code)
