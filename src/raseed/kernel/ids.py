"""Client-made ids: 128 bits, written as lower-case UUIDs.

Ours are version 7 (RFC 9562 section 5.7): they sort by the millisecond they were made in, which keeps the ledger's
indexes compact. Any non-zero 128-bit id of a client's is accepted; only its text form is fixed.
"""

from __future__ import annotations

import os
import re
import time
from typing import Final
from uuid import UUID

from .errors import InputError, mark

_HEX: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
ID_MAX: Final = (1 << 128) - 1


class InvalidId(InputError):
    """A text that is no id."""

    code = "invalid_id"
    sentence = mark("This is not a valid identifier.")
    hint = mark("Send a lower-case UUID that is not zero.")


def new_id(*, at_ms: int | None = None) -> UUID:
    """Return a new version-7 id; ``at_ms`` (Unix milliseconds) places it in time, the present by default."""
    milliseconds = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    random = int.from_bytes(os.urandom(10))
    return UUID(
        int=(milliseconds & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | (random >> 62 & 0xFFF) << 64
        | 0b10 << 62
        | random & 0x3FFF_FFFF_FFFF_FFFF
    )


def parse_id(text: object, *, field: str | None = None) -> UUID:
    """Read an id as it goes over the wire.

    Raises:
        InvalidId: it is not a lower-case UUID, or it is zero or all ones (both are reserved).
    """
    if not isinstance(text, str) or not _HEX.match(text):
        raise InvalidId(field=field)
    parsed = UUID(text)
    if not 0 < parsed.int < ID_MAX:
        raise InvalidId(field=field)
    return parsed
