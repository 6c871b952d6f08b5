"""A late penalty in words: how it is counted, its facts, and what it would come to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.banking.api import PENALTY_LABELS, PENALTY_WORDS, PenaltyKind, PenaltyRule, penalty
from raseed.kernel.money import Currency, Money
from raseed.web.terms import Term, rate_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raseed.web.reader import Reader

EXAMPLE_WHOLE: Final = 100
"""What the bill or instalment of the worked example asks for, in whole units of the currency."""
EXAMPLE_DAYS: Final = (1, 10, 30)


def penalty_kind(rule: PenaltyRule) -> str:
    """Return how a penalty is counted, in words; that there is none is said too."""
    return gettext(PENALTY_WORDS[rule.kind])


def penalty_facts(
    rule: PenaltyRule, unit: Currency, reader: Reader, labels: Mapping[str, str] = PENALTY_LABELS
) -> list[Term]:
    """Return the amounts, shares and days of a rule, those that it has."""
    texts = (
        ("amount_minor", _money(rule.amount_minor, unit, reader)),
        ("rate_ppm", "" if rule.rate_ppm is None else rate_text(rule.rate_ppm, reader)),
        ("grace_days", reader.number(rule.grace_days) if rule.kind is not PenaltyKind.NONE else ""),
        ("cap_minor", _money(rule.cap_minor, unit, reader)),
        ("cap_ppm", "" if rule.cap_ppm is None else rate_text(rule.cap_ppm, reader)),
    )
    return [Term(gettext(labels[name]), text) for name, text in texts if text]


def penalty_examples(rule: PenaltyRule, unit: Currency) -> tuple[tuple[int, Money], ...]:
    """Return what the example would cost so many days late."""
    if rule.kind is PenaltyKind.NONE:
        return ()
    owed, due_on = example_amount(unit), date(2026, 1, 1)
    return tuple((days, penalty(rule, owed, due_on, due_on + timedelta(days=days))) for days in EXAMPLE_DAYS)


def example_amount(unit: Currency) -> Money:
    """Return what the example asks for."""
    return Money(EXAMPLE_WHOLE * 10**unit.scale, unit)


def _money(minor: int | None, unit: Currency, reader: Reader) -> str:
    return "" if minor is None else reader.money(Money(minor, unit))
