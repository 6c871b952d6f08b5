"""What a system of others answered, read strictly: a balance of just this account, or the name of what is wrong with it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from raseed.kernel.money import AMOUNT_MINOR_MAX, UnknownCurrency, currency

from ..domain import DifferenceKind
from .client import Heard
from .mapping import Answer

K = DifferenceKind
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}\Z")
_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,16})(?:\.([0-9]{1,12}))?\Z")
NOT_FOUND: Final = 404
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance as a system answered it, in minor units; the same balance told at another time is the same."""

    minor: int
    currency: str
    as_of: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why an answer is none: its kind, and a code of what came instead."""

    kind: DifferenceKind
    note: str


class _Fraction(str):
    """A JSON number with a fraction or an exponent: money is never written so."""

    __slots__ = ()


class _Bad(Exception):
    """An answer that is none; the argument says why."""


def read(heard: Heard, of: Answer, account: str, *, now: datetime) -> Balance | Wrong:
    """Return the balance that was answered, or what is wrong with the answer."""
    try:
        return _read(heard, of, account, now)
    except _Bad as bad:
        wrong: Wrong = bad.args[0]
        return wrong


def _read(heard: Heard, of: Answer, account: str, now: datetime) -> Balance:
    table = _json(heard)
    echoed = _at(table, of.account)
    if not isinstance(echoed, str | int) or isinstance(echoed, bool) or str(echoed) != account:
        raise _Bad(Wrong(K.OTHER_ACCOUNT, "account"))
    code = of.currency_code
    if of.currency:
        said = _at(table, of.currency)
        if not isinstance(said, str) or (code and said != code):
            raise _Bad(Wrong(K.CURRENCY, "currency"))
        code = said
    try:
        scale = currency(code).scale
    except UnknownCurrency:
        raise _Bad(Wrong(K.CURRENCY, "unknown_currency")) from None
    as_of = _at(table, of.as_of) if of.as_of else ""
    if of.fresh_seconds and _age(as_of, now) > of.fresh_seconds:
        raise _Bad(Wrong(K.STALE, "as_of"))
    amount = _at(table, of.amount)
    if amount is _ABSENT or amount is None:
        raise _Bad(Wrong(K.MISSING, "no_amount"))
    return Balance(_minor(amount, of.form, scale), code, str(as_of))


def _json(heard: Heard) -> Any:
    if heard.trouble:
        raise _Bad(Wrong(K.NO_ANSWER, heard.trouble))
    if heard.status == NOT_FOUND:
        raise _Bad(Wrong(K.MISSING, "status_404"))
    if heard.status != 200:  # noqa: PLR2004  (the one answer that holds a balance)
        kind = K.UNREADABLE if 300 <= heard.status < 400 else K.NO_ANSWER  # noqa: PLR2004
        raise _Bad(Wrong(kind, f"status_{heard.status}"))
    try:
        return json.loads(heard.body, parse_float=_Fraction, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        html = heard.kind == "text/html" or heard.body.lstrip()[:1] == b"<"
        raise _Bad(Wrong(K.UNREADABLE, "html" if html else "not_json")) from None


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)


def _at(table: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer (RFC 6901), or ``_ABSENT``."""
    for raw in pointer.split("/")[1:]:
        part = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(table, dict) and part in table:
            table = table[part]
        elif isinstance(table, list) and part.isascii() and part.isdigit() and int(part) < len(table):
            table = table[int(part)]
        else:
            return _ABSENT
    return table


def _age(as_of: Any, now: datetime) -> float:
    try:
        at = datetime.fromisoformat(as_of)
        return (now - at).total_seconds()
    except (TypeError, ValueError):
        raise _Bad(Wrong(K.STALE, "no_as_of")) from None


def _minor(amount: Any, form: str, scale: int) -> int:
    if isinstance(amount, _Fraction | bool):
        raise _Bad(Wrong(K.NOT_INTEGER, "json_fraction"))
    text = str(amount) if isinstance(amount, int | str) else ""
    if form == "minor":
        if not _WHOLE.match(text):
            raise _Bad(Wrong(K.NOT_INTEGER, "not_whole"))
        minor = int(text)
    else:
        found = _DECIMAL.match(text)
        if found is None or len(found[3] or "") > scale:
            raise _Bad(Wrong(K.NOT_INTEGER, "decimals"))
        minor = int(found[2] + (found[3] or "").ljust(scale, "0")) * (-1 if found[1] else 1)
    if abs(minor) > AMOUNT_MINOR_MAX:
        raise _Bad(Wrong(K.NOT_INTEGER, "too_large"))
    return minor


def kind_of(shown: Balance, true: Balance) -> DifferenceKind | None:
    """Return how a shown balance differs from the true one; ``None``: it does not."""
    if shown.currency != true.currency:
        return K.CURRENCY
    if shown.minor == true.minor:
        return None
    unit = 10 ** currency(true.currency).scale
    if shown.minor == -true.minor:
        return K.SIGN
    if true.minor and unit > 1 and (shown.minor == true.minor * unit or true.minor == shown.minor * unit):
        return K.SCALE
    if abs(shown.minor - true.minor) < unit and (abs(shown.minor - true.minor) == 1 or shown.minor % 10 == 0):
        return K.ROUNDING
    return K.OTHER
