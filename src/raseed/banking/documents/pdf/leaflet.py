"""A leaflet as pages: head, verdict, and section after section; a table goes on with its heads on the next page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import override

from raseed.banking.documents.leaflet import Leaflet, LeafletFact, LeafletSection, LeafletTable
from raseed.banking.documents.plain import plain
from raseed.platform import api as platform

from .fonts import Shaped
from .layout import BLEED, BRAND, END, FOOT, INK, LEADING, LINE, MARGIN, SOFT, TINT, Flow
from .paragraphs import lines_of
from .sheet import Book, Points, Style
from .wording import Voice, Wording

WORDS_MAX: Final = 1_000
FACT_LINES_MAX: Final = 4
CELL_LINES_MAX: Final = 2
_NAME: Final = Style(15, BRAND, is_bold=True)
_TITLE: Final = Style(13, INK, is_bold=True)
_GOOD: Final = Style(14, BRAND, is_bold=True)
_BAD: Final = Style(14, "a3262a", is_bold=True)
_HEAD: Final = Style(11, BRAND, is_bold=True)
_FACT: Final = Style(9.5, INK)
_CELL: Final = Style(8.5, INK)
_LABEL: Final = Style(8.5, SOFT)
_VALUES_START: Final = 190.0
_LINE: Final = 13.0
_ROW: Final = 18.0
_GAP: Final = 8.0


def write(leaflet: Leaflet) -> bytes:
    """Return the leaflet as a PDF of A4 pages."""
    with override(leaflet.language):
        return _Pages(leaflet).written()


class _Pages:
    """The document while it is laid out."""

    def __init__(self, leaflet: Leaflet) -> None:
        self._of = leaflet
        self._book = Book(language=leaflet.language, is_rtl=platform.direction(leaflet.language) == "rtl")
        voice = Voice(leaflet.language, leaflet.digits, leaflet.country, leaflet.zone)
        self._wording = Wording(voice, self._book)
        self._flow = Flow(self._book)

    def written(self) -> bytes:
        self._head()
        for section in self._of.sections:
            self._section(section)
        self._feet()
        return self._book.finish(title=self._of.title, made_at=self._of.made_at.strftime("D:%Y%m%d%H%M%SZ"))

    def _head(self) -> None:
        book, flow, sheet = self._book, self._flow, self._flow.sheet
        (house,) = lines_of(book, plain(self._of.house, WORDS_MAX), _NAME, 300, lines_max=1)
        with flow.paragraph():
            sheet.text(MARGIN, 52, house, _NAME)
        with flow.paragraph("H1"):
            sheet.text_to(END, 52, book.shape(self._of.title, _TITLE), _TITLE)
        sheet.rule(MARGIN, END, 64, BRAND, 1.2)
        flow.y = 78
        style = _GOOD if self._of.is_good else _BAD
        lines = lines_of(book, plain(self._of.verdict, WORDS_MAX), style, END - MARGIN - 12, lines_max=3)
        sheet.fill(MARGIN - BLEED, END + BLEED, flow.y, flow.y + 16 + 20 * len(lines), TINT)
        for place, line in enumerate(lines, 1):
            with flow.paragraph():
                sheet.text(MARGIN + 6, flow.y + 4 + 20 * place, line, style)
        flow.y += 24 + 20 * len(lines)

    def _section(self, section: LeafletSection) -> None:
        flow = self._flow
        flow.make_room(60)
        flow.y += 24
        with flow.paragraph("H2"):
            flow.sheet.text(MARGIN, flow.y, self._book.shape(section.title, _HEAD), _HEAD)
        flow.y += 6
        flow.sheet.rule(MARGIN, END, flow.y, LINE, 0.8)
        for words in section.words:
            for line in lines_of(self._book, plain(words, WORDS_MAX), _FACT, END - MARGIN, lines_max=12):
                flow.make_room(_LINE)
                flow.y += _LINE
                with flow.paragraph():
                    flow.sheet.text(MARGIN, flow.y, line, _FACT)
            flow.y += 2
        for fact in section.facts:
            self._fact(fact)
        if section.table is not None:
            self._table(section.table)

    def _fact(self, fact: LeafletFact) -> None:
        flow, book = self._flow, self._book
        lines = self._lines(fact.value, _FACT, END - _VALUES_START, FACT_LINES_MAX, is_code=fact.is_code)
        flow.make_room(_ROW + _LINE * (len(lines) - 1))
        top = flow.y + 13
        with flow.paragraph():
            (label,) = lines_of(book, plain(fact.label, WORDS_MAX), _LABEL, _VALUES_START - MARGIN - 10, lines_max=1)
            flow.sheet.text(MARGIN, top, label, _LABEL)
            for place, line in enumerate(lines):
                flow.sheet.text(_VALUES_START, top + _LINE * place, line, _FACT)
        flow.y = top + _LINE * (len(lines) - 1) + 5
        flow.sheet.rule(MARGIN, END, flow.y, LINE, 0.4)

    def _lines(self, text: str, style: Style, width: Points, most: int, *, is_code: bool) -> Sequence[Shaped]:
        clean = plain(text, WORDS_MAX) or "–"
        if not is_code:
            return lines_of(self._book, clean, style, width, lines_max=most)
        whole = lines_of(self._book, clean, style, width, lines_max=most)
        return [self._book.shape(clean, style, base_rtl=False)] if len(whole) == 1 else whole

    def _table(self, table: LeafletTable) -> None:
        wide = (END - MARGIN) / len(table.heads)
        self._row(table.heads, wide, _LABEL, frozenset())
        for row in table.rows:
            self._row(row, wide, _CELL, table.codes, again=table.heads)

    def _row(
        self,
        cells: Sequence[str],
        wide: Points,
        style: Style,
        codes: frozenset[int],
        *,
        again: Sequence[str] | None = None,
    ) -> None:
        flow = self._flow
        columns = [
            self._lines(cell, style, wide - _GAP, CELL_LINES_MAX, is_code=place in codes)
            for place, cell in enumerate(cells)
        ]
        height = LEADING * max(len(lines) for lines in columns) + 7
        heads = again or ()
        flow.make_room(height, (lambda: self._row(heads, wide, _LABEL, frozenset())) if heads else None)
        for place, lines in enumerate(columns):
            with flow.paragraph():
                for at, line in enumerate(lines, 1):
                    flow.sheet.text(MARGIN + place * wide, flow.y + LEADING * at + 2, line, style)
        flow.y += height
        flow.sheet.rule(MARGIN, END, flow.y, LINE, 0.4)

    def _feet(self) -> None:
        book = self._book
        for place, sheet in enumerate(book.pages, 1):
            sheet.rule(MARGIN, END, FOOT + 4, LINE, 0.5)
            with sheet.furniture():
                (foot,) = lines_of(book, plain(self._of.foot, WORDS_MAX), _LABEL, END - MARGIN - 90, lines_max=1)
                sheet.text(MARGIN, FOOT + 16, foot, _LABEL)
                page = self._wording.page(place, len(book.pages))
                sheet.text_to(END, FOOT + 16, book.shape(page, _LABEL), _LABEL)
