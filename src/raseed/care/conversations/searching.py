"""Searching what customers wrote and what we answered, however it is spelt (``words``)."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db import connection

from raseed.people import api as people

from ..models import EntryRow
from .domain import EntryKind, SearchHit
from .permissions import VIEW
from .words import typed_query

HITS_MAX: Final = 200
# Planned anew each time, with what was typed in it: for a word that many write the server walks back from the latest entry,
# for a rare one it asks the index of words. One plan for all would be wrong for most.
_FOUND: Final = """
SELECT conversation_id, id, at FROM care_entry
WHERE kind IN ('in', 'out', 'note') AND words @@ %s::tsquery
ORDER BY at DESC, id DESC
LIMIT %s
"""


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
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, [query, most])
        return list(cursor.fetchall())
