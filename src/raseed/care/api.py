"""The front door of ``care``."""

from __future__ import annotations

from .authority import api as authority
from .cards.building import cards, recheck
from .cards.domain import Asked, Card, CardState, Changed, Fact, FactRef, InsertedFact, TimedWords, digest_of, fact
from .cards.errors import FactChanged, FactNotChecked, FactNotYours
from .cards.registry import register_provider
from .cards.voice import Voice
from .replies.checking import check_reply
from .replies.domain import Finding, FindingKind, Verdict

__all__ = [
    "Asked",
    "Card",
    "CardState",
    "Changed",
    "Fact",
    "FactChanged",
    "FactNotChecked",
    "FactNotYours",
    "FactRef",
    "Finding",
    "FindingKind",
    "InsertedFact",
    "TimedWords",
    "Verdict",
    "Voice",
    "authority",
    "cards",
    "check_reply",
    "digest_of",
    "fact",
    "recheck",
    "register_provider",
]
