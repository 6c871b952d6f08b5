"""Messages as they came in, whoever sent them, and what was set aside, as other packages see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import NotFound, mark

from ..domain import Channel
from ..media.domain import Media

TEXT_LENGTH_MAX: Final = 100_000
"""Characters of a message's text; what is longer is cut here, and whole in the item it came in."""
NAME_LENGTH_MAX: Final = 200
LATE_AFTER: Final = timedelta(hours=1)
"""A message that arrives so long after it was sent is late."""


class MessageKind(StrEnum):
    """What a message is."""

    TEXT = "text"
    IMAGE = "image"
    DOCUMENT = "document"
    AUDIO = "audio"
    VIDEO = "video"
    LOCATION = "location"
    CONTACTS = "contacts"
    REACTION = "reaction"
    STICKER = "sticker"
    BUTTON = "button"
    UNKNOWN = "unknown"


class ItemState(StrEnum):
    """Where an item is: to be worked, worked, or set aside until a person looks."""

    WAITING = "waiting"
    DONE = "done"
    SET_ASIDE = "set_aside"


class ItemKind(StrEnum):
    """What a provider delivered: somebody's message, what became of ours, what was written elsewhere, or anything else."""

    MESSAGE = "message"
    STATUS = "status"
    ECHO = "echo"
    OTHER = "other"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Party:
    """Whoever sent a message, as the channel knows them.

    Attributes:
        scope: under which ``external_id`` is unique; the line's.
        external_id: the id that identifies them best.
        phone: in E.164 if the channel tells it.
        name: as they call themselves, without what can't be seen or turns the text around.
        username: without ``@``, if they have one.
        aliases: further ids of the same person that came with the message.
    """

    scope: str
    external_id: str
    phone: str | None = None
    name: str = ""
    username: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that came in.

    Attributes:
        provider_id: the channel's own id of it, unique on its line.
        text: what was written; of a place, a contact, a button or a reaction what they say.
        reply_to: the channel's id of the message that it answers, or nothing.
        sent_at: by the channel's clock, never after ``received_at``.
        late: it arrived long after it was sent.
    """

    id: UUID
    line_id: UUID
    institution_id: UUID
    channel: Channel
    provider_id: str
    party: Party
    kind: MessageKind
    text: str
    reply_to: str
    sent_at: datetime
    received_at: datetime
    media: tuple[Media, ...]
    late: bool


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a provider delivered, without its content. ``problem`` is a word for why it was set aside."""

    id: UUID
    line_id: UUID
    institution_id: UUID
    channel: Channel
    kind: ItemKind
    state: ItemState
    attempts: int
    received_at: datetime
    size_bytes: int
    problem: str


class MessageUnknown(NotFound):
    """No message that came in has this id."""

    code = "message_unknown"
    sentence = mark("We know no such message.")
    hint = mark("Look for it in its conversation.")


class ItemUnknown(NotFound):
    """Nothing that was set aside has this id."""

    code = "item_unknown"
    sentence = mark("Nothing that was set aside has this number.")
    hint = mark("Look at the list; it may have been tried again already.")
