"""The statement's lines as a table that goes on from page to page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

from raseed.banking.documents.period import PeriodStatement
from raseed.banking.documents.plain import plain
from raseed.banking.domain import StatementLine
from raseed.kernel.money import Money

from .fonts import Shaped
from .layout import BLEED, BRAND, END, INK, LEADING, LINE, MARGIN, SOFT, TINT, Flow
from .paragraphs import lines_of
from .sheet import Element, Points, Style
from .wording import Wording

PADDING: Final = 3.6
GAP: Final = 9.0
WORDS_MAX: Final = 300
"""The most characters of a name or note that are laid out; what a cell can show is less."""
REFERENCE_MAX: Final = 20
NAME_LINES_MAX, NOTE_LINES_MAX = 2, 3
DETAILS_WIDTH_MIN: Final = 120.0
CELL_SIZES: Final = (8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0)
"""Sizes of the table's text, the largest first: amounts of many digits need a smaller one."""
_AMOUNTS: Final = 3
"""The column from which on there are amounts."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns begin and end, and the styles of what is in them."""

    bounds: tuple[tuple[Points, Points], ...]
    cell: Style
    small: Style
    strong: Style
    head: Style

    @property
    def details_width(self) -> Points:
        start, end = self.bounds[1]
        return end - start


