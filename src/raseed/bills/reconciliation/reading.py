"""A biller's file of what it received on a day, into the database line by line without a line being looked at here.

The text is decoded, its digits made plain, and handed to COPY in large pieces; PostgreSQL splits it into cells and looks at
every value in one statement. So a million lines cost seconds, and whatever is not right refuses all of it, with the line.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, Final, cast

import psycopg
from django.db import connection
from psycopg import sql

from raseed.kernel.text import ascii_digits

from ..domain import Biller
from ..intake.errors import BillsFileCut, BillsFileHead, BillsFileRefused, BillsFileRow, BillsFileTooLarge
from ..intake.reading import Looked
from ..sql import STATEMENTS, run

MARK: Final = "raseed-received"
VERSION: Final = "1"
END: Final = "end"
COLUMNS: Final = ("payment", "biller_reference", "bills", "amount", "received_at")
LINES_MAX: Final = 5_000_000
HEAD_LINES: Final = 2
LINE_LENGTH_MAX: Final = 4_000
_PIECE: Final = 1 << 20
_TAIL: Final = 8_192
"""How much of the end is kept back until the last line is known."""
_NAMED_LINE: Final = re.compile(r"line (\d+)(?:, column (\w+))?")
_COUNT: Final = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_INSTANT: Final = (
    r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.]\d{1,9})?"
    r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$"
)


@dataclass(frozen=True, slots=True)
class Received:
    """What was read: the day that the file is of, how many lines, and what they add up to."""

    day: date
    lines: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Head:
    """The first two lines: of which day, with which sign between cells, and which columns in which order."""

    day: date
    delimiter: str
    columns: tuple[str, ...]


def stage_received(file: BinaryIO, looked: Looked, of: Biller) -> Received:
    """Read a file into ``bills_received``, in the open transaction.

    Raises:
        BillsFileRefused: one of its kinds, with the line.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=looked.encoding, newline=None, errors="strict")
    try:
        head = _head(text, of)
        pieces = _Pieces(text)
        _copy(head, pieces)
    except UnicodeDecodeError:
        raise BillsFileRefused(line=0) from None
    finally:
        with contextlib.suppress(ValueError):  # whoever lent the file may have closed it meanwhile
            text.detach()
    return _checked(of, head, pieces.end)


def head_of(file: BinaryIO, looked: Looked, of: Biller) -> Head:
    """Return what the first lines of a file say.

    Raises:
        BillsFileHead: not what they should.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=looked.encoding, newline=None, errors="strict")
    try:
        return _head(text, of)
    finally:
        with contextlib.suppress(ValueError):
            text.detach()


def _head(text: io.TextIOWrapper, of: Biller) -> Head:
    try:
        first, second = text.readline(LINE_LENGTH_MAX), text.readline(LINE_LENGTH_MAX)
    except UnicodeDecodeError:
        raise BillsFileHead(line=1, expected=MARK) from None
    delimiter = max(",;\t", key=first.count)
    said = [ascii_digits(cell.strip()) for cell in first.split(delimiter)]
    expected = (MARK, VERSION, of.code, of.currency.code, str(of.currency.scale))
    if tuple(said[:5]) != expected or len(said) != 6 or not _DAY.match(said[5]):  # noqa: PLR2004  (and the day)
        raise BillsFileHead(line=1, expected=",".join((*expected, "YYYY-MM-DD")))
    try:
        day = date.fromisoformat(said[5])
    except ValueError:
        raise BillsFileHead(line=1, expected=",".join((*expected, "YYYY-MM-DD"))) from None
    columns = tuple(name.strip().lower() for name in second.split(delimiter))
    if sorted(columns) != sorted(COLUMNS):
        raise BillsFileHead(line=2, expected=delimiter.join(COLUMNS))
    return Head(day, delimiter, columns)


class _Pieces:
    """The lines between head and end in large pieces of plain text; ``end`` is the last line, once all have come."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.end: Sequence[str] = ()

    def __iter__(self) -> Iterator[bytes]:
        kept = ""
        while piece := self._text.read(_PIECE):
            kept += piece if piece.isascii() else ascii_digits(piece).replace("٫", ".")
            cut = kept.rfind("\n", 0, max(len(kept) - _TAIL, 0))
            if cut >= 0:
                yield kept[: cut + 1].encode()
                kept = kept[cut + 1 :]
        kept = kept.rstrip()
        body, line, last = kept.rpartition("\n")
        self.end = next(csv.reader([last.replace(";", ",").replace("\t", ",")]), [])
        if [cell.strip() for cell in self.end[:1]] != [END]:
            self.end = ()
            body, line = kept, "\n"
        if body:
            yield (body + line).encode()


def _copy(head: Head, pieces: _Pieces) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS["received_table"])
        cursor.execute(STATEMENTS["empty_received"])
    raw = cast("psycopg.Connection[tuple[Any, ...]]", connection.connection)
    statement = sql.SQL("COPY bills_received ({}) FROM STDIN (FORMAT csv, DELIMITER {})").format(
        sql.SQL(", ").join(map(sql.Identifier, head.columns)), sql.Literal(head.delimiter)
    )
    try:
        with raw.cursor() as plain, plain.copy(statement) as copy:
            for piece in pieces:
                copy.write(piece)
    except psycopg.DataError as error:
        raise _refused(error) from None


def _refused(error: psycopg.DataError) -> BillsFileRefused:
    """Say which line PostgreSQL could not split or read."""
    named = _NAMED_LINE.search(error.diag.context or "")
    if named is None:
        return BillsFileRefused(line=0)
    line = int(named[1]) + HEAD_LINES
    return BillsFileRow(line=line, column=named[2]) if named[2] else BillsFileRefused(line=line)


def _checked(of: Biller, head: Head, end: Sequence[str]) -> Received:
    scale = of.currency.scale
    amount = rf"^[0-9]{{1,18}}{f'[.][0-9]{{{scale}}}' if scale else ''}$"
    wrong = run("first_wrong", {"amount": amount, "instant": _INSTANT})
    if wrong:
        raise BillsFileRow(line=wrong[0][0] + HEAD_LINES, column=wrong[0][1])
    ((lines, total, unnamed),) = run("count_received", {})
    if lines > LINES_MAX:
        raise BillsFileTooLarge(line=LINES_MAX)
    said = [ascii_digits(cell.strip()).replace("٫", ".") for cell in end]
    fits = len(said) == 3 and _COUNT.match(said[1]) and int(said[1]) == lines  # noqa: PLR2004  (end, count, sum)
    if not fits or not re.match(amount, said[2]) or int(said[2].replace(".", "")) != total:
        raise BillsFileCut(line=lines + HEAD_LINES + 1)
    if unnamed:
        run("resolve_references", {"biller": of.id})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE bills_received")
    return Received(head.day, lines, int(total))
