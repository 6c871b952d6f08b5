"""Tables of reports as they stand on a page, each figure with the way to what is behind it; and as CSV."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from raseed.care.api import reports

from .report_asking import Asked, query_of
from .report_words import ABOUT_WORDS, NOTES, TABLE_WORDS, column_words, key_words, share_text, worked_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .requests import StaffRequest

_STARTS_A_FORMULA: Final = tuple("=+-@\t\r＝＋－＠")


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell in words; ``address``: of what is behind it, where there is something."""

    label: str
    words: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line in words; ``address``: of the page of what it is about, if there is one."""

    words: str
    cells: tuple[ShownCell, ...]
    address: str = ""


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table in words, with the drawing above it and the address of its file."""

    code: str
    words: str
    note: str
    about: str
    columns: tuple[str, ...]
    lines: tuple[ShownLine, ...]
    total: ShownLine | None
    plot: str
    file: str
    folded: bool


def shown_table(
    report: str, table: reports.Table, asked: Asked, request: StaffRequest, *, plot: str = "", folded: bool = False
) -> ShownTable:
    """Return a table in words; what its lines are about is named for all at once."""
    names = key_words(table.about, [line.key for line in table.lines], request)
    address = f"{reverse('office:care-report-file', args=[report, table.code])}?{asked.query}"
    note = NOTES.get((report, table.code), "")
    return ShownTable(
        code=table.code,
        words=gettext(TABLE_WORDS[report, table.code]),
        note=gettext(note) if note else "",
        about=gettext(ABOUT_WORDS[table.about]),
        columns=tuple(column_words(report, column) for column in table.columns),
        lines=tuple(_line(report, table, line, names[line.key], asked, request) for line in table.lines),
        total=_line(report, table, table.total, gettext("Total"), asked, request) if table.total else None,
        plot=plot,
        file=address,
        folded=folded,
    )


def _line(
    report: str, table: reports.Table, line: reports.Line, words: str, asked: Asked, request: StaffRequest
) -> ShownLine:
    cells = tuple(_cell(column_words(report, column), line.cells[column], asked, request) for column in table.columns)
    person = table.about == "person" and isinstance(line.key, UUID) and line is not table.total
    address = f"{reverse('office:care-person', args=[line.key])}?{asked.query}" if person else ""
    return ShownLine(words, cells, address)


def _cell(label: str, cell: reports.Cell, asked: Asked, request: StaffRequest) -> ShownCell:
    if isinstance(cell, reports.Figure):
        address = f"{reverse('office:care-behind')}?{query_of(cell.behind, asked)}" if cell.count else ""
        return ShownCell(label, request.reader.number(cell.count), address)
    if isinstance(cell, reports.Share):
        return ShownCell(label, share_text(cell, request))
    return ShownCell(label, worked_text(cell.seconds, request))


def table_csv(table: reports.Table, request: StaffRequest) -> str:
    """Return a table as CSV (RFC 4180), for spreadsheets and programs.

    UTF-8 with a byte order mark, without which Excel takes Arabic for Latin-1. Names of columns are fixed English words, days
    ISO 8601, lengths whole working seconds, shares whole hundredths. What people have named is in words beside its id.
    """
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    text.write("\ufeff")
    is_named = any(isinstance(line.key, UUID) for line in table.lines) or table.about in {"team", "person", "line"}
    names = key_words(table.about, [line.key for line in table.lines], request) if is_named else {}
    rows.writerow([*([f"{table.about}_id"] if is_named else []), table.about, *map(_column, table.columns)])
    for line in table.lines:
        key = [str(line.key or ""), harmless(names[line.key])] if is_named else [_plain_key(line.key)]
        rows.writerow([*key, *(_plain_cell(line.cells[column]) for column in table.columns)])
    return text.getvalue()


def _column(name: str) -> str:
    weekdays: Sequence[str] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    if name.isdecimal():
        return weekdays[int(name)]
    return {"median": "median_s", "p90": "p90_s", "share": "share_percent"}.get(name, name)


def _plain_key(key: reports.Key) -> str:
    return key.isoformat() if isinstance(key, date) else harmless(str("" if key is None else key))


def _plain_cell(cell: reports.Cell) -> str:
    if isinstance(cell, reports.Figure):
        return str(cell.count)
    told = cell.percent if isinstance(cell, reports.Share) else cell.seconds
    return "" if told is None else str(told)


def harmless(text: str) -> str:
    """Return words so that no spreadsheet takes them for a formula (OWASP, CSV injection): an apostrophe goes before.

    What can't be seen (controls, marks of direction) is left out: it would hide what a cell begins with.
    """
    seen = "".join(each for each in text if unicodedata.category(each) not in {"Cc", "Cf"}).strip()
    return f"'{seen}" if seen.startswith(_STARTS_A_FORMULA) else seen
