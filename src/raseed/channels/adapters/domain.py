"""What is handed to a channel's wire, and what may come of it. No database is open while a provider is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

TOLD_LENGTH_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom it goes to: his id on the line (``wa:…``, ``bsuid:…``, a chat, an address), and his phone number if it was told."""

    external_id: str
    phone: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message about to be handed over, with all that its wire needs.

    Attributes:
        message_id: ours.
        callback: of this attempt: it goes along wherever the provider gives something back with its statuses.
        address: the line's own: a phone number's id, an account, a mail address.
        settings: the line's, none of them secret.
        secret: reads one of the line's secrets by name; empty where it has none.
        reply_to: what the provider calls the message that this one answers.
        references: of mail: the ids of the thread, oldest first.
        automatic: of mail: no person has written it.
    """

    message_id: UUID
    callback: UUID
    address: str
    settings: Mapping[str, str]
    secret: Callable[[str], str]
    to: Recipient
    text: str = ""
    template_name: str = ""
    template_language: str = ""
    template_values: tuple[str, ...] = ()
    media_name: str = ""
    media_type: str = ""
    media: bytes = b""
    reply_to: str = ""
    subject: str = ""
    references: tuple[str, ...] = ()
    automatic: bool = False
    line_name: str = field(default="")

    @property
    def is_image(self) -> bool:
        """Whether the file goes as a picture."""
        return self.media_type in IMAGE_TYPES


IMAGE_TYPES: Final = frozenset({"image/jpeg", "image/png"})


class Wait(StrEnum):
    """Why a message that was certainly not taken is put off, and so what else has to wait."""

    LINE_LIMIT = "rate_limited"
    PAIR_LIMIT = "pair_limited"
    TOKEN = "token_expired"  # noqa: S105  (the name of a reason)
    TROUBLE = "provider_trouble"
    NOT_REACHED = "not_reached"
    NOT_SET_UP = "line_not_set_up"


@dataclass(frozen=True, slots=True)
class Taken:
    """The provider has taken it, and calls it this."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider has said no, and would again: one of the reasons' codes, and its own words."""

    code: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class PutOff:
    """It was certainly not taken, and may be later. ``after`` is how long the provider asked us to wait, if it did."""

    why: Wait
    told: str = ""
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may have been taken: no answer, or one that could not be understood."""

    code: str
    told: str = ""


Outcome = Taken | Refused | PutOff | Unclear


class Wire(Protocol):
    """One channel's way out."""

    idempotent: bool
    """Whether handing over the same attempt's message again is safe, since the provider drops what it has seen."""

    def hand_over(self, parcel: Parcel) -> Outcome:
        """Ask the provider once, within a bounded time, with no transaction open; nothing is raised."""


def told(text: object) -> str:
    """Return what a provider said, fit to be kept and shown: one line, printable, bounded."""
    if not isinstance(text, str):
        return ""
    line = " ".join(text[: 2 * TOLD_LENGTH_MAX].split())[:TOLD_LENGTH_MAX]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
