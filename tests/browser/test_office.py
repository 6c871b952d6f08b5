"""The back office in a browser: what staff come for, and how every page looks in three languages, narrow and wide."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.web.tests.office.house import NILE, PASSWORD, House, next_recovery_code
from raseed.web.tests.street import pay_in
from raseed.web.tests.visitor import NARROW, WIDE, Visit, Visitor
from tests.browser.test_looks import SIGHTS, wrong_with

if TYPE_CHECKING:
    from raseed.people.tests.office import Colleague

pytestmark = pytest.mark.browser
LANGUAGES = ("ar", "he", "en")


@pytest.fixture
def house(address: str, monkeypatch: pytest.MonkeyPatch) -> House:
    """The street with its back office staffed."""
    from raseed.web.tests.office.house import build_house, cheap_passwords  # noqa: PLC0415  (models need Django set up)
    from raseed.web.tests.street import known_codes  # noqa: PLC0415  (as above)

    known_codes(monkeypatch)
    cheap_passwords(monkeypatch)
    return build_house()


def sign_in(visitor: Visitor, colleague: Colleague) -> None:
    """Sign in with a password and a recovery code, in place of whoever is."""
    visitor.context.clear_cookies(name="office")
    visitor.go("/office/sign-in")
    visitor.page.fill("#login", colleague.staff.login)
    visitor.page.fill("#password", PASSWORD)
    visitor.press("main .button.wide >> nth=0")
    visitor.page.fill("#code", next_recovery_code(colleague))
    visitor.press("main .button.wide >> nth=0")


def busy_house(house: House) -> dict[str, Any]:
    """Let something have happened: payments, a block, proposals of every kind; return what pages need to be named by."""
    pay_in(house.street.layla_wallet, 12_345_678_90)
    pay_in(house.street.layla_wallet, 1_23, times=4)
    for amount in (250_00, 99_999_999_00):
        payments.send(
            id=new_id(),
            actor_customer_id=house.street.layla.id,
            from_account_id=house.street.layla_wallet.id,
            to=banking.Alias(banking.AliasKind.PHONE, house.street.mona.phone),
            amount=Money(amount, house.street.layla_wallet.currency),
            note="إيجار شهر نوفمبر",
        )
    hoda, adam, basma = (people.author_of_staff(one.staff.id) for one in (house.hoda, house.adam, house.basma))
    banking.block_account(account_id=house.street.mona_wallet.id, by=hoda, reason="the phone was stolen on the bus")
    product = banking.products_of(NILE)[0]
    limits = banking.propose_limits(
        id=new_id(),
        of=product,
        limits=banking.Limits(per_transfer_minor=7_500_00, per_day_minor=None),
        valid_from=SYSTEM_CLOCK.now().date() + timedelta(days=2),
        reason="more people pay their rent with it",
        by=basma,
    )
    grants = people.propose_change(
        id=new_id(),
        kind="people.grants",
        institution_id=NILE,
        subject=house.salma.staff.actor,
        payload={"role_ids": [str(people.role_by_slug(NILE, "auditor").id)]},
        reason="moves to the auditors",
        by=adam,
    )
    people.register_civil_id(
        house.street.layla.id, country="EG", number="29001011234567", by=people.SYSTEM, reason="papers seen"
    )
    payments.receive_order_file(
        id=(order_id := new_id()),
        stream=io.BytesIO(b"<?xml version='1.0'?><Document>not a payment file</Document>"),
        actor_customer_id=house.street.layla.id,
        file_name="رواتب نوفمبر.xml",
    )
    return {"order": order_id, "product": product.id, "limits": limits.id, "grants": grants.id}


def pages_of_supervisor(house: House, made: dict[str, Any]) -> Iterator[tuple[str, str]]:
    layla, wallet = house.street.layla.id, house.street.layla_wallet.id
    yield "desk", "/office/"
    yield "person", f"/office/people/{layla}"
    yield "person-payments", f"/office/people/{layla}/payments"
    yield "person-orders", f"/office/people/{layla}/orders"
    yield "order", f"/office/people/{layla}/orders/{made['order']}"
    yield "account", f"/office/accounts/{wallet}"
    yield "account-blocked", f"/office/accounts/{house.street.mona_wallet.id}"
    yield "account-block", f"/office/accounts/{wallet}/block"
    yield "products", "/office/products"
    yield "product", f"/office/products/{made['product']}"
    yield "changes", "/office/changes"
    yield "change", f"/office/changes/{made['limits']}"
    yield "staff", "/office/staff"
    yield "staff-one", f"/office/staff/{house.salma.staff.id}"
    yield "roles", "/office/roles"
    yield "role", f"/office/roles/{people.role_by_slug(NILE, 'supervisor').id}"
    yield "audit", "/office/audit"
    yield "me", "/office/me"
    yield "phone", f"/office/people/{layla}/phone"
    yield "nowhere", "/office/nowhere"


def pages_of_administrator(house: House, made: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "own-change", f"/office/changes/{made['grants']}"
    yield "staff-new", "/office/staff/new"
    yield "role-edit", f"/office/roles/{people.role_by_slug(NILE, 'supervisor').id}/change"
    yield "staff-lock", f"/office/staff/{house.salma.staff.id}/lock"


def every_page(visitor: Visitor, house: House, made: dict[str, Any]) -> Iterator[str]:
    """Go through all pages and yield the name of each."""
    visitor.go("/office/sign-in")
    yield "sign-in"
    visitor.page.fill("#login", "hoda")
    visitor.page.fill("#password", "wrong password here")
    visitor.press("main .button.wide >> nth=0")
    yield "sign-in-refused"
    visitor.page.fill("#password", PASSWORD)
    visitor.press("main .button.wide >> nth=0")
    yield "code"
    visitor.page.fill("#code", next_recovery_code(house.hoda))
    visitor.press("main .button.wide >> nth=0")
    for name, path in pages_of_supervisor(house, made):
        visitor.go(path)
        yield name
    visitor.go("/office/search")
    visitor.page.fill("#find", "ليلي")
    visitor.press(".find.large button")
    yield "search"
    visitor.go(f"/office/people/{house.street.layla.id}/trail")
    yield "reason"
    visitor.page.fill("#reason", "asked by the customer")
    visitor.press("main .button >> nth=0")
    yield "trail"
    visitor.go(f"/office/accounts/{house.street.layla_wallet.id}/close")
    visitor.page.fill("#reason", "x")
    visitor.press("main .button >> nth=0")
    yield "act-refused"
    sign_in(visitor, house.adam)
    for name, path in pages_of_administrator(house, made):
        visitor.go(path)
        yield name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_can_be_read_tapped_and_named(house: House, visit: Visit, language: str) -> None:
    made = busy_house(house)
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        for name in every_page(visitor, house, made):
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                if scheme == "light":
                    visitor.picture(f"office-{language}-{width}-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, "\n".join(f"{name}: {wrong}" for name, wrong in found.items())


SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])


@SCRIPT
@pytest.mark.parametrize("language", LANGUAGES)
def test_one_proposes_limits_and_another_confirms_them(
    house: House, visit: Visit, language: str, *, script: bool
) -> None:
    product = banking.products_of(NILE)[0]
    today = banking.business_date(NILE, SYSTEM_CLOCK.now())
    with visit(language, width=WIDE, script=script) as visitor:
        page = visitor.page
        sign_in(visitor, house.basma)
        visitor.go(f"/office/products/{product.id}/limits")
        page.fill("#per_transfer_minor", "٧٥٠٠" if language == "ar" else "7500")
        page.fill("#reason", "rents have risen")
        visitor.press("main form .actions .button >> nth=0")
        change = page.url
        assert page.locator(".diff ins").count() >= 2
        assert not page.is_visible('button[value="confirm"]'), "one's own proposal is not confirmed"
        assert page.is_visible('button[value="withdraw"]')
        visitor.press(".me button")
        sign_in(visitor, house.hoda)
        page.goto(change)
        visitor.press('button[value="confirm"]')
        assert page.is_visible(".badge.good")
    assert banking.limits_of(product.id, on=today).per_transfer_minor == 7_500_00


def test_results_come_as_one_types(house: House, visit: Visit) -> None:
    with visit("ar", width=WIDE) as visitor:
        sign_in(visitor, house.salma)
        page = visitor.page
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "find"
        page.keyboard.type("عبد الرحمن")
        page.wait_for_selector("#hits .line")
        assert "ليلى" in page.inner_text("#hits")
        assert page.url.endswith("/office/"), "what is typed does not stand in the address"
        visitor.press("#hits .line >> nth=0")
        assert "ليلى" in page.inner_text("h1")


def test_without_script_the_search_is_a_form(house: House, visit: Visit) -> None:
    with visit("he", script=False) as visitor:
        sign_in(visitor, house.salma)
        visitor.page.fill("#find", "01001234567")
        visitor.press(".find.large button")
        assert visitor.page.locator("#hits .line").count() >= 2, "the person, and the wallet under the number"
        assert visitor.page.input_value("#find") == "01001234567"


def test_the_menu_opens_on_a_phone_without_script(house: House, visit: Visit) -> None:
    with visit("ar", width=NARROW, script=False) as visitor:
        sign_in(visitor, house.hoda)
        assert not visitor.page.is_visible(".side")
        visitor.page.click(".menu-link")
        assert visitor.page.is_visible(".side")
        visitor.press('.side a[href="/office/changes"]')
        assert visitor.page.url.endswith("/office/changes")


def test_a_weighty_deed_asks_for_the_second_factor_again_and_loses_nothing(
    house: House, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from raseed.web.office import sessions  # noqa: PLC0415  (models need Django set up first)

    with visit("en", width=WIDE) as visitor:
        page = visitor.page
        sign_in(visitor, house.salma)
        visitor.go(f"/office/accounts/{house.street.layla_wallet.id}/block")
        page.fill("#reason", "stolen phone, reported by call")
        monkeypatch.setattr(sessions, "factor_limit", lambda: timedelta(seconds=-1))
        visitor.press("main form .actions .button >> nth=0")
        assert page.is_visible("#second_factor")
        page.fill("#second_factor", next_recovery_code(house.salma))
        visitor.press("main form .actions .button >> nth=0")
        assert page.is_visible(".badge.bad")
    assert banking.account(house.street.layla_wallet.id).state is banking.AccountState.BLOCKED


def test_the_keyboard_reaches_the_content_first_and_focus_is_seen(house: House, visit: Visit) -> None:
    with visit("ar", width=WIDE) as visitor:
        sign_in(visitor, house.hoda)
        visitor.go("/office/changes")
        visitor.page.keyboard.press("Tab")
        assert visitor.page.evaluate("document.activeElement.className") == "skip"
        for _ in range(25):
            visitor.page.keyboard.press("Tab")
            tag, style = visitor.page.evaluate(
                "(() => { const s = getComputedStyle(document.activeElement); return [document.activeElement.tagName, s.outlineStyle]; })()"
            )
            if tag == "BODY":
                break
            assert style == "solid"
