"""What the check of replies finds in an answer that is being written, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from raseed.care import api as care


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One thing that is wrong with an answer: the words it is about, why, and what would be better."""

    said: str
    why: str
    suggestion: str
    stops: bool


def findings_of(text: str, *, language: str, facts: Sequence[care.InsertedFact]) -> list[ShownFinding]:
    """Return what the check finds; nothing in an empty box."""
    if not text.strip():
        return []
    verdict = care.check_reply(text, language=language or None, facts=facts)
    return [
        ShownFinding(
            text[each.span[0] : each.span[1]] if each.span[1] - each.span[0] < len(text.strip()) else "",
            gettext(each.why),
            gettext(each.suggestion) if each.suggestion else "",
            each.stops,
        )
        for each in verdict.findings
    ]
