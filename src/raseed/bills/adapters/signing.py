"""Signatures both ways: HTTP Message Signatures (RFC 9421) with Ed25519, over the digest of the body (RFC 9530).

An answer's signature covers the signature of its request, so an answer that was recorded fits no other question. Our keys
are derived from one file outside the database, one a biller and generation; of a biller's only the public half is known
here, so nobody here can make what it signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from raseed.platform.keys import keyed_hash

from ..wrongs import AnswerRefused, FindingKind

KEY: Final = "billers"
LABEL: Final = "raseed"
ANSWER_LABEL: Final = "biller"
AGE_SECONDS_MAX: Final = 300
"""How far the signer's clock may be from ours."""
REQUEST_PARTS: Final = '("@method" "@path" "content-digest")'
ANSWER_PARTS: Final = f'("@status" "content-digest" "signature";req;key="{LABEL}")'
_PARAMETERS: Final = re.compile(
    r'(?P<parts>\([^)]*\));created=(?P<created>[0-9]{1,12})(;nonce="(?P<nonce>[A-Za-z0-9_-]{16,64})")?'
    r';keyid="(?P<keyid>[A-Za-z0-9_.:-]{1,80})";alg="ed25519"\Z'
)
_SIGNATURE: Final = re.compile(r":(?P<text>[A-Za-z0-9+/]{86}==):\Z")


def our_key_id(code: str, generation: int) -> str:
    """Return the id of the key that we sign with for a biller."""
    return f"{code}.{generation}"


@lru_cache(maxsize=4096)
def our_key(biller_id: UUID, generation: int) -> Ed25519PrivateKey:
    """Return the key that we sign with for a biller."""
    return Ed25519PrivateKey.from_private_bytes(keyed_hash(KEY, "sign", str(biller_id), str(generation)))


def our_public_key_text(biller_id: UUID, generation: int) -> str:
    """Return the public half of it as the biller keeps it: base64 of 32 bytes."""
    return base64.b64encode(our_key(biller_id, generation).public_key().public_bytes_raw()).decode()


@lru_cache(maxsize=4096)
def public_key(raw: bytes) -> Ed25519PublicKey:
    """Return a public key from its 32 bytes; ``ValueError`` where they are none."""
    return Ed25519PublicKey.from_public_bytes(raw)


def content_digest(body: bytes) -> str:
    """Return the header ``Content-Digest`` of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sign_request(
    *, key: Ed25519PrivateKey, key_id: str, path: str, body: bytes, created: int, nonce: str
) -> dict[str, str]:
    """Return the headers that sign a POST."""
    digest = content_digest(body)
    parameters = f'{REQUEST_PARTS};created={created};nonce="{nonce}";keyid="{key_id}";alg="ed25519"'
    return _headers(LABEL, key, _request_base(path, digest, parameters), digest, parameters)


def sign_answer(
    *, key: Ed25519PrivateKey, key_id: str, status: int, body: bytes, created: int, request_signature: str
) -> dict[str, str]:
    """Return the headers that sign an answer: what a biller does."""
    digest = content_digest(body)
    parameters = f'{ANSWER_PARTS};created={created};keyid="{key_id}";alg="ed25519"'
    base = _answer_base(status, digest, request_signature, parameters)
    return _headers(ANSWER_LABEL, key, base, digest, parameters)


def request_signature(headers: Mapping[str, str]) -> str:
    """Return the signature of a request as an answer to it covers it: ``:base64:``."""
    return headers["signature"].partition("=")[2]


def check_answer(
    *, status: int, headers: Mapping[str, str], body: bytes, asked: str, keys: Mapping[str, bytes], now: int
) -> Mapping[str, str]:
    """Check an answer's signature, and return what proves it, to be kept.

    Args:
        status: of the answer.
        headers: of the answer, names in lower case.
        body: of the answer.
        asked: the signature of our request.
        keys: the biller's public keys that are valid now, by id.
        now: Unix seconds.

    Raises:
        AnswerRefused: not signed, wrongly, or at another time.
    """
    written, signature = headers.get("signature-input", ""), headers.get("signature", "")
    if not written or not signature:
        raise AnswerRefused(FindingKind.NOT_SIGNED, status=status)
    parameters = _PARAMETERS.match(written.removeprefix(f"{ANSWER_LABEL}="))
    given = _SIGNATURE.match(signature.removeprefix(f"{ANSWER_LABEL}="))
    digest = content_digest(body)
    wrong = AnswerRefused(FindingKind.WRONG_SIGNATURE, status=status)
    if parameters is None or given is None or parameters["parts"] != ANSWER_PARTS:
        raise wrong
    if headers.get("content-digest") != digest or parameters["keyid"] not in keys:
        raise wrong
    base = _answer_base(status, digest, asked, parameters.group(0))
    if not _verifies(keys[parameters["keyid"]], given["text"], base):
        raise wrong
    if abs(now - int(parameters["created"])) > AGE_SECONDS_MAX:
        raise AnswerRefused(FindingKind.STALE, seconds=now - int(parameters["created"]))
    return {"key": parameters["keyid"], "base": base, "signature": given["text"]}


def check_request(
    *, path: str, headers: Mapping[str, str], body: bytes, keys: Mapping[str, bytes], now: int
) -> tuple[str, str] | None:
    """Return key id and nonce of a request that is rightly signed, else ``None``: what a biller checks."""
    parameters = _PARAMETERS.match(headers.get("signature-input", "").removeprefix(f"{LABEL}="))
    given = _SIGNATURE.match(headers.get("signature", "").removeprefix(f"{LABEL}="))
    digest = content_digest(body)
    if parameters is None or given is None or parameters["parts"] != REQUEST_PARTS or not parameters["nonce"]:
        return None
    known = keys.get(parameters["keyid"])
    if known is None or headers.get("content-digest") != digest:
        return None
    if abs(now - int(parameters["created"])) > AGE_SECONDS_MAX:
        return None
    if not _verifies(known, given["text"], _request_base(path, digest, parameters.group(0))):
        return None
    return parameters["keyid"], parameters["nonce"]


def _headers(label: str, key: Ed25519PrivateKey, base: str, digest: str, parameters: str) -> dict[str, str]:
    signature = base64.b64encode(key.sign(base.encode())).decode()
    return {
        "content-digest": digest,
        "signature-input": f"{label}={parameters}",
        "signature": f"{label}=:{signature}:",
    }


def _request_base(path: str, digest: str, parameters: str) -> str:
    return f'"@method": POST\n"@path": {path}\n"content-digest": {digest}\n"@signature-params": {parameters}'


def _answer_base(status: int, digest: str, asked: str, parameters: str) -> str:
    return (
        f'"@status": {status}\n"content-digest": {digest}\n"signature";req;key="{LABEL}": {asked}\n'
        f'"@signature-params": {parameters}'
    )


def _verifies(raw: bytes, signature: str, base: str) -> bool:
    try:
        public_key(raw).verify(base64.b64decode(signature), base.encode())
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
