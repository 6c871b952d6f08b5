"""Whatever is changed in display's tables behind everybody's back: a check names it, and nobody is shown it as proven.

Run with ``-s`` it prints what was changed and which check caught it.
"""

from __future__ import annotations

from typing import Final

import psycopg
import pytest

from raseed.assurance.tests.square import Square
from raseed.display import api as display
from raseed.display.api import Proof
from raseed.ledger import api as ledger

CHANGES: Final = {
    "int2": "{0} + 1",
    "int4": "{0} + 1",
    "int8": "{0} + 1",
    "bool": "NOT {0}",
    "text": "{0} || 'x'",
    "bpchar": "'XXX'",
    "timestamptz": "coalesce({0}, now()) + interval '1 microsecond'",
    "uuid": "(overlay({0}::text PLACING CASE right({0}::text, 1) WHEN '0' THEN '1' ELSE '0' END FROM 36))::uuid",
    "_int4": "array_append({0}, 1)",
    "_uuid": "array_append({0}, '01900000-0000-7000-8000-000000000000'::uuid)",
}
"""How a value of each type is changed by as little as it can be."""
COLUMNS: Final = {
    "display_shown": ("generation", "ledger", "account_id", "booked", "held", "position"),
    "display_generation": ("number", "projector", "state", "built_to", "accounts", "opened_at", "reason"),
    "display_pointer": ("one", "percent", "epoch", "changed_at", "canary_id", "live_id", "previous_id"),
    "display_canary": ("account_id",),
    "display_tree": (
        "ledger", "tree_id", "currency", "scale", "opened_at", "codes", "trouble", "troubled_at", "suspects", "capacity",
        "accounts", "owed", "owing", "batch", "as_of", "signed_at", "note",
    ),
    "display_round": (
        "id", "tree_id", "why", "signed_at", "as_of", "batch", "capacity", "accounts", "owed", "owing", "note",
    ),
}  # fmt: skip
ONLY: Final = (
    "pointer", "generations", "shown", "positions", "unchanged", "population", "roots_signed", "roots_true", "tree_files",
)  # fmt: skip
STATES: Final = ("building", "candidate", "live", "retired", "failed")


def nothing_untrue_is_proven(square: Square) -> None:
    """Look at every account as a screen would: what is said to be proven is what the ledger has."""
    ids = [square.current.id, square.wallet.id, square.ziad.id]
    accounts = ledger.look_up_accounts(ids)
    try:
        answers = display.shown_balances(ids)
    except LookupError:
        return  # the page says that something is wrong, and shows no number
    for shown in answers.values():
        sums = accounts[shown.account_id].balances
        if shown.proof is Proof.PROVEN:
            assert shown.booked.amount_minor == sums.credits_posted - sums.debits_posted
            assert shown.available.amount_minor == shown.booked.amount_minor - sums.debits_pending


def flip(square: Square, table: str, changed: str, where: str) -> str | None:
    """Change something; return the constraint that stood against it, if one did."""
    try:
        square.change(f"UPDATE {table} SET {changed} WHERE {where}")
    except (psycopg.errors.IntegrityError, psycopg.errors.GeneratedAlways) as refused:
        return refused.diag.constraint_name or "a constraint"
    return None


def seen(square: Square, what: str, refused: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Look that what was changed is named, and print by whom."""
    found = {} if refused else square.found(*ONLY)
    with capsys.disabled():
        by = (
            f"the database: {refused}"
            if refused
            else ", ".join(f"{name} ({told[0][0]})" for name, told in found.items())
        )
        print(f"\n  {what:<44} {by}", end="")
    assert refused or found, f"nobody named {what}"
    nothing_untrue_is_proven(square)


@pytest.mark.parametrize(("table", "column"), [(table, name) for table, names in COLUMNS.items() for name in names])
def test_every_column_that_is_changed_is_named(
    square: Square, table: str, column: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert square.found(*ONLY) == {}
    kind = _types(square, table)[column]
    where = f"generation = 1 AND account_id = '{square.wallet.id}'" if table == "display_shown" else "true"
    if table == "display_generation":
        where = "number = 2"
    changed = CHANGES[kind].format(f'"{column}"')
    if column == "previous_id":  # there is none
        changed = "2"
    if (table, column) == ("display_tree", "signed_at"):  # written anew every three seconds, and signed nowhere
        changed = "signed_at + interval '1 hour'"
    seen(square, f"{table}.{column}", flip(square, table, f'"{column}" = {changed}', where), capsys)


def test_rows_of_a_generation_that_does_not_exist_are_named(square: Square, capsys: pytest.CaptureFixture[str]) -> None:
    refused = flip(square, "display_shown", "generation = 9", f"generation = 1 AND account_id = '{square.wallet.id}'")
    seen(square, "display_shown.generation → 9", refused, capsys)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("number", [1, 2])
def test_a_generation_in_a_state_that_it_did_not_come_to_is_named(
    square: Square, number: int, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if state == {1: "live", 2: "candidate"}[number]:
        return
    refused = flip(square, "display_generation", f"state = '{state}'", f"number = {number}")
    seen(square, f"display_generation.state {number} → {state}", refused, capsys)


@pytest.mark.parametrize("table", COLUMNS)
def test_every_row_that_is_taken_out_is_named(square: Square, table: str, capsys: pytest.CaptureFixture[str]) -> None:
    where = f" WHERE generation = 1 AND account_id = '{square.wallet.id}'" if table == "display_shown" else ""
    square.change(f"DELETE FROM {table}{where}")
    seen(square, f"{table}, a row taken out", None, capsys)


def test_the_columns_here_are_those_of_the_tables(square: Square) -> None:
    for table, names in COLUMNS.items():
        assert set(names) == set(_types(square, table))


def _types(square: Square, table: str) -> dict[str, str]:
    rows = square.rows(
        "SELECT attname, typname FROM pg_attribute JOIN pg_type AS t ON t.oid = atttypid"
        f" WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    return dict(rows)
