"""How the console of releases looks, with what differed as a map and the big red button: all fits, is read and tapped."""

from __future__ import annotations

from typing import Any

import pytest

from raseed.assurance.api import guard
from raseed.assurance.guard.api import DifferenceKind
from raseed.assurance.guard.tests.shop import town_of
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.office.house import NILE, House
from raseed.web.tests.visitor import Visit
from tests.browser.test_looks import LANGUAGES
from tests.browser.test_looks_of_terms import REASON, look
from tests.browser.test_office import house, sign_in

pytestmark = pytest.mark.browser
__all__ = ["house"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_releases_fit_are_read_tapped_and_named(
    house: House, visit: Visit, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = town_of(NILE, monkeypatch)
    town.shop.issuer = str(NILE)
    town.shop.wrong = {
        "account-13": DifferenceKind.SWAPPED,
        "account-14": DifferenceKind.SWAPPED,
        "account-15": DifferenceKind.MISSING,
        "account-16": DifferenceKind.OTHER,
    }
    of = town.release("7")
    guard.take_baseline(of.id, by=town.first)
    guard.run_shadow(of.id, by=town.first)
    base, found = f"/office/releases/{of.id}", dict[str, Any]()
    with visit(language, reduced_motion="reduce") as visitor:
        sign_in(visitor, house.basma)
        for name, path in (
            ("releases", "/office/releases"),
            ("release-new", "/office/releases/new"),
            ("release-red", base),
            ("release-shadow", f"{base}/shadow"),
            ("release-force", f"{base}/force"),
        ):
            visitor.go(path)
            look(visitor, language, f"office-{name}", found)
        change = guard.propose_force(id=new_id(), release_id=of.id, reason=REASON, by=town.first)
        people.confirm_change(change.id, by=town.second)
        guard.cut_over(of.id, by=people.author_of_staff(house.basma.staff.id), reason=REASON)
        visitor.go(base)
        look(visitor, language, "office-release-live", found)
        visitor.go(f"{base}/roll-back")
        look(visitor, language, "office-release-roll-back", found)
        guard.go_on(of.id)
        for name, path in (("release-rolled-back", base), ("release-report", f"{base}/report")):
            visitor.go(path)
            look(visitor, language, f"office-{name}", found)
    assert not found, found
