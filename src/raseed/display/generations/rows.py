"""The rows of ``display_shown``, written and read as columns: the only place that names that table in Python.

Layouts: PostgreSQL documentation, "COPY, Binary Format". A row of a generation is written by whoever holds its lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray

from raseed.platform.api import named_statements, run_statement

from .columns import SHOWN

PAGES_PER_PORTION: Final = 2048
"""Of the table, read at a time: 16 MiB, about 170,000 rows."""
_FIELDS: Final = (
    ("generation", ">i4"),
    ("ledger", ">i4"),
    ("id", "V16"),
    ("booked", ">i8"),
    ("held", ">i8"),
    ("position", ">i8"),
)
_ROW: Final = np.dtype(
    [("fields", ">i2"), *(pair for name, kind in _FIELDS for pair in ((f"size_{name}", ">i4"), (name, kind)))]
)
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_PACKED: Final = np.dtype([("ledger", ">i4"), ("id", "V16"), ("booked", ">i8"), ("held", ">i8"), ("position", ">i8")])
_SQL: Final = named_statements("raseed.display", "sql/shown.sql")


def steady_plans(connection: psycopg.Connection[Any]) -> None:
    """Hold the planner, until the transaction ends, to finding each row by its key, however few or many it thinks there are."""
    connection.execute(
        "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
    )


def copy_in(connection: psycopg.Connection[Any], generation: int, rows: NDArray[Any]) -> None:
    """Append rows (``SHOWN``)."""
    template = np.zeros(1, _ROW)
    template["fields"], template["generation"] = len(_FIELDS), generation
    for name, kind in _FIELDS:
        template[f"size_{name}"] = np.dtype(kind).itemsize
    sent = np.repeat(template, len(rows))
    for name in ("ledger", "id", "booked", "held", "position"):
        sent[name] = rows[name]
    with connection.cursor() as cursor, cursor.copy(_SQL["copy_in"]) as copy:
        copy.write(_HEADER)
        copy.write(sent.tobytes())
        copy.write(_TRAILER)


def add(connection: psycopg.Connection[Any], generation: int, changes: NDArray[Any]) -> NDArray[np.bool_]:
    """Add changes (``CHANGE``, one an account) to the rows that are there; say which were."""
    ids = uuids(changes["id"])
    found = connection.execute(
        _SQL["add"],
        {
            "generation": generation, "ids": ids, "booked": changes["booked"].tolist(), "held": changes["held"].tolist(),
            "positions": changes["position"].tolist(),
        },
        binary=True, prepare=True,
    ).fetchall()  # fmt: skip
    there = {account_id for (account_id,) in found}
    return np.fromiter((each in there for each in ids), bool, len(ids))


def read_all(connection: psycopg.Connection[Any], generation: int) -> Iterator[NDArray[Any]]:
    """Yield all rows of a generation as ``SHOWN``, in no order, a portion of the table's pages at a time.

    The connection must be in a transaction that sees one snapshot. The server packs each portion into one value, which costs a
    fraction of what COPY does at this end.
    """
    connection.execute(_SQL["no_index"])
    [pages] = connection.execute(_SQL["pages"]).fetchone() or [0]
    for start in range(0, int(pages), PAGES_PER_PORTION):
        places = {"start": f"({start},0)", "end": f"({start + PAGES_PER_PORTION},0)", "generation": generation}
        [raw] = connection.execute(_SQL["packed"], places, binary=True).fetchone() or [None]
        if raw:
            packed = np.frombuffer(raw, _PACKED)
            rows = np.empty(len(packed), SHOWN)
            for name in ("ledger", "id", "booked", "held", "position"):
                rows[name] = packed[name]
            yield rows


def uuids(column: NDArray[Any]) -> list[UUID]:
    """Return ids as Python knows them."""
    raw = column.tobytes()
    return [UUID(bytes=raw[at : at + 16]) for at in range(0, len(raw), 16)]


def take_some(connection: psycopg.Connection[Any], generation: int, *, most: int) -> int:
    """Take so many rows of a generation out; return how many there were."""
    return connection.execute(_SQL["sweep"], {"generation": generation, "most": most}).rowcount


def rows_of(account_ids: Sequence[UUID], generation: int) -> tuple[int, dict[UUID, tuple[int, int, int]]]:
    """Return the batch that a generation has come to, and its rows of accounts: ledger, booked, held; on Django's connection."""
    found = run_statement(_SQL["rows_of"], {"generation": generation, "ids": list(account_ids)})
    built_to = int(found[0][0]) if found else 0
    return built_to, {row[1]: (row[2], row[3], row[4]) for row in found if row[1] is not None}


def set_rows(generation: int, rows: NDArray[Any], *, without: Sequence[UUID]) -> tuple[int, int, int]:
    """Set rows (``SHOWN``) whatever they were, and take out those of other accounts; in Django's transaction.

    Returns how many are new, how many (these too) are other than they were, and how many are gone.
    """
    gone = run_statement(_SQL["take_out"], {"generation": generation, "ids": list(without)})
    changed = run_statement(
        _SQL["set"],
        {
            "generation": generation, "ids": uuids(rows["id"]), "ledgers": rows["ledger"].tolist(),
            "booked": rows["booked"].tolist(), "held": rows["held"].tolist(), "positions": rows["position"].tolist(),
        },
    )  # fmt: skip
    return sum(is_new for _, is_new in changed), len(changed), len(gone)


def some_ids(connection: psycopg.Connection[Any], generation: int, count: int) -> list[UUID]:
    """Return about so many accounts that a generation shows, drawn by chance from pages of the table."""
    found = connection.execute(_SQL["some"], {"generation": generation, "count": count}).fetchall()
    return [account_id for (account_id,) in found]
