"""The front door of ``care``."""

from .replies.checking import check_reply
from .replies.domain import Finding, FindingKind, Verdict

__all__ = ["Finding", "FindingKind", "Verdict", "check_reply"]
