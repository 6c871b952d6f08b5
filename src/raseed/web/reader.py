"""Who reads the page: the language, the digits and the theme, kept in cookies because they matter before sign-in too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from django.conf import settings
from django.utils import translation

from raseed.kernel.money import Money
from raseed.platform import api as platform

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from raseed.kernel.money import Currency

Theme = Literal["auto", "light", "dark"]
LANGUAGES: Final = ("ar", "he", "en")
LANGUAGE_SIGNS: Final = {"ar": "ع", "he": "א", "en": "En"}
"""What stands on the narrow language switch: the first letter of each script."""
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)
DIGITS_COOKIE: Final = "raseed_digits"
THEME_COOKIE: Final = "raseed_theme"
_NUMBER: Final = re.compile(r"[0-9٠-٩]+(?:[.٫][0-9٠-٩]+)?")
_MARKS_AND_SPACES: Final = "\u200e\u200f\u061c\u00a0 "
PREFERENCE_AGE_S: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader's choices. ``digits`` is ``None`` where the language's own digits are to be used."""

    language: str
    digits: platform.Digits | None = None
    theme: Theme = "auto"

    @property
    def direction(self) -> str:
        """``rtl`` or ``ltr``: the direction of the page, not of the names and numbers on it."""
        return platform.direction(self.language)

    @property
    def shown_digits(self) -> platform.Digits:
        """The digits that numbers are written in."""
        return platform.reader_digits(self.language, self.digits)

    def money(self, amount: Money, *, signed: bool = False) -> str:
        """Write an amount with its currency."""
        return platform.money_text(amount, self.language, digits=self.digits, signed=signed)

    def unit(self, currency: Currency) -> str:
        """Write what stands beside an amount: the currency's sign or code, as in ``money``."""
        return _NUMBER.sub("", self.money(Money(0, currency))).strip(_MARKS_AND_SPACES)

    def number(self, number: int) -> str:
        """Write a whole number."""
        return platform.number_text(number, self.language, digits=self.digits)

    def text(self, text: str) -> str:
        """Write a text that holds digits, such as a phone number."""
        return platform.digits_text(text, self.language, digits=self.digits)

    def day(self, when: date, *, country: str | None = None) -> str:
        """Write a date."""
        return platform.date_text(when, self.language, digits=self.digits, country=country)

    def day_month(self, when: date, *, country: str | None = None) -> str:
        """Write a date without its year."""
        return platform.day_month_text(when, self.language, digits=self.digits, country=country)

    def month(self, when: date, *, country: str | None = None) -> str:
        """Write the month of a date with its year."""
        return platform.month_text(when, self.language, digits=self.digits, country=country)

    def time(self, when: datetime, *, zone: str, seconds: bool = False) -> str:
        """Write the time of day of an instant."""
        return platform.time_text(when, self.language, zone=zone, digits=self.digits, seconds=seconds)

    def moment(self, when: datetime, *, zone: str, country: str | None = None) -> str:
        """Write date and time of an instant."""
        return platform.moment_text(when, self.language, zone=zone, digits=self.digits, country=country)


def chosen_language(request: HttpRequest) -> str:
    """Return the language chosen on this device, else the browser's, else the installation's."""
    language = translation.get_language_from_request(request)
    return language if language in LANGUAGES else settings.LANGUAGE_CODE


def read_preferences(request: HttpRequest) -> Reader:
    """Return who reads, from cookies and headers only: it works where the database is away."""
    digits = request.COOKIES.get(DIGITS_COOKIE)
    theme = request.COOKIES.get(THEME_COOKIE)
    return Reader(
        language=chosen_language(request),
        digits=cast(platform.Digits, digits) if digits in get_args(platform.Digits) else None,
        theme=theme if theme in THEMES else "auto",
    )


def keep_preference(response: HttpResponseBase, name: str, value: str | None) -> None:
    """Keep a choice on this device for a year; ``None`` forgets it."""
    if value is None:
        response.delete_cookie(name, samesite="Lax")
        return
    response.set_cookie(
        name, value, max_age=PREFERENCE_AGE_S, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def keep_language(response: HttpResponseBase, language: str) -> None:
    """Keep the language of the interface on this device."""
    keep_preference(response, settings.LANGUAGE_COOKIE_NAME, language)
