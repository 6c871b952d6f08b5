"""What the phones have received, and how the gateway in front of them is misbehaving now."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

MESSAGES_KEPT_MAX: Final = 20_000
TEXT_CHARACTERS_MAX: Final = 2_000
PHONES_SHOWN_MAX: Final = 200
MISBEHAVIOURS_MAX: Final = 1_000
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z")


class Manner(StrEnum):
    """How the gateway answers."""

    WELL = "well"
    SLOW = "slow"
    ERROR = "error"
    SILENT = "silent"
    REPLY_LOST = "reply_lost"
    TWICE = "twice"


class Taken(StrEnum):
    """What became of a text that was handed in."""

    NEW = "new"
    KNOWN = "known"
    OTHER_CONTENT = "other_content"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Message:
    """A text on a phone. ``handed_in`` counts how often the gateway got it, ``arrived`` how often the phone did."""

    message_id: str
    to_phone: str
    text: str
    received_at: datetime
    handed_in: int = 1
    arrived: int = 1


class Mailbox:
    """All phones at once; safe for threads. The oldest texts go when ``MESSAGES_KEPT_MAX`` is reached."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._messages: OrderedDict[str, Message] = OrderedDict()
        self._manner = Manner.WELL
        self._left = 0

    def take(self, message: object, received_at: datetime, *, twice: bool = False) -> Taken:
        """Keep a text as it came over the wire: ``{"id", "to", "text"}``, all texts."""
        if not isinstance(message, dict):
            return Taken.UNREADABLE
        message_id, to_phone, text = message.get("id"), message.get("to"), message.get("text")
        if not isinstance(message_id, str) or not isinstance(to_phone, str) or not isinstance(text, str):
            return Taken.UNREADABLE
        if not _ID.match(message_id) or not _PHONE.match(to_phone) or not 0 < len(text) <= TEXT_CHARACTERS_MAX:
            return Taken.UNREADABLE
        arrivals = 2 if twice else 1
        with self._lock:
            known = self._messages.get(message_id)
            if known is None:
                self._messages[message_id] = Message(message_id, to_phone, text, received_at, arrived=arrivals)
                while len(self._messages) > MESSAGES_KEPT_MAX:
                    self._messages.popitem(last=False)
                return Taken.NEW
            if (known.to_phone, known.text) != (to_phone, text):
                return Taken.OTHER_CONTENT
            self._messages[message_id] = replace(known, handed_in=known.handed_in + 1)
            return Taken.KNOWN

    def messages(self, to_phone: str) -> list[Message]:
        """Return a phone's texts, newest first."""
        with self._lock:
            return [each for each in reversed(self._messages.values()) if each.to_phone == to_phone]

    def phones(self) -> list[tuple[str, int, datetime]]:
        """Return (number, texts, time of the last) of the phones that have texts, the latest first."""
        latest: dict[str, tuple[int, datetime]] = {}
        with self._lock:
            for each in reversed(self._messages.values()):
                count, last = latest.get(each.to_phone, (0, each.received_at))
                latest[each.to_phone] = (count + 1, last)
        return [(phone, count, last) for phone, (count, last) in latest.items()][:PHONES_SHOWN_MAX]

    def misbehave(self, manner: Manner, times: int) -> None:
        """Answer the next ``times`` texts in this manner, then well again."""
        with self._lock:
            self._left = 0 if manner is Manner.WELL else max(0, min(times, MISBEHAVIOURS_MAX))
            self._manner = manner if self._left else Manner.WELL

    def next_manner(self) -> Manner:
        """Return how to answer the text that has just come, counting it."""
        with self._lock:
            manner = self._manner
            if self._left:
                self._left -= 1
                if not self._left:
                    self._manner = Manner.WELL
            return manner

    def manner(self) -> tuple[Manner, int]:
        """Return the present manner and for how many texts it goes on."""
        with self._lock:
            return self._manner, self._left
