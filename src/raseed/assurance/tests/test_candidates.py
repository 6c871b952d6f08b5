"""A candidate is judged as it is: only what is live is mended, and nothing at all while a release is on its way."""

from __future__ import annotations

from uuid import UUID

import pytest

from raseed.assurance.guard import api as guard
from raseed.assurance.guard.api import System, SystemKind, Terms
from raseed.assurance.guard.models import ReleaseRow
from raseed.assurance.tests.square import Square
from raseed.display.tests.world import flip, rows
from raseed.kernel.ids import new_id
from raseed.people import api as people

STATES = ("registered", "baselined", "shadowed_green", "canary", "cutting_over", "live", "verifying", "verified")


def booked(generation: int, account_id: UUID) -> int:
    return rows(generation)[account_id][1]


def on_its_way(square: Square, *, upto: str) -> None:
    """Let a release of generation 2 be on its way, as far as that state."""
    shown = System("shown", SystemKind.GENERATION, square.town.bank, "Shown", Terms())
    guard.register_system(shown, by=people.SYSTEM, reason="is guarded")
    of = guard.register_release(id=new_id(), system_code="shown", candidate="2", by=people.SYSTEM, reason="a new fold")
    for state in STATES[1 : STATES.index(upto) + 1]:
        ReleaseRow.objects.filter(id=of.id).update(state=state)


def test_rows_of_a_candidate_are_named_and_left_as_they_are(square: Square) -> None:
    account, right = square.wallet.id, booked(2, square.wallet.id)
    flip(account, 2, booked=right + 1)
    for _ in range(3):
        assert square.found("population") == {"population": [("rounding", f"generation:2/{account}")]}
    assert booked(2, account) == right + 1
    flip(account, 1, booked=right + 2)
    subjects = {subject for _, subject in square.found("population")["population"]}
    assert subjects == {f"account:{account}", f"generation:2/{account}"}
    assert (booked(1, account), booked(2, account)) == (right, right + 1)


@pytest.mark.parametrize(("state", "mended"), [
    ("shadowed_green", True),
    ("canary", False),
    ("cutting_over", False),
    ("verifying", False),
    ("verified", True),
])  # fmt: skip
def test_nothing_shown_is_mended_while_a_release_is_on_its_way(square: Square, state: str, *, mended: bool) -> None:
    account, right = square.wallet.id, booked(1, square.wallet.id)
    on_its_way(square, upto=state)
    flip(account, 1, booked=right + 1)
    assert square.found("shown") == {"shown": [("row_differs", f"account:{account}")]}
    square.found("population")
    assert booked(1, account) == (right if mended else right + 1)


def test_a_repair_that_had_to_wait_is_made_afterwards(square: Square) -> None:
    account, right = square.wallet.id, booked(1, square.wallet.id)
    on_its_way(square, upto="verifying")
    flip(account, 1, booked=right + 1)
    for _ in range(4):
        square.found("population")
    assert booked(1, account) == right + 1
    ReleaseRow.objects.update(state="verified")
    square.found("population")
    assert booked(1, account) == right


def test_a_cohort_is_not_shown_what_a_check_has_mended(square: Square) -> None:
    """Ziad is in the cohort of generation 2, which no release guards: it is a candidate all the same."""
    account, right = square.ziad.id, booked(2, square.ziad.id)
    flip(account, 2, booked=right + 1)
    assert square.found("shown") == {"shown": [("row_differs", f"account:{account}")]}
    assert booked(2, account) == right + 1
