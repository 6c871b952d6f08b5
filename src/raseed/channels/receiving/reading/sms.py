"""Text messages by our own documented port (docs/sms-in.md): messages, and statuses of those that went out."""

from __future__ import annotations

import re
from typing import Any, Final

from ...lines.domain import Line
from ..domain import MessageKind, Party
from ..drafts import Draft, Status
from .fields import Unreadable, instant, needed, obj, text

_PHONE: Final = re.compile(r"\+[1-9][0-9]{5,14}\Z")
_STATES: Final = frozenset({"sent", "delivered", "failed"})


def message(content: dict[str, Any], line: Line) -> Draft:
    """Read a text message. A sender that is no phone number (a bank's name, a short code) is kept by what it is."""
    item = obj(content.get("item"))
    sender = needed(item.get("from"), "sender")
    sent_at = instant(item.get("sent_at"))
    if sent_at is None:
        raise Unreadable("no_sent_at")
    return Draft(
        provider_id=needed(item.get("id"), "id"),
        party=Party(scope=line.scope, external_id=sender, phone=sender if _PHONE.match(sender) else None),
        kind=MessageKind.TEXT,
        text=text(item.get("text")),
        sent_at=sent_at,
        address=text(item.get("to")) or None,
    )


def status(content: dict[str, Any], _line: Line) -> Status | None:
    """Read what became of a text that went out."""
    item = obj(content.get("item"))
    state, at = text(item.get("status")), instant(item.get("at"))
    if state not in _STATES:
        return None
    if at is None:
        raise Unreadable("no_at")
    return Status(
        provider_id=needed(item.get("id"), "id"),
        state=state,
        at=at,
        error_code=text(item.get("error_code")),
        error_title=text(item.get("error")),
    )
