"""Client-made ids: 128 bits, written as lower-case UUIDs.

Ours are version 7 (RFC 9562 section 5.7): they sort by the time they were made, to a quarter of a microsecond (its
section 6.2, method 3), which keeps the ledger's indexes compact and their right edge warm. Any non-zero 128-bit id of a client's is accepted; only its text form is fixed.
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
_INSTANT: Final = (1 << 48) - 1
_TAIL: Final = (1 << 62) - 1


class InvalidId(InputError):
    """A text that is no id."""

    code = "invalid_id"
    sentence = mark("This is not a valid identifier.")
    hint = mark("Send a lower-case UUID that is not zero.")


def new_id(*, at_ms: int | None = None) -> UUID:
    """Return a new version-7 id; ``at_ms`` (Unix milliseconds) places it in time, the present by default."""
    random = int.from_bytes(os.urandom(10))
    if at_ms is None:
        milliseconds, rest_ns = divmod(time.time_ns(), 1_000_000)
        fraction = (rest_ns << 12) // 1_000_000
    else:
        milliseconds, fraction = at_ms, random >> 62 & 0xFFF
    return laid_out(milliseconds, fraction << 62 | random & _TAIL)


def laid_out(milliseconds: int, bits: int) -> UUID:
    """Return the version-7 id of an instant (Unix milliseconds) and of 74 bits that are random, seeded or a hash."""
    return UUID(
        int=(milliseconds & _INSTANT) << 80 | 0x7 << 76 | (bits >> 62 & 0xFFF) << 64 | 0b10 << 62 | bits & _TAIL
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
