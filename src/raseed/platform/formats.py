"""Money, numbers, dates and times as a reader expects them.

The digits are the reader's: Arabic-Indic for Arabic, Latin otherwise, unless the customer chose (argument ``digits``).
Dates are Gregorian. Every text here may meet text of the other direction, so callers wrap it in ``<bdi>``; where a sign
or a currency would be thrown to the wrong side even there, a mark (LRM, RLM, ALM; UAX #9) is inside, as in CLDR.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from raseed.kernel.money import Money
from raseed.kernel.text import arabic_digits

Digits = Literal["arab", "latn"]

RIGHT_TO_LEFT: Final = frozenset({"ar", "he"})
_LRM, _RLM, _ALM, _NBSP = "\u200e", "\u200f", "\u061c", "\u00a0"
_FSI, _PDI = "\u2068", "\u2069"
_TO_ARABIC_SIGNS: Final = str.maketrans({",": "٬", ".": "٫", "%": "٪"})
_SYMBOLS: Final[dict[str, dict[str, str]]] = {
    "ar": {
        "AED": "د.إ", "BHD": "د.ب", "EGP": "ج.م", "EUR": "€", "GBP": "£", "ILS": "₪", "IQD": "د.ع", "IRR": "ر.إ",
        "JOD": "د.أ", "KWD": "د.ك", "LBP": "ل.ل", "LYD": "د.ل", "MAD": "د.م", "OMR": "ر.ع", "QAR": "ر.ق",
        "SAR": "ر.س", "SDG": "ج.س", "SYP": "ل.س", "TND": "د.ت", "USD": "$", "YER": "ر.ي",
    },
    "he": {"ILS": "₪", "USD": "$", "EUR": "€", "GBP": "£"},
    "en": {"ILS": "₪", "USD": "$", "EUR": "€", "GBP": "£"},
}  # fmt: skip
_MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "ar": ("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو",
           "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
    "ar-levant": ("كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران",
                  "تموز", "آب", "أيلول", "تشرين الأول", "تشرين الثاني", "كانون الأول"),
    "he": ("ינואר", "פברואר", "מרץ", "אפריל", "מאי", "יוני",
           "יולי", "אוגוסט", "ספטמבר", "אוקטובר", "נובמבר", "דצמבר"),
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
}  # fmt: skip
_LEVANT: Final = frozenset({"SY", "LB", "JO", "IQ", "PS"})


def reader_digits(language: str, digits: Digits | None = None) -> Digits:
    """Return the digits for a reader: the customer's choice if there is one, else the language's own."""
    return digits or ("arab" if language == "ar" else "latn")


def direction(language: str) -> Literal["rtl", "ltr"]:
    """Return the direction of a language's own text."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def digits_text(text: str, language: str, *, digits: Digits | None = None) -> str:
    """Return ``text`` (a code, a count already written) with its digits 0–9 as the reader's."""
    return arabic_digits(text) if reader_digits(language, digits) == "arab" else text


def number_text(number: int, language: str, *, digits: Digits | None = None) -> str:
    """Return a whole number with its thousands grouped: ``١٬٢٣٤`` or ``1,234``."""
    return _sign("-" if number < 0 else "", language, digits) + _grouped(str(abs(number)), language, digits)


def money_text(money: Money, language: str, *, digits: Digits | None = None, signed: bool = False) -> str:
    """Return an amount with its currency, all decimals of ISO 4217 shown.

    ``١٬٢٣٤٫٥٠ ج.م`` in Arabic, ``1,234.50 ₪`` in Hebrew, ``EGP 1,234.50`` or ``₪1,234.50`` in English; the space is a
    no-break space. With ``signed`` an amount above zero gets a plus.
    """
    code = money.currency.code
    symbol = _SYMBOLS[language if language in _SYMBOLS else "en"].get(code, code)
    plain = Money(abs(money.amount_minor), money.currency).decimal_text()
    amount = _grouped(plain, language, digits)
    sign = "-" if money.amount_minor < 0 else "+" if signed and money.amount_minor > 0 else ""
    if language not in RIGHT_TO_LEFT:
        return f"{sign}{symbol}{_NBSP if symbol == code else ''}{amount}"
    # A sign of Arabic letters holds its side by itself; any other is held by a mark, as in CLDR's pattern for Hebrew.
    holds = "\u0600" <= symbol[0] <= "\u06ff"
    opening = "" if not sign and holds else _RLM
    return f"{opening}{_sign(sign, language, digits)}{amount}{_NBSP}{'' if holds else _RLM}{symbol}"


