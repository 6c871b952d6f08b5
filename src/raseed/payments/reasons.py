"""Refusals as a timeline keeps them: a code and its data, from which the same typed error is made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money, currency

Kept = Mapping[str, object]


def kept(error: RaseedError) -> dict[str, object]:
    """Return an error's data as JSON can hold it; money becomes minor units and currency."""
    params = {
        name: {"amount_minor": value.amount_minor, "currency": value.currency.code} if isinstance(value, Money) else value
        for name, value in error.params.items()
    }
    return {"field": error.field, "params": params}


def remembered(code: str, data: Kept) -> RaseedError:
    """Return the typed error that was kept; one that no loaded package knows any more comes back as the root."""
    params = {name: _value(value) for name, value in cast(Kept, data["params"]).items()}
    field = cast("str | None", data["field"])
    kind = next((kind for kind in _kinds(RaseedError) if kind.code == code), RaseedError)
    return kind(field=field, **params)


def _kinds(root: type[RaseedError]) -> Iterator[type[RaseedError]]:
    for kind in root.__subclasses__():
        yield from _kinds(kind)
        if "code" in vars(kind):
            yield kind


def _value(value: object) -> object:
    if isinstance(value, dict) and value.keys() == {"amount_minor", "currency"}:
        return Money(value["amount_minor"], currency(value["currency"]))
    return value
