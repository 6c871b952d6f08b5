"""Finding customers of an institution by any part of a name, by part of a phone number, or by a whole civil id (ADR 0019).

People whose every typed word begins a part of their name come first; only if they are few are those looked for who have it
inside a part. What very many share is found among the newest customers without asking the index, so that one letter is
as quick as a whole name. What is returned is bounded and says whether there are more; one types on rather than turns pages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from ..authority import Author, require
from ..domain import Customer
from ..permissions import CUSTOMERS_VIEW
from ..persons.civil_ids import customers_by_civil_id
from ..queries import customers
from .words import Word, closeness, conditions, typed_words

LIMIT_MAX: Final = 100
CANDIDATES_MAX: Final = 200
NEWEST: Final = 1_000
"""Among so many of the newest customers what is common is looked for first; rarer things are quick to find by the index."""

_AMONG_NEWEST: Final = """
SELECT customer_id, search_text FROM (
    SELECT customer_id, search_text, search_keys FROM people_membership
    WHERE institution_id = %s ORDER BY customer_id DESC LIMIT %s
) AS newest WHERE {fits} LIMIT %s
"""
_BY_INDEX: Final = """
SELECT customer_id, search_text FROM people_membership WHERE {fits} AND institution_id IS NOT DISTINCT FROM %s LIMIT %s
"""
# Keys of two institutions may be the same by chance, so the institution is compared too, in words that no index serves.
# The planner knows how common a key is, not which keys go together: left to itself it may read the whole table, hoping to
# find enough soon. These settings leave it the one index.
_ONLY_BY_INDEX: Final = ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan", "jit")


@dataclass(frozen=True, slots=True)
class CustomersFound(Sequence[Customer]):
    """Customers, the closest first; ``more``: there are others whom what was typed fits as well."""

    customers: tuple[Customer, ...]
    more: bool = False

    def __len__(self) -> int:
        return len(self.customers)

    def __getitem__(self, place: Any) -> Any:
        return self.customers[place]


def search_customers(text: str, *, institution_id: UUID, limit: int = 20, by: Author | None = None) -> CustomersFound:
    """Return an institution's customers whom ``text`` fits: every word of it, however vowelled or spelt.

    A word fits the beginning of a part of a name in any language, from three letters on also its inside; digits (four or
    more) fit a phone number anywhere, in national and international writing; a whole civil id fits its owner.

    Args:
        text: what was typed.
        institution_id: whose customers.
        limit: at most so many, and never more than ``LIMIT_MAX``.
        by: who asks, if this is to be checked here.

    Raises:
        NotPermitted: ``by`` may not see the institution's customers.
    """
    if by is not None:
        require(by, CUSTOMERS_VIEW, institution_id)
    size, words = min(max(limit, 1), LIMIT_MAX), typed_words(text)
    if not words:
        return CustomersFound(())
    exact = customers_by_civil_id(text, institution_id=institution_id)
    found = dict.fromkeys(exact, "")
    for customer_id, search_text in _by_words(institution_id, words, size):
        found.setdefault(customer_id, search_text)
    ids = list(found)[:size]
    read = customers(ids)
    return CustomersFound(tuple(read[one] for one in ids if one in read), more=len(found) > size)


def _by_words(institution_id: UUID, words: Sequence[Word], size: int) -> list[tuple[UUID, str]]:
    """Return the closest rows, one more than ``size`` if there are more."""
    fits, values = _condition(institution_id, words, anywhere=False)
    found = _ask(_AMONG_NEWEST, fits, [institution_id, max(NEWEST, size * 20), *values, CANDIDATES_MAX])
    if len(found) <= size:
        with _only_by_index():
            found = _ask(_BY_INDEX, fits, [*values, institution_id, CANDIDATES_MAX])
            wider, wider_values = _condition(institution_id, words, anywhere=True)
            if len(found) <= size and wider_values != values:
                inside = _ask(_BY_INDEX, wider, [*wider_values, institution_id, CANDIDATES_MAX])
                found = list(dict(found + inside).items())
    found.sort(key=lambda row: (*closeness(row[1], words), row[1], row[0]))
    return found[: size + 1]


def _condition(institution_id: UUID, words: Sequence[Word], *, anywhere: bool) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for word in words:
        keys, patterns = conditions(institution_id, word, anywhere=anywhere)
        parts += ["search_keys && %s::integer[]"] * len(keys)
        values += keys
        parts.append("search_text LIKE ANY (%s)")
        values.append(patterns)
    return " AND ".join(parts), values


def _ask(statement: str, fits: str, values: list[Any]) -> list[tuple[UUID, str]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(fits=fits), values)
        return list(cursor.fetchall())


@contextlib.contextmanager
def _only_by_index() -> Iterator[None]:
    """Let the statements within be planned with nothing but the index, and put things back as they were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_set_all("current_setting(%s)"), [*_ONLY_BY_INDEX])
        before = cursor.fetchone()
        assert before is not None
        cursor.execute(_set_all("set_config(%s, 'off', true)"), [*_ONLY_BY_INDEX])
        yield
        pairs = [word for pair in zip(_ONLY_BY_INDEX, before, strict=True) for word in pair]
        cursor.execute(_set_all("set_config(%s, %s, true)"), pairs)


def _set_all(call: str) -> str:
    return "SELECT " + ", ".join([call] * len(_ONLY_BY_INDEX))
