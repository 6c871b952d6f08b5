"""Passkeys: WebAuthn credentials (W3C, levels 2 and 3) with which customers sign in without a code or typing a number.

Kept are the public key, the counter, and whether the authenticator may back the key up and has. Registration asks for a
fresh proof, so a session alone adds none. The person must be verified by the authenticator each time (PIN, finger, face).
Attestation is not asked for: which make of authenticator somebody has is not ours to know (ADR 0028).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import Conflict, NotFound, PermissionRefused, RaseedError, mark
from raseed.kernel.text import clean_text
from raseed.platform.api import SameIdOtherContent, record

from ..authority import Author
from ..domain import Customer, display_name, network_of
from ..models import CustomerRow, PasskeyRow
from ..permissions import CUSTOMERS_EDIT
from ..queries import customer
from ..sign_in.codes import PER_ADDRESS_REQUESTS, PER_ADDRESS_TRIES
from ..sign_in.proofs import PASSKEY, Proof, check_proof, give_proof, use_proof
from ..sign_in.signed_in import SignedIn, keep_sign_in
from ..sign_in.tries import count_one
from ..standing import acting_for
from .webauthn import (
    Assertion,
    PasskeyRefused,
    Purpose,
    checked_assertion,
    checked_registration,
    creation_options,
    credential_id_in,
    new_challenge,
    request_options,
    use_challenge,
)

PASSKEYS_MAX: Final = 20
NAME_LENGTH_MAX: Final = 60


class PasskeyTaken(Conflict):
    """The credential is registered already, or was once."""

    code = "passkey_taken"
    sentence = mark("This passkey is already registered.")
    hint = mark("Sign in with it, or make a new one.")


class TooManyPasskeys(Conflict):
    """The customer has as many passkeys as there may be."""

    code = "too_many_passkeys"
    sentence = mark("No more passkeys can be added.")
    hint = mark("Remove one that you no longer use.")


class UnknownPasskey(NotFound):
    """The customer has no such passkey."""

    code = "unknown_passkey"
    sentence = mark("We know no such passkey.")
    hint = mark("Look at the list of your passkeys.")


class PasskeyCopied(PermissionRefused):
    """The passkey's counter did not go on: there may be a copy of it. It has been removed."""

    code = "passkey_copied"
    sentence = mark("This passkey may have been copied, so it no longer signs in.")
    hint = mark("Sign in with a code and add a new passkey.")


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey. ``backed_up``: its authenticator keeps it in an account too, so a lost device does not lose it."""

    id: UUID
    customer_id: UUID
    name: str
    backup_eligible: bool
    backed_up: bool
    transports: tuple[str, ...]
    registered_at: datetime
    last_used_at: datetime | None


@transaction.atomic
def passkey_registration_options(customer_id: UUID, *, proof: str, clock: Clock = SYSTEM_CLOCK) -> dict[str, Any]:
    """Return what ``navigator.credentials.create`` takes (``PublicKeyCredentialCreationOptionsJSON``), ready for JSON.

    The proof stays good; ``register_passkey`` uses it up.

    Raises:
        UnknownCustomer: there is none. ProofNeeded: the proof is not good. TooManyPasskeys: there is no room.
    """
    known, now = customer(customer_id), clock.now()
    check_proof(customer_id, proof, now)
    mine = list(_live(customer_id))
    if len(mine) >= PASSKEYS_MAX:
        raise TooManyPasskeys
    return creation_options(
        challenge=new_challenge(Purpose.REGISTER, customer_id, now),
        user_id=customer_id.bytes,
        user_name=display_name(known, known.language),
        known=[(bytes(row.credential_id), row.transports) for row in mine],
    )


def register_passkey(
    customer_id: UUID,
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    response: Mapping[str, Any],
    name: str,
    proof: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Passkey:
    """Register what the browser made (``RegistrationResponseJSON``). Call it outside any transaction.

    The challenge is used up whatever comes of it; the proof with the registration.

    Raises:
        PasskeyRefused: the response does not prove what it should. ProofNeeded: the proof is not good.
        PasskeyTaken, TooManyPasskeys, SameIdOtherContent, UnacceptableText: what they say.
    """
    label, now = clean_text(name, field="name", length_max=NAME_LENGTH_MAX), clock.now()
    with transaction.atomic(durable=True):
        challenge = use_challenge(response, Purpose.REGISTER, customer_id, now)
    new = checked_registration(response, challenge)
    with transaction.atomic(durable=True):
        use_proof(customer_id, proof, now)
        CustomerRow.objects.select_for_update(no_key=True).get(id=customer_id)
        if _live(customer_id).count() >= PASSKEYS_MAX:
            raise TooManyPasskeys
        if PasskeyRow.objects.filter(id=id).exists():
            raise SameIdOtherContent(field="id")
        try:
            with transaction.atomic():
                row = PasskeyRow.objects.create(
                    id=id,
                    credential_id=new.credential_id,
                    customer_id=customer_id,
                    name=label,
                    public_key=new.public_key,
                    aaguid=new.aaguid,
                    sign_count=new.sign_count,
                    backup_eligible=new.backup_eligible,
                    backed_up=new.backed_up,
                    transports=new.transports,
                    registered_at=now,
                )
        except IntegrityError:
            raise PasskeyTaken(field="response") from None
        _record("people.passkey_registered", row, f"customer:{customer_id}", clock)
    return _read(row)


@transaction.atomic
def passkey_sign_in_options(*, client_address: str | None = None, clock: Clock = SYSTEM_CLOCK) -> dict[str, Any]:
    """Return what ``navigator.credentials.get`` takes (``PublicKeyCredentialRequestOptionsJSON``): any passkey of ours.

    Raises:
        TooManyRequests: asked too often from this address.
    """
    now = clock.now()
    if client_address is not None:
        count_one(PER_ADDRESS_REQUESTS, "request-address", network_of(client_address), now)
    return request_options(new_challenge(Purpose.SIGN_IN, None, now))


def passkey_sign_in(
    response: Mapping[str, Any],
    *,
    client_address: str | None = None,
    device: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> SignedIn:
    """Sign in whoever's passkey signed (``AuthenticationResponseJSON``). Call it outside any transaction.

    ``device`` is what the page says of the device, for the customer's list of sign-ins.

    Raises:
        PasskeyRefused: the response does not prove what it should; why is not told. PasskeyCopied: what it says.
        TooManyRequests: too many tries from this address.
    """
    now = clock.now()
    with transaction.atomic(durable=True):
        if client_address is not None:
            count_one(PER_ADDRESS_TRIES, "try-address", network_of(client_address), now)
        challenge = use_challenge(response, Purpose.SIGN_IN, None, now)
    with transaction.atomic(durable=True):
        outcome = _used(response, challenge, None, clock)
        if isinstance(outcome, Customer):
            return keep_sign_in(outcome, PASSKEY, client_address=client_address, device=device, now=now)
    raise outcome


@transaction.atomic
def passkey_proof_options(customer_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> dict[str, Any]:
    """Return the options by which a signed-in customer proves anew that it is them, with one of their passkeys.

    Raises:
        UnknownPasskey: they have none.
    """
    mine = list(_live(customer_id))
    if not mine:
        raise UnknownPasskey(field="customer_id")
    challenge = new_challenge(Purpose.PROOF, customer_id, clock.now())
    return request_options(challenge, [(bytes(row.credential_id), row.transports) for row in mine])


def prove_by_passkey(customer_id: UUID, *, response: Mapping[str, Any], clock: Clock = SYSTEM_CLOCK) -> Proof:
    """Return a fresh proof of a signed-in customer. Call it outside any transaction.

    Raises:
        PasskeyRefused, PasskeyCopied: as for signing in, and where the passkey is another's.
    """
    now = clock.now()
    with transaction.atomic(durable=True):
        challenge = use_challenge(response, Purpose.PROOF, customer_id, now)
    with transaction.atomic(durable=True):
        outcome = _used(response, challenge, customer_id, clock)
        if isinstance(outcome, Customer):
            return give_proof(customer_id, PASSKEY, now)
    raise outcome


def passkeys(customer_id: UUID) -> list[Passkey]:
    """Return a customer's passkeys that sign in, oldest first."""
    return [_read(row) for row in _live(customer_id)]


