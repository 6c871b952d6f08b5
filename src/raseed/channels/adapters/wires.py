"""Which wire each channel's lines use. A channel without one is written to in no other way than by its row (the web), or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from ..email.smtp import MailWire
from .domain import Wire
from .sms import SmsWire
from .telegram import TelegramWire
from .whatsapp import WhatsAppWire
from .x import XWire

_WIRES: Final[dict[str, Wire]] = {
    "whatsapp": WhatsAppWire(),
    "telegram": TelegramWire(),
    "x": XWire(),
    "sms": SmsWire(),
    "email": MailWire(),
}
WITH_STATUSES: Final = frozenset({"whatsapp"})
"""Channels whose provider says afterwards what became of each message."""
BY_ROW: Final = frozenset({"web"})
"""Channels whose customers read the row itself."""
TEXT_MAX: Final[Mapping[str, int]] = {
    "whatsapp": 4096, "telegram": 4096, "x": 10_000, "sms": 1000, "email": 64_000, "web": 8000,
}  # fmt: skip
CAPTION_MAX: Final[Mapping[str, int]] = {"whatsapp": 1024, "telegram": 1024}
"""Of a text beside a file, where it is less than of one alone."""
FILES: Final[Mapping[str, frozenset[str]]] = {
    "whatsapp": frozenset({"image/jpeg", "image/png", "application/pdf"}),
    "telegram": frozenset({"image/jpeg", "image/png", "application/pdf"}),
    "x": frozenset({"image/jpeg", "image/png"}),
    "email": frozenset({"image/jpeg", "image/png", "application/pdf"}),
    "web": frozenset({"image/jpeg", "image/png", "application/pdf"}),
}
RATES: Final[Mapping[str, tuple[str, str]]] = {
    "whatsapp": ("80/1", "1/6 10"),
    "telegram": ("30/1", "1/1 5"),
    "x": ("15/900 15", "5/60"),
    "sms": ("10/1", "1/1 5"),
    "email": ("5/1 20", "1/1 5"),
}
"""For a line and for a pair: messages / seconds, and how many at once where that is more than the messages."""


def wire(channel: str) -> Wire | None:
    """Return a channel's wire, if it has one."""
    return _WIRES.get(channel)


@contextmanager
def wired(channel: str, other: Wire) -> Iterator[None]:
    """Put another wire in a channel's place, for tests."""
    before = _WIRES.get(channel)
    _WIRES[channel] = other
    try:
        yield
    finally:
        if before is None:
            del _WIRES[channel]
        else:
            _WIRES[channel] = before
