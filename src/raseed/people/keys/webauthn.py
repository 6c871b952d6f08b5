"""The WebAuthn ceremonies: challenges that are used once, options for the browser, and what its answers must prove.

``fido2`` parses and verifies; this says for which domain and origins, which algorithms, and that the person was verified.
Whatever is wrong with an answer is one refusal: who tries learns nothing from it.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django.conf import settings
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestationObject,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
)

from raseed.kernel.errors import PermissionRefused, mark

from ..models import ChallengeRow

CHALLENGE_LIFE: Final = timedelta(minutes=5)
ALGORITHMS: Final = (-8, -7, -257)
"""EdDSA, ES256, RS256 (COSE): what authenticators have, in the order we like them."""
RESPONSE_BYTES_MAX: Final = 65_536
CREDENTIAL_ID_BYTES_MAX: Final = 1_023
TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})
RP_NAME: Final = "Raseed"
_CHALLENGE_BYTES: Final = 32
_WHATEVER_IS_WRONG: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    AssertionError,
    NotImplementedError,
    struct.error,
    InvalidSignature,
    UnsupportedAlgorithm,
)
"""What the library raises over answers that are not what they should be."""

Known = Sequence[tuple[bytes, Sequence[str]]]
"""Credential ids with their transports."""


class PasskeyRefused(PermissionRefused):
    """The browser's answer is not what it must be, for this challenge, this site and this person."""

    code = "passkey_refused"
    sentence = mark("This passkey could not be used.")
    hint = mark("Try once more, or sign in with a code.")


class Purpose(StrEnum):
    """What a challenge is for; an answer to one is none to another."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Registration:
    """A new credential: ``public_key`` is COSE, in CBOR."""

    credential_id: bytes
    public_key: bytes
    aaguid: UUID
    sign_count: int
    backup_eligible: bool
    backed_up: bool
    transports: list[str]


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a known credential says of itself when it signs."""

    sign_count: int
    backup_eligible: bool
    backed_up: bool


def new_challenge(purpose: Purpose, customer_id: UUID | None, now: datetime) -> bytes:
    """Make and keep a challenge, in the caller's transaction."""
    challenge = os.urandom(_CHALLENGE_BYTES)
    ChallengeRow.objects.create(
        challenge_hash=_hash(challenge), purpose=purpose.value, customer_id=customer_id, expires_at=now + CHALLENGE_LIFE
    )
    return challenge


def use_challenge(response: Mapping[str, Any], purpose: Purpose, customer_id: UUID | None, now: datetime) -> bytes:
    """Use up and return the challenge that an answer answers, in the caller's transaction, which must commit.

    Raises:
        PasskeyRefused: it is none of ours for this purpose and person, too old, or was used.
    """
    challenge = _client_data(response).challenge
    used, _ = ChallengeRow.objects.filter(
        challenge_hash=_hash(challenge), purpose=purpose.value, customer_id=customer_id, expires_at__gt=now
    ).delete()
    if not used:
        raise PasskeyRefused(field="response")
    return challenge


