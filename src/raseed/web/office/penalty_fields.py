"""The fields of a late penalty in a form: of a biller, of a loan product."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from raseed.banking.api import InvalidTerms, PenaltyKind, PenaltyRule
from raseed.kernel.money import Currency, Money, parse_amount
from raseed.kernel.text import ascii_digits
from raseed.web.terms import PPM_OF_A_PERCENT

RULE_FIELDS: Final = ("kind", "amount_minor", "rate_ppm", "grace_days", "cap_minor", "cap_ppm")
PERCENT_TEXT_MAX: Final = 12
DAYS_TEXT_MAX: Final = 4


def rule_entered(rule: PenaltyRule, unit: Currency) -> dict[str, str]:
    """Return a rule as it stands in the fields of the form."""
    return {
        "kind": rule.kind.value,
        "amount_minor": _plain_money(rule.amount_minor, unit),
        "rate_ppm": _plain_percent(rule.rate_ppm),
        "grace_days": str(rule.grace_days or ""),
        "cap_minor": _plain_money(rule.cap_minor, unit),
        "cap_ppm": _plain_percent(rule.cap_ppm),
    }


def _plain_money(minor: int | None, unit: Currency) -> str:
    return "" if minor is None else Money(minor, unit).decimal_text()


def _plain_percent(ppm: int | None) -> str:
    return "" if ppm is None else f"{(Decimal(ppm) / PPM_OF_A_PERCENT).normalize():f}"


def entered_rule(entered: dict[str, str], unit: Currency) -> PenaltyRule:
    """Return the rule that was entered; fields that its kind has no use for are not looked at.

    Raises:
        InvalidTerms, InvalidAmount: ``field`` says which.
    """
    try:
        kind = PenaltyKind(entered["kind"])
    except ValueError:
        raise InvalidTerms(field="kind") from None
    if kind is PenaltyKind.NONE:
        return PenaltyRule(kind)
    is_share = kind in (PenaltyKind.PERCENT, PenaltyKind.PERCENT_A_DAY)
    return PenaltyRule(
        kind,
        amount_minor=None if is_share else _minor(entered["amount_minor"], unit, "amount_minor"),
        rate_ppm=_ppm(entered["rate_ppm"], "rate_ppm") if is_share else None,
        grace_days=_days(entered["grace_days"]),
        cap_minor=_minor(entered["cap_minor"], unit, "cap_minor"),
        cap_ppm=_ppm(entered["cap_ppm"], "cap_ppm"),
    )


def _minor(text: str, unit: Currency, field: str) -> int | None:
    return parse_amount(text, unit, field=field).amount_minor if text else None


def _days(text: str) -> int:
    plain = ascii_digits(text)
    if not plain:
        return 0
    if len(plain) > DAYS_TEXT_MAX or not (plain.isascii() and plain.isdigit()):
        raise InvalidTerms(field="grace_days")
    return int(plain)


def _ppm(text: str, field: str) -> int | None:
    plain = ascii_digits(text).replace("٫", ".").replace(",", ".").rstrip("%٪ ")
    if not plain:
        return None
    try:
        ppm = Decimal(plain) * PPM_OF_A_PERCENT if len(plain) <= PERCENT_TEXT_MAX else Decimal("NaN")
    except InvalidOperation:
        raise InvalidTerms(field=field) from None
    if not ppm.is_finite() or ppm != ppm.to_integral_value():
        raise InvalidTerms(field=field)
    return int(ppm)
