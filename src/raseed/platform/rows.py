"""Rows and arrays as PostgreSQL takes them in binary, put together without a look at each value's type.

psycopg asks every value how it is to be sent; where a column's or an array's type is known, that is most of the price of a
row. Layouts: PostgreSQL documentation, "COPY, Binary Format", and the send and receive functions of the types.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from struct import Struct
from typing import Any, Final, LiteralString
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
_ARRAY: Final = Struct(">iiiii").pack
_ARRAY_EMPTY: Final = Struct(">iii").pack
_TRUE: Final = b"\0\0\0\1\1"
_FALSE: Final = b"\0\0\0\1\0"
_UUID_LENGTH: Final = _LENGTH(16)
_LENGTH_BYTES: Final = 4


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


def boolean(value: bool) -> bytes:  # noqa: FBT001  (a cell is made of its value)
    """Return a ``boolean`` cell."""
    return _TRUE if value else _FALSE


def json_text(value: str) -> bytes:
    """Return a ``jsonb`` cell of a document that is text already."""
    data = value.encode()
    return _LENGTH(len(data) + 1) + b"\x01" + data


def parameter(value: object, type_name: str) -> tuple[int, bytes] | None:
    """Return the number of a type (``uuid``, ``uuid[]``) and a value of it; ``None`` where either isn't known here."""
    known = _TYPES.get(type_name.removesuffix("[]"))
    if known is None:
        return None
    number, number_of_array, python, cell = known
    if type(value) is list and type_name.endswith("[]"):
        return number_of_array, _array(value, number, cell)
    return (number, cell(value)[_LENGTH_BYTES:]) if type(value) is python and not type_name.endswith("[]") else None


def _array(values: Sequence[object], number: int, cell: Callable[[Any], bytes]) -> bytes:
    if not values:
        return _ARRAY_EMPTY(0, 0, number)
    has_null = None in values
    cells = (NULL if value is None else cell(value) for value in values) if has_null else map(cell, values)
    return _ARRAY(1, has_null, number, len(values), 1) + b"".join(cells)


def document(value: object | None) -> bytes:
    """Return a ``jsonb`` cell."""
    if value is None:
        return NULL
    return json_text(json.dumps(value, ensure_ascii=False))


def copy(statement: LiteralString, rows: Iterable[bytes]) -> None:
    """Send rows by ``COPY … FROM STDIN (FORMAT BINARY)``, on Django's connection and in its transaction."""
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as sink:
        sink.write(b"".join([_HEADER, *rows, _TRAILER]))


_TYPES: Final[Mapping[str, tuple[int, int, type, Callable[[Any], bytes]]]] = {
    "boolean": (16, 1000, bool, boolean),
    "smallint": (21, 1005, int, int2),
    "int4": (23, 1007, int, int4),
    "int": (23, 1007, int, int4),
    "integer": (23, 1007, int, int4),
    "bigint": (20, 1016, int, int8),
    "text": (25, 1009, str, text),
    "uuid": (2950, 2951, UUID, uuid),
    "date": (1082, 1182, date, day),
    "timestamptz": (1184, 1185, datetime, instant),
    "jsonb": (3802, 3807, str, json_text),
}
"""Of each type by name: the numbers of itself and its array (``pg_type.dat``), what it is in Python, and how a cell is made."""
