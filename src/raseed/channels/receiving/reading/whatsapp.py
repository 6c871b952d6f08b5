"""Items of the WhatsApp Cloud API: messages of every type, and statuses of what we sent.

Since April 2026 a sender may hide the phone number: then ``user_id`` (business-scoped) is the only key. Where both are told,
both are kept, so that a conversation goes on when a number is hidden later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from raseed.kernel.ids import InvalidId, parse_id

from ...lines.domain import Line
from ..domain import MessageKind, Party
from ..drafts import Draft, DraftFile, Status
from .fields import Unreadable, instant, lines_of, needed, obj, objects, text

_STATES: Final = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}
_FILES: Final = {
    "image": MessageKind.IMAGE, "document": MessageKind.DOCUMENT, "audio": MessageKind.AUDIO, "voice": MessageKind.AUDIO,
    "video": MessageKind.VIDEO, "sticker": MessageKind.STICKER,
}  # fmt: skip


def message(content: dict[str, Any], line: Line) -> Draft:
    """Read a message. An unknown type is kept as such: somebody wrote, and has to be answered."""
    item = obj(content.get("item"))
    kind, said, files = _said(item)
    sent_at = instant(item.get("timestamp"))
    if sent_at is None:
        raise Unreadable("no_timestamp")
    reaction = obj(item.get("reaction"))
    return Draft(
        provider_id=needed(item.get("id"), "id"),
        party=_party(item, obj(content.get("contact")), line.scope),
        kind=kind,
        text=said,
        sent_at=sent_at,
        reply_to=text(reaction.get("message_id")) or text(obj(item.get("context")).get("id")),
        files=files,
        address=text(obj(content.get("metadata")).get("phone_number_id")) or None,
    )


def status(content: dict[str, Any], _line: Line) -> Status | None:
    """Read what became of a message that we sent; states that we don't keep are ``None``."""
    item = obj(content.get("item"))
    state = _STATES.get(text(item.get("status")))
    at = instant(item.get("timestamp"))
    if state is None:
        return None
    if at is None:
        raise Unreadable("no_timestamp")
    error = next(iter(objects(item.get("errors"))), {})
    return Status(
        provider_id=needed(item.get("id"), "id"),
        state=state,
        at=at,
        error_code=text(error.get("code")),
        error_title=text(error.get("title")) or text(error.get("message")),
        client_message_id=_ours(item.get("biz_opaque_callback_data")),
        address=text(obj(content.get("metadata")).get("phone_number_id")) or None,
    )


def _ours(value: object) -> UUID | None:
    try:
        return parse_id(value)
    except InvalidId:
        return None


def _party(item: Mapping[str, Any], contact: Mapping[str, Any], scope: str) -> Party:
    number = text(item.get("from")) or text(contact.get("wa_id"))
    user_id = text(item.get("from_user_id")) or text(contact.get("user_id"))
    ids = [f"bsuid:{user_id}"] if user_id else []
    if number:
        ids.append(f"wa:{number}")
    if not ids:
        raise Unreadable("no_sender")
    profile = obj(contact.get("profile"))
    is_phone = number.isascii() and number.isdigit() and 6 <= len(number) <= 15  # noqa: PLR2004  (ITU-T E.164)
    return Party(
        scope=scope,
        external_id=ids[0],
        phone=f"+{number}" if is_phone else None,
        name=text(profile.get("name")),
        username=text(profile.get("username")).removeprefix("@"),
        aliases=tuple(ids[1:]),
    )


def _said(item: Mapping[str, Any]) -> tuple[MessageKind, str, tuple[DraftFile, ...]]:
    """Return the kind of a message, its text and its files."""
    told = text(item.get("type"))
    body = obj(item.get(told))
    if told in _FILES:
        kind = _FILES[told]
        source = text(body.get("id"))
        file = DraftFile(
            kind=kind.value, source=source, name=text(body.get("filename")), claimed_type=text(body.get("mime_type")),
            claimed_sha256=text(body.get("sha256")),
        )  # fmt: skip
        return kind, text(body.get("caption")), (file,) if source else ()
    if told == "contacts":
        return MessageKind.CONTACTS, _contacts(item), ()
    if told in _WORDS:
        kind, words = _WORDS[told]
        return kind, words(body), ()
    errors = objects(item.get("errors"))
    return MessageKind.UNKNOWN, lines_of(*(obj(error).get("title") for error in errors)), ()


def _location(body: Mapping[str, Any]) -> str:
    return lines_of(
        body.get("name"), body.get("address"), f"{text(body.get('latitude'))}, {text(body.get('longitude'))}"
    )


def _interactive(body: Mapping[str, Any]) -> str:
    for name in ("button_reply", "list_reply"):
        chosen = obj(body.get(name))
        if chosen:
            return lines_of(chosen.get("title"), chosen.get("description"))
    return lines_of(obj(body.get("nfm_reply")).get("body"))


def _contacts(item: Mapping[str, Any]) -> str:
    return lines_of(*(
        " ".join([
            text(obj(card.get("name")).get("formatted_name")),
            *(text(phone.get("phone")) for phone in objects(card.get("phones"))),
        ]).strip()
        for card in objects(item.get("contacts"))
    ))  # fmt: skip


_WORDS: Final[Mapping[str, tuple[MessageKind, Callable[[Mapping[str, Any]], str]]]] = {
    "text": (MessageKind.TEXT, lambda body: text(body.get("body"))),
    "button": (MessageKind.BUTTON, lambda body: text(body.get("text")) or text(body.get("payload"))),
    "interactive": (MessageKind.BUTTON, _interactive),
    "reaction": (MessageKind.REACTION, lambda body: text(body.get("emoji"))),
    "location": (MessageKind.LOCATION, _location),
    "system": (MessageKind.UNKNOWN, lambda body: text(body.get("body"))),
}
