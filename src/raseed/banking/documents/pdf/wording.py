"""Days, counts and amounts as a statement's reader expects them: in their language and digits, decimals below decimals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from django.utils.translation import gettext

from raseed.kernel.money import Money
from raseed.kernel.text import arabic_digits
from raseed.platform import api as platform

from .fonts import Shaped
from .sheet import Book, Style

_TO_ARABIC_SIGNS: Final = str.maketrans(",.", "٬٫")


@dataclass(frozen=True, slots=True)
class Voice:
    """Who is spoken to, and where: the reader's language and digits, the institution's country, the zone of its books."""

    language: str
    digits: platform.Digits
    country: str
    zone: str


class Wording:
    """How a document says things."""

    def __init__(self, voice: Voice, book: Book) -> None:
        self._voice = voice
        self._book = book
        self._is_arabic = voice.digits == "arab"
        self._days: dict[date, str] = {}
        self._behind: dict[tuple[str, str, Style], int] = {}

    def day(self, day: date) -> str:
        """Return a date in words."""
        if day not in self._days:
            voice = self._voice
            self._days[day] = platform.date_text(day, voice.language, digits=voice.digits, country=voice.country)
        return self._days[day]

    def moment(self, at: datetime) -> str:
        """Return date and time of an instant, by the clock of the books."""
        voice = self._voice
        return platform.moment_text(at, voice.language, zone=voice.zone, digits=voice.digits, country=voice.country)

    def number(self, count: int) -> str:
        """Return a whole number."""
        return platform.number_text(count, self._voice.language, digits=self._voice.digits)

    def digits(self, text: str) -> str:
        """Return a number of digits only in the reader's; a code or a period keeps Latin ones, or it would turn round."""
        if not (text.isascii() and text.isdigit()):
            return text
        return platform.digits_text(text, self._voice.language, digits=self._voice.digits)

    def movements(self, count: int) -> str:
        """Return how many movements there were."""
        return gettext("Movements: %(count)s") % {"count": self.number(count)}

    def page(self, place: int, of: int) -> str:
        """Return which page this is, and of how many."""
        page, pages = (
            platform.digits_text(str(number), self._voice.language, digits=self._voice.digits) for number in (place, of)
        )
        return gettext("Page %(page)s of %(pages)s") % {"page": page, "pages": pages}

    def money(self, money: Money, style: Style) -> Shaped:
        """Return an amount. Its minus comes first when it is read: at the left, or at the right of Arabic digits."""
        return self._book.figures(self._figures(money), style, minus=self._minus(money.amount_minor < 0))

    def in_column(self, money: Money, style: Style, *, signed: bool = False) -> Shaped:
        """Return an amount for a column, in which decimals stand below decimals.

        Arabic digits differ in width, so what is behind the sign of decimals, and the place of a minus, is filled up to
        the most that it can be.
        """
        minus = self._minus(money.amount_minor < 0)
        figures = self._figures(money)
        shaped = self._book.figures(figures, style, minus=minus)
        if not self._is_arabic:
            return shaped
        scale = money.currency.scale
        behind = figures[-scale - 1 :] if scale else ""
        widest = "٫" + "٣" * scale if scale else ""
        bold = Style(style.size, style.colour, is_bold=True)
        room = self._width(widest, self._minus(signed), bold) - self._width(behind, minus, style)
        return replace(shaped, width=shaped.width + room)

    def _minus(self, is_there: bool) -> str:  # noqa: FBT001  (whether it is there is all there is to say)
        return ("right" if self._is_arabic else "left") if is_there else ""

    def _width(self, figures: str, minus: str, style: Style) -> int:
        key = (figures, minus, style)
        if key not in self._behind:
            self._behind[key] = self._book.figures(figures, style, minus=minus).width
        return self._behind[key]

    def _figures(self, money: Money) -> str:
        whole, point, part = Money(abs(money.amount_minor), money.currency).decimal_text().partition(".")
        text = f"{int(whole):,}{point}{part}"
        return arabic_digits(text.translate(_TO_ARABIC_SIGNS)) if self._is_arabic else text
