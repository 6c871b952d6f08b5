"""Device keys: the P-256 key of a person's phone or browser, with which it signs instructions (WebCrypto, ECDSA, SHA-256).

A key is enrolled with a fresh proof (a code or a passkey) and with a signature by itself, so nobody enrols a key that is not
theirs. Signatures are in the form WebCrypto makes: r and s, 32 bytes each, one after the other (IEEE P1363). A key is one
person's for ever: a revoked one is not enrolled again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import Conflict, InputError, NotFound, PermissionRefused, mark
from raseed.kernel.text import clean_text
from raseed.platform.api import SameIdOtherContent, record

from ..authority import Author
from ..models import CustomerRow, DeviceKeyRow
from ..permissions import CUSTOMERS_EDIT
from ..sign_in.proofs import use_proof
from ..standing import acting_for

DEVICE_KEYS_MAX: Final = 10
NAME_LENGTH_MAX: Final = 60
USED_STEP: Final = timedelta(minutes=5)
"""The last use is written down at most this often."""
_SPKI_BYTES_MAX: Final = 200
_HALF: Final = 32


class InvalidDeviceKey(InputError):
    """Not a P-256 public key in SPKI form, or not signed by itself."""

    code = "invalid_device_key"
    sentence = mark("This device's key can't be used.")
    hint = mark("Open the app again on this device and try once more.")


class DeviceKeyTaken(Conflict):
    """The key is enrolled already, or was once."""

    code = "device_key_taken"
    sentence = mark("This device's key is already known.")
    hint = mark("Let the app make a new key.")


class TooManyDeviceKeys(Conflict):
    """The customer has as many device keys as there may be."""

    code = "too_many_device_keys"
    sentence = mark("No more devices can be added.")
    hint = mark("Remove a device that you no longer use.")


class UnknownDeviceKey(NotFound):
    """The customer has no such device key."""

    code = "unknown_device_key"
    sentence = mark("We know no such device.")
    hint = mark("Look at the list of devices.")


class DeviceSignatureRefused(PermissionRefused):
    """The signature is not this device's over these bytes, or the device was removed."""

    code = "device_signature_refused"
    sentence = mark("We can't tell that this comes from your device.")
    hint = mark("Sign in and add this device again.")


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """An enrolled key. ``public_key`` is DER (SubjectPublicKeyInfo); ``proven_by`` is ``code`` or ``passkey``."""

    id: UUID
    customer_id: UUID
    name: str
    public_key: bytes
    proven_by: str
    enrolled_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def enrolment_message(key_id: UUID, proof: str) -> bytes:
    """Return the bytes that a new key signs to show that it is there: UTF-8, three lines, no line end after the last."""
    return f"raseed device key v1\n{key_id}\n{proof}".encode()


@transaction.atomic
def enrol_device_key(
    customer_id: UUID,
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    name: str,
    public_key: bytes,
    signature: bytes,
    proof: str,
    clock: Clock = SYSTEM_CLOCK,
) -> DeviceKey:
    """Enrol a device's key; the same key under the same id again returns it.

    Args:
        customer_id: whose device.
        id: the client's.
        name: what its owner calls the device.
        public_key: DER, as ``crypto.subtle.exportKey("spki", …)`` gives it.
        signature: by the key over ``enrolment_message(id, proof)``, 64 bytes.
        proof: the token of a fresh proof, which this uses up.
        clock: tells when.

    Raises:
        InvalidDeviceKey, UnacceptableText: what they say. ProofNeeded: the proof is not good.
        DeviceKeyTaken, TooManyDeviceKeys, SameIdOtherContent: what they say.
    """
    key, label = _readable(public_key), clean_text(name, field="name", length_max=NAME_LENGTH_MAX)
    canonical = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    known = DeviceKeyRow.objects.filter(id=id).first()
    if known is not None:
        if (known.customer_id, bytes(known.public_key)) != (customer_id, canonical):
            raise SameIdOtherContent(field="id")
        return _read(known)
    if not _signed(key, enrolment_message(id, proof), signature):
        raise InvalidDeviceKey(field="signature")
    now = clock.now()
    how = use_proof(customer_id, proof, now)
    CustomerRow.objects.select_for_update(no_key=True).get(id=customer_id)
    if DeviceKeyRow.objects.filter(customer_id=customer_id, revoked_at=None).count() >= DEVICE_KEYS_MAX:
        raise TooManyDeviceKeys
    try:
        with transaction.atomic():
            row = DeviceKeyRow.objects.create(
                id=id, customer_id=customer_id, name=label, public_key=canonical, proven_by=how, enrolled_at=now
            )
    except IntegrityError:
        raise DeviceKeyTaken(field="public_key") from None
    _record("people.device_key_enrolled", row, f"customer:{customer_id}", {"proven_by": how}, clock)
    return _read(row)


