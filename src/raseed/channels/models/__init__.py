"""The tables of ``channels``: one module for each of its rooms."""

from __future__ import annotations

from .receiving import ItemRow, LineRow, MediaRow, MessageRow
from .texts import TextRow

__all__ = ["ItemRow", "LineRow", "MediaRow", "MessageRow", "TextRow"]
