"""Money: a whole number of minor units in a currency. No float, no rounding, no mixing of currencies.

Decimals follow ISO 4217 (2024), not CLDR: SYP has two there, and that is what banks settle in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .errors import InputError, mark
from .text import ascii_digits

AMOUNT_MINOR_MAX: Final = (1 << 63) - 1
"""The largest amount, in minor units, that a ledger row can hold."""


class UnknownCurrency(InputError):
    """A code that ISO 4217 does not list."""

    code = "unknown_currency"
    sentence = mark("“%(currency)s” is not a currency we know.")
    hint = mark("Use a three-letter ISO 4217 code, such as EGP.")


class CurrencyMismatch(InputError):
    """Two amounts in different currencies where one currency is needed."""

    code = "wrong_currency"
    sentence = mark("The amount is in %(given)s, but %(expected)s is needed.")
    hint = mark("Send the amount in the account's own currency.")


class InvalidAmount(InputError):
    """An amount that can't be read, isn't positive, is too large, or has more decimals than its currency."""

    code = "invalid_amount"
    sentence = mark("This is not an amount we can use.")
    hint = mark("Enter a number above zero, with at most %(decimals)s digits after the point.")


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency: ISO 4217 alphabetic ``code``, ``number``, and ``scale``, the digits after the decimal point."""

    code: str
    number: int
    scale: int


CURRENCIES: Final = {
    c.code: c
    for c in (
        Currency("AED", 784, 2), Currency("BHD", 48, 3), Currency("CZK", 203, 2), Currency("EGP", 818, 2),
        Currency("EUR", 978, 2), Currency("GBP", 826, 2), Currency("ILS", 376, 2), Currency("IQD", 368, 3),
        Currency("IRR", 364, 2), Currency("JOD", 400, 3), Currency("JPY", 392, 0), Currency("KES", 404, 2),
        Currency("KWD", 414, 3), Currency("LBP", 422, 2), Currency("LYD", 434, 3), Currency("MAD", 504, 2),
        Currency("OMR", 512, 3), Currency("QAR", 634, 2), Currency("SAR", 682, 2), Currency("SDG", 938, 2),
        Currency("SYP", 760, 2), Currency("TND", 788, 3), Currency("TRY", 949, 2), Currency("USD", 840, 2),
        Currency("YER", 886, 2),
    )
}  # fmt: skip
_AMOUNT: Final = re.compile(r"(?P<whole>\d{1,19})(?:\.(?P<part>\d{1,4}))?\Z", re.ASCII)
_GROUPED: Final = re.compile(r"\d{1,3}(?:[,٬]\d{3})+(?=[.٫]|\Z)")


def currency(code: str) -> Currency:
    """Return the currency of an ISO 4217 code.

    Raises:
        UnknownCurrency: there is none.
    """
    try:
        return CURRENCIES[code]
    except (KeyError, TypeError):
        raise UnknownCurrency(currency=str(code)[:8]) from None


@dataclass(frozen=True, slots=True)
class Money:
    """``amount_minor`` minor units (fils, piastres, pence) of ``currency``; may be negative, never fractional."""

    amount_minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise TypeError("money is a whole number of minor units")

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(given=other.currency.code, expected=self.currency.code)
        return other.amount_minor

    def __add__(self, other: Money) -> Money:
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount_minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount_minor <= self._same(other)

    def decimal_text(self) -> str:
        """Return the amount as plain decimal text, such as ``-1234.50``: for files and wires, not for people."""
        sign, scale = "-" if self.amount_minor < 0 else "", self.currency.scale
        digits = str(abs(self.amount_minor)).rjust(scale + 1, "0")
        return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else sign + digits


def parse_amount(text: str, in_currency: Currency, *, field: str | None = None) -> Money:
    """Read what a person typed: Latin or Arabic digits, either decimal sign, thousands grouped or not.

    Raises:
        InvalidAmount: not a number, zero, negative, past 2⁶³ − 1 minor units, or with too many decimals.
    """
    refusal = InvalidAmount(field=field, decimals=in_currency.scale)
    plain = ascii_digits(text.strip())
    if _GROUPED.match(plain):
        plain = plain.replace(",", "").replace("٬", "")
    found = _AMOUNT.match(plain.replace("٫", "."))
    if not found:
        raise refusal
    part = found["part"] or ""
    if len(part) > in_currency.scale:
        raise refusal
    minor = int(found["whole"] + part.ljust(in_currency.scale, "0"))
    if not 0 < minor <= AMOUNT_MINOR_MAX:
        raise refusal
    return Money(minor, in_currency)
