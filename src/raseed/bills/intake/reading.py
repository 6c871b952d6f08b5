"""A file of bills into rows: CSV or XML, UTF-8 or Windows-1256, any digits; whatever is not right refuses all of it.

A bill of a file of a million is read in a few microseconds: values that look as they mostly do take a short way, all others
the same way as what people type.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import hashlib
import io
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, BinaryIO, Final, NamedTuple

from lxml import etree

from raseed.kernel.errors import RaseedError
from raseed.kernel.money import AMOUNT_MINOR_MAX
from raseed.kernel.text import ascii_digits, clean_text

from ..domain import Biller, PartPayments
from ..fields import Field, NormalPhone, normal_value, reference_of
from .errors import BillsFileCut, BillsFileHead, BillsFileRefused, BillsFileRow, BillsFileTooLarge, BillsFileTwice

FILE_BYTES_MAX: Final = 1 << 30
BILLS_MAX: Final = 5_000_000
LINE_LENGTH_MAX: Final = 4_000
MARK: Final = "raseed-bills"
VERSION: Final = "1"
END: Final = "end"
COLUMNS: Final = ("number", "issued_on", "due_on", "period", "amount", "minimum", "part_payments", "customer_name")
_PIECE: Final = 1 << 20
_NUMBER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./_-]{0,59}\Z", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_PERIOD_MAX: Final = 40
_PARTS: Final = {each.value: each.value for each in PartPayments} | {"": PartPayments.EXACT.value}


@dataclass(frozen=True, slots=True)
class Row:
    """A bill of a file: texts in normal form, amounts in minor units."""

    line: int
    reference: str
    number: str
    issued_on: str
    due_on: str | None
    period: str
    amount_minor: int
    minimum_minor: int | None
    part_payments: str
    customer_name: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What a first look at a file tells."""

    digest: str
    encoding: str
    is_xml: bool


def look(file: BinaryIO) -> Looked:
    """Look at a whole file once: its digest, and which way it is to be read.

    Raises:
        BillsFileTooLarge: it is.
    """
    digest, length, first = hashlib.sha256(), 0, b""
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    while piece := file.read(_PIECE):
        first = first or piece[:64]
        length += len(piece)
        if length > FILE_BYTES_MAX:
            raise BillsFileTooLarge(line=0)
        digest.update(piece)
        if decoder is not None:
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                decoder = None
    encoding = "utf-8-sig" if decoder is not None else "cp1256"
    return Looked(digest.hexdigest(), encoding, first.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<")


def rows_of(file: BinaryIO, looked: Looked, of: Biller, normal_phone: NormalPhone) -> Iterator[Row]:
    """Yield the bills of a file. All of it counts only when the last has come: then count and sum were right.

    Raises:
        BillsFileRefused: one of its kinds, with the line.
    """
    file.seek(0)
    raw = _of_xml(file, of) if looked.is_xml else _of_csv(file, looked.encoding, of)
    reader, count, total, seen = _Reader(of, normal_phone), 0, 0, set[str]()
    ended: _End | None = None
    while ended is None:
        try:
            line, values = next(raw)
        except StopIteration as last:
            ended = last.value
            continue
        row = reader.row(line, values)
        count, total = count + 1, total + row.amount_minor
        if count > BILLS_MAX:
            raise BillsFileTooLarge(line=line)
        if row.number in seen:
            raise BillsFileTwice(line=line)
        seen.add(row.number)
        yield row
    said_count = ascii_digits(ended.bills)
    if not count or not _COUNT.match(said_count) or int(said_count) != count or reader.minor(ended.total) != total:
        raise BillsFileCut(line=ended.line)


class _Reader:
    """Reads the values of one biller's bills."""

    def __init__(self, of: Biller, normal_phone: NormalPhone) -> None:
        self._fields = of.fields
        self._scale = of.currency.scale
        self._amount = re.compile(rf"[0-9]{{1,18}}{rf'[.][0-9]{{{self._scale}}}' if self._scale else ''}\Z", re.ASCII)
        self._normal_phone = normal_phone

    def row(self, line: int, values: Mapping[str, str]) -> Row:
        """Return a bill, or raise what is wrong with it."""
        number = ascii_digits(values["number"].strip())
        if not _NUMBER.match(number):
            raise BillsFileRow(line=line, column="number")
        issued, due = self._day(line, "issued_on", values), self._day(line, "due_on", values)
        if issued is None:
            raise BillsFileRow(line=line, column="issued_on")
        amount, minimum = self.minor(values["amount"]), self.minor(values["minimum"])
        if amount is None:
            raise BillsFileRow(line=line, column="amount")
        parts = _PARTS.get(values["part_payments"].strip().lower())
        if parts is None:
            raise BillsFileRow(line=line, column="part_payments")
        is_minimum = parts == PartPayments.MINIMUM.value
        if is_minimum != bool(values["minimum"].strip()) or (is_minimum and (minimum is None or minimum > amount)):
            raise BillsFileRow(line=line, column="minimum")
        return Row(
            line=line,
            reference=self._reference(line, values),
            number=number,
            issued_on=issued,
            due_on=due,
            period=self._text(line, "period", values, _PERIOD_MAX),
            amount_minor=amount,
            minimum_minor=minimum,
            part_payments=parts,
            customer_name=self._text(line, "customer_name", values, 120),
        )

    def minor(self, text: str) -> int | None:
        """Return an amount in minor units: as many decimals as the currency has, no more and no fewer; else ``None``."""
        plain = text if text.isascii() else ascii_digits(text).replace("٫", ".")
        plain = plain.strip()
        if not self._amount.match(plain):
            return None
        minor = int(plain.replace(".", ""))
        return minor if 0 < minor <= AMOUNT_MINOR_MAX else None

    def _reference(self, line: int, values: Mapping[str, str]) -> str:
        found = {}
        for field in self._fields:
            typed = values[field.code]
            if not typed.strip():
                if field.required:
                    raise BillsFileRow(line=line, column=field.code)
                continue
            try:
                found[field.code] = normal_value(field, typed, normal_phone=self._normal_phone)
            except RaseedError as error:
                raise BillsFileRow(line=line, column=field.code) from error
        return reference_of(self._fields, found)

    def _day(self, line: int, column: str, values: Mapping[str, str]) -> str | None:
        text = values[column]
        plain = (text if text.isascii() else ascii_digits(text)).strip()
        if not plain:
            return None
        if not _is_day(plain):
            raise BillsFileRow(line=line, column=column)
        return plain

    def _text(self, line: int, column: str, values: Mapping[str, str], length_max: int) -> str:
        text = values[column]
        if not text.strip():
            return ""
        try:
            return _cleaned(text, length_max)
        except RaseedError as error:
            raise BillsFileRow(line=line, column=column) from error


@lru_cache(maxsize=4096)
def _is_day(text: str) -> bool:
    """Whether a text is a day; a file has few different ones."""
    if not _DAY.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=16_384)
