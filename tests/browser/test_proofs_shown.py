"""Balances on an open page: the device checks them, takes back what does not check, and hears of changes; each state at 360 px."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from raseed.display import api as display
from raseed.display.standalone.tests.grove import STRANGER
from raseed.web.tests.notary import Notary, notary
from raseed.web.tests.street import Street, pay_in
from raseed.web.tests.visitor import Visit, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Route

__all__ = ["notary"]
pytestmark = pytest.mark.browser
PROOFS = display.Proof
DEVICE = "#balance [data-device]"
CHECKED = "This device has checked it."
FIGURE = "#balance .figure"
NO_SUBTLE = "Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined });"
ANSWERS = "**/balances/proofs*"
AHEAD = "{ const real = performance.now.bind(performance); performance.now = () => real() + (globalThis.ahead || 0); }"
IMPATIENT = (
    "{ const real = setTimeout; setTimeout = (run, ms, ...more) => real(run, ms === 10000 ? 100 : ms, ...more); }"
)
FAR_CLOCK = "{ const real = Date.now; Date.now = () => real() - 2 * 3600e3; }"


def home(visitor: Visitor) -> None:
    """Sign in, and have the proof's words in sight."""
    visitor.sign_in()
    visitor.page.click("#balance summary")


def says(visitor: Visitor, words: str, at: str = DEVICE) -> None:
    """Wait until the page says something."""
    visitor.page.wait_for_function(
        "([at, words]) => [...document.querySelectorAll(at)].some((one) => !one.hidden && one.textContent.includes(words))",
        arg=[at, words],
    )


def figure(visitor: Visitor) -> str:
    """Return the number that stands there."""
    return str(visitor.page.text_content(FIGURE)).replace("\N{NO-BREAK SPACE}", " ")


def ask_again(visitor: Visitor) -> None:
    """Let the page look again, as it does when it comes back into sight."""
    visitor.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")


def kept(visitor: Visitor, name: str) -> Any:
    """Return what the browser keeps under a name."""
    return visitor.page.evaluate("(name) => JSON.parse(localStorage.getItem(name))", name)


def test_the_device_checks_what_is_proven_and_remembers_it(street: Street, notary: Notary, visit: Visit) -> None:
    with visit() as visitor:
        home(visitor)
        says(visitor, CHECKED)
        assert figure(visitor) == "EGP 1,000.00"
        assert visitor.page.is_visible("#balance details[open]"), "drawn anew, and still open"
        assert kept(visitor, "raseed-proven")[str(street.layla_wallet.id)]["amount"] == "EGP\N{NO-BREAK SPACE}1,000.00"
        [tree] = kept(visitor, "raseed-proof").values()
        assert tree["keys"] == notary.public_keys()
        visitor.go("/settings")
        visitor.press("form[action='/sign-out'] button")
        assert kept(visitor, "raseed-proven") is None, "gone with whoever signed out"
        assert kept(visitor, "raseed-proof") is not None, "keys and roots are nobody's"


@pytest.mark.parametrize("language", ["en", "ar", "he"])
def test_a_number_that_its_certificate_does_not_prove_is_taken_back(
    street: Street, notary: Notary, visit: Visit, language: str
) -> None:
    wallet = street.layla_wallet.id
    real = notary.certificates_of
    with visit(language) as visitor:
        home(visitor)
        visitor.page.wait_for_function("() => localStorage.getItem('raseed-proven')")
        shown = str(visitor.page.text_content(FIGURE))
        notary.key = STRANGER
        ask_again(visitor)
        visitor.page.wait_for_selector("#balance .verifying")
        assert not visitor.page.is_visible(FIGURE)
        assert shown in str(visitor.page.text_content("#balance [data-last]")), "what this device has seen proven"
        assert visitor.page.text_content("[role=status].unseen") == visitor.page.text_content("#balance .verifying")
        visitor.picture(f"proof-refused-{language}")
        assert wallet in real([wallet])


def told_otherwise(visitor: Visitor, change: Callable[[dict[str, Any]], None]) -> None:
    """Let a release tell pages something else of each account."""

    def answered(route: Route) -> None:
        response = route.fetch()
        answer = response.json()
        for one in answer["accounts"].values():
            change(one)
        route.fulfill(response=response, json=answer)

    visitor.page.route(ANSWERS, answered)


