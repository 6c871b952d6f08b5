"""What a page needs of the generations, in one look: which one each account is shown from, and its row there.

Before the first generation has gone live not even that look is taken: that nothing is live is remembered for a moment, by
database. That something is, is looked up each time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from raseed.platform.api import named_statements, run_statement

from .books import Amounts
from .generations.cohorts import in_percent

NOTHING_LIVE_SECONDS_MAX: Final = 1.0
_SQL: Final = named_statements("raseed.display", "sql/shown.sql")
_nothing_live: Final[dict[str, float]] = {}
"""By database, when it was last seen that no generation is live there (monotonic seconds)."""


@dataclass(frozen=True, slots=True)
class Row:
    """A shown balance as a generation has it."""

    ledger: int
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Screen:
    """What an account is shown from: a generation, the batch that it has come to, and its row there, if any."""

    generation: int
    built_to: int
    row: Row | None


def screens(account_ids: Sequence[UUID]) -> dict[UUID, Screen]:
    """Return what each account is shown from; empty where no generation is live."""
    name = str(connection.settings_dict["NAME"])
    if time.monotonic() - _nothing_live.get(name, -NOTHING_LIVE_SECONDS_MAX) < NOTHING_LIVE_SECONDS_MAX:
        return {}
    found = run_statement(_SQL["for_screens"], {"ids": list(account_ids)})
    if not found:
        _nothing_live[name] = time.monotonic()
        return {}
    live, canary, percent = found[0][:3]
    named = frozenset(found[0][9])
    reached = {generation: built_to for _, _, _, generation, built_to, *_ in found}
    rows = {(row[3], row[5]): Row(row[6], Amounts(row[7], row[8])) for row in found if row[5] is not None}

    def of(account_id: UUID) -> Screen:
        is_canary = canary is not None and (account_id in named or in_percent(account_id, percent))
        generation = canary if is_canary else live
        return Screen(generation, reached[generation], rows.get((generation, account_id)))

    return {each: of(each) for each in account_ids}


def look_again() -> None:
    """Forget that nothing was live: something is about to be."""
    _nothing_live.clear()
