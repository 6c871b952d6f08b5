"""Updates of the Telegram Bot API: messages in private chats, edited ones, and buttons that were pressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...lines.domain import Line
from ..domain import MessageKind, Party
from ..drafts import Draft, DraftFile
from .fields import Unreadable, instant, lines_of, needed, obj, objects, text

_FILES: Final = {
    "document": MessageKind.DOCUMENT, "audio": MessageKind.AUDIO, "voice": MessageKind.AUDIO, "video": MessageKind.VIDEO,
    "video_note": MessageKind.VIDEO, "animation": MessageKind.VIDEO, "sticker": MessageKind.STICKER,
}  # fmt: skip


def message(content: dict[str, Any], line: Line) -> Draft | None:
    """Read an update; one that is from no person, or from a group, is not for us.

    An edited message is one of its own that answers the first: what was written before may have been acted on.
    """
    pressed = obj(content.get("callback_query"))
    if pressed:
        return _pressed(content, pressed, line)
    edited = obj(content.get("edited_message"))
    said = edited or obj(content.get("message")) or obj(content.get("business_message"))
    sender, chat = obj(said.get("from")), obj(said.get("chat"))
    if sender.get("is_bot") is True or text(chat.get("type")) not in {"private", ""}:
        return None
    sent_at = instant(said.get("edit_date") if edited else said.get("date"))
    if sent_at is None:
        raise Unreadable("no_date")
    own = f"{needed(chat.get('id'), 'chat')}:{needed(said.get('message_id'), 'id')}"
    answered = obj(said.get("reply_to_message")).get("message_id")
    reply_to = own if edited else f"{text(chat.get('id'))}:{text(answered)}" if answered is not None else ""
    kind, words, files = _said(said)
    return Draft(
        provider_id=f"{own}:{text(content.get('update_id'))}" if edited else own,
        party=_party(sender, line.scope, said),
        kind=kind,
        text=words,
        sent_at=sent_at,
        reply_to=reply_to,
        files=files,
    )


def _pressed(content: Mapping[str, Any], pressed: Mapping[str, Any], line: Line) -> Draft | None:
    under = obj(pressed.get("message"))
    chat = obj(under.get("chat"))
    if text(chat.get("type")) not in {"private", ""}:
        return None
    sent_at = instant(under.get("date"))
    if sent_at is None:
        raise Unreadable("no_date")
    return Draft(
        provider_id=f"pressed:{text(content.get('update_id'))}",
        party=_party(obj(pressed.get("from")), line.scope, {}),
        kind=MessageKind.BUTTON,
        text=text(pressed.get("data")),
        sent_at=sent_at,
        reply_to=f"{text(chat.get('id'))}:{text(under.get('message_id'))}",
    )


def _party(sender: Mapping[str, Any], scope: str, said: Mapping[str, Any]) -> Party:
    contact = obj(said.get("contact"))
    own = contact.get("user_id") is not None and contact.get("user_id") == sender.get("id")
    number = text(contact.get("phone_number")).removeprefix("+") if own else ""
    return Party(
        scope=scope,
        external_id=f"tg:{needed(sender.get('id'), 'sender')}",
        phone=f"+{number}" if number.isascii() and number.isdigit() and 6 <= len(number) <= 15 else None,  # noqa: PLR2004
        name=" ".join(filter(None, (text(sender.get("first_name")), text(sender.get("last_name"))))),
        username=text(sender.get("username")),
    )


def _said(said: Mapping[str, Any]) -> tuple[MessageKind, str, tuple[DraftFile, ...]]:
    caption = text(said.get("caption"))
    sizes = objects(said.get("photo"))
    if sizes:
        largest = max(sizes, key=lambda size: size["width"] if isinstance(size.get("width"), int) else 0)
        file = DraftFile(kind="image", source=needed(largest.get("file_id"), "file"), claimed_type="image/jpeg")
        return MessageKind.IMAGE, caption, (file,)
    for name, kind in _FILES.items():
        body = obj(said.get(name))
        if body:
            file = DraftFile(
                kind=kind.value, source=needed(body.get("file_id"), "file"), name=text(body.get("file_name")),
                claimed_type=text(body.get("mime_type")),
            )  # fmt: skip
            return kind, caption, (file,)
    if "text" in said:
        return MessageKind.TEXT, text(said["text"]), ()
    place = obj(said.get("location"))
    if place:
        venue = obj(said.get("venue"))
        where = f"{text(place.get('latitude'))}, {text(place.get('longitude'))}"
        return MessageKind.LOCATION, lines_of(venue.get("title"), venue.get("address"), where), ()
    contact = obj(said.get("contact"))
    if contact:
        name = " ".join(filter(None, (text(contact.get("first_name")), text(contact.get("last_name")))))
        return MessageKind.CONTACTS, f"{name} {text(contact.get('phone_number'))}".strip(), ()
    return MessageKind.UNKNOWN, caption, ()