@pytest.mark.parametrize(
    ("language", "true", "drawn"),
    [
        ("en", "1,000.00", "10,000.0"),
        ("en", "1,000.00", "1.000,00"),
        ("en", "EGP", "KWD"),
        ("he", "1,000.00", "10,000.0"),
        ("he", "EGP", "₪"),
        ("ar", "١٬٠٠٠٫٠٠", "١٠٬٠٠٠٫٠"),
        ("ar", "١٬٠٠٠٫٠٠", "١٠٠٬٠٠٠"),
        ("ar", "ج.م", "ج.س"),
    ],
)
def test_a_release_that_draws_the_same_digits_as_another_amount_is_found_out(
    street: Street, notary: Notary, visit: Visit, language: str, true: str, drawn: str
) -> None:
    with visit(language) as visitor:
        told_otherwise(visitor, lambda one: one.update(html=one["html"].replace(true, drawn)))
        home(visitor)
        visitor.page.wait_for_selector("#balance .verifying")
        assert not visitor.page.query_selector(FIGURE)
        if language == "en":
            says(visitor, "It proves another amount than the one shown.")


@pytest.mark.parametrize("state", [PROOFS.PROVEN, PROOFS.JUST_CHANGED])
def test_a_number_whose_proof_never_comes_is_taken_back(
    street: Street, notary: Notary, visit: Visit, state: display.Proof
) -> None:
    with visit() as visitor:
        visitor.context.add_init_script(AHEAD)
        home(visitor)
        says(visitor, CHECKED)
        if state is PROOFS.PROVEN:
            told_otherwise(visitor, lambda one: one.pop("certificate"))
        else:
            notary.states = dict.fromkeys((street.layla_wallet.id, street.layla_current.id), state)
        visitor.page.evaluate("() => { globalThis.ahead = 26000; }")
        ask_again(visitor)
        says(visitor, "This device was sent no proof of it.")
        assert not visitor.page.query_selector(FIGURE)
        assert "1,000.00" in str(visitor.page.text_content("#balance [data-last]"))
        visitor.page.unroute_all(behavior="ignoreErrors")
        notary.states.clear()
        ask_again(visitor)
        says(visitor, CHECKED)


def test_a_connection_that_hangs_is_let_go_and_the_page_says_that_it_verifies(
    street: Street, notary: Notary, visit: Visit
) -> None:
    with visit() as visitor:
        for script in (AHEAD, IMPATIENT):
            visitor.context.add_init_script(script)
        home(visitor)
        says(visitor, CHECKED)
        visitor.page.route(ANSWERS, lambda _: None)
        with visitor.page.expect_event("requestfailed"):
            ask_again(visitor)
        visitor.page.evaluate("() => { globalThis.ahead = 31000; }")
        says(visitor, "There is no connection to us at the moment")
        assert visitor.page.is_visible("#balance .verifying")
        assert not visitor.page.query_selector(FIGURE)
        assert "1,000.00" in str(visitor.page.text_content("#balance [data-last]"))
        visitor.page.unroute_all(behavior="ignoreErrors")
        ask_again(visitor)
        says(visitor, CHECKED)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_page_that_never_heard_anything_says_that_it_verifies(
    street: Street, notary: Notary, visit: Visit, language: str
) -> None:
    held: list[Route] = []
    with visit(language) as visitor:
        visitor.context.add_init_script(AHEAD)
        visitor.page.route(ANSWERS, lambda route: held.append(route))  # noqa: PLW0108  (it is marked)
        visitor.sign_in()
        assert visitor.page.is_visible(FIGURE)
        visitor.page.wait_for_timeout(1_100)
        visitor.page.evaluate("() => { globalThis.ahead = 31000; }")
        visitor.page.wait_for_selector("#balance .verifying")
        assert not visitor.page.query_selector(FIGURE)
        for route in held:
            route.continue_()


def test_a_move_of_the_pointer_before_the_first_event_is_noticed(street: Street, notary: Notary, visit: Visit) -> None:
    asked: list[str] = []
    held: list[Route] = []
    with visit() as visitor, override_settings(RAIL_URL=visitor.address):
        visitor.page.route("**/display/v1/changes", lambda route: held.append(route))  # noqa: PLW0108  (it is marked)
        visitor.page.on("response", lambda got: asked.append(got.url) if "/balances/proofs" in got.url else None)
        home(visitor)
        says(visitor, CHECKED)
        before = len(asked)
        notary.epoch = 2
        notary.states[street.layla_wallet.id] = PROOFS.BEING_VERIFIED
        held[-1].fulfill(body="retry: 60000\n\ndata: 2\n\n", content_type="text/event-stream")
        visitor.page.wait_for_selector("#balance .verifying", timeout=2_000)
        assert len(asked) == before + 1