@transaction.atomic
def rename_passkey(customer_id: UUID, passkey_id: UUID, *, name: str) -> Passkey:
    """Call a passkey otherwise.

    Raises:
        UnknownPasskey, UnacceptableText: what they say.
    """
    label = clean_text(name, field="name", length_max=NAME_LENGTH_MAX)
    row = _locked(customer_id, passkey_id)
    row.name = label
    row.save(update_fields=["name"])
    return _read(row)


@transaction.atomic
def revoke_passkey(
    customer_id: UUID, passkey_id: UUID, *, by: Author, reason: str = "", clock: Clock = SYSTEM_CLOCK
) -> None:
    """Remove a passkey: it signs in no more.

    Raises:
        UnknownPasskey: there is none in use. NotPermitted: neither the customer, nor someone who may edit them.
    """
    institution_id = acting_for(by, CUSTOMERS_EDIT, customer_id)
    why = clean_text(reason, field="reason", length_max=500) if reason else ""
    row = _locked(customer_id, passkey_id)
    row.revoked_at, row.revoked_by = clock.now(), by.actor
    row.save(update_fields=["revoked_at", "revoked_by"])
    _record("people.passkey_revoked", row, by.actor, clock, reason=why, institution_id=institution_id)


def _used(response: Mapping[str, Any], challenge: bytes, owner: UUID | None, clock: Clock) -> Customer | RaseedError:
    """Check an assertion against the passkey it names and note its use; the caller commits, whatever is refused."""
    rows = PasskeyRow.objects.select_for_update().filter(credential_id=credential_id_in(response), revoked_at=None)
    row = rows.first()
    if row is None or (owner is not None and row.customer_id != owner):
        return PasskeyRefused(field="response")
    try:
        said = checked_assertion(
            response, challenge, bytes(row.public_key), user_id=row.customer_id.bytes, discovered=owner is None
        )
    except PasskeyRefused as refused:
        return refused
    if said.backup_eligible != row.backup_eligible:
        return PasskeyRefused(field="response")
    if _copied(row, said):
        row.revoked_at, row.revoked_by = clock.now(), "system"
        row.save(update_fields=["revoked_at", "revoked_by"])
        _record("people.passkey_copied", row, "system", clock)
        return PasskeyCopied(field="response")
    row.sign_count, row.backed_up, row.last_used_at = said.sign_count, said.backed_up, clock.now()
    row.save(update_fields=["sign_count", "backed_up", "last_used_at"])
    return customer(row.customer_id)


