"""Statements written in SQL: read by name from the files beside the code that runs them, and run on Django's connection.

Where a statement matters (many rows, a lock order, a page that everybody opens) it is written as it runs. Django's own
cursors write parameters into its text, which is slow for arrays of thousands, and have the server plan it anew each time;
and putting a query together from a model costs more than most of ours take to run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, LiteralString, NamedTuple, cast
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg import errors, pq
from psycopg.abc import Transformer as Adapting
from psycopg.adapt import PyFormat, Transformer

from . import rows

_Connection = psycopg.Connection[tuple[Any, ...]]
_BINARY: Final = 1
_UNKNOWN: Final = 0
_KEPT_MAX: Final = 2_000
_PARAMETER: Final = re.compile(r"%(?:%|\((\w+)\)s(?:::(\w+)(\[\])?)?)")
_NAMED: Final = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)
_ready: Final[WeakKeyDictionary[_Connection, dict[tuple[str, tuple[int, ...]], bytes]]] = WeakKeyDictionary()
"""The names under which statements stand ready, by connection, statement and types."""


def named_statements(package: str, *file_names: str) -> Mapping[str, LiteralString]:
    """Return the statements of a package's files (``statements.sql`` unless others are named), each after ``-- name: its_name``."""
    return dict(
        named
        for name in file_names or ("statements.sql",)
        for named in _NAMED.findall(files(package).joinpath(name).read_text(encoding="utf-8"))
    )


def run_statement(statement: LiteralString, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement on Django's connection, in its transaction if one is open, and return its rows.

    The server parses and plans it at its first use on a connection and keeps it. Values go out in binary as what the statement
    casts them to (``%(ids)s::uuid[]``), others as psycopg sends them; answers come in binary, JSON as its text.
    """
    connection.ensure_connection()
    raw = cast("_Connection", connection.connection)
    with connection.wrap_database_errors:
        adapting = Transformer(raw)
        wanted = _read(statement)
        sent = [_sent(parameters[name], type_name, adapting) for name, type_name in wanted.parameters]
        server = raw.pgconn
        if not raw.autocommit and server.transaction_status == pq.TransactionStatus.IDLE:
            _checked(server.exec_(b"BEGIN"))  # as psycopg does at its own first statement
        name = _name(raw, wanted, tuple(type_number for type_number, _, _ in sent))
        answer = _checked(
            server.exec_prepared(name, [data for _, data, _ in sent], [kind for *_, kind in sent], _BINARY)
        )
        if answer.status != pq.ExecStatus.TUPLES_OK:
            return []
        adapting.set_pgresult(answer)
        return adapting.load_rows(0, answer.ntuples, tuple)


class _Read(NamedTuple):
    """A statement as the server takes it, and its parameters in order: name, and the type that it casts them to, or nothing."""

    text: str
    parameters: Sequence[tuple[str, str]]


@lru_cache(maxsize=_KEPT_MAX)
def _read(statement: str) -> _Read:
    places: dict[str, int] = {}
    types: dict[str, str] = {}

    def place(found: re.Match[str]) -> str:
        name, type_name, brackets = found.groups()
        if name is None:
            return "%"
        written = f"{type_name or ''}{brackets or ''}"
        if types.setdefault(name, written) != written:
            types[name] = ""  # cast to one type here and to another there
        return f"${places.setdefault(name, len(places) + 1)}{'::' if written else ''}{written}"

    text = _PARAMETER.sub(place, statement)
    return _Read(text, [(name, types[name]) for name in places])


def _sent(value: object, type_name: str, adapting: Adapting) -> tuple[int, Any, int]:
    """Return a value as it goes out: the number of its type, the data, and whether they are binary."""
    if value is None:
        return _UNKNOWN, None, _BINARY
    known = rows.parameter(value, type_name)
    if known is not None:
        return *known, _BINARY
    dumper = adapting.get_dumper(value, PyFormat.AUTO)
    return dumper.oid, dumper.dump(value), dumper.format


def _name(raw: _Connection, wanted: _Read, types: tuple[int, ...]) -> bytes:
    """Return the name under which a statement stands ready on a connection, after preparing it there if need be."""
    names = _ready.get(raw)
    if names is None:
        names = _ready[raw] = {}
    name = names.get((wanted.text, types))
    if name is None:
        name = b"raseed_statement_%d" % len(names)
        _checked(raw.pgconn.prepare(name, wanted.text.encode(), types))
        names[wanted.text, types] = name
    return name


def _checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return result
    if result.error_field(pq.DiagnosticField.SQLSTATE) is None:  # the server did not answer
        raise errors.OperationalError(result.error_message.decode(errors="replace").strip())
    raise errors.error_from_result(result)
