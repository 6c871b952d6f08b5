"""The channels there are; texts on their way out, and why one may not get there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import InputError, mark

ONE_TIME_CODE: Final = "one_time_code"
"""The purpose whose text is blanked as soon as it is delivered, expired or given up."""
TEXT_LENGTH_MAX: Final = 1000


class Channel(StrEnum):
    """A way in which people and an institution write or speak to each other."""

    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    X = "x"
    SMS = "sms"
    EMAIL = "email"
    WEB = "web"
    PHONE = "phone"
    BRANCH = "branch"


class InvalidMessage(InputError):
    """A text that is empty or too long to be sent."""

    code = "invalid_message"
    sentence = mark("This message is empty or too long to be sent.")
    hint = mark("Shorten it and try again.")


class TextState(StrEnum):
    """Where a text is on its way."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """A text message; ``text`` is ``None`` once blanked. ``attempts`` counts tries so far."""

    message_id: UUID
    to_phone: str
    text: str | None
    purpose: str
    state: TextState
    attempts: int
    created_at: datetime
    next_try_at: datetime | None
    delivered_at: datetime | None
    last_error: str
