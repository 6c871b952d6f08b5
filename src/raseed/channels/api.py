"""The front door of ``channels``: texts out, and what became of them."""

from __future__ import annotations

from .domain import ONE_TIME_CODE, InvalidMessage, OutgoingText, TextState
from .gateway import KEY_NAME as SMS_KEY_NAME
from .services import failed_texts, outgoing_text, retry_text, send_text

__all__ = [
    "ONE_TIME_CODE",
    "SMS_KEY_NAME",
    "InvalidMessage",
    "OutgoingText",
    "TextState",
    "failed_texts",
    "outgoing_text",
    "retry_text",
    "send_text",
]
