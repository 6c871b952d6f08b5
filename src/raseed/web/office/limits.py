"""Limits as they stand on pages: what may be granted, how far it is used, and how the bounds of a form are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.care.api import authority
from raseed.kernel.errors import mark
from raseed.kernel.money import Currency, Money, currency, parse_amount
from raseed.kernel.text import ascii_digits

if TYPE_CHECKING:
    from .requests import StaffRequest

AMOUNTS: Final[Mapping[str, str]] = {
    "per_act_minor": mark("One act"),
    "per_day_minor": mark("In a day"),
    "per_customer_minor": mark("For one customer"),
}
COUNTS: Final[Mapping[str, str]] = {
    "per_day_count": mark("How often in a day"),
    "per_customer_count": mark("How often for one customer"),
}
WINDOW: Final = ("window_days", mark("Days that count for one customer"))
DIGITS_MAX: Final = 7
WINDOW_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One bound in words; ``used`` of it today, where that is told, with how full it is in percent."""

    label: str
    text: str
    used: str = ""
    percent: int | None = None


def action_words(code: str) -> str:
    """Return what an action is called; an empty code: all that has nothing of its own."""
    if not code:
        return gettext("Everything else")
    known = {each.code: each.words for each in authority.actions()}
    return gettext(known[code]) if code in known else code


def bound_lines(limit: authority.Limit, request: StaffRequest, *, used: authority.LimitUse | None = None) -> list[Line]:
    """Return the bounds of a limit, each in a line; with ``used`` also what of today's is used."""
    bounds, reader = limit.bounds, request.reader
    lines = []
    for name, label in AMOUNTS.items():
        minor = getattr(bounds, name)
        if minor is None:
            continue
        unit = currency(limit.currency)
        told = used.used_minor if used is not None and name == "per_day_minor" else None
        lines.append(
            Line(
                gettext(label),
                reader.money(Money(minor, unit)),
                reader.money(Money(told, unit)) if told is not None else "",
                _percent(told, minor),
            )
        )
    for name, label in COUNTS.items():
        count = getattr(bounds, name)
        if count is None:
            continue
        told = used.used_count if used is not None and name == "per_day_count" else None
        shown = reader.number(told) if told is not None else ""
        lines.append(Line(gettext(label), reader.number(count), shown, _percent(told, count)))
    lines.append(Line(gettext(WINDOW[1]), reader.number(bounds.window_days)))
    return lines


def _percent(used: int | None, of: int) -> int | None:
    if used is None:
        return None
    return 100 if of == 0 else min(100, used * 100 // of)


@dataclass(frozen=True, slots=True)
class ShownUse:
    """What somebody may grant of one action, in words."""

    words: str
    lines: tuple[Line, ...]
    own: bool


def my_limits(request: StaffRequest) -> tuple[list[ShownUse], list[str]]:
    """Return what the reader may grant here, and the names of what they may not grant at all."""
    found = authority.my_limits(request.staff.id, request.institution.id, by=request.author)
    shown = [
        ShownUse(
            _with_currency(each.limit.action, each.limit.currency),
            tuple(bound_lines(each.limit, request, used=each)),
            each.limit.holder_kind is authority.HolderKind.STAFF,
        )
        for each in found
    ]
    held = {each.limit.action for each in found}
    return shown, [gettext(each.words) for each in authority.actions() if each.code not in held]


def _with_currency(action: str, code: str) -> str:
    return f"{action_words(action)} ({code})" if code else action_words(action)


def currencies_of(request: StaffRequest, more: Iterable[str] = ()) -> list[str]:
    """Return the currencies that the institution deals in, its own first."""
    others = {each.currency.code for each in banking.products_of(request.institution.id)} | {one for one in more if one}
    mine = request.institution.currency_code
    return [mine, *sorted(others - {mine})]


def bounds_in(entered: Mapping[str, str], *, unit: Currency | None) -> authority.Bounds:
    """Return the bounds that were entered; ``unit`` is that of their amounts, ``None`` for what comes to no amount.

    Raises:
        InvalidAmount, InvalidLimit: which can't be, by its field.
    """
    amounts: dict[str, int | None] = {}
    for name in AMOUNTS:
        text = entered.get(name, "")
        if unit is None and text:
            raise authority.InvalidLimit(field=name)
        amounts[name] = None if unit is None else _minor(text, unit, name)
    counts = {name: _count(entered.get(name, ""), name) for name in COUNTS}
    window = _count(entered.get(WINDOW[0], ""), WINDOW[0])
    return authority.Bounds(**amounts, **counts, window_days=WINDOW_DAYS if window is None else window)


def _minor(text: str, unit: Currency, field: str) -> int:
    """Return an amount in minor units; unlike other amounts, it may be zero."""
    plain = ascii_digits(text).replace(".", "").replace("٫", "")
    if plain and not plain.strip("0"):
        return 0
    return parse_amount(text, unit, field=field).amount_minor


def _count(text: str, field: str) -> int | None:
    if not text:
        return None
    plain = ascii_digits(text)
    if not plain.isdecimal() or len(plain) > DIGITS_MAX:
        raise authority.InvalidLimit(field=field)
    return int(plain)


def entered_of(limit: authority.Limit) -> dict[str, str]:
    """Return a limit as its form shows it."""
    bounds, unit = limit.bounds, currency(limit.currency) if limit.currency else None
    shown = {}
    for name in (*AMOUNTS, *COUNTS, WINDOW[0]):
        value = getattr(bounds, name)
        if value is None:
            shown[name] = ""
        else:
            shown[name] = Money(value, unit).decimal_text() if unit and name in AMOUNTS else str(value)
    return {
        "holder": f"{limit.holder_kind.value}:{limit.holder_id}",
        "action": limit.action,
        "currency": limit.currency,
        **shown,
    }
