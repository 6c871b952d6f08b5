"""Reading whole tables in one snapshot, in their own order or put in order, without any index.

A table's pages are read a portion at a time; the server packs each portion's rows into one value, which costs a fifth of
what COPY does at this end. Rows lie nearly in the order in which they were posted, so that putting them in order takes
one look at the least key of each portion first, and then a buffer of what may still be preceded.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from .findings import Found, differs
from .formats import NEVER_US, UNIX_TO_POSTGRES_US, Table

if TYPE_CHECKING:
    import psycopg
    from numpy.typing import NDArray

PAGES_PER_PORTION: Final = 2048
"""16 MiB of a table; about 85,000 transfers."""
BUFFER_ROWS_MAX: Final = 1 << 20
"""The most rows that are kept waiting for their place; beyond that the server sorts what is left."""
SORTED_ROWS: Final = 1 << 16
"""How many rows are taken at a time from a sorting server."""
END: Final = (1 << 63) - 1
"""A key beyond all keys."""

T = TypeVar("T")


@contextlib.contextmanager
def snapshot(connect: Callable[[], psycopg.Connection[Any]]) -> Iterator[psycopg.Connection[Any]]:
    """Open a connection that sees the books as they are now, for as long as the ``with`` lasts, and uses no index."""
    with connect() as connection:
        connection.autocommit = False
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for setting in ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"):
            connection.execute(f"SET LOCAL {setting} = off".encode())
        connection.execute("SET LOCAL statement_timeout = 0")
        yield connection
        connection.rollback()


def _pages(connection: psycopg.Connection[Any], table: Table) -> int:
    [size] = connection.execute(
        "SELECT pg_relation_size(%s::regclass) / current_setting('block_size')::int8", [table.name]
    ).fetchone() or [0]
    return int(size)


def _range(start: int) -> list[str]:
    return [f"({start},0)", f"({start + PAGES_PER_PORTION},0)"]


def _unpack(table: Table, count: int, packed: bytes | None, page: int) -> NDArray[Any]:
    raw = bytearray(packed or b"")
    if len(raw) != count * table.dtype.itemsize:
        raise Found(differs("row_damaged", table=table.name, page=page))
    rows = np.frombuffer(raw, table.dtype)
    for name in table.times:
        never = rows[name] == NEVER_US
        rows[name] += UNIX_TO_POSTGRES_US
        rows[name][never] = NEVER_US
    return rows


def joined(parts: list[NDArray[Any]], table: Table) -> NDArray[Any]:
    """Return rows one after the other, byte for byte: numpy alone would turn their numbers into the machine's order."""
    if len(parts) == 1:
        return parts[0]
    cell = f"V{table.dtype.itemsize}"
    return np.concatenate([np.empty(0, cell), *(part.view(cell) for part in parts)]).view(table.dtype)


class Pages:
    """A table's rows in the order in which they lie, a portion at a time."""

    def __init__(self, connection: psycopg.Connection[Any], table: Table, *, first: int = 0) -> None:
        """Take the pages from one on; those that come later are not read."""
        self._connection = connection
        self.table = table
        self.starts = range(first, _pages(connection, table), PAGES_PER_PORTION)
        self._read: Any = (
            f"SELECT count(*), string_agg({table.expression}, '') FROM {table.name} WHERE ctid >= %s AND ctid < %s"  # noqa: S608
        ).encode()

    def read(self, start: int) -> NDArray[Any]:
        """Return the rows in the portion that starts at a page.

        Raises:
            Found: one of them is damaged.
        """
        answer = self._connection.execute(self._read, _range(start), binary=True).fetchone() or (0, b"")
        return _unpack(self.table, answer[0], answer[1], start)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return map(self.read, self.starts)


