"""Direct messages of X, as its account activity webhooks bring them."""

from __future__ import annotations

from typing import Any, Final

from ...lines.domain import Line
from ..domain import MessageKind, Party
from ..drafts import Draft, DraftFile
from .fields import Unreadable, instant, needed, obj, text

_KINDS: Final = {"photo": MessageKind.IMAGE, "video": MessageKind.VIDEO, "animated_gif": MessageKind.VIDEO}


def message(content: dict[str, Any], line: Line) -> Draft | None:
    """Read a direct message; what the account itself wrote is not for us."""
    item = obj(content.get("item"))
    body = obj(item.get("message_create"))
    if text(item.get("type")) != "message_create":
        return None
    sender = needed(body.get("sender_id"), "sender")
    if sender in {text(content.get("for_user_id")), line.address}:
        return None
    sent_at = instant(item.get("created_timestamp"))
    if sent_at is None:
        raise Unreadable("no_timestamp")
    said = obj(body.get("message_data"))
    known = obj(obj(content.get("users")).get(sender))
    pressed = obj(said.get("quick_reply_response"))
    media = obj(obj(said.get("attachment")).get("media"))
    kind = _KINDS.get(text(media.get("type")), MessageKind.TEXT)
    source = text(media.get("media_url_https"))
    return Draft(
        provider_id=needed(item.get("id"), "id"),
        party=Party(
            scope=line.scope, external_id=f"x:{sender}", name=text(known.get("name")),
            username=text(known.get("screen_name")),
        ),
        kind=MessageKind.BUTTON if pressed else kind,
        text=text(said.get("text")),
        sent_at=sent_at,
        files=(DraftFile(kind=kind.value, source=source),) if source and kind is not MessageKind.TEXT else (),
    )  # fmt: skip
