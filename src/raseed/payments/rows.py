"""Rows as PostgreSQL's COPY takes them in binary, put together without a look at each value's type.

psycopg's own writer asks every value how it is to be sent; for tables whose columns are known that is most of the price of
a row. Layouts: PostgreSQL documentation, "COPY, Binary Format", and the send and receive functions of the types.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from struct import Struct
from typing import Final, LiteralString
from uuid import UUID

from django.db import connection

NULL: Final = b"\xff\xff\xff\xff"
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(2000, 1, 1).toordinal()
_WIDTH: Final = Struct(">h").pack
_LENGTH: Final = Struct(">i").pack
_INT2: Final = Struct(">ih").pack
_INT4: Final = Struct(">ii").pack
_INT8: Final = Struct(">iq").pack
_UUID_LENGTH: Final = _LENGTH(16)


def width(columns: int) -> bytes:
    """Return what a row of so many columns begins with."""
    return _WIDTH(columns)


def uuid(value: UUID | None) -> bytes:
    """Return a ``uuid`` cell."""
    return NULL if value is None else _UUID_LENGTH + value.bytes


def id_number(value: int) -> bytes:
    """Return a ``uuid`` cell of an id given as a number."""
    return _UUID_LENGTH + value.to_bytes(16)


def text(value: str | None) -> bytes:
    """Return a ``text`` or ``varchar`` cell."""
    if value is None:
        return NULL
    data = value.encode()
    return _LENGTH(len(data)) + data


def raw(value: bytes) -> bytes:
    """Return a ``bytea`` cell."""
    return _LENGTH(len(value)) + value


def int2(value: int) -> bytes:
    """Return a ``smallint`` cell."""
    return _INT2(2, value)


def int4(value: int) -> bytes:
    """Return an ``integer`` cell."""
    return _INT4(4, value)


def int8(value: int) -> bytes:
    """Return a ``bigint`` cell."""
    return _INT8(8, value)


def day(value: date) -> bytes:
    """Return a ``date`` cell."""
    return _INT4(4, value.toordinal() - _EPOCH_DAY)


def instant(value: datetime) -> bytes:
    """Return a ``timestamptz`` cell, exact to the microsecond."""
    since = value - _EPOCH
    return _INT8(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def document(value: object | None) -> bytes:
    """Return a ``jsonb`` cell."""
    if value is None:
        return NULL
    data = json.dumps(value, ensure_ascii=False).encode()
    return _LENGTH(len(data) + 1) + b"\x01" + data


def copy(statement: LiteralString, rows: Iterable[bytes]) -> None:
    """Send rows by ``COPY … FROM STDIN (FORMAT BINARY)``, on Django's connection and in its transaction."""
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as sink:
        sink.write(b"".join([_HEADER, *rows, _TRAILER]))