class Table:
    """The table while it is written."""

    def __init__(self, period: PeriodStatement, flow: Flow, wording: Wording) -> None:
        self._period = period
        self._flow = flow
        self._book = flow.book
        self._wording = wording
        self._labels = [
            gettext("Date"), gettext("Details"), gettext("Reference"), gettext("Money out"), gettext("Money in"),
            gettext("Balance"),
        ]  # fmt: skip
        self._columns = self._fitted()

    def write(self) -> None:
        """Write the whole table."""
        period = self._period
        self._element = self._book.element("Table", self._book.root)
        self._head()
        self._balance(gettext("Opening balance"), period.opening)
        for line in period.lines:
            self._line(line)
        if not period.lines:
            self._nothing()
        self._balance(gettext("Closing balance"), period.closing)
        self._book.end(self._element)

    def _head(self) -> None:
        row = self._book.element("TR", self._element)
        for place, label in enumerate(self._labels):
            cell = self._book.element("TH", row, "/A<</O/Table/Scope/Column>>")
            with self._flow.sheet.tagged(cell):
                self._label(place, label)
            self._book.end(cell)
        self._book.end(row)
        self._end_head()

    def _head_again(self) -> None:
        """Write the names of the columns on a further page, where they are no part of the table."""
        with self._flow.sheet.furniture():
            for place, label in enumerate(self._labels):
                self._label(place, label)
        self._end_head()

    def _label(self, place: int, label: str) -> None:
        (start, end), style = self._columns.bounds[place], self._columns.head
        write = self._flow.sheet.number_in if place >= _AMOUNTS else self._flow.sheet.text_in
        write(start, end, self._flow.y + 9, self._book.shape(label, style), style)

    def _end_head(self) -> None:
        self._flow.sheet.rule(MARGIN, END, self._flow.y + 14, BRAND, 0.9)
        self._flow.y += 14.5

    def _line(self, line: StatementLine) -> None:
        columns, book, flow = self._columns, self._book, self._flow
        width = columns.details_width
        names = lines_of(book, plain(line.counterparty, WORDS_MAX), columns.cell, width, lines_max=NAME_LINES_MAX)
        notes = lines_of(book, plain(line.note, WORDS_MAX), columns.small, width, lines_max=NOTE_LINES_MAX)
        height = max(len(names), 1) * LEADING + len(notes) * (LEADING - 1) + 2 * PADDING - 2
        flow.make_room(height, self._head_again)
        row = book.element("TR", self._element)
        y = flow.y + PADDING + columns.cell.size * 0.82
        below = y + len(names) * LEADING
        self._cell(row, 0, [(y, book.shape(self._wording.day(line.booked_on), columns.cell), columns.cell)])
        self._cell(
            row,
            1,
            [(y + place * LEADING, name, columns.cell) for place, name in enumerate(names)]
            + [(below + place * (LEADING - 1), note, columns.small) for place, note in enumerate(notes)],
        )
        reference = book.shape(plain(line.reference, REFERENCE_MAX), columns.small, base_rtl=False)
        self._cell(row, 2, [(y, reference, columns.small)])
        amount = Money(abs(line.amount.amount_minor), line.amount.currency)
        shaped = self._wording.in_column(amount, columns.cell)
        is_in = line.amount.amount_minor > 0
        self._cell(row, 3, [] if is_in else [(y, shaped, columns.cell)])
        self._cell(row, 4, [(y, shaped, columns.cell)] if is_in else [])
        self._cell(row, 5, [(y, self._wording.in_column(line.balance_after, columns.cell, signed=True), columns.cell)])
        book.end(row)
        flow.y += height
        flow.sheet.rule(MARGIN, END, flow.y, LINE, 0.4)

    def _cell(self, row: Element, place: int, lines: Sequence[tuple[Points, Shaped, Style]]) -> None:
        cell = self._book.element("TD", row)
        if lines:
            start, end = self._columns.bounds[place]
            sheet = self._flow.sheet
            write = sheet.number_in if place >= _AMOUNTS else sheet.text_in
            sheet.begin(cell)
            for y, shaped, style in lines:
                write(start, end, y, shaped, style)
            sheet.end()
        self._book.end(cell)

    def _balance(self, label: str, money: Money) -> None:
        """Write a row with the balance at one end of the period."""
        columns, flow, style = self._columns, self._flow, self._columns.strong
        height = LEADING + 2 * PADDING
        flow.make_room(height, self._head_again)
        flow.sheet.fill(MARGIN - BLEED, END + BLEED, flow.y + 0.4, flow.y + height, TINT)
        y = flow.y + PADDING + style.size * 0.9
        row = self._book.element("TR", self._element)
        spanning = self._book.element("TD", row, f"/A<</O/Table/ColSpan {len(self._labels) - 1}>>")
        with flow.sheet.tagged(spanning):
            flow.sheet.text(columns.bounds[0][0], y, self._book.shape(label, style), style)
        self._book.end(spanning)
        self._cell(row, len(self._labels) - 1, [(y, self._wording.in_column(money, style, signed=True), style)])
        self._book.end(row)
        flow.y += height

    def _nothing(self) -> None:
        flow, style = self._flow, self._columns.cell
        row = self._book.element("TR", self._element)
        cell = self._book.element("TD", row, f"/A<</O/Table/ColSpan {len(self._labels)}>>")
        with flow.sheet.tagged(cell):
            words = self._book.shape(gettext("There were no movements in this period."), style)
            flow.sheet.text(MARGIN, flow.y + 22, words, style)
        self._book.end(cell)
        self._book.end(row)
        flow.y += 36

    # How wide the columns are.

    def _fitted(self) -> _Columns:
        """Return columns as wide as what is in them, in the largest text that leaves room for the details."""
        fitted = (self._measured(size) for size in CELL_SIZES)
        return next((columns for columns in fitted if columns.details_width >= DETAILS_WIDTH_MIN), self._measured(5.0))

    def _measured(self, size: Points) -> _Columns:
        period, book = self._period, self._book
        cell, small = Style(size, INK), Style(size - 1, SOFT)
        strong, head = Style(size, INK, is_bold=True), Style(size - 0.5, SOFT, is_bold=True)
        days = {line.booked_on for line in period.lines} or {period.first_day}
        longest = max((plain(line.reference, REFERENCE_MAX) for line in period.lines), key=len, default="")
        balances = [period.opening, period.closing, *(line.balance_after for line in period.lines)]
        contents = (
            max(book.width(self._wording.day(day), cell) for day in days),
            0.0,
            book.width(longest, small),
            self._widest([line.amount for line in period.lines if line.amount.amount_minor < 0], cell),
            self._widest([line.amount for line in period.lines if line.amount.amount_minor > 0], cell),
            self._widest(balances, strong, signed=True),
        )
        widths = [max(book.width(label, head), width) for label, width in zip(self._labels, contents, strict=True)]
        widths[1] += END - MARGIN - sum(widths) - GAP * (len(widths) - 1)
        starts = [MARGIN + sum(widths[:place]) + GAP * place for place in range(len(widths))]
        bounds = tuple((start, start + width) for start, width in zip(starts, widths, strict=True))
        return _Columns(bounds, cell, small, strong, head)

    def _widest(self, amounts: Sequence[Money], style: Style, *, signed: bool = False) -> Points:
        """Return how wide a number is that has as many digits as the longest of these, all of a wide sort."""
        if not amounts:
            return 0
        digits = len(str(max(abs(money.amount_minor) for money in amounts)))
        widest = Money(int("3" * digits) * (-1 if signed else 1), amounts[0].currency)
        return self._wording.in_column(widest, style, signed=signed).width * style.size / 1000