def device_keys(customer_id: UUID) -> list[DeviceKey]:
    """Return a customer's device keys that are in use, oldest first."""
    rows = DeviceKeyRow.objects.filter(customer_id=customer_id, revoked_at=None).order_by("enrolled_at", "id")
    return [_read(row) for row in rows]


@transaction.atomic
def rename_device_key(customer_id: UUID, key_id: UUID, *, name: str) -> DeviceKey:
    """Call a device otherwise.

    Raises:
        UnknownDeviceKey, UnacceptableText: what they say.
    """
    label = clean_text(name, field="name", length_max=NAME_LENGTH_MAX)
    row = _locked(customer_id, key_id)
    row.name = label
    row.save(update_fields=["name"])
    return _read(row)


@transaction.atomic
def revoke_device_key(
    customer_id: UUID, key_id: UUID, *, by: Author, reason: str = "", clock: Clock = SYSTEM_CLOCK
) -> None:
    """Remove a device: nothing it signs counts from now on.

    Raises:
        UnknownDeviceKey: there is none in use. NotPermitted: neither the customer, nor someone who may edit them.
    """
    institution_id = acting_for(by, CUSTOMERS_EDIT, customer_id)
    row = _locked(customer_id, key_id)
    row.revoked_at, row.revoked_by = clock.now(), by.actor
    row.save(update_fields=["revoked_at", "revoked_by"])
    why = clean_text(reason, field="reason", length_max=500) if reason else ""
    _record("people.device_key_revoked", row, by.actor, None, clock, reason=why, institution_id=institution_id)


def revoke_all_device_keys(customer_id: UUID, *, actor: str, now: datetime) -> int:
    """Remove all devices of a customer, in the caller's transaction; return how many."""
    rows = DeviceKeyRow.objects.filter(customer_id=customer_id, revoked_at=None)
    return rows.update(revoked_at=now, revoked_by=actor)


def verify_device_signature(
    key_id: UUID, *, message: bytes, signature: bytes, clock: Clock = SYSTEM_CLOCK
) -> DeviceKey:
    """Return the enrolled key whose ``signature`` (64 bytes, r and s) over ``message`` this is, and note its use.

    Raises:
        DeviceSignatureRefused: it is not, or the key is unknown or revoked.
    """
    row = DeviceKeyRow.objects.filter(id=key_id, revoked_at=None).first()
    if row is None or not _signed(_readable(bytes(row.public_key)), message, signature):
        raise DeviceSignatureRefused(field="signature")
    now = clock.now()
    if row.last_used_at is None or now - row.last_used_at >= USED_STEP:
        DeviceKeyRow.objects.filter(id=key_id, revoked_at=None).update(last_used_at=now)
        row.last_used_at = now
    return _read(row)


def _readable(public_key: bytes) -> ec.EllipticCurvePublicKey:
    if len(public_key) > _SPKI_BYTES_MAX:
        raise InvalidDeviceKey(field="public_key")
    try:
        key = load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidDeviceKey(field="public_key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidDeviceKey(field="public_key")
    return key


def _signed(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    if len(signature) != 2 * _HALF:
        return False
    pair = (int.from_bytes(signature[:_HALF]), int.from_bytes(signature[_HALF:]))
    try:
        key.verify(encode_dss_signature(*pair), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _locked(customer_id: UUID, key_id: UUID) -> DeviceKeyRow:
    row = DeviceKeyRow.objects.select_for_update().filter(id=key_id, customer_id=customer_id, revoked_at=None).first()
    if row is None:
        raise UnknownDeviceKey(field="id")
    return row


def _record(
    action: str,
    row: DeviceKeyRow,
    actor: str,
    after: dict[str, str] | None,
    clock: Clock,
    *,
    reason: str = "",
    institution_id: UUID | None = None,
) -> None:
    record(
        actor=actor,
        action=action,
        subject=f"customer:{row.customer_id}",
        after={"device_key": str(row.id), **(after or {})},
        reason=reason,
        institution_id=institution_id,
        clock=clock,
    )


def _read(row: DeviceKeyRow) -> DeviceKey:
    return DeviceKey(
        row.id,
        row.customer_id,
        row.name,
        bytes(row.public_key),
        row.proven_by,
        row.enrolled_at,
        row.last_used_at,
        row.revoked_at,
    )
