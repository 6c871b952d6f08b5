"""The biller's side in a browser: nothing runs off, everything is read and tapped, and new payments appear by themselves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from django.test import override_settings

from raseed.bills import api as bills
from raseed.bills.models import BillerRow, BillRow
from raseed.bills.tests.street import build_street
from raseed.demo.world.billers import BILLERS
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import PASSWORD
from raseed.web.tests.biller.desk import Desk
from raseed.web.tests.corner import Corner
from raseed.web.tests.office.house import cheap_passwords, enrolled, next_recovery_code
from raseed.web.tests.street import known_codes
from raseed.web.tests.visitor import Visit, Visitor
from tests.browser.test_looks import LANGUAGES, SIGHTS, wrong_with
from tests.browser.test_office import sign_in as sign_in_at_office

if TYPE_CHECKING:
    from raseed.people.tests.office import Colleague

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A biller with the demo's name, a clerk, and bills."""
    known_codes(monkeypatch)
    cheap_passwords(monkeypatch)
    with override_settings(BILLER_NETWORKS="127.0.0.0/8,::1/128"):
        built = build_street()
        try:
            desk = Desk(Corner(built))
            BillerRow.objects.filter(id=desk.nur.id).update(names=BILLERS[0].names)
            yield desk
        finally:
            built.server.stop()


def aside(act: Any) -> Any:
    """Do something in a thread of its own: Playwright's loop runs in this one."""
    answers: list[Any] = []

    def work() -> None:
        try:
            answers.append(act())
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return answers[0]


def sign_in(visitor: Visitor, colleague: Colleague) -> None:
    visitor.go("/biller/sign-in")
    visitor.page.fill("#login", colleague.staff.login)
    visitor.page.fill("#password", PASSWORD)
    visitor.press("main .button.wide >> nth=0")
    visitor.page.fill("#code", next_recovery_code(colleague))
    visitor.press("main .button.wide >> nth=0")


def every_page(visitor: Visitor, desk: Desk) -> Iterator[str]:
    """Go through the pages, and yield the name of each."""
    visitor.go("/biller/sign-in?ended=1")
    yield "biller-sign-in"
    sign_in(visitor, desk.kamal)
    yield "biller-live-none"
    orders = [aside(desk.paid), aside(lambda: desk.paid(number="10000002"))]
    clerk = bills.clerk_of(desk.kamal.staff.id)[0]
    amount = orders[0].amount
    bills.refund(
        id=new_id(), order_id=orders[0].id, amount=type(amount)(300, amount.currency), reason="دُفع رقم خطأ", clerk=clerk
    )
    visitor.go("/biller/")
    yield "biller-live"
    visitor.go("/biller/#menu")
    yield "biller-menu"
    visitor.go("/biller/search")
    yield "biller-search"
    visitor.page.fill("#text", "nobody")
    visitor.page.fill("#amount", "x")
    visitor.press("form.filters .button")
    yield "biller-search-refused"
    visitor.go(f"/biller/payments/{orders[0].id}")
    yield "biller-payment"
    visitor.go(f"/biller/payments/{orders[0].id}/refund")
    visitor.press("main form .actions .button >> nth=0")
    yield "biller-refund-refused"
    visitor.page.fill("#amount", "2")
    visitor.page.fill("#reason", "دُفع رقم خطأ")
    visitor.page.check("input[value=stays]")
    visitor.press("main form .actions .button >> nth=0")
    yield "biller-refund-confirm"
    visitor.press("main form .actions .button >> nth=0")
    yield "biller-refunded"
    visitor.go("/biller/refunds")
    yield "biller-refunds"
    BillRow.objects.filter(biller_id=desk.nur.id, state="open").update(due_on="2026-01-02")
    visitor.go("/biller/bills")
    yield "biller-bills"
    visitor.go("/biller/bills?show=disputed")
    yield "biller-bills-none"
    visitor.go("/biller/me")
    yield "biller-me"
    visitor.go(f"/biller/payments/{new_id()}")
    yield "biller-not-found"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_billers_pages_fit_are_read_tapped_and_named(desk: Desk, visit: Visit, language: str) -> None:
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        for name in every_page(visitor, desk):
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.picture(f"{language}-{width}-{scheme}-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_offices_pages_about_clerks_and_refunds_do_too(desk: Desk, visit: Visit, language: str) -> None:
    order, found = aside(desk.paid), dict[str, Any]()
    basma = enrolled("basma", {"ar": "بسمة رمضان", "he": "בסמה", "en": "Basma Ramadan"}, "back-office", at=desk.bank)
    bills.refund(id=new_id(), order_id=order.id, amount=order.amount, reason="twice", by=people.SYSTEM)
    samir = desk.staff("samir")
    bills.propose_clerk(
        id=new_id(),
        staff_id=samir.staff.id,
        biller_id=desk.nur.id,
        reason="begins",
        by=people.author_of_staff(basma.staff.id),
    )
    fresh = aside(lambda: desk.paid(number="10000002"))
    base = f"/office/billers/{desk.nur.id}/clerks"
    with visit(language, reduced_motion="reduce") as visitor:
        sign_in_at_office(visitor, basma)
        for name, address in {
            "billers": "/office/billers", "clerks": base, "clerk-form": f"{base}/name",
            "clerk-end": f"{base}/{desk.kamal.staff.id}/end", "billed": f"/office/bill-payments/{order.id}",
            "billed-refund": f"/office/bill-payments/{fresh.id}/refund",
        }.items():  # fmt: skip
            visitor.go(address)
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.picture(f"{language}-{width}-{scheme}-office-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, found


def test_new_payments_appear_by_themselves(desk: Desk, visit: Visit) -> None:
    with visit() as visitor:
        sign_in(visitor, desk.kamal)
        assert "Nothing was collected yet" in visitor.page.inner_text("#live")
        order = aside(desk.paid)
        visitor.page.wait_for_selector(f'a[href="/biller/payments/{order.id}"]')
        assert not visitor.complaints


def test_without_script_a_refund_is_given_and_collections_are_looked_at_again(desk: Desk, visit: Visit) -> None:
    order = aside(desk.paid)
    with visit(script=False) as visitor:
        sign_in(visitor, desk.kamal)
        visitor.press(".head a.button")
        visitor.press(f'a[href="/biller/payments/{order.id}"]')
        visitor.press("main .actions a.button")
        visitor.page.fill("#amount", "2")
        visitor.page.fill("#reason", "paid twice")
        visitor.page.check("input[value=reopen]")
        visitor.press("main form .actions .button >> nth=0")
        visitor.press("main form .actions .button >> nth=0")
        assert "has been told" in visitor.page.inner_text("main")
