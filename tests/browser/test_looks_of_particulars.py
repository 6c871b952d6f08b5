"""How the pages about oneself, one's keys, payments and products look: nothing runs off, everything is read and tapped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.web.tests.street import CODE, DELTA, MONA_PHONE, NILE, Street, pay_in
from raseed.web.tests.visitor import Visit, Visitor
from tests.browser.test_looks import LANGUAGES, SIGHTS, wrong_with

pytestmark = pytest.mark.browser
NAMES = {
    banking.ProductKind.SAVINGS: {"ar": "حساب توفير", "he": "חיסכון", "en": "Savings"},
    banking.ProductKind.LOAN: {"ar": "قرض شخصي", "he": "הלוואה", "en": "Personal loan"},
}
OFFERS = {"ar": "عروض ومكافآت", "he": "מבצעים והטבות", "en": "Offers and rewards"}
OFFERS_TEXT = {
    "ar": "قد نراسلكم بشأن العروض.\nلا أكثر من مرة في الشهر.",
    "he": "ייתכן שנכתוב על מבצעים.\nלא יותר מפעם בחודש.",
    "en": "We may write to you about offers.\nNever more than once a month.",
}


def furnish(street: Street) -> dict[str, str]:
    """Give Layla savings, a loan, days that matter, consents to give and payments of each kind; return addresses."""
    layla, now = street.layla, SYSTEM_CLOCK.now()
    oneself, today = people.Author(f"customer:{layla.id}"), now.date()
    kinds = {}
    for kind, names in NAMES.items():
        kinds[kind] = banking.offer_product(institution_id=DELTA, kind=kind, names=names, code=kind.value)
        banking.set_rate(
            product_id=kinds[kind].id, annual_rate_ppm=187_500, valid_from=today, actor="test", reason="the street"
        )
    savings = banking.open_account(
        id=new_id(), product_id=kinds[banking.ProductKind.SAVINGS].id, owner_id=layla.id, by=oneself
    )
    pay_in(savings, 12_345_67)
    terms = banking.standard_terms(
        kinds[banking.ProductKind.LOAN].id, instalments=12, first_due_on=today + timedelta(days=28), on=today
    )
    loan = banking.grant_loan(
        id=new_id(),
        product_id=kinds[banking.ProductKind.LOAN].id,
        pay_to_account_id=street.layla_current.id,
        principal_minor=24_000_00,
        terms=terms,
        by=people.SYSTEM,
        reason="the street",
    )
    rules: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("payday", "", {"month_day": 25}),
        ("rent", "الشقة · דירה · the flat by the river", {"month_day": 1}),
        ("tax", "", {"on": today - timedelta(days=3)}),
    )
    days = [
        people.set_critical_date(
            id=new_id(), customer_id=layla.id, kind=kind, zone="Africa/Cairo", label=label, by=oneself, **when
        )
        for kind, label, when in rules
    ]
    for purpose in ("marketing", "partners"):
        people.publish_consent_text(
            institution_id=NILE, purpose=purpose, version=1, names=OFFERS, texts=OFFERS_TEXT, by=people.SYSTEM, reason="the street"
        )  # fmt: skip
    people.give_consent(layla.id, institution_id=NILE, purpose="marketing", version=1, channel="branch", by=oneself)
    for to, minor in ((MONA_PHONE, 250_00), (MONA_PHONE, 4_999_00), ("+201005550000", 7_50)):
        payments.send(
            id=new_id(),
            actor_customer_id=layla.id,
            from_account_id=street.layla_wallet.id,
            to=banking.Alias(banking.AliasKind.PHONE, to),
            amount=Money(minor, street.layla_wallet.currency),
        )
    return {
        "savings": f"/accounts/{savings.id}/details",
        "loan": f"/accounts/{loan.account.id}/details",
        "loan-statement": f"/accounts/{loan.account.id}",
        "day": f"/about-me/days/{days[1].id}",
        "own": f"/send?from={street.layla_current.id}&own={savings.id}",
    }


def every_page(visitor: Visitor, street: Street) -> Iterator[str]:
    """Go through the pages and yield the name of each."""
    places = furnish(street)
    visitor.sign_in()
    yield "home-full"
    for name, path in (
        ("payments", "/payments"),
        ("about", "/about-me"),
        ("consent", f"/about-me/consents/{NILE}/marketing"),
        ("consent-open", f"/about-me/consents/{NILE}/partners"),
        ("day-new", "/about-me/days/new"),
        ("day-change", places["day"]),
        ("open-full", "/accounts/open"),
        ("savings", places["savings"]),
        ("loan", places["loan"]),
        ("loan-statement", places["loan-statement"]),
        ("settings-full", "/settings"),
    ):
        visitor.go(path)
        yield name
    visitor.go("/about-me/days/new")
    visitor.page.fill("#month_day", "32")
    visitor.press("main form .button.wide")
    yield "day-refused"
    visitor.go(places["own"])
    visitor.page.fill("#amount", "40")
    yield "send-own"
    visitor.press("main form > .button.wide")
    yield "confirm-own"
    visitor.press("form.dock .button >> nth=0")
    yield "receipt-own"
    visitor.go("/send")
    visitor.page.check("[name=by][value=own]", force=True)
    visitor.page.fill("#amount", "40")
    visitor.press("main form > .button.wide")
    yield "send-own-refused"
    for what in ("passkey", "device"):
        visitor.go(f"/security/add/{what}")
        visitor.press("main form >> nth=0 >> .button.wide")
        yield f"prove-{what}"
        visitor.page.fill("#code", CODE)
        visitor.press("main form >> nth=0 >> .button.wide")
        visitor.page.wait_for_selector(f"[data-{what}]")
        yield f"add-{what}"
    visitor.press("[data-device]")
    visitor.page.wait_for_selector("[data-here]:visible")
    yield "security"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_can_be_read_tapped_and_named(street: Street, visit: Visit, language: str) -> None:
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        for name in every_page(visitor, street):
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.picture(f"{language}-{width}-{scheme}-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, found
