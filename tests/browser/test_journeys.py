"""What a customer comes for, done in a browser, with script and without."""

from __future__ import annotations

import pytest

from raseed.display import api as display
from raseed.payments import api as payments
from raseed.web.tests.street import MONA_PHONE, Street, pay_in
from raseed.web.tests.visitor import Visit

pytestmark = pytest.mark.browser
SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])


@pytest.mark.parametrize(("language", "script"), [("ar", True), ("ar", False), ("he", True), ("en", False)])
def test_sign_in_send_receipt_statement(street: Street, visit: Visit, language: str, *, script: bool) -> None:
    with visit(language, script=script) as visitor:
        page = visitor.page
        visitor.sign_in()
        assert page.is_visible("#balance .figure")
        visitor.press(".actions .button >> nth=0")
        page.fill("#to", "0100 999 8877")
        page.fill("#amount", "٢٥٠" if language == "ar" else "250")
        page.fill("#note", "Rent")
        visitor.press("main form > .button.wide")
        assert page.is_visible(".masked")
        visitor.press("form.dock .button >> nth=0")
        assert page.is_visible(".seal")
        visitor.press(".tabs a >> nth=3")
        assert "Rent" in page.inner_text(".lines .line >> nth=0")
    assert display.shown_balance(street.mona_wallet.id).booked.amount_minor == 250_00


@SCRIPT
def test_a_double_tap_sends_once(street: Street, visit: Visit, *, script: bool) -> None:
    with visit(script=script) as visitor:
        visitor.sign_in()
        visitor.ask_to_send()
        visitor.page.dblclick("form.dock .button >> nth=0")
        visitor.page.wait_for_selector(".seal")
        visitor.page.reload()
        assert visitor.page.is_visible(".seal")
    assert display.shown_balance(street.mona_wallet.id).booked.amount_minor == 250_00
    assert len(payments.payments_of(street.layla.id).payments) == 1


def test_back_and_again_after_sending_does_not_send_twice(street: Street, visit: Visit) -> None:
    """Whatever a browser makes of the way back to the answer to a form, going on from there sends that form again."""
    with visit() as visitor:
        visitor.sign_in()
        visitor.ask_to_send()
        form = visitor.page.locator("form.dock")
        fields = dict(form.evaluate("form => [...new FormData(form)]"))
        address = form.evaluate("form => form.action")
        visitor.press("form.dock .button >> nth=0")
        assert visitor.page.is_visible(".seal")
        again = visitor.page.request.post(address, form=fields, headers={"Origin": visitor.page.evaluate("origin")})
        assert again.ok, again.text()
    assert display.shown_balance(street.mona_wallet.id).booked.amount_minor == 250_00
    assert len(payments.payments_of(street.layla.id).payments) == 1


@SCRIPT
def test_older_movements(street: Street, visit: Visit, *, script: bool) -> None:
    """With script they come as one scrolls; without, a link leads to the next page."""
    pay_in(street.layla_wallet, 1_00, times=110)
    with visit(script=script) as visitor:
        page = visitor.page
        visitor.sign_in()
        visitor.go(f"/accounts/{street.layla_wallet.id}")
        assert page.locator(".line").count() == 50
        if script:
            for expected in (100, 111):
                page.mouse.wheel(0, 100_000)
                page.wait_for_function("(n) => document.querySelectorAll('.lines .line').length === n", arg=expected)
            assert page.locator(".lines .more").count() == 0
            assert page.locator(".lines .day").count() == 1, "the day is named once, however many pages it fills"
        else:
            seen = 50
            while page.query_selector(".more a"):
                visitor.press(".more a")
                seen += page.locator(".line").count()
            assert seen == 111


def test_the_balance_can_be_read_again_without_leaving_the_page(street: Street, visit: Visit) -> None:
    with visit() as visitor:
        visitor.sign_in()
        visitor.go(f"/accounts/{street.layla_wallet.id}")
        visitor.page.evaluate("window.stayed = true")
        pay_in(street.layla_wallet, 5_00)
        visitor.page.click(".again")
        visitor.page.wait_for_function(
            "() => document.querySelector('#balance .figure').textContent.includes('1,005.00')"
        )
        assert visitor.page.evaluate("window.stayed")


def test_a_refusal_puts_the_cursor_where_it_belongs_and_keeps_what_was_entered(street: Street, visit: Visit) -> None:
    with visit() as visitor:
        visitor.sign_in()
        visitor.ask_to_send(amount="99999", note="Rent")
        assert visitor.page.evaluate("document.activeElement.id") == "amount"
        assert visitor.page.input_value("#to") == "01009998877"
        assert visitor.page.input_value("#note") == "Rent"
        assert visitor.page.is_visible("#amount-error")


def test_change_something_brings_the_form_back_filled(street: Street, visit: Visit) -> None:
    with visit() as visitor:
        visitor.sign_in()
        visitor.ask_to_send(amount="12.5", note="Rent")
        visitor.press("form.dock .button >> nth=1")
        assert visitor.page.input_value("#amount") == "12.5"


@SCRIPT
def test_the_language_changes_everywhere_also_before_signing_in(street: Street, visit: Visit, *, script: bool) -> None:
    with visit("en", script=script) as visitor:
        visitor.go("/sign-in")
        for language, direction in (("he", "rtl"), ("ar", "rtl"), ("en", "ltr")):
            visitor.press(f".languages [value={language}]")
            assert visitor.page.get_attribute("html", "lang") == language
            assert visitor.page.get_attribute("html", "dir") == direction


def test_an_account_is_opened(street: Street, visit: Visit) -> None:
    with visit() as visitor:
        visitor.sign_in(MONA_PHONE)
        visitor.go("/accounts/open")
        visitor.page.check("[name=offer] >> nth=0")
        visitor.page.dblclick("main form .button")
        visitor.page.wait_for_selector(".notice")
        assert "Your account is open." in visitor.page.inner_text(".notice")


def test_after_signing_out_the_way_back_shows_no_balance(street: Street, visit: Visit) -> None:
    with visit() as visitor:
        visitor.sign_in()
        visitor.go("/settings")
        visitor.press("form[action='/sign-out'] button")
        visitor.page.go_back()
        visitor.page.wait_for_load_state()
        assert not visitor.page.query_selector("#balance")
        visitor.go("/")
        assert visitor.page.url.endswith("/sign-in")
