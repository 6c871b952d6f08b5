"""What an authenticator app does (TOTP, RFC 6238): six digits of a secret and the time. It knows nothing of Raseed's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

STEP_S: Final = 30
_DIGITS: Final = 6


def code_at(secret: str, at: datetime, *, steps_ago: int = 0) -> str:
    """Return what the app shows at an instant, or some half minutes before, for a secret in base32."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = int(at.timestamp()) // STEP_S - steps_ago
    digest = hmac.digest(key, step.to_bytes(8), hashlib.sha1)
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def seconds_left(at: datetime) -> int:
    """Return for how many seconds the present code is shown yet: 30 to 1."""
    return STEP_S - int(at.timestamp()) % STEP_S
