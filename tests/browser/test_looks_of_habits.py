"""How the pages of automatic payment, reminders, saved billers and several bills at once look, and that they are tapped through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from raseed.bills import api as bills
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.corner import REFERENCE, Corner
from raseed.web.tests.visitor import Visit, Visitor
from tests.browser.test_looks import LANGUAGES, SIGHTS, wrong_with
from tests.browser.test_looks_of_bills import carried, corner

__all__ = ["corner"]
pytestmark = pytest.mark.browser


def every_page(visitor: Visitor, corner: Corner) -> Iterator[str]:
    """Go through the pages, and yield the name of each."""
    visitor.go("/bills/autopays")
    yield "autopays-none"
    visitor.go("/bills/autopays/new")
    yield "autopay-which-none"
    corner.owed("10000002")
    owed = corner.owed(REFERENCE)
    nab = corner.street.biller("nab", part_payments="any")
    bills.fetch_bills(biller_id=nab.id, fields={"account": REFERENCE}, customer_id=corner.mona.id)
    visitor.go("/bills/several")
    yield "several"
    ticks = visitor.page.query_selector_all('input[name="bill"]')
    for tick in (ticks[0], ticks[1], ticks[-1]):
        tick.check()
    visitor.press("form.stack .button.wide")
    yield "several-confirm"
    visitor.press("form.dock .button >> nth=0")
    yield "several-on-their-way"
    carried()
    visitor.page.reload()
    yield "several-done"
    visitor.go(f"/bills/pay?bill={owed[-1].id}")
    visitor.press("form.dock .button >> nth=0")
    yield "withdrawable"
    visitor.press('form[action$="/withdraw"] button')
    yield "withdrawn"
    visitor.go("/bills/autopays/new")
    yield "autopay-which"
    visitor.press("form.stack .button.wide")
    visitor.page.fill("#ceiling", "x")
    visitor.press("form.stack .button.wide")
    yield "autopay-refused"
    visitor.page.fill("#ceiling", "0.50")
    visitor.press("form.stack .button.wide")
    yield "autopay-given"
    bills.run_autopays()
    visitor.page.reload()
    yield "autopay-ran"
    visitor.go("/bills/autopays")
    yield "autopays"
    visitor.go("/bills/reminders")
    yield "reminders"
    order = bills.bill_orders(corner.mona.id)[0]
    visitor.go(f"/bills/saved/new/{order.id}")
    yield "save"
    visitor.page.fill("#nickname", "كهرباء البيت")
    visitor.press("form.stack .button.wide")
    gift = next(each for each in bills.billers_of(corner.street.town.bank, by=people.SYSTEM) if each.code == "gift")
    bills.save_biller(
        id=new_id(), customer_id=corner.mona.id, biller_id=gift.id, fields={"account": REFERENCE}, nickname="Orphans"
    )
    visitor.go("/bills")
    yield "bills-with-saved"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_habits_fit_are_read_tapped_and_named(corner: Corner, visit: Visit, language: str) -> None:
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        visitor.sign_in(corner.mona.phone)
        for name in every_page(visitor, corner):
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.picture(f"{language}-{width}-{scheme}-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, found
