"""Sign-ins of customers: kept for them to look through; and the epoch by which all their sessions end at once.

A session remembers the customer's ``session_epoch`` of when it began; when the two differ it has ended. Where from is
kept coarsely: the first half of an IPv4 address, the first 32 bits of an IPv6 address.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText, clean_text
from raseed.platform.api import record

from ..authority import Author
from ..domain import Customer
from ..models import CustomerRow, ProofRow, SignedInRow
from ..permissions import CUSTOMERS_EDIT
from ..standing import acting_for
from .proofs import Proof, give_proof

KEPT: Final = timedelta(days=400)
SHOWN_MAX: Final = 200
DEVICE_LENGTH_MAX: Final = 60
_IPV4_BITS: Final = 16
_IPV6_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in. ``how`` is ``code`` or ``passkey``; ``network`` (``41.36.0.0/16``) and ``device`` may be empty."""

    id: UUID
    at: datetime
    how: str
    network: str
    device: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody has just signed in: the customer, whose ``session_epoch`` the session keeps, and a fresh proof."""

    customer: Customer
    proof: Proof


def keep_sign_in(customer: Customer, how: str, *, client_address: str | None, device: str, now: datetime) -> SignedIn:
    """Write down a sign-in in the transaction that proved it."""
    SignedInRow.objects.create(
        id=new_id(), customer_id=customer.id, at=now, how=how, network=_coarse(client_address), device=_device(device)
    )
    return SignedIn(customer, give_proof(customer.id, how, now))


def sign_ins(customer_id: UUID, *, limit: int = 50) -> list[SignIn]:
    """Return a customer's latest sign-ins, newest first, at most ``SHOWN_MAX``."""
    rows = SignedInRow.objects.filter(customer_id=customer_id).order_by("-at", "-id")[: min(max(limit, 1), SHOWN_MAX)]
    return [SignIn(row.id, row.at, row.how, row.network, row.device) for row in rows]


@transaction.atomic
def sign_out_everywhere(customer_id: UUID, *, by: Author, reason: str = "", clock: Clock = SYSTEM_CLOCK) -> int:
    """End all sessions of a customer and return the epoch of those that begin from now on.

    Raises:
        UnknownCustomer: there is none. NotPermitted: neither the customer, nor someone who may edit them.
    """
    institution_id = acting_for(by, CUSTOMERS_EDIT, customer_id)
    epoch = end_sessions(customer_id)
    record(
        actor=by.actor,
        action="people.sessions_ended",
        subject=f"customer:{customer_id}",
        reason=clean_text(reason, field="reason", length_max=500) if reason else "",
        institution_id=institution_id,
        clock=clock,
    )
    return epoch


def end_sessions(customer_id: UUID) -> int:
    """End all sessions and fresh proofs of a customer, in the caller's transaction; return the new epoch."""
    CustomerRow.objects.filter(id=customer_id).update(session_epoch=F("session_epoch") + 1)
    ProofRow.objects.filter(customer_id=customer_id).delete()
    return CustomerRow.objects.values_list("session_epoch", flat=True).get(id=customer_id)


def _coarse(client_address: str | None) -> str:
    try:
        address = ipaddress.ip_address((client_address or "").strip())
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = _IPV4_BITS if isinstance(address, ipaddress.IPv4Address) else _IPV6_BITS
    return str(ipaddress.ip_network((address, bits), strict=False))


def _device(text: str) -> str:
    """Return what the page says of the device (``Firefox, Android``), or nothing if that can't be shown."""
    try:
        return clean_text(text[:DEVICE_LENGTH_MAX], length_max=DEVICE_LENGTH_MAX)
    except UnacceptableText:
        return ""
