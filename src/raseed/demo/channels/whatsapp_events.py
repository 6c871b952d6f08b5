"""What WhatsApp tells a webhook: items of messages and statuses, with who is behind them as far as they let themselves be known."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from .lines import WHATSAPP, Line
from .store import Message
from .world import World, hex_name

COUNTRIES: Final[Mapping[str, str]] = {
    "20": "EG",
    "972": "IL",
    "970": "PS",
    "968": "OM",
    "966": "SA",
    "44": "GB",
    "1": "US",
}
MEDIA_KINDS: Final = frozenset({"image", "document", "audio", "video", "sticker"})


def wamid(phone: str) -> str:
    """Return a fresh message id, laid out as the real ones are: the number and a random part, in base64."""
    digits = phone.lstrip("+").encode()
    inner = b"\x1d" + bytes([0, len(digits)]) + digits + b"\x15\x02\x00\x12\x18\x14" + hex_name(20).encode() + b"\x00"
    return f"wamid.{base64.b64encode(inner).decode()}"


def user_id(world: World, line: Line, phone: str) -> str:
    """Return a person's business-scoped id: the same for all numbers of an account, telling no number."""
    digits = phone.lstrip("+")
    country = next((code for prefix, code in COUNTRIES.items() if digits.startswith(prefix)), "ZZ")
    return world.store.alias(WHATSAPP, line.scope, phone, 17, f"{country}.")


def _beside(world: World, line: Line, phone: str) -> dict[str, Any]:
    person = world.store.person(phone)
    contact: dict[str, Any] = {"profile": {"name": person.name}, "user_id": user_id(world, line, phone)}
    if person.hidden:
        contact["profile"]["username"] = person.username
    else:
        contact["wa_id"] = phone.lstrip("+")
    shown = {"display_phone_number": line.number, "phone_number_id": line.address}
    return {"waba": line.scope, "metadata": shown, "contact": contact}


def message_item(world: World, line: Line, message: Message) -> dict[str, Any]:
    """Return the item for a message that a person has written; ``facts["body"]`` replaces what is built here."""
    person = world.store.person(message.phone)
    told: dict[str, Any] = {} if person.hidden else {"from": message.phone.lstrip("+")}
    told |= {
        "from_user_id": user_id(world, line, message.phone), "id": message.id,
        "timestamp": str(message.at_ms // 1000), "type": message.kind,
    }  # fmt: skip
    if message.reply_to:
        told["context"] = {"from": line.number, "id": message.reply_to}
    told |= _content(world, message)
    return _beside(world, line, message.phone) | {"message": told}


def _content(world: World, message: Message) -> dict[str, Any]:
    given = message.facts.get("body")
    if isinstance(given, dict):
        return given
    if message.kind == "text":
        return {"text": {"body": message.text}}
    if message.kind == "reaction":
        return {"reaction": {"message_id": message.reply_to, "emoji": message.text}}
    if message.kind in MEDIA_KINDS:
        return {message.kind: _media(world, message)}
    return {
        "type": "unsupported",
        "errors": [{"code": 131051, "title": "Message type unknown", "message": "Message type unknown",
                    "error_data": {"details": "Message type is currently not supported."}}],
    }  # fmt: skip


def _media(world: World, message: Message) -> dict[str, Any]:
    media = world.store.media(WHATSAPP, message.media)
    assert media is not None
    digest = base64.b64encode(bytes.fromhex(media.sha256)).decode()
    told: dict[str, Any] = {"mime_type": media.kind, "sha256": digest, "id": media.id}
    if message.facts.get("hex"):
        told["sha256"] = media.sha256
    if message.text and message.kind in {"image", "document", "video"}:
        told["caption"] = message.text
    if message.kind == "document":
        told["filename"] = media.name
    if message.kind == "audio":
        told["voice"] = True
    return told


def status_item(
    world: World, line: Line, message: Message, state: str, at_ms: int, error: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the item that says how far a message has come."""
    hidden = world.store.person(message.phone).hidden
    told: dict[str, Any] = {"id": message.id, "status": state, "timestamp": str(at_ms // 1000)}
    if not hidden:
        told["recipient_id"] = message.phone.lstrip("+")
    told["recipient_user_id"] = user_id(world, line, message.phone)
    if message.facts.get("tracker"):
        told["biz_opaque_callback_data"] = message.facts["tracker"]
    if error is not None:
        told["errors"] = [dict(error)]
    elif state in {"sent", "delivered"}:
        kind = "utility" if message.kind == "template" else "service"
        told["conversation"] = {"id": f"{abs(hash_of(message.phone)):032x}", "origin": {"type": kind}}
        told["pricing"] = {"billable": False, "pricing_model": "PMP", "type": "free_customer_service", "category": kind}
    return _beside(world, line, message.phone) | {"status": told}


def hash_of(phone: str) -> int:
    """Return a number for a conversation, the same on each start."""
    return int.from_bytes(phone.encode()[-12:], "big")
