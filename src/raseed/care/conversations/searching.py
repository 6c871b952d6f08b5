"""Searching what customers wrote and what we answered, however it is spelt (``words``)."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from raseed.people import api as people

from ..models import EntryRow
from ..sql import run
from .domain import EntryKind, SearchHit
from .permissions import VIEW
from .words import typed_query

HITS_MAX: Final = 200
AMONG: Final = 20_000
"""Among so many of the latest messages what is common is looked for first; rarer things are quick to find by the index."""
CANDIDATES_MAX: Final = 5_000


def search(text: str, *, institution_id: UUID, by: people.Author, limit: int = 50) -> tuple[SearchHit, ...]:
    """Return what was said at an institution that fits what was typed, the latest first: every word, each by its beginning.

    Raises:
        NotPermitted: ``by`` may not see its conversations.
    """
    people.require(by, VIEW, institution_id)
    hits = _found(institution_id, text, min(max(limit, 1), HITS_MAX))
    rows = EntryRow.objects.defer("words").in_bulk([entry_id for _, entry_id, _ in hits])
    return tuple(
        SearchHit(conversation_id, entry_id, at, EntryKind(rows[entry_id].kind), rows[entry_id].text)
        for conversation_id, entry_id, at in hits
        if entry_id in rows
    )


def matching(institution_id: UUID, text: str) -> list[UUID]:
    """Return the conversations in which what was typed was said lately, the latest first."""
    return list(dict.fromkeys(conversation_id for conversation_id, _, _ in _found(institution_id, text, HITS_MAX)))


def _found(institution_id: UUID, text: str, most: int) -> list[tuple[Any, ...]]:
    query = typed_query(institution_id, text)
    if query is None:
        return []
    found = run("found_latest", {"query": query, "among": AMONG, "most": most})
    if len(found) >= most:
        return found
    return run("found_anywhere", {"query": query, "candidates": CANDIDATES_MAX, "most": most})