def _copied(row: PasskeyRow, said: Assertion) -> bool:
    """Whether the counter stood still or went back (WebAuthn 7.2, step 22); authenticators without one always say zero."""
    return bool(said.sign_count or row.sign_count) and said.sign_count <= row.sign_count


def _live(customer_id: UUID) -> Any:
    return PasskeyRow.objects.filter(customer_id=customer_id, revoked_at=None).order_by("registered_at", "id")


def _locked(customer_id: UUID, passkey_id: UUID) -> PasskeyRow:
    rows = PasskeyRow.objects.select_for_update().filter(id=passkey_id, customer_id=customer_id, revoked_at=None)
    row = rows.first()
    if row is None:
        raise UnknownPasskey(field="id")
    return row


def _record(
    action: str,
    row: PasskeyRow,
    actor: str,
    clock: Clock,
    *,
    reason: str = "",
    institution_id: UUID | None = None,
) -> None:
    record(
        actor=actor,
        action=action,
        subject=f"customer:{row.customer_id}",
        after={"passkey": str(row.id), "backup_eligible": row.backup_eligible},
        reason=reason,
        institution_id=institution_id,
        clock=clock,
    )


def _read(row: PasskeyRow) -> Passkey:
    return Passkey(
        row.id,
        row.customer_id,
        row.name,
        row.backup_eligible,
        row.backed_up,
        tuple(row.transports),
        row.registered_at,
        row.last_used_at,
    )
