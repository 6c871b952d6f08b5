"""A software authenticator and a browser, for tests: real keys, real signatures, written from the WebAuthn specification.

It shares nothing with the server's library: authenticator data and CBOR are put together here, byte by byte.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
ORIGIN = "http://localhost:8000"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """Encode the few kinds of values that WebAuthn needs, in canonical order."""
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    assert isinstance(value, dict)
    items = sorted((cbor(key), cbor(each)) for key, each in value.items())
    return _head(5, len(items)) + b"".join(key + each for key, each in items)


def _head(major: int, count: int) -> bytes:
    if count < 24:
        return bytes([major << 5 | count])
    size = 1 if count < 1 << 8 else 2 if count < 1 << 16 else 4
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26}[size]]) + count.to_bytes(size)


@dataclass
class Credential:
    """A discoverable credential in the authenticator."""

    id: bytes
    key: ec.EllipticCurvePrivateKey
    rp_id: str
    user_handle: bytes
    counter: int = 0


@dataclass
class Authenticator:
    """Keeps credentials and signs; the flags and steps that a test wants otherwise are fields."""

    flags: int = PRESENT | VERIFIED
    step: int = 1
    alg: int = -7
    origin: str = ORIGIN
    rp_id: str | None = None
    cross_origin: bool = False
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """Do as ``navigator.credentials.create`` and ``toJSON`` do."""
        rp_id = self.rp_id or options["rp"]["id"]
        new = Credential(os.urandom(32), ec.generate_private_key(ec.SECP256R1()), rp_id, unb64(options["user"]["id"]))
        self.credentials.append(new)
        point = new.key.public_key().public_numbers()
        cose = {1: 2, 3: self.alg, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        attested = bytes(16) + len(new.id).to_bytes(2) + new.id + cbor(cose)
        data = self._data(rp_id, self.flags | ATTESTED, new.counter) + attested
        return {
            "id": b64(new.id),
            "rawId": b64(new.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": {
                "clientDataJSON": b64(self._client_data("webauthn.create", options["challenge"])),
                "attestationObject": b64(cbor({"fmt": "none", "attStmt": {}, "authData": data})),
                "transports": ["internal", "hybrid", "carrier-pigeon"],
            },
            **changes,
        }

    def get(
        self, options: Mapping[str, Any], *, credential: Credential | None = None, **response: Any
    ) -> dict[str, Any]:
        """Do as ``navigator.credentials.get`` and ``toJSON`` do."""
        allowed = [unb64(one["id"]) for one in options["allowCredentials"]]
        chosen = credential or next(one for one in self.credentials if not allowed or one.id in allowed)
        chosen.counter += self.step
        data = self._data(self.rp_id or options["rpId"], self.flags, chosen.counter)
        client_data = self._client_data("webauthn.get", options["challenge"])
        signature = chosen.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return {
            "id": b64(chosen.id),
            "rawId": b64(chosen.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(client_data),
                "authenticatorData": b64(data),
                "signature": b64(signature),
                "userHandle": b64(chosen.user_handle),
                **response,
            },
        }

    def _data(self, rp_id: str, flags: int, counter: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + counter.to_bytes(4)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin}
        return json.dumps(said).encode()
