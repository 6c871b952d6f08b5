"""A slip as a page: head, amount, facts, parts, steps, and at its end how a stranger checks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext, override

from raseed.banking.documents.plain import plain
from raseed.banking.documents.slip import CHECK_LINES_MAX, FACTS_MAX, PARTS_MAX, STEPS_MAX, Slip, SlipFact, SlipPart
from raseed.kernel.money import Money
from raseed.platform import api as platform

from .layout import BLEED, BRAND, END, FOOT, INK, LINE, MARGIN, SOFT, TINT, Flow
from .paragraphs import lines_of
from .sheet import Book, Points, Style
from .wording import Voice, Wording

WORDS_MAX: Final = 300
WHAT_MAX: Final = 36
_NAME: Final = Style(15, BRAND, is_bold=True)
_TITLE: Final = Style(13, INK, is_bold=True)
_STATE: Final = Style(11, BRAND, is_bold=True)
_FIGURE: Final = Style(25, INK, is_bold=True)
_UNIT: Final = Style(12, SOFT, is_bold=True)
_HEAD: Final = Style(10, BRAND, is_bold=True)
_FACT: Final = Style(9.5, INK)
_STRONG: Final = Style(9.5, INK, is_bold=True)
_LABEL: Final = Style(9, SOFT)
_SMALL: Final = Style(7.5, SOFT)
_CODE: Final = Style(11, INK, is_bold=True)
_VALUES_START: Final = 190.0
_ROW: Final = 17.0
_TITLE_ROW: Final = 30.0
_SQUARES_SIDE: Final = 124.0
_CHECK_TOP: Final = FOOT - 12 - _SQUARES_SIDE
"""Where it begins that the page says how it is checked."""


def write(slip: Slip) -> bytes:
    """Return the slip as a PDF of one A4 page."""
    with override(slip.language):
        return _Page(slip).written()


class _Page:
    """The page while it is laid out."""

    def __init__(self, slip: Slip) -> None:
        self._slip = slip
        self._book = Book(language=slip.language, is_rtl=platform.direction(slip.language) == "rtl")
        self._wording = Wording(Voice(slip.language, slip.digits, slip.country, slip.zone), self._book)
        self._flow = Flow(self._book)
        self._lines_max = 1

    def written(self) -> bytes:
        slip = self._slip
        self._head()
        self._sum()
        self._lines_max = 2 if self._height(2) <= _CHECK_TOP - self._flow.y else 1
        for fact in slip.facts[:FACTS_MAX]:
            self._fact(fact)
        self._parts()
        self._steps()
        self._check()
        self._foot()
        assert len(self._book.pages) == 1, "a slip is one page"
        return self._book.finish(
            title=f"{slip.title} {slip.institution}", made_at=slip.made_at.strftime("D:%Y%m%d%H%M%SZ")
        )

    def _head(self) -> None:
        book, flow, sheet = self._book, self._flow, self._flow.sheet
        (institution,) = lines_of(book, plain(self._slip.institution, WORDS_MAX), _NAME, 330, lines_max=1)
        with flow.paragraph():
            sheet.text(MARGIN, 52, institution, _NAME)
        with flow.paragraph("H1"):
            sheet.text_to(END, 52, book.shape(self._slip.title, _TITLE), _TITLE)
        sheet.rule(MARGIN, END, 64, BRAND, 1.2)
        flow.y = 80

    def _sum(self) -> None:
        """Write what was paid as the largest thing on the page."""
        flow, slip, sheet = self._flow, self._slip, self._flow.sheet
        remarks = lines_of(self._book, plain(slip.remark, WORDS_MAX), _LABEL, END - MARGIN, lines_max=2)
        height = 66 + 13 * len(remarks)
        sheet.fill(MARGIN - BLEED, END + BLEED, flow.y, flow.y + height, TINT)
        with flow.paragraph():
            sheet.text(MARGIN + 6, flow.y + 20, self._book.shape(slip.state, _STATE), _STATE)
        with flow.paragraph():
            self._money(MARGIN + 6, flow.y + 51, slip.amount, _FIGURE, _UNIT)
        for place, line in enumerate(remarks):
            with flow.paragraph():
                sheet.text(MARGIN + 6, flow.y + 68 + 13 * place, line, _LABEL)
        flow.y += height + 12

    def _height(self, lines_max: int) -> Points:
        """Return how much room facts, parts and steps take, with so many lines for what is long."""
        words = [fact.value for fact in self._slip.facts[:FACTS_MAX] if isinstance(fact.value, str)]
        words += [text for _, text in self._slip.steps[-STEPS_MAX:]]
        rows = len(self._slip.facts[:FACTS_MAX]) + len(self._slip.steps[-STEPS_MAX:])
        further = sum(
            len(lines_of(self._book, plain(text, WORDS_MAX), _FACT, END - _VALUES_START, lines_max=lines_max)) - 1
            for text in words
            if text
        )
        parts = _shortened(self._slip.parts)
        titles = _TITLE_ROW * (2 if parts else 1)
        return _ROW * (rows + (len(parts) + 1 if parts else 0)) + 13 * further + titles + 4

    def _fact(self, fact: SlipFact) -> None:
        flow, sheet, book = self._flow, self._flow.sheet, self._book
        room = END - _VALUES_START
        lines = []
        if isinstance(fact.value, str):
            text = plain(fact.value, WORDS_MAX)
            if fact.is_code:
                lines = [book.shape(self._wording.digits(text), _FACT, base_rtl=False)]
            else:
                lines = lines_of(book, text, _FACT, room, lines_max=self._lines_max)
        with flow.paragraph():
            (label,) = lines_of(book, plain(fact.label, WORDS_MAX), _LABEL, _VALUES_START - MARGIN - 10, lines_max=1)
            sheet.text(MARGIN, flow.y + 12, label, _LABEL)
            end = _VALUES_START
            if isinstance(fact.value, Money):
                end = self._money(end, flow.y + 12, fact.value, _STRONG, _LABEL)
            for place, line in enumerate(lines):
                end = sheet.text(_VALUES_START, flow.y + 12 + 13 * place, line, _FACT)
            if fact.note:
                (note,) = lines_of(book, plain(fact.note, WORDS_MAX), _LABEL, END - end - 6, lines_max=1)
                sheet.text(end + 6, flow.y + 12, note, _LABEL)
        flow.y += _ROW + 13 * max(len(lines) - 1, 0)
        sheet.rule(MARGIN, END, flow.y, LINE, 0.4)

    def _parts(self) -> None:
        """Write what the amount is made of as a table, its decimals below each other."""
        parts = _shortened(self._slip.parts)
        if not parts:
            return
        self._title(self._slip.parts_title)
        table = self._book.element("Table", self._book.root)
        flow, sheet, book = self._flow, self._flow.sheet, self._book
        total = SlipPart(gettext("Total"), self._slip.amount)
        for part in (*parts, total):
            style = _STRONG if part is total else _FACT
            row = book.element("TR", table)
            words, sums = book.element("TD", row), book.element("TD", row)
            (line,) = lines_of(book, plain(part.words, WORDS_MAX), style, END - MARGIN - 340, lines_max=1)
            with sheet.tagged(words):
                end = sheet.text(MARGIN, flow.y + 12, line, style)
                if part.what:
                    what = self._wording.digits(plain(part.what, WHAT_MAX))
                    sheet.text(end + 4, flow.y + 12, book.shape(what, style, base_rtl=False), style)
            amount = -part.amount if part.lowers else part.amount
            with sheet.tagged(sums):
                sheet.number_in(END - 130, END, flow.y + 12, self._wording.in_column(amount, style, signed=True), style)
            for each in (words, sums, row):
                book.end(each)
            flow.y += _ROW
            sheet.rule(MARGIN, END, flow.y, LINE, 0.4)
        book.end(table)

    def _steps(self) -> None:
        self._title(self._slip.steps_title)
        flow, sheet, book = self._flow, self._flow.sheet, self._book
        for at, words in self._slip.steps[-STEPS_MAX:]:
            lines = lines_of(book, plain(words, WORDS_MAX), _FACT, END - _VALUES_START, lines_max=self._lines_max)
            with flow.paragraph():
                sheet.text(MARGIN, flow.y + 12, book.shape(self._wording.moment(at), _LABEL), _LABEL)
                for place, line in enumerate(lines):
                    sheet.text(_VALUES_START, flow.y + 12 + 13 * place, line, _FACT)
            flow.y += _ROW + 13 * max(len(lines) - 1, 0)

    def _check(self) -> None:
        """Write at the end of the page how it is checked, beside what is scanned."""
        flow, sheet, slip, book = self._flow, self._flow.sheet, self._slip, self._book
        top = _CHECK_TOP
        assert flow.y <= top - 4, "what stands above is bounded"
        sheet.fill(MARGIN - BLEED, END + BLEED, top - 8, top + _SQUARES_SIDE + 8, TINT)
        sheet.squares(END - _SQUARES_SIDE, top, _SQUARES_SIDE, slip.squares, slip.squares_of)
        y = top + 16
        with flow.paragraph("H2"):
            sheet.text(MARGIN + 6, y, book.shape(slip.check_title, _HEAD), _HEAD)
        y += 5
        width = END - MARGIN - _SQUARES_SIDE - 24
        for words, code in slip.check[:CHECK_LINES_MAX]:
            lines = lines_of(book, plain(words, WORDS_MAX), _LABEL, 100 if code else width, lines_max=1 if code else 4)
            for line in lines or (None,):
                y += 17 if code else 13
                with flow.paragraph():
                    if line is not None:
                        sheet.text(MARGIN + 6, y, line, _LABEL)
                    if code:
                        start = MARGIN + 6 + (110 if line is not None else 0)
                        sheet.text(start, y, book.shape(code, _CODE, base_rtl=False), _CODE)

    def _foot(self) -> None:
        with self._flow.sheet.furniture():
            sheet, book = self._flow.sheet, self._book
            sheet.rule(MARGIN, END, FOOT + 4, LINE)
            sheet.text(MARGIN, FOOT + 16, book.shape(self._wording.moment(self._slip.made_at), _SMALL), _SMALL)
            made = lines_of(book, plain(self._slip.institution, WORDS_MAX), _SMALL, 250, lines_max=1)
            sheet.text_to(END, FOOT + 16, made[0], _SMALL)

    def _title(self, words: str) -> None:
        self._flow.y += _TITLE_ROW - 18
        with self._flow.paragraph("H2"):
            self._flow.sheet.text(MARGIN, self._flow.y + 12, self._book.shape(words, _HEAD), _HEAD)
        self._flow.y += 18

    def _money(self, start: Points, y: Points, money: Money, style: Style, unit: Style) -> Points:
        """Write an amount and, behind it, its currency; return where they end."""
        end = self._flow.sheet.text(start, y, self._wording.money(money, style), style)
        code = self._book.shape(money.currency.code, unit, base_rtl=False)
        return self._flow.sheet.text(end + style.size * 0.35, y, code, unit)


def _shortened(parts: Sequence[SlipPart]) -> Sequence[SlipPart]:
    """Return parts as many as the page has room for; the rest of them as one, so that the sum is right."""
    if len(parts) <= PARTS_MAX:
        return parts
    shown, rest = parts[: PARTS_MAX - 1], parts[PARTS_MAX - 1 :]
    minor = sum(-each.amount.amount_minor if each.lowers else each.amount.amount_minor for each in rest)
    amount = Money(abs(minor), rest[0].amount.currency)
    return (*shown, SlipPart(gettext("Further parts, together"), amount, lowers=minor < 0))