def creation_options(*, challenge: bytes, user_id: bytes, user_name: str, known: Known) -> dict[str, Any]:
    """Return ``PublicKeyCredentialCreationOptionsJSON``: a discoverable credential, the person verified, no attestation."""
    return {
        "rp": {"id": domain(), "name": RP_NAME},
        "user": {"id": websafe_encode(user_id), "name": user_name, "displayName": user_name},
        "challenge": websafe_encode(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": _milliseconds(CHALLENGE_LIFE),
        "excludeCredentials": _descriptors(known),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "extensions": {"credProps": True},
    }


def request_options(challenge: bytes, known: Known = ()) -> dict[str, Any]:
    """Return ``PublicKeyCredentialRequestOptionsJSON``; without ``known`` any discoverable credential of this site."""
    return {
        "challenge": websafe_encode(challenge),
        "timeout": _milliseconds(CHALLENGE_LIFE),
        "rpId": domain(),
        "allowCredentials": _descriptors(known),
        "userVerification": "required",
    }


def credential_id_in(response: Mapping[str, Any]) -> bytes:
    """Return the id of the credential that an answer says it is of.

    Raises:
        PasskeyRefused: it says none.
    """
    try:
        return bytes(websafe_decode(response["rawId"] if "rawId" in response else response["id"]))
    except _WHATEVER_IS_WRONG:
        raise PasskeyRefused(field="response") from None


def checked_registration(response: Mapping[str, Any], challenge: bytes) -> Registration:
    """Return the credential that an answer registers, if it answers ``challenge``, for this site, by a verified person.

    Raises:
        PasskeyRefused: it does not.
    """
    try:
        _bounded(response)
        parsed = RegistrationResponse.from_dict(response)
        _same_site(parsed.response.client_data)
        data = _server().register_complete(_state(challenge), parsed)
        credential = data.credential_data
        assert credential is not None
        _fit_flags(data)
        if credential.public_key.get(3) not in ALGORITHMS or credential.credential_id != parsed.raw_id:
            raise ValueError("not what was asked for")
        if not 0 < len(credential.credential_id) <= CREDENTIAL_ID_BYTES_MAX:
            raise ValueError("a credential id of no length")
        _unasked_attestation(parsed.response.attestation_object)
        transports = response["response"].get("transports") or []
        return Registration(
            credential_id=bytes(credential.credential_id),
            public_key=cbor.encode(dict(credential.public_key)),
            aaguid=UUID(bytes=bytes(credential.aaguid)),
            sign_count=data.counter,
            backup_eligible=data.is_backup_eligible(),
            backed_up=data.is_backed_up(),
            transports=sorted(TRANSPORTS.intersection(transports)),
        )
    except _WHATEVER_IS_WRONG:
        raise PasskeyRefused(field="response") from None


def checked_assertion(
    response: Mapping[str, Any], challenge: bytes, public_key: bytes, *, user_id: bytes, discovered: bool
) -> Assertion:
    """Return what a credential says of itself, if it signed ``challenge``, for this site, by a verified person.

    ``user_id`` is its owner's, which the credential has to name where it was ``discovered`` rather than asked for.

    Raises:
        PasskeyRefused: it did not.
    """
    try:
        _bounded(response)
        parsed = AuthenticationResponse.from_dict(response)
        _same_site(parsed.response.client_data)
        if parsed.response.user_handle not in (None, user_id):
            raise ValueError("another's user handle")
        if parsed.response.user_handle is None and discovered:
            raise ValueError("no user handle")
        key = CoseKey.parse(cast(Mapping[int, Any], cbor.decode(public_key)))
        credential = AttestedCredentialData.create(bytes(16), parsed.raw_id, key)
        _server().authenticate_complete(_state(challenge), [credential], parsed)
        data = parsed.response.authenticator_data
        _fit_flags(data)
        return Assertion(data.counter, data.is_backup_eligible(), data.is_backed_up())
    except _WHATEVER_IS_WRONG:
        raise PasskeyRefused(field="response") from None


def domain() -> str:
    """Return the domain that passkeys belong to (the RP id)."""
    return str(settings.PASSKEY_DOMAIN)


def origin_allowed(origin: str) -> bool:
    """Say whether answers from pages of ``origin`` are taken: those set, else HTTPS on the domain, or localhost."""
    if settings.PASSKEY_ORIGINS:
        return origin in settings.PASSKEY_ORIGINS
    parts = urlsplit(origin)
    return parts.hostname == domain() and (parts.scheme == "https" or (parts.scheme, domain()) == ("http", "localhost"))


def _server() -> Fido2Server:
    return Fido2Server(
        PublicKeyCredentialRpEntity(name=RP_NAME, id=domain()),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=origin_allowed,
    )


def _state(challenge: bytes) -> dict[str, str]:
    return {"challenge": websafe_encode(challenge), "user_verification": "required"}


def _client_data(response: Mapping[str, Any]) -> CollectedClientData:
    try:
        _bounded(response)
        return CollectedClientData(websafe_decode(response["response"]["clientDataJSON"]))
    except _WHATEVER_IS_WRONG:
        raise PasskeyRefused(field="response") from None


def _bounded(response: object) -> None:
    if not isinstance(response, Mapping) or len(json.dumps(response)) > RESPONSE_BYTES_MAX:
        raise ValueError("no answer, or one too long")


def _same_site(data: CollectedClientData) -> None:
    """Refuse an answer made in a frame of another site."""
    if data.cross_origin:
        raise ValueError("made in another site's frame")


def _fit_flags(data: AuthenticatorData) -> None:
    """A key is backed up only if it can be (WebAuthn 7.1, step 17)."""
    if data.is_backed_up() and not data.is_backup_eligible():
        raise ValueError("backed up, but can't be")


def _unasked_attestation(attestation: AttestationObject) -> None:
    """An empty statement is empty; others are not looked at, since none was asked for."""
    if attestation.fmt == "none" and attestation.att_stmt:
        raise ValueError("a statement where there is none")


def _descriptors(known: Known) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": websafe_encode(credential_id), "transports": list(transports)}
        for credential_id, transports in known
    ]


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _hash(challenge: bytes) -> bytes:
    return hashlib.sha256(challenge).digest()