class Ordered:
    """A table's rows in the order of its key, handed out as far as they are asked for.

    Attributes:
        rows: how many there are.
        last: the largest key, −1 where there is none.
    """

    def __init__(self, connection: psycopg.Connection[Any], table: Table) -> None:
        self._connection = connection
        self._table = table
        self._pages = Pages(connection, table)
        ask: Any = (
            f"SELECT count(*), min({table.key}), max({table.key}) FROM {table.name} WHERE ctid >= %s AND ctid < %s"  # noqa: S608
        ).encode()
        counted = [connection.execute(ask, _range(start)).fetchone() or (0, None, None) for start in self._pages.starts]
        self.rows = sum(count for count, _, _ in counted)
        self.last = max((greatest for _, _, greatest in counted if greatest is not None), default=-1)
        self._safe = _safe_keys([lowest for _, lowest, _ in counted])
        self._read = 0
        self._given = 0
        self._given_below = -END
        self._buffer = np.empty(0, table.dtype)
        self._sorted: bytes | None = None

    def below(self, limit: int) -> NDArray[Any]:
        """Return the rows whose key is below ``limit`` and that were not returned yet, in order.

        Raises:
            Found: a row is damaged.
        """
        parts = [self._buffer]
        waiting = len(self._buffer)
        while not self._reaches(limit):
            if waiting > BUFFER_ROWS_MAX and self._sorted is None:
                parts, waiting = [], 0
                self._sort_the_rest()
            parts.append(self._more())
            waiting += len(parts[-1])
        rows = joined(parts, self._table)
        keys = rows[self._table.key].astype(np.int64)
        if (keys[1:] < keys[:-1]).any():
            order = np.argsort(keys, kind="stable")
            rows, keys = rows[order], keys[order]
        end = int(np.searchsorted(keys, limit)) if limit < END else len(rows)
        self._buffer = rows[end:]
        self._given_below = max(limit, self._given_below)
        self._given += end
        if limit == END and self._given != self.rows:
            raise Found(differs("row_damaged", table=self._table.name, page=0))
        return rows[:end]

    def portions(self, bits: int) -> Iterator[tuple[NDArray[Any], int]]:
        """Yield all rows in order, in portions that end at multiples of two to the ``bits``, each with the limit it is below.

        The last limit is ``END``.
        """
        limit = -END
        while limit < END:
            reached = self._reached()
            aligned = reached if reached == END else reached >> bits << bits
            if aligned <= limit:
                self._buffer = joined([self._buffer, self._more()], self._table)
                if len(self._buffer) > BUFFER_ROWS_MAX and self._sorted is None:
                    self._sort_the_rest()
                continue
            limit = aligned
            yield self.below(limit), limit

    def _reached(self) -> int:
        """Return the key below which every row was read."""
        if self._sorted is not None:
            return self._sorted_upto
        return self._safe[self._read - 1] if self._read else -END if self._safe else END

    def _reaches(self, limit: int) -> bool:
        return self._reached() >= limit

    def _more(self) -> NDArray[Any]:
        if self._sorted is not None:
            packed = [row[0] for row in self._connection.execute(self._sorted, binary=True)]
            if None in packed:
                raise Found(differs("row_damaged", table=self._table.name, page=0))
            rows = _unpack(self._table, len(packed), b"".join(packed), 0)
            self._sorted_upto = int(rows[self._table.key][-1]) if len(packed) == SORTED_ROWS else END
            return rows
        self._read += 1
        return self._pages.read(self._pages.starts[self._read - 1])

    def _sort_the_rest(self) -> None:
        """Give up the buffer, and let the server put in order what was not returned yet."""
        table = self._table
        name = f"sorted_{table.name}"
        statement = (
            f"DECLARE {name} NO SCROLL CURSOR FOR SELECT {table.expression} FROM {table.name}"  # noqa: S608
            f" WHERE {table.key} >= {self._given_below} ORDER BY {table.key}"
        )
        self._buffer = self._buffer[:0]
        self._connection.execute(statement.encode())
        self._sorted = f"FETCH {SORTED_ROWS} FROM {name}".encode()
        self._sorted_upto = self._given_below


def _safe_keys(lowest: list[int | None]) -> list[int]:
    """Return, for each portion, the key below which every row was read once that portion was."""
    safe, least = [], END
    for key in reversed(lowest):
        safe.append(least)
        least = least if key is None else min(least, key)
    return safe[::-1]


class Ahead(Iterator[T]):
    """Hands out what a source yields, and lets a thread work out the next meanwhile; to be closed."""

    def __init__(self, source: Generator[T, None, None]) -> None:
        self._source = source
        self._ready: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="verify-reading", daemon=True)
        self._thread.start()

    def __next__(self) -> T:
        item, error = self._ready.get()
        if error is not None:
            raise error
        if item is None:
            raise StopIteration
        return item

    def close(self) -> None:
        """End the thread, after what it is at."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            with contextlib.closing(self._source) as source:
                for item in source:
                    self._put(item, None)
                    if self._stop.is_set():
                        return
            self._put(None, None)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the items are taken
            self._put(None, error)

    def _put(self, item: T | None, error: BaseException | None) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._ready.put((item, error), timeout=0.1)
                return