def date_text(day: date, language: str, *, digits: Digits | None = None, country: str | None = None) -> str:
    """Return a Gregorian date: ``٣ مارس ٢٠٢٥``, ``3 במרץ 2025``, ``3 March 2025``.

    ``country`` (ISO 3166) chooses between the Arabic month names of the Nile (default) and of the Levant. An instant is
    refused: its date depends on a zone, see ``moment_text``.
    """
    if isinstance(day, datetime):
        raise TypeError("a date is needed, not an instant: convert it in the reader's zone first")
    return digits_text(f"{_day_month(day, language, country)} {day.year}", language, digits=digits)


def month_text(day: date, language: str, *, digits: Digits | None = None, country: str | None = None) -> str:
    """Return the month of a date with its year, as in the heading of a calendar."""
    months = _MONTHS["ar-levant" if language == "ar" and country in _LEVANT else language]
    return digits_text(f"{months[day.month - 1]} {day.year}", language, digits=digits)


def day_month_text(day: date, language: str, *, digits: Digits | None = None, country: str | None = None) -> str:
    """Return a date without its year, for lists: ``٣ مارس``."""
    return digits_text(_day_month(day, language, country), language, digits=digits)


def time_text(
    instant: datetime, language: str, *, zone: str, digits: Digits | None = None, seconds: bool = False
) -> str:
    """Return the hour and minute of an aware ``instant`` in ``zone`` (IANA name), 24 hours: ``١٤:٠٣``; also its ``seconds``."""
    return digits_text(_local(instant, zone).strftime("%H:%M:%S" if seconds else "%H:%M"), language, digits=digits)


def moment_text(
    instant: datetime, language: str, *, zone: str, digits: Digits | None = None, country: str | None = None
) -> str:
    """Return date and time of an aware ``instant`` in ``zone``: ``٣ مارس ٢٠٢٥، ١٤:٠٣``."""
    day = date_text(_local(instant, zone).date(), language, digits=digits, country=country)
    comma = "،" if language == "ar" else ","
    return f"{day}{comma} {time_text(instant, language, zone=zone, digits=digits)}"


def isolated(text: str, language: str) -> str:
    """Return ``text`` in Unicode isolates (FSI … PDI) if it could disturb a sentence of ``language`` around it."""
    base = direction(language)
    kinds = {unicodedata.bidirectional(character) for character in text}
    foreign = {"L", "EN", "AN", "LRE", "LRO", "LRI"} if base == "rtl" else {"R", "AL", "AN"}
    return f"{_FSI}{text}{_PDI}" if kinds & foreign else text


def _grouped(plain: str, language: str, digits: Digits | None) -> str:
    whole, point, part = plain.partition(".")
    text = f"{int(whole):,}{point}{part}"
    if reader_digits(language, digits) == "arab":
        return arabic_digits(text.translate(_TO_ARABIC_SIGNS))
    return text


def _sign(sign: str, language: str, digits: Digits | None) -> str:
    """Return ``sign`` with the mark that keeps it before its number: ALM with Arabic digits, LRM with Latin ones."""
    if not sign or language not in RIGHT_TO_LEFT:
        return sign
    return (_ALM if reader_digits(language, digits) == "arab" else _LRM) + sign


def _day_month(day: date, language: str, country: str | None) -> str:
    months = _MONTHS["ar-levant" if language == "ar" and country in _LEVANT else language]
    return f"{day.day} {'ב' if language == 'he' else ''}{months[day.month - 1]}"


def _local(instant: datetime, zone: str) -> datetime:
    if instant.tzinfo is None:
        raise TypeError("an aware instant is needed")
    return instant.astimezone(ZoneInfo(zone))
