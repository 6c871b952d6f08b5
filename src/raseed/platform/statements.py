"""Statements written in SQL: read by name from the files beside the code that runs them, and run on Django's connection.

Where a statement matters (many rows, a lock order, a page that everybody opens) it is written as it runs. Django's own
cursors write parameters into its text, which is slow for arrays of thousands, and have the server plan it anew each time;
and putting a query together from a model costs more than most of ours take to run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final, LiteralString, cast

import psycopg
from django.db import connection

_NAMED: Final = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


def named_statements(package: str, *file_names: str) -> Mapping[str, LiteralString]:
    """Return the statements of a package's files (``statements.sql`` unless others are named), each after ``-- name: its_name``."""
    return dict(
        named
        for name in file_names or ("statements.sql",)
        for named in _NAMED.findall(files(package).joinpath(name).read_text(encoding="utf-8"))
    )


def run_statement(statement: LiteralString, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement on Django's connection, in its transaction if one is open, and return its rows.

    It is bound and prepared by the server; answers come in binary, JSON as its text.
    """
    connection.ensure_connection()
    raw = cast("psycopg.Connection[tuple[Any, ...]]", connection.connection)
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(statement, parameters, prepare=True, binary=True)
        return cursor.fetchall() if cursor.description else []
