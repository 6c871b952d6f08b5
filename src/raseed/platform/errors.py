"""How an error reaches a reader, in their language, or a program, in one shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext, override

from raseed.kernel.errors import Conflict, InputError, NotFound, PermissionRefused, RaseedError, TemporarilyUnavailable
from raseed.kernel.money import Money

from .domain import ErrorText, TooManyRequests
from .formats import Digits, isolated, money_text, number_text

HTTP_STATUS: Final[tuple[tuple[type[RaseedError], int], ...]] = (
    (TooManyRequests, 429),
    (InputError, 400),
    (NotFound, 404),
    (PermissionRefused, 403),
    (Conflict, 409),
    (TemporarilyUnavailable, 503),
)
_PLACE: Final = re.compile(r"%\((\w+)\)s|%%")


def translate_error(error: RaseedError, language: str, *, digits: Digits | None = None) -> ErrorText:
    """Return ``error`` in ``language``; numbers and money among its parameters are written in the reader's digits.

    A parameter whose direction could disturb the sentence is wrapped in Unicode isolates.
    """
    written = {name: _written(value, language, digits) for name, value in error.params.items()}
    with override(language):
        message = _filled(gettext(error.sentence), written)
        hint = _filled(gettext(error.hint), written) if error.hint else ""
    return ErrorText(error.code, message, hint, error.field)


def error_body(error: RaseedError, language: str) -> dict[str, dict[str, Any]]:
    """Return the one shape in which both APIs send an error (decision 6): ``{"error": {code, message, hint, field, params}}``.

    Programs read the body, so numbers in it stay in Latin digits; ``params`` are what the sentences were filled with, money
    as ``{amount_minor, currency}`` with the amount as a string.
    """
    text = translate_error(error, language, digits="latn")
    params = {name: _plain(value) for name, value in error.params.items()}
    return {
        "error": {"code": text.code, "message": text.message, "hint": text.hint, "field": text.field, "params": params}
    }


def error_status(error: RaseedError) -> int:
    """Return the HTTP status for ``error``; 422 for a refusal of no narrower kind."""
    return next((status for kind, status in HTTP_STATUS if isinstance(error, kind)), 422)


def _plain(value: object) -> object:
    if isinstance(value, Money):
        return {"amount_minor": str(value.amount_minor), "currency": value.currency.code}
    return value if isinstance(value, int | None) else str(value)


def _written(value: object, language: str, digits: Digits | None) -> str:
    if isinstance(value, Money):
        return isolated(money_text(value, language, digits=digits), language)
    if isinstance(value, int):
        return number_text(value, language, digits=digits)
    return isolated(str(value), language)


def _filled(sentence: str, written: Mapping[str, str]) -> str:
    """Fill the places of ``sentence``; an error's sentence and hint may each use only some parameters."""
    return _PLACE.sub(lambda place: "%" if place[1] is None else written.get(place[1], "…"), sentence)
