"""How a late bill, a dispute, and the back office's pages of penalties, waivers and disputes look: all fits, is read and tapped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from raseed.banking import api as banking
from raseed.banking.api import PenaltyKind, PenaltyRule
from raseed.bills import api as bills
from raseed.bills.models import BillRow
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.corner import Corner
from raseed.web.tests.office.house import cheap_passwords, enrolled
from raseed.web.tests.visitor import Visit, Visitor
from tests.browser.test_looks import LANGUAGES, SIGHTS, wrong_with
from tests.browser.test_looks_of_bills import corner
from tests.browser.test_office import sign_in

pytestmark = pytest.mark.browser
__all__ = ["corner"]
NAMES = {"en": "After the flood", "ar": "بعد الفيضان", "he": "אחרי השיטפון"}
REASON = "the houses at the river"


def late(corner: Corner) -> tuple[bills.Bill, bills.Bill, bills.Waiver]:
    """Return two bills of which the first is late, and a waiver of a part of its penalty."""
    bank = corner.street.town.bank
    today = banking.business_date(bank, SYSTEM_CLOCK.now())
    rule = PenaltyRule(PenaltyKind.PERCENT_A_DAY, rate_ppm=5_000, grace_days=3, cap_minor=5_000)
    bills.set_penalty_rule(corner.nur.id, rule, valid_from=date(2020, 1, 1), by=people.SYSTEM, reason=REASON)
    first, second = corner.owed()[:2]
    BillRow.objects.filter(id=first.id).update(due_on=today - timedelta(days=20))
    new = bills.NewWaiver(
        id=new_id(), institution_id=bank, names=NAMES, first_day=today - timedelta(days=5),
        last_day=today + timedelta(days=20), customer_ids=[corner.mona.id],
    )  # fmt: skip
    return first, second, bills.give_waiver(new, by=people.SYSTEM, reason=REASON)


def customers_pages(visitor: Visitor, corner: Corner) -> Iterator[str]:
    """Go through the pages of a customer, and yield the name of each."""
    first, second, _ = late(corner)
    visitor.go(f"/bills/pay?bill={first.id}")
    yield "late-confirm"
    visitor.go(f"/bills/{second.id}/dispute")
    yield "dispute"
    visitor.page.fill("#reason", " ")
    visitor.press("main form .button.wide")
    yield "dispute-refused"
    visitor.page.fill("#reason", "قراءة العداد خطأ")
    visitor.press("main form .button.wide")
    yield "dispute-open"
    visitor.go("/bills")
    yield "bills-with-dispute"
    (made,) = bills.disputes_of(corner.mona.id)
    bills.decide_dispute(made.id, outcome=bills.DisputeState.REJECTED, note="read anew", by=people.SYSTEM)
    visitor.go(f"/bills/{second.id}/dispute")
    yield "dispute-rejected"


def look(visitor: Visitor, language: str, name: str, found: dict[str, Any]) -> None:
    """Look at a page in every width and scheme, and keep what is wrong with it."""
    for width, scheme in SIGHTS:
        visitor.look(width=width, scheme=scheme)
        visitor.picture(f"{language}-{width}-{scheme}-{name}", whole=True)
        if wrong := wrong_with(visitor, language, width):
            found[f"{name} {width} {scheme}"] = wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_late_and_disputed_bills_fit_are_read_tapped_and_named(corner: Corner, visit: Visit, language: str) -> None:
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        visitor.sign_in(corner.mona.phone)
        for name in customers_pages(visitor, corner):
            look(visitor, language, name, found)
    assert not found, found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_offices_pages_of_terms_fit_are_read_tapped_and_named(
    corner: Corner,
    visit: Visit,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cheap_passwords(monkeypatch)
    bank = corner.street.town.bank
    hoda = enrolled("hoda", {"ar": "هدى منصور", "he": "הודא מנסור", "en": "Hoda Mansour"}, "supervisor", at=bank)
    basma = enrolled("basma", {"ar": "بسمة رمضان", "he": "בסמה רמדאן", "en": "Basma Ramadan"}, "back-office", at=bank)
    _, second, waiver = late(corner)
    made = bills.dispute(bill_id=second.id, customer_id=corner.mona.id, reason="قراءة العداد خطأ")
    pages = (
        (basma, {
            "office-terms": f"/office/billers/{corner.nur.id}/terms",
            "office-penalty": f"/office/billers/{corner.nur.id}/terms/penalty",
            "office-credit": f"/office/billers/{corner.nur.id}/terms/credit",
            "office-waiver-new": "/office/waivers/new",
        }),
        (hoda, {
            "office-waivers": "/office/waivers",
            "office-waiver-end": f"/office/waivers/{waiver.id}/end",
            "office-disputes": "/office/disputes",
            "office-dispute": f"/office/disputes/{made.id}",
        }),
    )  # fmt: skip
    found: dict[str, Any] = {}
    for who, theirs in pages:
        with visit(language, reduced_motion="reduce") as visitor:
            sign_in(visitor, who)
            for name, path in theirs.items():
                visitor.go(path)
                look(visitor, language, name, found)
    assert not found, found
