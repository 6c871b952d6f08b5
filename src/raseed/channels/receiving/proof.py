"""Proving who delivers: over the bytes as they came, in constant time, before anything is parsed.

Sources: Meta, "Webhooks from Meta: verification requests, validating payloads"; Telegram Bot API, ``setWebhook``
(``secret_token``); X, "Securing webhooks" (CRC and signature); for text messages our own docs/sms-in.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from ..domain import Channel
from .errors import SignatureMissing, SignatureWrong

PREFIX: Final = b"sha256="
HEADERS: Final[Mapping[Channel, bytes]] = {
    Channel.WHATSAPP: b"x-hub-signature-256",
    Channel.TELEGRAM: b"x-telegram-bot-api-secret-token",
    Channel.X: b"x-twitter-webhooks-signature",
    Channel.SMS: b"x-raseed-signature-256",
}


def check(channel: Channel, headers: Mapping[bytes, bytes], body: bytes, *accepted: str) -> None:
    """Refuse a delivery that its provider did not prove by one of the secrets that are accepted: while one is replaced, two are.

    Raises:
        SignatureMissing: it carries no proof. SignatureWrong: not one of these bytes.
    """
    said = headers.get(HEADERS[channel])
    if not said:
        raise SignatureMissing
    if channel is Channel.TELEGRAM:
        known = [hmac.compare_digest(said, secret.encode()) for secret in accepted]
    else:
        given = _given(channel, said)
        known = [given is not None and hmac.compare_digest(given, digest(secret, body)) for secret in accepted]
    if not any(known):
        raise SignatureWrong


def digest(secret: str, content: bytes) -> bytes:
    """Return HMAC-SHA256 of some bytes."""
    return hmac.digest(secret.encode(), content, hashlib.sha256)


def crc_answer(secret: str, token: bytes) -> str:
    """Return what X wants to be answered to its question (CRC)."""
    return "sha256=" + base64.b64encode(digest(secret, token)).decode()


def _given(channel: Channel, said: bytes) -> bytes | None:
    if not said.startswith(PREFIX):
        return None
    try:
        if channel is Channel.X:
            return base64.b64decode(said[len(PREFIX) :], validate=True)
        return bytes.fromhex(said[len(PREFIX) :].decode("ascii"))
    except (ValueError, binascii.Error):
        return None
