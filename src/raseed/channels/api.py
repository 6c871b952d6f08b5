"""The front door of ``channels``: lines, what comes in on them, and what goes out."""

from __future__ import annotations

from .authority import ITEMS_REPLAY, ITEMS_VIEW, LINES_MANAGE, Authority, ChannelsNotPermitted
from .domain import ONE_TIME_CODE, Channel, InvalidMessage, OutgoingText, TextState
from .gateway import KEY_NAME as SMS_KEY_NAME
from .lines.domain import InvalidLine, Line, LinePurpose, LineTaken, LineUnknown, SecretMissing
from .lines.secrets import has_secret as has_line_secret
from .lines.secrets import line_secret
from .lines.services import change_line, line, line_at, lines, register_line, set_line_secret
from .media.domain import Media, MediaNotKept, MediaState, MediaUnknown, NewFile, Refusal
from .media.queries import media, media_bytes, media_of, media_parts
from .receiving.aside import item_content, replay_item, set_aside
from .receiving.domain import (
    IncomingMessage,
    Item,
    ItemKind,
    ItemState,
    ItemUnknown,
    MessageKind,
    MessageUnknown,
    Party,
)
from .receiving.messages import incoming, incomings, take_in
from .receiving.working import register_status_sink
from .services import failed_texts, outgoing_text, retry_text, send_text

__all__ = [
    "ITEMS_REPLAY",
    "ITEMS_VIEW",
    "LINES_MANAGE",
    "ONE_TIME_CODE",
    "SMS_KEY_NAME",
    "Authority",
    "Channel",
    "ChannelsNotPermitted",
    "IncomingMessage",
    "InvalidLine",
    "InvalidMessage",
    "Item",
    "ItemKind",
    "ItemState",
    "ItemUnknown",
    "Line",
    "LinePurpose",
    "LineTaken",
    "LineUnknown",
    "Media",
    "MediaNotKept",
    "MediaState",
    "MediaUnknown",
    "MessageKind",
    "MessageUnknown",
    "NewFile",
    "OutgoingText",
    "Party",
    "Refusal",
    "SecretMissing",
    "TextState",
    "change_line",
    "failed_texts",
    "has_line_secret",
    "incoming",
    "incomings",
    "item_content",
    "line",
    "line_at",
    "line_secret",
    "lines",
    "media",
    "media_bytes",
    "media_of",
    "media_parts",
    "outgoing_text",
    "register_line",
    "register_status_sink",
    "replay_item",
    "retry_text",
    "send_text",
    "set_aside",
    "set_line_secret",
    "take_in",
]