def _cleaned(text: str, length_max: int) -> str:
    return clean_text(text, length_max=length_max)


class _End(NamedTuple):
    """How a file ends: on which line, and how many bills and how much money it says that it has."""

    line: int
    bills: str
    total: str


_Raw = Generator[tuple[int, Mapping[str, str]], None, _End]


def _columns(fields: Sequence[Field]) -> set[str]:
    return {*COLUMNS, *(field.code for field in fields)}


def _check_head(line: int, said: Sequence[str], of: Biller) -> None:
    expected = (MARK, VERSION, of.code, of.currency.code, str(of.currency.scale))
    if tuple(part.strip() for part in said[: len(expected)]) != expected:
        raise BillsFileHead(line=line, expected=",".join(expected))


def _of_csv(file: BinaryIO, encoding: str, of: Biller) -> _Raw:
    text = io.TextIOWrapper(file, encoding=encoding, newline="", errors="strict")
    try:
        return (yield from _of_lines(text, of))
    finally:
        with contextlib.suppress(ValueError):  # whoever lent the file may have closed it meanwhile
            text.detach()


def _of_lines(text: io.TextIOWrapper, of: Biller) -> _Raw:
    first = text.readline(LINE_LENGTH_MAX)
    delimiter = max(",;\t", key=first.count)
    _check_head(1, first.split(delimiter), of)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    names = [name.strip().lower() for name in _next(reader) or []]
    if len(set(names)) < len(names) or set(names) != _columns(of.fields):
        raise BillsFileHead(line=2, expected=delimiter.join(sorted(_columns(of.fields))))
    while (values := _next(reader)) is not None:
        line = reader.line_num + 1
        if values and values[0].strip() == END and len(values) == 3:  # noqa: PLR2004  (end, count, sum)
            while (rest := _next(reader)) is not None:
                if any(cell.strip() for cell in rest):
                    raise BillsFileCut(line=reader.line_num + 1)
            return _End(line, values[1].strip(), values[2].strip())
        if len(values) != len(names):
            raise BillsFileRefused(line=line)
        yield line, dict(zip(names, values, strict=True))
    raise BillsFileCut(line=reader.line_num + 1)


def _next(reader: Any) -> list[str] | None:
    """Return the next line's cells, or ``None`` at the end."""
    try:
        found: list[str] | None = next(reader, None)
    except (csv.Error, UnicodeDecodeError) as error:
        raise BillsFileRefused(line=reader.line_num + 1) from error
    return found


def _of_xml(file: BinaryIO, of: Biller) -> _Raw:
    columns = _columns(of.fields)
    empty = dict.fromkeys(columns, "")
    root = None
    try:
        for event, element in etree.iterparse(
            file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        ):
            if root is None:
                root = element
                said = [element.tag, *(element.get(name, "") for name in ("version", "biller", "currency", "scale"))]
                _check_head(element.sourceline, said, of)
                if element.getroottree().docinfo.doctype:
                    raise BillsFileHead(line=element.sourceline, expected="no DOCTYPE")
            elif event == "end" and element is not root:
                if element.tag != "bill" or not set(element.attrib) <= columns or len(element):
                    raise BillsFileRefused(line=element.sourceline)
                yield element.sourceline, {**empty, **{str(name): str(value) for name, value in element.attrib.items()}}
                element.clear()
                while element.getprevious() is not None:
                    del root[0]
    except etree.XMLSyntaxError as error:
        raise BillsFileCut(line=error.lineno or 0) from None
    assert root is not None, "an empty file is a syntax error"
    return _End(root.sourceline, root.get("count", ""), root.get("sum", ""))
