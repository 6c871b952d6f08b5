"""Reports of care in a browser: three languages, narrow and wide, by day and by night, full and with nothing in them."""

from __future__ import annotations

from typing import Any

import pytest

from raseed.web.tests.office.house import House
from raseed.web.tests.visitor import Visit
from tests.browser.test_looks import SIGHTS, wrong_with
from tests.browser.test_office import LANGUAGES, house, sign_in

pytestmark = pytest.mark.browser
__all__ = ["house"]
ADDRESS = "/office/care/reports"
PAGES = {
    "volumes": "?period=30",
    "reasons": "/reasons?period=30",
    "clocks": "/clocks?period=30",
    "people": "/people?period=30",
    "promises": "/promises?period=30",
    "replies": "/replies?period=30",
    "behind": "/behind?of=ended&period=30",
    "nothing": "?period=own&first=2001-01-01&last=2001-02-01",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_reports_fit_are_read_tapped_and_named(house: House, visit: Visit, language: str) -> None:
    from raseed.web.tests.office.month import a_month  # noqa: PLC0415  (models need Django set up)

    a_month(house)
    pages = PAGES | {"record": f"/people/{house.salma.staff.id}?period=30"}
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        sign_in(visitor, house.hoda)
        for name, address in pages.items():
            visitor.go(f"{ADDRESS}{address}")
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
                visitor.picture(f"{language}-{width}-{scheme}-reports-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, found
