"""What X tells a webhook: direct messages, those that the account itself sends included."""

from __future__ import annotations

from typing import Any, Final

from .lines import Line, X
from .store import Message
from .world import World

ID_DIGITS: Final = 18


def user_id(world: World, line: Line, phone: str) -> str:
    """Return a person's id at X, which is the same for everyone."""
    del line
    return world.store.alias(X, "", phone, ID_DIGITS)


def conversation(line: Line, other: str) -> str:
    """Return the name of the conversation of two: both ids, the smaller first."""
    first, second = sorted((int(line.address), int(other)))
    return f"{first}-{second}"


def event(world: World, line: Line, message: Message) -> dict[str, Any]:
    """Return the event for a message either way."""
    other = user_id(world, line, message.phone)
    sender, recipient = (other, line.address) if message.comes_in else (line.address, other)
    told: dict[str, Any] = {
        "text": message.text,
        "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []},
    }
    media = world.store.media(X, message.media) if message.media else None
    if media is not None:
        kind = {"image": "photo", "video": "video"}.get(message.kind, "photo")
        told["attachment"] = {
            "type": "media", "media": {"id": int(media.id), "id_str": media.id, "media_url_https": f"{world.base}/x-media/{media.id}", "type": kind},
        }  # fmt: skip
    person = world.store.person(message.phone)
    at = str(message.at_ms)
    return {
        "event": {
            "type": "message_create", "id": message.id, "created_timestamp": at,
            "message_create": {"target": {"recipient_id": recipient}, "sender_id": sender, "message_data": told},
        },
        "users": {
            other: _user(other, person.name, person.username, at),
            line.address: _user(line.address, line.name, line.facts.get("screen_name", "bank"), at),
        },
    }  # fmt: skip


def _user(user: str, name: str, screen_name: str, at: str) -> dict[str, Any]:
    return {
        "id": user, "created_timestamp": at, "name": name, "screen_name": screen_name, "protected": False, "verified": False,
        "followers_count": 1, "friends_count": 1, "statuses_count": 0,
    }  # fmt: skip
