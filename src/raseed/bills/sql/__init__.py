"""The named statements of ``statements.sql``, and the way they run: bound and prepared by the server, in binary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final, LiteralString, cast

import psycopg
from django.db import connection

_NAMED: Final = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)

STATEMENTS: Final[Mapping[str, LiteralString]] = dict(
    _NAMED.findall(files(__package__).joinpath("statements.sql").read_text(encoding="utf-8"))
)


def run(name: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run the statement of that name on Django's connection, in its transaction if one is open, and return its rows."""
    connection.ensure_connection()
    raw = cast("psycopg.Connection[tuple[Any, ...]]", connection.connection)
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(STATEMENTS[name], parameters, prepare=True, binary=True)
        return cursor.fetchall() if cursor.description else []
