"""Delimited text, read strictly: bounded, decoded whole, every line with its number in the file, nothing guessed."""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from raseed.kernel.errors import RaseedError
from raseed.kernel.money import AMOUNT_MINOR_MAX
from raseed.kernel.text import ascii_digits, clean_text

from ..errors import (
    ColumnsDiffer,
    FileMissing,
    FileTooLarge,
    LineAmountInvalid,
    LineDateInvalid,
    LineTextUnacceptable,
    LineUnreadable,
    WrongEncoding,
    WrongHeader,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE_BYTES_MAX: Final = 256 << 20
LINES_MAX: Final = 130_000
"""An import posts in one call, and ``ledger.api.post`` takes 262,080 transfers: a line and an opening balance for each."""
FIELD_CHARACTERS_MAX: Final = 1_000
SOURCE_ID_CHARACTERS_MAX: Final = 64
SHOWN_CHARACTERS_MAX: Final = 40
_NUMBER: Final = re.compile(
    r"(?P<sign>[-+\u2212]?)(?P<whole>\d{1,19})(?:\.(?P<part>\d{1,4}))?(?P<after>-?)\Z", re.ASCII
)
_HIDDEN: Final = re.compile(r"[^\w .,:;/+\-\u2212()]")


def shown(text: str) -> str:
    """Return ``text`` shortened and with nothing invisible in it, fit to stand in a sentence about it."""
    short = text if len(text) <= SHOWN_CHARACTERS_MAX else text[: SHOWN_CHARACTERS_MAX - 1] + "…"
    return _HIDDEN.sub("·", short)


@dataclass(frozen=True, slots=True)
class Text:
    """A file decoded: its whole lines (without line ends), and its last line where that one has no end."""

    name: str
    digest: str
    lines: tuple[str, ...]
    unterminated: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line cut into its columns, by the header's names."""

    file: str
    line_no: int
    values: Mapping[str, str]

    def at(self, column: str) -> str:
        """Return a column's text without surrounding blanks."""
        return self.values[column].strip()


def read_text(path: Path, encoding: str) -> Text:
    """Read and decode a file.

    Raises:
        FileMissing: it can't be opened.
        FileTooLarge: it has more than ``FILE_BYTES_MAX`` bytes or ``LINES_MAX`` lines.
        WrongEncoding: its bytes are not text in ``encoding``; names the first bad line.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise FileTooLarge(file=path.name, limit=f"{FILE_BYTES_MAX >> 20} MiB")
        raw = path.read_bytes()
    except OSError:
        raise FileMissing(file=path.name) from None
    return decode(raw, encoding, path.name)


def decode(raw: bytes, encoding: str, name: str) -> Text:
    """Decode bytes into lines; see ``read_text``."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as wrong:
        line_no = raw.count(b"\n", 0, wrong.start) + 1
        raise WrongEncoding(line=line_no, file=name, encoding=encoding) from None
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        raise WrongEncoding(line=text.count("\n", 0, text.index("\x00")) + 1, file=name, encoding=encoding)
    *whole, last = text.split("\n")
    if len(whole) > LINES_MAX:
        raise FileTooLarge(file=name, limit=f"{LINES_MAX:,}")
    lines = tuple(line.removesuffix("\r") for line in whole)
    return Text(name, hashlib.sha256(raw).hexdigest(), lines, last or None)


def rows(text: Text, *, delimiter: str, needed: tuple[str, ...], exact: bool = False) -> Iterator[Row]:
    """Cut lines into columns; a quoted text stays within its line, and blank lines are passed over.

    Args:
        text: the file.
        delimiter: one character.
        needed: columns that must be there.
        exact: the header must be ``needed`` and nothing else, in this order.

    Raises:
        WrongHeader: a needed column is not in the first line, or stands there twice.
        ColumnsDiffer: a line has another number of columns than the header.
        LineUnreadable: quotes don't match, or a column is longer than ``FIELD_CHARACTERS_MAX``.
    """
    if not text.lines:
        raise WrongHeader(file=text.name, column=needed[0])
    header = [name.strip() for name in _cut(text, 1, text.lines[0], delimiter)]
    for column in needed:
        if header.count(column) != 1:
            raise WrongHeader(file=text.name, column=column)
    if exact and tuple(header) != needed:
        raise WrongHeader(file=text.name, column=next(c for c, h in zip(needed, header, strict=False) if c != h))
    for line_no, line in enumerate(text.lines[1:], 2):
        if not line.strip():
            continue
        values = _cut(text, line_no, line, delimiter)
        if len(values) != len(header):
            raise ColumnsDiffer(line=line_no, file=text.name, found=len(values), expected=len(header))
        yield Row(text.name, line_no, dict(zip(header, values, strict=True)))


def _cut(text: Text, line_no: int, line: str, delimiter: str) -> list[str]:
    try:
        (values,) = csv.reader([line], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        raise LineUnreadable(line=line_no, file=text.name, column=shown(line)) from None
    for value in values:
        if len(value) > FIELD_CHARACTERS_MAX:
            raise LineUnreadable(line=line_no, file=text.name, column=shown(value))
    return values


def signed_minor(row: Row, column: str, *, scale: int, decimal: str = ".", thousands: str = "") -> int:
    """Read an amount with its sign (before or after the digits) as minor units; digits of three scripts.

    Raises:
        LineAmountInvalid: it is no number, past 2⁶³ − 1, or has more decimals than ``scale`` that are not zeros.
    """
    written = row.at(column)
    plain = ascii_digits(written)
    if thousands:
        plain = plain.replace(thousands, "")
    if decimal != ".":
        plain = plain.replace(".", "?").replace(decimal, ".")
    found = _NUMBER.match(plain)
    part = (found["part"] or "").rstrip("0") if found else ""
    minor = int(found["whole"] + part.ljust(scale, "0")) if found else 0
    if not found or len(part) > scale or minor > AMOUNT_MINOR_MAX or (found["sign"] and found["after"]):
        raise LineAmountInvalid(line=row.line_no, file=row.file, text=shown(written), decimals=scale, field=column)
    return -minor if found["sign"] in {"-", "\u2212"} or found["after"] else minor


def dated(row: Row, column: str, written_as: str) -> date:
    """Read a date; ``written_as`` is a strptime format.

    Raises:
        LineDateInvalid: there is no such date, or it is written otherwise.
    """
    text = row.at(column)
    found = _read_date(text, written_as)
    if found is None:
        raise LineDateInvalid(line=row.line_no, file=row.file, text=shown(text), field=column)
    return found


@lru_cache(maxsize=4096)
def _read_date(text: str, written_as: str) -> date | None:
    try:
        return datetime.strptime(ascii_digits(text), written_as).date()  # noqa: DTZ007 - a booking date has no zone
    except ValueError:
        return None


def worded(row: Row, column: str, *, length_max: int, empty: bool = True) -> str:
    """Read a text that people will see.

    Raises:
        LineTextUnacceptable: it is too long, hides characters, or is empty where it may not be.
    """
    text = row.at(column)
    if not text and empty:
        return ""
    try:
        return clean_text(text, field=column, length_max=length_max)
    except RaseedError:
        raise LineTextUnacceptable(line=row.line_no, file=row.file, column=column, field=column) from None
