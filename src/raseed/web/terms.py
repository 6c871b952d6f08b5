"""A product's terms in words: limits, fees (zero is shown as zero), interest, dormancy."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.kernel.money import Money

if TYPE_CHECKING:
    from datetime import date

    from raseed.kernel.money import Currency
    from raseed.web.reader import Reader

PPM_OF_A_PERCENT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Term:
    """One term: what it is, how much, and since when (``None``: since ever); ``code`` names what a fee is for."""

    label: str
    text: str
    since: date | None = None
    code: str = ""


def amount_or_none(minor: int | None, currency: Currency, reader: Reader) -> str:
    """Write an amount; words where there is none."""
    return gettext("no limit") if minor is None else reader.money(Money(minor, currency))


def limit_lines(limits: banking.Limits, currency: Currency, reader: Reader) -> list[Term]:
    """Return limits in words."""
    return [
        Term(gettext("Per transfer"), amount_or_none(limits.per_transfer_minor, currency, reader)),
        Term(gettext("Per day"), amount_or_none(limits.per_day_minor, currency, reader)),
    ]


def fee_lines(terms: banking.Terms, reader: Reader) -> list[Term]:
    """Return every line of a fee schedule in words, those that cost nothing too."""
    return [
        Term(gettext(banking.FEE_WORDS[fee.event]), reader.money(fee.amount), fee.valid_from, fee.event.value)
        for fee in terms.fees
    ]


def rate_text(ppm: int, reader: Reader) -> str:
    """Write a yearly rate given in millionths, as a percentage with no more places than it needs."""
    percent = f"{Decimal(ppm) / PPM_OF_A_PERCENT:f}"
    plain = percent.rstrip("0").rstrip(".") if "." in percent else percent
    if reader.shown_digits == "arab":
        return reader.text(plain.replace(".", "٫")) + "٪"
    return f"{plain}%"


def contract_rate(contract: banking.LoanTerms, reader: Reader) -> Term:
    """Return the interest that a loan's contract says, which later rates of its product do not change."""
    return Term(gettext("Interest a year"), rate_text(contract.annual_rate_ppm, reader))


def other_lines(terms: banking.Terms, reader: Reader) -> list[Term]:
    """Return interest and dormancy in words, where the product has them."""
    lines = []
    if terms.product.kind in (banking.ProductKind.SAVINGS, banking.ProductKind.LOAN):
        lines.append(Term(gettext("Interest a year"), rate_text(terms.annual_rate_ppm, reader)))
    if terms.product.kind is not banking.ProductKind.LOAN:
        months = terms.dormant_after_months
        text = (
            gettext("never")
            if months is None
            else gettext("%(months)s months without use") % {"months": reader.number(months)}
        )
        lines.append(Term(gettext("Becomes dormant after"), text))
    return lines
