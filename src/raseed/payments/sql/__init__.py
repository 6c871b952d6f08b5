"""The named statements of the files beside this one, and the way they run: bound and prepared by the server, in binary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final, LiteralString, cast

import psycopg
from django.db import connection

_NAMED: Final = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)

STATEMENTS: Final[Mapping[str, LiteralString]] = dict(
    named
    for file in ("statements.sql", "orders.sql", "outside.sql")
    for named in _NAMED.findall(files(__package__).joinpath(file).read_text(encoding="utf-8"))
)


def run(statement: LiteralString, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement on Django's connection, in its transaction if one is open, and return its rows.

    Django's own cursors write parameters into the text of a statement, which is slow for arrays of thousands and has
    the server plan it anew each time.
    """
    connection.ensure_connection()
    raw = cast("psycopg.Connection[tuple[Any, ...]]", connection.connection)
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(statement, parameters, prepare=True, binary=True)
        return cursor.fetchall() if cursor.description else []
