"""HTTP Message Signatures (RFC 9421, Ed25519) as docs/biller-api.md asks for, from a biller's side."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

AGE_SECONDS_MAX: Final = 300
_INPUT: Final = re.compile(
    r'raseed=(\("@method" "@path" "content-digest"\);created=([0-9]+);nonce="([^"]+)";keyid="([^"]+)";alg="ed25519")\Z'
)
_GIVEN: Final = re.compile(r"raseed=(:([A-Za-z0-9+/=]+):)\Z")


def digest_of(body: bytes) -> str:
    """Return the header ``Content-Digest``."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def request_is_signed(
    path: str, headers: Mapping[str, str], body: bytes, keys: Mapping[str, Ed25519PublicKey], now: int
) -> str | None:
    """Return the nonce of a rightly signed request, else ``None``."""
    found, given = _INPUT.match(headers.get("signature-input", "")), _GIVEN.match(headers.get("signature", ""))
    if found is None or given is None or found[4] not in keys or headers.get("content-digest") != digest_of(body):
        return None
    if abs(now - int(found[2])) > AGE_SECONDS_MAX:
        return None
    base = f'"@method": POST\n"@path": {path}\n"content-digest": {digest_of(body)}\n"@signature-params": {found[1]}'
    try:
        keys[found[4]].verify(base64.b64decode(given[2]), base.encode())
    except (InvalidSignature, ValueError):
        return None
    return found[3]


def sign(key: Ed25519PrivateKey, key_id: str, status: int, body: bytes, asked: str, created: int) -> dict[str, str]:
    """Return the headers that sign an answer; ``asked`` is the request's header ``Signature``."""
    parameters = (
        f'("@status" "content-digest" "signature";req;key="raseed");created={created};keyid="{key_id}";alg="ed25519"'
    )
    digest = digest_of(body)
    base = (
        f'"@status": {status}\n"content-digest": {digest}\n"signature";req;key="raseed": {asked.removeprefix("raseed=")}\n'
        f'"@signature-params": {parameters}'
    )
    return {
        "content-digest": digest,
        "signature-input": f"biller={parameters}",
        "signature": f"biller=:{base64.b64encode(key.sign(base.encode())).decode()}:",
    }
