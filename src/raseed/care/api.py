"""The front door of ``care``."""

from __future__ import annotations

from .authority import api as authority
from .replies.checking import check_reply
from .replies.domain import Finding, FindingKind, Verdict

__all__ = [
    "Finding",
    "FindingKind",
    "Verdict",
    "authority",
    "check_reply",
]
