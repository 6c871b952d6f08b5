"""How the pages for paying bills look: nothing runs off, everything is read and tapped; a payment tells by itself that it has ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from raseed.bills import api as bills
from raseed.bills.models import BillerRow
from raseed.bills.tests.street import build_street
from raseed.demo.world.billers import BILLERS, logo_of
from raseed.people import api as people
from raseed.web.tests.corner import REFERENCE, Corner, carry
from raseed.web.tests.office.house import cheap_passwords, enrolled
from raseed.web.tests.street import known_codes
from raseed.web.tests.visitor import Visit, Visitor
from tests.browser.test_looks import LANGUAGES, SIGHTS, wrong_with
from tests.browser.test_office import sign_in

pytestmark = pytest.mark.browser


def carried() -> None:
    """Let the courier do what is due, in a thread of its own: Playwright's loop runs in this one."""

    def work() -> None:
        try:
            carry()
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.fixture
def corner(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Corner]:
    """The biller at the corner and another that is paid an amount, with the names and pictures of the demo's."""
    known_codes(monkeypatch)
    with override_settings(BILLER_NETWORKS="127.0.0.0/8,::1/128"):
        built = build_street()
        try:
            corner = Corner(built)
            built.biller("gift", model=bills.BillerModel.DIRECT)
            for row, model in zip(BillerRow.objects.order_by("code"), BILLERS, strict=False):
                BillerRow.objects.filter(id=row.id).update(names=model.names, category=model.category)
                bills.set_logo(row.id, logo_of(model), by=people.SYSTEM, reason="a picture")
            yield corner
        finally:
            built.server.stop()


def every_page(visitor: Visitor, corner: Corner) -> Iterator[str]:
    """Go through the pages, and yield the name of each."""
    visitor.go("/bills")
    yield "bills-none"
    visitor.go("/bills/billers")
    yield "billers"
    visitor.go(f"/bills/billers/{corner.nur.id}")
    yield "biller"
    visitor.page.fill("#field-account", "12")
    visitor.press("main form .button.wide")
    yield "biller-refused"
    owed = corner.owed("10000002") + corner.owed(REFERENCE)
    visitor.go("/bills")
    yield "bills"
    visitor.go("/bills/calendar")
    yield "bills-calendar"
    visitor.go(f"/bills/{owed[0].id}/choose")
    yield "bills-choose"
    visitor.go(f"/bills/pay?bill={owed[0].id}&amount=999999")
    yield "bills-amount-refused"
    visitor.go(f"/bills/pay?bill={owed[0].id}")
    yield "bills-confirm"
    corner.street.server.turn("unknown", question="*")
    visitor.press("form.dock .button >> nth=0")
    yield "bills-on-its-way"
    carried()
    visitor.page.reload()
    yield "bills-unknown"
    corner.street.server.turn("well")
    visitor.go(f"/bills/pay?bill={owed[-1].id}")
    visitor.press("form.dock .button >> nth=0")
    carried()
    visitor.page.reload()
    yield "bills-receipt"
    visitor.go("/bills/paid")
    yield "bills-paid"
    visitor.go("/bills")
    yield "bills-after"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_bills_fit_are_read_tapped_and_named(corner: Corner, visit: Visit, language: str) -> None:
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


def test_the_page_of_a_payment_tells_by_itself_that_it_was_paid(corner: Corner, visit: Visit) -> None:
    bill = corner.owed()[0]
    with visit() as visitor:
        visitor.sign_in(corner.mona.phone)
        visitor.go(f"/bills/pay?bill={bill.id}")
        visitor.press("form.dock .button >> nth=0")
        assert visitor.page.inner_text("h1") == "On its way"
        carried()
        visitor.page.wait_for_selector(".seal:not(.quiet)")
        assert visitor.page.inner_text("h1") == "Paid"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_operations_fit_are_read_tapped_and_named(
    corner: Corner, visit: Visit, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap_passwords(monkeypatch)
    bank = corner.street.town.bank
    basma = enrolled("basma", {"ar": "بسمة رمضان", "he": "בסמה רמדאן", "en": "Basma Ramadan"}, "back-office", at=bank)
    corner.street.server.turn("changed_amount", question="pay")
    _, form = corner.confirmed(corner.owed()[0])
    corner.client.post("/bills/pay", form)
    carried()
    found: dict[str, Any] = {}
    lane = bills.lane_of(corner.nur.id)
    pages = {
        "operations": "/office/operations",
        "operation": f"/office/operations/{form['id']}",
        "outcome": f"/office/operations/{form['id']}/outcome",
        "lanes": "/office/lanes",
        "lane-close": f"/office/lanes/{lane}/close",
        "billers": "/office/billers",
        "findings": "/office/billers/findings",
    }
    with visit(language, reduced_motion="reduce") as visitor:
        sign_in(visitor, basma)
        for name, path in pages.items():
            visitor.go(path)
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.picture(f"{language}-{width}-{scheme}-office-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, found
