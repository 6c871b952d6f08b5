"""Suggested replies from answers that people wrote and facts that cards told. A suggestion has no way to a customer (C8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from raseed.people.api import Author

from .domain import Audience, Draft
from .queries import answers

FACTS_MAX: Final = 6


class FactWords(Protocol):
    """What a draft needs of a card's fact: its words, in the reader's language, with the value in them."""

    @property
    def words(self) -> str:
        """The fact as a sentence."""


def draft(
    question: str, *, institution_id: UUID, language: str, by: Author, facts: Sequence[FactWords] = ()
) -> Draft | None:
    """Suggest a reply to what a customer asked: the public answer that fits best, and the facts at hand; or nothing.

    Answers for staff alone are never put into a draft: what is internal doesn't slip out by a key press.

    Raises:
        NotPermitted: the asker may not see answers.
    """
    answers(institution_id, audience=Audience.STAFF, by=by, limit=1)
    found = answers(institution_id, audience=Audience.PUBLIC, language=language, search=question, limit=1)
    if not question.strip():
        found = ()
    places = tuple(range(min(len(facts), FACTS_MAX)))
    parts = [facts[place].words for place in places] + [answer.texts[language].text for answer in found]
    if not parts:
        return None
    return Draft("\n".join(parts), language, tuple(answer.id for answer in found), places)
