"""The statement of a period as pages: what it is of, what it comes to, and its lines as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, override

from raseed.banking.documents.period import PeriodStatement
from raseed.banking.documents.plain import plain
from raseed.banking.domain import AliasKind
from raseed.banking.iban import printed_iban
from raseed.kernel.money import Money
from raseed.people import api as people
from raseed.platform import api as platform

from .layout import BLEED, BRAND, END, FOOT, INK, LEADING, LINE, MARGIN, SOFT, TINT, Flow
from .paragraphs import lines_of
from .sheet import Book, Points, Style
from .table import WORDS_MAX, Table
from .wording import Voice, Wording

_NAME: Final = Style(15, BRAND, is_bold=True)
_TITLE: Final = Style(13, INK, is_bold=True)
_HOLDER: Final = Style(11, INK, is_bold=True)
_FACT: Final = Style(9, INK)
_LABEL: Final = Style(7.5, SOFT)
_FIGURE: Final = Style(11.5, INK, is_bold=True)
_CLOSING: Final = Style(11.5, BRAND, is_bold=True)
_FACTS_START: Final = 312.0
_FACT_HEIGHT: Final = 14.0
_FIRST_FACT: Final = 86.0


def write(period: PeriodStatement) -> bytes:
    """Return the statement as a PDF."""
    with override(period.language):
        return _Pages(period).written()


class _Pages:
    """The document while it is laid out."""

    def __init__(self, period: PeriodStatement) -> None:
        self._period = period
        self._book = Book(language=period.language, is_rtl=platform.direction(period.language) == "rtl")
        voice = Voice(period.language, period.digits, period.institution.country, period.account.zone)
        self._wording = Wording(voice, self._book)
        self._flow = Flow(self._book)
        self._name = plain(people.display_name(period.institution, period.language), WORDS_MAX)

    def written(self) -> bytes:
        period = self._period
        self._head()
        self._summary()
        Table(period, self._flow, self._wording).write()
        self._last_words()
        self._feet()
        first, last = period.first_day.isoformat(), period.last_day.isoformat()
        return self._book.finish(
            title=f"{gettext('Account statement')} {first} – {last}",
            made_at=period.issued_at.strftime("D:%Y%m%d%H%M%SZ"),
        )

    def _head(self) -> None:
        book, flow, sheet = self._book, self._flow, self._flow.sheet
        (institution,) = lines_of(book, self._name, _NAME, 330, lines_max=1)
        with flow.paragraph():
            sheet.text(MARGIN, 52, institution, _NAME)
        with flow.paragraph("H1"):
            sheet.text_to(END, 52, book.shape(gettext("Account statement"), _TITLE), _TITLE)
        sheet.rule(MARGIN, END, 64, BRAND, 1.2)
        y = _FIRST_FACT
        width = _FACTS_START - MARGIN - 20
        holder = lines_of(book, plain(self._period.holder, WORDS_MAX), _HOLDER, width, lines_max=2)
        account = [line for fact in self._account_facts() for line in lines_of(book, fact, _FACT, width, lines_max=1)]
        for line, style in [*((line, _HOLDER) for line in holder), *((line, _FACT) for line in account)]:
            with flow.paragraph():
                sheet.text(MARGIN, y, line, style)
            y += _FACT_HEIGHT
        low = _FIRST_FACT
        for label, values in self._issue_facts():
            self._fact(low, label, values)
            low += _FACT_HEIGHT
        flow.y = max(y, low) + 6

    def _account_facts(self) -> Iterator[str]:
        """Yield what the account is known by, each in one piece, so that it can be copied whole."""
        of = self._period.account
        yield plain(of.name or of.product.name(self._period.language), WORDS_MAX)
        iban, number, phone = (of.alias(kind) for kind in (AliasKind.IBAN, AliasKind.NUMBER, AliasKind.PHONE))
        if iban:
            yield f"IBAN {printed_iban(iban)}"
        elif number:
            yield f"{gettext('Account number')} {number}"
        if phone:
            yield people.phone_text(phone)

    def _issue_facts(self) -> Iterator[tuple[str, list[str]]]:
        period, wording = self._period, self._wording
        first, last = wording.day(period.first_day), wording.day(period.last_day)
        yield gettext("Period"), [first] if first == last else [first, "–", last]
        yield gettext("Issued"), [wording.moment(period.issued_at), _offset(period.issued_at, period.account.zone)]
        yield gettext("Currency"), [period.account.currency.code]

    def _fact(self, y: Points, label: str, values: Sequence[str]) -> None:
        """Write a label and its values, which stand one after the other whatever their directions."""
        sheet = self._flow.sheet
        with self._flow.paragraph():
            sheet.text(_FACTS_START, y, self._book.shape(label, _LABEL), _LABEL)
            at = _FACTS_START + 70
            for value in values:
                at = sheet.text(at, y, self._book.shape(value, _FACT), _FACT) + 4

    def _summary(self) -> None:
        """Write the four sums that the statement comes to."""
        book, flow, period, wording = self._book, self._flow, self._period, self._wording
        top = flow.y
        flow.sheet.fill(MARGIN - BLEED, END + BLEED, top, top + 52, TINT)
        wide = (END - MARGIN) / 4
        sums = (
            (gettext("Opening balance"), period.opening, wording.day(period.first_day), _FIGURE),
            (gettext("Money in"), period.money_in, wording.movements(period.count_in), _FIGURE),
            (gettext("Money out"), period.money_out, wording.movements(period.count_out), _FIGURE),
            (gettext("Closing balance"), period.closing, wording.day(period.last_day), _CLOSING),
        )
        for place, (label, money, below, style) in enumerate(sums):
            start = MARGIN + place * wide
            room = (wide - 8) * 1000 / wording.money(money, style).width
            fitted = Style(min(style.size, round(room, 1)), style.colour, is_bold=True)
            with flow.paragraph():
                flow.sheet.text(start, top + 15, book.shape(label, _LABEL), _LABEL)
                flow.sheet.text(start, top + 31, wording.money(money, fitted), fitted)
                flow.sheet.text(start, top + 44, book.shape(below, _LABEL), _LABEL)
        flow.y = top + 52 + 16

    def _last_words(self) -> None:
        period = self._period
        self._flow.y += 6
        if period.available != period.closing:
            self._remark(
                gettext("Some of the closing balance was held on the last day; this much was available:"),
                period.available,
            )
        if period.is_free and not period.fees.amount_minor:
            self._remark(gettext("Fees in this period: none. Payments are free by the schedule of fees."))
        else:
            self._remark(gettext("Fees in this period:"), period.fees)
        self._remark(
            gettext(
                "Movements are listed by booking date. Please check this statement and tell us if anything is wrong."
            )
        )

    def _remark(self, words: str, money: Money | None = None) -> None:
        flow = self._flow
        lines = lines_of(self._book, words, _LABEL, END - MARGIN - (150 if money else 0), lines_max=3)
        for place, line in enumerate(lines, 1):
            flow.make_room(LEADING + 4)
            flow.y += LEADING + 1
            with flow.paragraph():
                end = flow.sheet.text(MARGIN, flow.y, line, _LABEL)
                if money and place == len(lines):
                    bold = Style(_LABEL.size, INK, is_bold=True)
                    flow.sheet.text(end + 5, flow.y, self._wording.money(money, bold), bold)
        flow.y += 3

    def _feet(self) -> None:
        """Write at the foot of every page what it is a page of, and which: how many there are is known now."""
        book, period = self._book, self._period
        of = period.account
        iban = of.alias(AliasKind.IBAN)
        known_as = printed_iban(iban) if iban else of.alias(AliasKind.NUMBER) or of.alias(AliasKind.PHONE)
        (name,) = lines_of(book, self._name, _LABEL, 170, lines_max=1)
        parts = [(book.shape(known_as, _LABEL), 12.0)] if known_as else []
        first, last = (self._wording.day(day) for day in (period.first_day, period.last_day))
        for text, gap in ((first, 12.0), ("–", 3.0), (last, 3.0)):
            parts.append((book.shape(text, _LABEL), gap))
        for place, sheet in enumerate(book.pages, 1):
            sheet.rule(MARGIN, END, FOOT + 4, LINE, 0.5)
            with sheet.furniture():
                at = sheet.text(MARGIN, FOOT + 16, name, _LABEL)
                for shaped, gap in parts:
                    at = sheet.text(at + gap, FOOT + 16, shaped, _LABEL)
                page = self._wording.page(place, len(book.pages))
                sheet.text_to(END, FOOT + 16, book.shape(page, _LABEL), _LABEL)


def _offset(instant: datetime, zone: str) -> str:
    """Return how far a zone is from UTC at an instant: ``UTC+02:00``."""
    return f"UTC{instant.astimezone(ZoneInfo(zone)).isoformat()[-6:]}"
