"""The whole population: every balance of every generation that is kept up, against the ledger.

Only what is live is mended, and only while no release is on its way: a candidate is judged by the guard as it is, and a
projector that loses postings must not be helped to look right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from raseed.display import api as display
from raseed.display.api import DifferenceKind, GenerationState
from raseed.kernel.errors import mark

from ...guard import api as guard
from ..domain import Check, Finding, Look
from .places import institutions

_KEPT_UP: Final = (GenerationState.CANDIDATE, GenerationState.LIVE)


def _population(look: Look) -> Iterator[Finding]:
    owners, at, guarded = institutions(), display.pointer(), guard.ours_is_on_its_way()
    for generation in display.generations():
        if generation.state not in _KEPT_UP:
            continue
        is_live = at is not None and generation.number == at.live
        of = "account:" if is_live else f"generation:{generation.number}/"
        report = display.compare_population(
            display.open_connection, generation=generation.number, against="ledger", progress=look.progress
        )
        for each in report.differences:
            yield Finding(
                "population", each.kind.value, f"{of}{each.account_id}", _said(each.true_minor, each.true_held_minor),
                _said(each.shown_minor, each.shown_held_minor), institution_id=owners.get(each.ledger),
                repair="reproject" if is_live and not guarded else None,
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
