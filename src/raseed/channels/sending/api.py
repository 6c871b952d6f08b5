"""What other rooms and the package's front door use of sending."""

from __future__ import annotations

from .domain import (
    REPLY,
    Attempt,
    FileNotCarried,
    LineCannotSend,
    NothingToRetry,
    OutgoingContent,
    OutgoingMedia,
    OutgoingMessage,
    RecipientNotOnLine,
    Template,
    TemplateShape,
    TemplateUnknown,
    TemplateValuesWrong,
    Window,
    WindowClosed,
)
from .outbox import InvalidSendingTime, send_message
from .oversight import LineStanding, failed_messages, line_standings, messages_without_sign, unknown_messages
from .pages import PageMessage, web_latest, web_messages, web_one, web_seen, web_unread
from .queries import attempts_of, outgoing, outgoing_content
from .reasons import Reason
from .retrying import NothingToSettle, OutgoingUnknown, retry_message, settle_message
from .states import OutgoingState
from .statuses import apply_status
from .templates import InvalidTemplate, filled, register_template, templates
from .windows import window

__all__ = [
    "REPLY",
    "Attempt",
    "FileNotCarried",
    "InvalidSendingTime",
    "InvalidTemplate",
    "LineCannotSend",
    "LineStanding",
    "NothingToRetry",
    "NothingToSettle",
    "OutgoingContent",
    "OutgoingMedia",
    "OutgoingMessage",
    "OutgoingState",
    "OutgoingUnknown",
    "PageMessage",
    "Reason",
    "RecipientNotOnLine",
    "Template",
    "TemplateShape",
    "TemplateUnknown",
    "TemplateValuesWrong",
    "Window",
    "WindowClosed",
    "apply_status",
    "attempts_of",
    "failed_messages",
    "filled",
    "line_standings",
    "messages_without_sign",
    "outgoing",
    "outgoing_content",
    "register_template",
    "retry_message",
    "send_message",
    "settle_message",
    "templates",
    "unknown_messages",
    "web_latest",
    "web_messages",
    "web_one",
    "web_seen",
    "web_unread",
    "window",
]
