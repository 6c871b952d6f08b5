"""The whole population: every balance of every generation that is kept up, against the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from raseed.display import api as display
from raseed.display.api import DifferenceKind, GenerationState
from raseed.kernel.errors import mark

from ..domain import Check, Finding, Look
from .places import institutions

_KEPT_UP: Final = (GenerationState.CANDIDATE, GenerationState.LIVE)


def _population(look: Look) -> Iterator[Finding]:
    owners = institutions()
    for generation in display.generations():
        if generation.state not in _KEPT_UP:
            continue
        report = display.compare_population(
            display.open_connection, generation=generation.number, against="ledger", progress=look.progress
        )
        for each in report.differences:
            yield Finding(
                "population", each.kind.value, f"account:{each.account_id}", _said(each.true_minor, each.true_held_minor),
                _said(each.shown_minor, each.shown_held_minor), institution_id=owners.get(each.ledger), repair="reproject",
            )  # fmt: skip


def _said(booked: int | None, held: int | None) -> str:
    """Return an amount as it stands, with what is held of it."""
    return "" if booked is None else f"{booked} − {held}" if held else str(booked)


POPULATION: Final = Check(
    "population",
    mark("Every balance that is kept to be shown, of every generation, is the ledger's."),
    {
        DifferenceKind.UNEXPECTED.value: mark("A row of an account that is no customer's"),
        DifferenceKind.MISSING.value: mark("The account has moved, and has no row"),
        DifferenceKind.CURRENCY.value: mark("The row is in another currency"),
        DifferenceKind.SWAPPED.value: mark("Two accounts have each other's balance"),
        DifferenceKind.SIGN.value: mark("The row has the opposite sign"),
        DifferenceKind.STALE.value: mark("The row lacks later movements"),
        DifferenceKind.ROUNDING.value: mark("The row is rounded"),
        DifferenceKind.OTHER.value: mark("The row has another balance"),
    },
    _population,
    own_view=True,
    every_s=300,
)
