"""The tables of ``channels``: one module for each of its rooms."""

from __future__ import annotations

from .mail import MailboxRow, MailRow
from .receiving import ItemRow, LineRow, MediaRow, MessageRow
from .sending import (
    AttemptRow,
    BucketRow,
    EarlyStatusRow,
    OutgoingFileRow,
    OutgoingRow,
    StandingRow,
    TemplateRow,
)
from .texts import TextRow

__all__ = [
    "AttemptRow",
    "BucketRow",
    "EarlyStatusRow",
    "ItemRow",
    "LineRow",
    "MailRow",
    "MailboxRow",
    "MediaRow",
    "MessageRow",
    "OutgoingFileRow",
    "OutgoingRow",
    "StandingRow",
    "TemplateRow",
    "TextRow",
]
