"""The guard's key: what it signs, a stranger can check, with the public key and any Ed25519 (RFC 8032) at hand.

One key an installation, derived from a file outside the database (``RASEED_HOME/keys/release-guard``); its public half
stands beside it, and in every report.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from raseed.platform import api as platform

SECRET: Final = "release-guard"  # noqa: S105  (the name of a file, not what is in it)
KEY_ID_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature: by which key, and the signature itself, both as text."""

    key: str
    signature: str


def public_key() -> str:
    """Return the guard's public key (base64 of 32 bytes); it is kept beside the secret, to be handed out."""
    text = base64.b64encode(_key().public_key().public_bytes_raw()).decode()
    path = Path(settings.HOME) / "keys" / f"{SECRET}.public"
    if not path.exists():
        path.write_text(text + "\n", encoding="ascii")
    return text


def key_id(public: str) -> str:
    """Return the short name of a public key, by which people tell keys apart."""
    return hashlib.sha256(base64.b64decode(public)).hexdigest()[:KEY_ID_LENGTH]


def sign(purpose: str, content: bytes) -> Signed:
    """Sign content for a purpose, so that a signature of one thing is none of another."""
    return Signed(public_key(), base64.b64encode(_key().sign(_said(purpose, content))).decode())


def is_signed(purpose: str, content: bytes, signed: Signed) -> bool:
    """Whether a signature is the named key's over the content; whether that key is ours is for the caller to look at."""
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(signed.key, validate=True))
        public.verify(base64.b64decode(signed.signature, validate=True), _said(purpose, content))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _said(purpose: str, content: bytes) -> bytes:
    """Return what is signed: a line that names format and purpose, then the SHA-256 of the content."""
    return f"raseed-guard-v1 {purpose}\n".encode() + hashlib.sha256(content).digest()


def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(platform.keyed_hash(SECRET, "sign"))