def test_a_page_shows_a_change_and_then_its_proof(street: Street, notary: Notary, visit: Visit) -> None:
    wallet = street.layla_wallet.id
    with visit() as visitor:
        home(visitor)
        says(visitor, CHECKED)
        pay_in(street.layla_wallet, 50_00)
        notary.states[wallet] = PROOFS.JUST_CHANGED
        ask_again(visitor)
        says(visitor, "Changed just now; being proven", "#balance summary")
        assert figure(visitor) == "EGP 1,050.00"
        notary.states.clear()
        says(visitor, "Proven at", "#balance summary")
        says(visitor, CHECKED)


def test_a_root_older_than_its_bound_proves_nothing(street: Street, notary: Notary, visit: Visit) -> None:
    with visit() as visitor:
        notary.lag = timedelta(seconds=11)
        home(visitor)
        says(visitor, "It is too old.")


def test_a_replayed_root_is_refused_but_an_answer_overtaken_by_another_is_not(
    street: Street, notary: Notary, visit: Visit
) -> None:
    with visit() as visitor:
        home(visitor)
        says(visitor, CHECKED)
        notary.lag = timedelta(seconds=5)
        ask_again(visitor)
        says(visitor, "A newer one was seen before.")
        notary.lag = timedelta()
        says(visitor, CHECKED)


def test_a_device_that_cannot_check_says_so_and_shows_what_we_have_checked(
    street: Street, notary: Notary, visit: Visit
) -> None:
    with visit() as visitor:
        visitor.context.add_init_script(NO_SUBTLE)
        home(visitor)
        says(visitor, "This device can't check it here")
        assert figure(visitor) == "EGP 1,000.00"


def test_a_device_whose_clock_is_wrong_says_so(street: Street, notary: Notary, visit: Visit) -> None:
    with visit() as visitor:
        visitor.context.add_init_script(FAR_CLOCK)
        home(visitor)
        says(visitor, "its clock is wrong")
        assert figure(visitor) == "EGP 1,000.00"


def test_without_script_the_server_decides(street: Street, notary: Notary, visit: Visit) -> None:
    wallet = street.layla_wallet.id
    notary.states[wallet] = PROOFS.BEING_VERIFIED
    with visit(script=False) as visitor:
        visitor.sign_in()
        assert visitor.page.is_visible("#balance .verifying")
        assert not visitor.page.is_visible(FIGURE)


def test_a_rollback_is_on_open_pages_within_two_seconds(street: Street, notary: Notary, visit: Visit) -> None:
    wallet = street.layla_wallet.id
    notary.states[wallet] = PROOFS.BEING_VERIFIED
    told = {"epoch": 1}
    with visit() as visitor, override_settings(RAIL_URL=visitor.address):
        visitor.page.route(
            "**/display/v1/changes",
            lambda route: route.fulfill(
                body=f"retry: 200\n\ndata: {told['epoch']}\n\n", content_type="text/event-stream"
            ),
        )
        home(visitor)
        visitor.page.wait_for_selector("#balance .verifying")
        told["epoch"] = 2
        notary.states.clear()
        visitor.page.wait_for_selector(FIGURE, timeout=2_000)


@pytest.mark.parametrize("language", ["ar", "he", "en"])
def test_each_state_fits_a_narrow_screen(street: Street, notary: Notary, visit: Visit, language: str) -> None:
    wallet, current = street.layla_wallet.id, street.layla_current.id
    when = datetime.now(UTC) - timedelta(minutes=3)  # tidy: allowed
    with visit(language) as visitor:
        visitor.sign_in()
        for state in PROOFS:
            notary.states = {wallet: state, current: state}
            notary.last = {wallet: (1_234_00, when), current: (250_00, when)} if state is PROOFS.BEING_VERIFIED else {}
            for script, name in ((True, ""), (False, "-open")):
                visitor.go("/")
                if not script:
                    visitor.page.click("#balance summary")
                wide = visitor.page.evaluate("() => document.documentElement.scrollWidth")
                assert wide <= 360
                visitor.picture(f"proof-{state.value}{name}-{language}", whole=True)
        visitor.go(f"/accounts/{wallet}/details")
        visitor.picture(f"proof-details-{language}", whole=True)
        notary.states.clear()
        visitor.go("/proof")
        assert visitor.page.evaluate("() => document.documentElement.scrollWidth") <= 360
        visitor.page.wait_for_selector("[data-forget]")
        visitor.picture(f"proof-page-{language}", whole=True)
