"""What a check of a reply says: findings with their place, their rule, a reason and a way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What is wrong."""

    EMPTY = "empty"
    """No fact, no time, no owner."""
    NO_TIME = "no_time"
    """Somebody takes it on and doesn't say by when. Advice, doesn't stop the reply."""
    DISMISSIVE = "dismissive"
    BLAMING = "blaming"
    SARCASTIC = "sarcastic"
    COMMANDING = "commanding"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``span`` is (start, end) in the text as it was written; sentences are English msgids."""

    kind: FindingKind
    span: tuple[int, int]
    rule: str
    """The rule's name in the files of rules, ``dismissive.ask_family``; ``empty.nothing`` for an empty answer."""
    why: str
    suggestion: str
    stops: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a reply, and what it has that a customer can use."""

    findings: tuple[Finding, ...]
    has_fact: bool
    """An amount, a reference, the state of something, a reason, an answer; or a fact was inserted."""
    has_time: bool
    """A clock time, a date, a duration, a by-when."""
    has_owner: bool
    """A name, or "I will"."""
    asks: bool
    """The reply asks for what is needed to answer."""

    @property
    def stops(self) -> bool:
        """Whether the reply is held until it is changed or somebody says why it goes as it is."""
        return any(finding.stops for finding in self.findings)
