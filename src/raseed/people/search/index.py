"""Keeps how people are found in step with who they are: at registration, renaming, a new number, and for all at once."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

from django.db import connection

from .words import search_keys, text_of

BATCH: Final = 5_000
PENDING_KB: Final = 256
PENDING_BULK_KB: Final = 65_536
"""How much of the index may lie unmerged, which every search reads through: little, but for the length of a bulk chunk."""

_PERSON: Final = """
SELECT membership.id, membership.institution_id, customer.names, identity.value
FROM people_membership AS membership
JOIN people_customer AS customer ON customer.id = membership.customer_id
LEFT JOIN people_identity AS identity
    ON identity.customer_id = customer.id AND identity.channel = 'phone' AND identity.scope = '' AND identity.until IS NULL
"""
_OF_ONE: Final = _PERSON + "WHERE membership.customer_id = %s"
_OF_ALL: Final = _PERSON + "WHERE membership.id > %s ORDER BY membership.id LIMIT %s"
_WRITE: Final = """
UPDATE people_membership AS membership SET search_text = fresh.text, search_keys = fresh.keys::integer[]
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS fresh (id, text, keys)
WHERE membership.id = fresh.id AND (membership.search_text, membership.search_keys) <> (fresh.text, fresh.keys::integer[])
"""


def merge_soon() -> None:
    """Let what this transaction adds to the index be merged as soon as a little has gathered; the last add does it."""
    _pending(PENDING_KB)


def merge_late() -> None:
    """Let much gather before it is merged: many keys at once cost a fraction of one by one. ``merge_soon`` ends it."""
    _pending(PENDING_BULK_KB)


def _pending(kilobytes: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('gin_pending_list_limit', %s, true)", [f"{kilobytes}kB"])


def index_person(customer_id: UUID) -> None:
    """Write anew how a person is found at each institution they are with, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_ONE, [customer_id])
        _write(cursor, cursor.fetchall())


def index_everybody(cursor: Any) -> int:
    """Write anew how everybody is found, in batches, and return how many rows that is: after the folding has changed."""
    done, last = 0, 0
    while True:
        cursor.execute(_OF_ALL, [last, BATCH])
        rows = cursor.fetchall()
        if not rows:
            return done
        _write(cursor, rows)
        done, last = done + len(rows), rows[-1][0]


def _write(cursor: Any, rows: list[tuple[int, UUID, Any, str | None]]) -> None:
    texts = [text_of(_names(names), phone or "") for _, _, names, phone in rows]
    keys = [search_keys(row[1], text) for row, text in zip(rows, texts, strict=True)]
    arrays = ["{" + ",".join(map(str, each)) + "}" for each in keys]
    cursor.execute(_WRITE, [[row[0] for row in rows], texts, arrays])


def _names(names: Any) -> dict[str, str]:
    """Return names from the column; Django's cursor hands JSON over as it stands in the database."""
    read: dict[str, str] = json.loads(names) if isinstance(names, str) else names
    return read
