"""Page markers for lists that are read by key ("after this row"), never by offset: opaque to the reader, signed by us."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from typing import Final

from .domain import InvalidCursor
from .keys import keyed_hash

CURSOR_LENGTH_MAX: Final = 400
_TAG_BYTES: Final = 12
_KEY: Final = "cursors"

CursorValue = str | int | None


def encode_cursor(kind: str, *values: CursorValue) -> str:
    """Return the marker of a place in the list called ``kind``: URL-safe text that only ``decode_cursor`` reads."""
    body = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(_tag(kind, body) + body).decode().rstrip("=")
    if len(text) > CURSOR_LENGTH_MAX:
        raise ValueError("the values of a cursor are too long")
    return text


def decode_cursor(kind: str, text: str) -> tuple[CursorValue, ...]:
    """Return the values that ``encode_cursor`` was given for the same ``kind``.

    Raises:
        InvalidCursor: it was altered, made for another list, or never ours.
    """
    if len(text) > CURSOR_LENGTH_MAX or not text.isascii():
        raise InvalidCursor(field="cursor")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise InvalidCursor(field="cursor") from None
    tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(kind, body)):
        raise InvalidCursor(field="cursor")
    return tuple(json.loads(body))


def _tag(kind: str, body: bytes) -> bytes:
    return keyed_hash(_KEY, kind, body.decode("utf-8", "replace"))[:_TAG_BYTES]
