"""The people's side: what somebody with a phone writes to a line, and what they see of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from . import sms, telegram_events, x_events
from .lines import SMS, TELEGRAM, WHATSAPP, Line, X
from .store import Media, Message
from .whatsapp_events import MEDIA_KINDS, message_item, status_item, wamid
from .world import World, digits_name

TEXT_MAX: Final = 65_536
SMS_TEXT_MAX: Final = 2_000
FILE_BYTES_MAX: Final = 100 << 20
KINDS: Final = MEDIA_KINDS | {"text", "location", "contacts", "reaction", "unsupported", "button"}


class NotPossible(Exception):
    """What a person wants to do can't be done on this channel."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that a person sends."""

    name: str
    kind: str
    content: bytes


def say(
    world: World,
    line: Line,
    phone: str,
    *,
    name: str = "",
    text: str = "",
    file: File | None = None,
    kind: str = "",
    reply_to: str = "",
    at_ms: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Message:
    """Let somebody write to a line; its webhook is owed the message from then on.

    ``facts["body"]`` is what the message holds beside its head, for kinds that nobody types; ``at_ms`` a time of their own.

    Raises:
        NotPossible: nothing was said, too much, or something that this channel has no way to carry.
    """
    chosen = kind or (_kind_of(file) if file is not None else "text")
    more = dict(facts or {})
    if chosen not in KINDS or (file is None and chosen in MEDIA_KINDS):
        raise NotPossible(chosen)
    if chosen == "text" and not text:
        raise NotPossible("empty")
    if len(text) > (SMS_TEXT_MAX if line.channel == SMS else TEXT_MAX) or (file and len(file.content) > FILE_BYTES_MAX):
        raise NotPossible("too_long")
    if line.channel == SMS and chosen != "text":
        raise NotPossible(chosen)
    now = world.now_ms() if at_ms is None else at_ms
    with world.store.whole():
        world.store.person(phone, name)
        media = _kept(world, line.channel, file, now)
        message = Message(
            _fresh_id(world, line, phone), line.channel, line.address, phone, True, chosen, text,
            media.id if media else "", media.name if media else "", reply_to, now, "sent", 0, more,
        )  # fmt: skip
        world.store.add(message)
        world.owe(line, item_of(world, line, message))
    return message


def item_of(world: World, line: Line, message: Message) -> dict[str, Any]:
    """Return what the line's webhook is told of a message, in the provider's own shape."""
    if line.channel == WHATSAPP:
        return message_item(world, line, message)
    if line.channel == TELEGRAM:
        return telegram_events.update(world, line, message)
    if line.channel == X:
        return x_events.event(world, line, message)
    return sms.message_item(line, message)


def read(world: World, line: Line, phone: str) -> int:
    """Let somebody have looked at a chat: what the institution wrote there is read; return how much was new."""
    count = 0
    for message in world.store.chat(line.channel, line.address, phone):
        if message.comes_in or message.state not in {"sent", "delivered"}:
            continue
        with world.store.whole():
            if world.store.rise(line.channel, message.id, "read"):
                count += 1
                if line.channel == WHATSAPP:
                    world.owe(line, status_item(world, line, message, "read", world.now_ms()))
    return count


def chat(world: World, line: Line, phone: str) -> list[dict[str, Any]]:
    """Return a chat, oldest first, as the person sees it: failed and undelivered answers are not on a phone."""
    found = []
    for each in world.store.chat(line.channel, line.address, phone):
        media = world.store.media(line.channel, each.media) if each.media else None
        told = {
            "id": each.id, "mine": each.comes_in, "kind": each.kind, "text": each.text, "at_ms": each.at_ms,
            "state": each.state, "error": each.error, "reply_to": each.reply_to,
        }  # fmt: skip
        if media is not None:
            told["media"] = {"id": media.id, "name": media.name or each.name, "kind": media.kind, "size": media.size}
        found.append(told)
    return found


def _kind_of(file: File) -> str:
    main = file.kind.partition("/")[0]
    return main if main in {"image", "audio", "video"} else "document"


def _kept(world: World, channel: str, file: File | None, now: int) -> Media | None:
    if file is None:
        return None
    return world.store.add_media(digits_name(16), channel, file.kind, file.name, now, file.content)


def _fresh_id(world: World, line: Line, phone: str) -> str:
    if line.channel == WHATSAPP:
        return wamid(phone)
    if line.channel == TELEGRAM:
        return str(world.store.next_number("telegram message", 1_001))
    if line.channel == X:
        return digits_name(19)
    return f"sms-{digits_name(16)}"
