"""What Telegram tells a webhook, and how it writes people, chats and files."""

from __future__ import annotations

from typing import Any, Final

from .lines import TELEGRAM, Line
from .store import Media, Message
from .world import World

ID_DIGITS: Final = 10
_SIDE: Final = 800


def chat_id(world: World, line: Line, phone: str) -> int:
    """Return a person's id, which is the id of the private chat with them too."""
    return int(world.store.alias(TELEGRAM, line.address, phone, ID_DIGITS))


def user(world: World, line: Line, phone: str) -> dict[str, Any]:
    """Return a person as ``from``; Telegram never tells a number by itself."""
    person = world.store.person(phone)
    first, _, last = person.name.partition(" ")
    told: dict[str, Any] = {
        "id": chat_id(world, line, phone),
        "is_bot": False,
        "first_name": first,
        "language_code": "ar",
    }
    if last:
        told["last_name"] = last
    if not person.hidden:
        told["username"] = person.username
    return told


def chat(world: World, line: Line, phone: str) -> dict[str, Any]:
    """Return the private chat with a person."""
    told = user(world, line, phone)
    return {name: told[name] for name in told if name not in {"is_bot", "language_code"}} | {"type": "private"}


def bot(line: Line) -> dict[str, Any]:
    """Return the bot itself."""
    token = line.secrets.get("access_token", "0:")
    number = token.partition(":")[0]
    return {
        "id": int(number) if number.isdigit() else 0, "is_bot": True, "first_name": line.name, "username": line.address,
    }  # fmt: skip


def update(world: World, line: Line, message: Message) -> dict[str, Any]:
    """Return the update for a message that a person has written."""
    number = world.store.next_number(f"update {line.address}", 700_000_001)
    if message.facts.get("body"):
        return {"update_id": number, **message.facts["body"]}
    told = message_of(world, line, message) | {"from": user(world, line, message.phone)}
    return {"update_id": number, "message": told}


def message_of(world: World, line: Line, message: Message) -> dict[str, Any]:
    """Return a message as updates and answers carry it."""
    told: dict[str, Any] = {
        "message_id": int(message.id), "from": bot(line), "chat": chat(world, line, message.phone),
        "date": message.at_ms // 1000,
    }  # fmt: skip
    earlier = world.store.message(TELEGRAM, message.reply_to) if message.reply_to else None
    if earlier is not None and earlier.phone == message.phone:
        sender = user(world, line, message.phone) if earlier.comes_in else bot(line)
        told["reply_to_message"] = {
            "message_id": int(earlier.id), "from": sender, "chat": told["chat"], "date": earlier.at_ms // 1000, "text": earlier.text,
        }  # fmt: skip
    media = world.store.media(TELEGRAM, message.media) if message.media else None
    if media is None:
        return told | {"text": message.text}
    if message.text:
        told["caption"] = message.text
    if message.kind == "image":
        sizes = [file_of(media) | {"width": side, "height": side} for side in (_SIDE // 4, _SIDE)]
        return told | {"photo": sizes}
    name = {"audio": "voice", "video": "video"}.get(message.kind, "document")
    described = file_of(media) | {"mime_type": media.kind}
    if name == "document":
        described["file_name"] = media.name
    else:
        described |= {"duration": 1} | ({"width": _SIDE, "height": _SIDE} if name == "video" else {})
    return told | {name: described}


def file_of(media: Media) -> dict[str, Any]:
    """Return a file's ids and size."""
    return {"file_id": f"AgAC{media.id}", "file_unique_id": media.sha256[:16], "file_size": media.size}
