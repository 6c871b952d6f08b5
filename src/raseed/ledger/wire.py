"""PostgreSQL's binary formats for arrays and COPY, written and read a column at a time with numpy.

A transfer costs the client a fraction of a microsecond this way. Layouts: PostgreSQL documentation, "COPY, Binary
Format", and the send and receive functions of int4, int8, uuid and arrays (all big-endian).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from psycopg import errors, pq

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from numpy.typing import NDArray

Column = "NDArray[Any]"

_INT4_OID: Final = 23
_INT8_OID: Final = 20
_UUID_OID: Final = 2950
_DATE_OID: Final = 1082
ID: Final = np.dtype("V16")
INT4: Final = np.dtype(">i4")
INT8: Final = np.dtype(">i8")
_COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TRAILER: Final = b"\xff\xff"


_ARRAY_HEADER: Final = struct.Struct(">5i")
"""Dimensions, whether there are nulls, the elements' type, how many, the first one's number."""
_CELL: Final = {element: np.dtype([("length", INT4), ("value", element)]) for element in (ID, INT4, INT8)}
_CELLS_READY: Final = 512
"""Cells with their lengths filled in lie ready for arrays of up to this size: the price of small ones is in the making."""


def _cells(count: int, element: np.dtype[Any]) -> bytes:
    cells = np.zeros(count, _CELL[element])
    cells["length"] = element.itemsize
    return cells.tobytes()


_READY: Final = {element: _cells(_CELLS_READY, element) for element in _CELL}


def _array(oid: int, column: NDArray[Any], element: np.dtype[Any]) -> bytes:
    count = len(column)
    cell = _CELL[element]
    ready = _READY[element][: count * cell.itemsize] if count <= _CELLS_READY else _cells(count, element)
    array = bytearray(_ARRAY_HEADER.pack(1, 0, oid, count, 1) + ready)
    np.frombuffer(array, cell, count, _ARRAY_HEADER.size)["value"] = column
    return bytes(array)


def int4s(column: NDArray[Any]) -> bytes:
    """Encode an ``int4[]``."""
    return _array(_INT4_OID, column, INT4)


def int8s(column: NDArray[Any]) -> bytes:
    """Encode an ``int8[]``."""
    return _array(_INT8_OID, column, INT8)


def dates(column: NDArray[Any]) -> bytes:
    """Encode a ``date[]`` of day numbers since 2000-01-01."""
    return _array(_DATE_OID, column, INT4)


def uuids(column: NDArray[Any]) -> bytes:
    """Encode a ``uuid[]`` of 16-byte values."""
    return _array(_UUID_OID, column, ID)


def read_array(raw: bytes | None, element: np.dtype[Any]) -> NDArray[Any]:
    """Decode a one-dimensional array without nulls; None and the empty array give no elements."""
    if raw is None or len(raw) <= 12:  # noqa: PLR2004 - the header of an empty array
        return np.empty(0, element)
    cells = np.frombuffer(raw, _CELL[element], offset=20)
    return np.ascontiguousarray(cells["value"])


def read_matrix(raw: bytes | None, width: int) -> NDArray[np.int64]:
    """Decode a two-dimensional ``int8[]`` without nulls, with so many numbers a row; None gives no rows."""
    if raw is None:
        return np.empty((0, width), np.int64)
    return np.frombuffer(raw, _CELL[INT8], offset=28)["value"].astype(np.int64).reshape(-1, width)


def int8(value: int) -> bytes:
    """Encode one ``int8`` (and, as microseconds since 2000, one ``timestamptz``)."""
    return value.to_bytes(8, "big", signed=True)


def begin(connection: psycopg.Connection[Any]) -> None:
    """Begin the transaction if psycopg has not yet: it does so at its first own statement only."""
    if connection.pgconn.transaction_status == pq.TransactionStatus.IDLE:
        connection.pgconn.exec_(b"BEGIN")


def set_savepoint(connection: psycopg.Connection[Any]) -> None:
    """Set the savepoint that ``go_back_to_savepoint`` goes back to, beginning the transaction if need be: one round trip.

    Raises:
        psycopg.Error: as the server answered.
    """
    begins = connection.pgconn.transaction_status == pq.TransactionStatus.IDLE
    _checked(connection.pgconn.exec_(b"BEGIN; SAVEPOINT raseed_post" if begins else b"SAVEPOINT raseed_post"))


def go_back_to_savepoint(connection: psycopg.Connection[Any]) -> None:
    """Undo what was done since ``set_savepoint``; where the connection is gone, so is all of it."""
    if connection.pgconn.status == pq.ConnStatus.OK:
        connection.pgconn.exec_(b"ROLLBACK TO SAVEPOINT raseed_post")


def call(connection: psycopg.Connection[Any], statement: bytes, parameters: Sequence[bytes | None]) -> pq.abc.PGresult:
    """Run one statement with binary parameters and a binary result on the caller's connection.

    It is prepared at its first use on a connection, which saves parsing and planning it at each.

    Raises:
        psycopg.Error: as the server answered.
    """
    server = connection.pgconn
    prepared = _PREPARED.get(connection)
    if prepared is None:
        prepared = _PREPARED[connection] = {}
    name = prepared.get(statement)
    if name is None:
        name = b"raseed_" + str(hash(statement)).encode()
        _checked(server.prepare(name, statement))
        prepared[statement] = name
    return _checked(server.exec_prepared(name, parameters, [1] * len(parameters), 1))  # type: ignore[arg-type]


def _checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status not in {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}:
        state = result.error_field(pq.DiagnosticField.SQLSTATE)
        kind = errors.lookup(state.decode()) if state else errors.OperationalError  # none: the server did not answer
        raise kind(result.error_message.decode(errors="replace").strip())
    return result


def int4(value: int) -> bytes:
    """Encode one ``int4``."""
    return value.to_bytes(4, "big", signed=True)


_PREPARED: Final[WeakKeyDictionary[psycopg.Connection[Any], dict[bytes, bytes]]] = WeakKeyDictionary()


class Rows:
    """A fixed set of columns, all of fixed width and never null, that goes out as one COPY in binary format."""

    def __init__(self, table: str, columns: Sequence[tuple[str, np.dtype[Any]]]) -> None:
        names = ", ".join(name for name, _ in columns)
        self._statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
        layout: list[tuple[str, Any]] = [("width", np.dtype(">i2"))]
        for name, element in columns:
            layout += [(f"length_{name}", INT4), (name, element)]
        self._layout = np.dtype(layout)
        self._template = np.zeros(1, self._layout)
        self._template["width"] = len(columns)
        for name, element in columns:
            self._template[f"length_{name}"] = element.itemsize

    def empty(self, count: int) -> NDArray[Any]:
        """Return ``count`` rows of zeros, to be filled by column name."""
        return np.repeat(self._template, count)

    def copy(self, connection: psycopg.Connection[Any], *parts: NDArray[Any]) -> None:
        """Send rows, made by ``empty`` and filled.

        Raises:
            psycopg.Error: as the server answered, for instance UniqueViolation.
        """
        with connection.cursor() as cursor, cursor.copy(self._statement) as copy:
            copy.write(b"".join([_COPY_HEADER, *(rows.tobytes() for rows in parts), _COPY_TRAILER]))
