"""Refusals as JSON, in which a timeline keeps them; money becomes minor units and currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from raseed.kernel.money import Money, currency

from .domain import Refusal


def kept(refusal: Refusal) -> dict[str, object]:
    """Return what is kept of a refusal beside its code."""
    return {"field": refusal.field, "params": {name: _plain(value) for name, value in refusal.params}}


def remembered(code: str, data: Mapping[str, object]) -> Refusal:
    """Return the refusal that was kept."""
    params = cast("Mapping[str, object]", data.get("params", {}))
    return Refusal(
        code, cast("str | None", data.get("field")), tuple((name, _full(params[name])) for name in sorted(params))
    )


def _plain(value: object) -> object:
    if isinstance(value, Money):
        return {"amount_minor": value.amount_minor, "currency": value.currency.code}
    return value


def _full(value: object) -> object:
    if isinstance(value, dict) and value.keys() == {"amount_minor", "currency"}:
        return Money(value["amount_minor"], currency(value["currency"]))
    return value
