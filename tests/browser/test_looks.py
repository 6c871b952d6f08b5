"""What can be measured of how the pages look: nothing runs off the side, everything can be read, tapped and named."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from raseed.web.tests.street import Street, pay_in
from raseed.web.tests.visitor import NARROW, WIDE, Visit, Visitor

pytestmark = pytest.mark.browser
LANGUAGES = ("ar", "he", "en")
SIGHTS: list[tuple[int, Literal["light", "dark"]]] = [
    (NARROW, "light"),
    (NARROW, "dark"),
    (WIDE, "light"),
    (WIDE, "dark"),
]
TARGET_MIN = 44
"""CSS pixels of the smaller side of what is tapped (WCAG 2.5.5)."""

OVERFLOW = """() => {
  const root = document.documentElement, wide = root.clientWidth, out = [];
  if (root.scrollWidth > wide) out.push(`page: ${root.scrollWidth} > ${wide}`);
  for (const one of document.querySelectorAll("body *")) {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    if (!box.width || style.position === "absolute" || one.closest("svg, .unseen, .skip, .switch a")) continue;
    if (box.left < -1 || box.right > wide + 1) out.push(`${one.tagName}.${one.className}: ${box.left}…${box.right}`);
  }
  return out;
}"""
CONTRAST = """() => {
  const parse = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const out = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const one = node.parentElement;
    if (!node.data.trim() || !one.checkVisibility() || one.closest(".hero, .promise, .unseen, .skip")) continue;
    let ground = null;
    for (let up = one; up && !ground; up = up.parentElement) {
      const colour = parse(getComputedStyle(up).backgroundColor);
      if (colour[3] === 1) ground = colour;
    }
    const ink = light(parse(getComputedStyle(one).color)), paper = light(ground);
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (ratio < 4.5) out.push(`${ratio.toFixed(2)} ${node.data.trim().slice(0, 40)}`);
  }
  return out;
}"""
TARGETS = """(least) => [...document.querySelectorAll("a, button, input:not([type=hidden]), summary, .choice")]
  .filter((one) => one.checkVisibility() && !one.closest(".unseen, .skip, .side input, p:not(.again)") &&
    !(one.tagName === "INPUT" && one.closest("label")))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < least || box.width < least))
  .map(([one, box]) => `${one.tagName} ${one.textContent.trim().slice(0, 30)} ${box.width}×${box.height}`)"""
NAMES = """() => {
  const out = [];
  const name = (one) => (one.getAttribute("aria-label") || one.textContent || "").trim();
  for (const one of document.querySelectorAll("a, button, summary")) if (!name(one)) out.push(one.outerHTML.slice(0, 80));
  for (const one of document.querySelectorAll("input:not([type=hidden])"))
    if (![...(one.labels || [])].some(name)) out.push(one.outerHTML.slice(0, 80));
  for (const one of document.querySelectorAll("[aria-describedby]")) {
    const ids = one.getAttribute("aria-describedby").split(" ");
    if (one.getAttribute("aria-invalid") && !ids.some((id) => document.getElementById(id)))
      out.push(`no words for ${one.name}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  if (new Set(ids).size !== ids.length) out.push(`an id twice: ${ids}`);
  if (document.querySelectorAll("h1").length !== 1) out.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) out.push("not one main");
  if (!document.title) out.push("no title");
  return out;
}"""
ORDER = """(selector) => {
  const text = document.querySelector(selector).firstChild;
  return [...text.data].map((_, i) => {
    const range = document.createRange();
    range.setStart(text, i);
    range.setEnd(text, i + 1);
    return range.getBoundingClientRect().left;
  });
}"""


def every_page(visitor: Visitor, street: Street) -> Any:
    """Go through all pages and yield the name of each."""
    visitor.go("/sign-in")
    yield "sign-in"
    visitor.page.fill("#phone", "12")
    visitor.press("main .button.wide")
    yield "sign-in-refused"
    visitor.page.fill("#phone", "01001234567")
    visitor.press("main .button.wide")
    yield "code"
    visitor.page.fill("#code", "000000")
    visitor.press("main .button.wide")
    yield "code-refused"
    visitor.page.fill("#code", "123456")
    visitor.press("main .button.wide")
    yield "home"
    visitor.go(f"/accounts/{street.layla_wallet.id}")
    yield "statement"
    visitor.go(f"/accounts/{street.layla_current.id}")
    yield "statement-current"
    visitor.go("/send")
    yield "send"
    visitor.ask_to_send(to="12", amount="-5")
    yield "send-refused"
    visitor.ask_to_send(note="Rent إيجار שכירות")
    yield "confirm"
    visitor.press("form.dock .button >> nth=0")
    yield "receipt"
    for path, name in (("/accounts/open", "open"), ("/settings", "settings"), ("/nothing", "not-found")):
        visitor.go(path)
        yield name


def wrong_with(visitor: Visitor, language: str, width: int) -> list[str]:
    """Return what is wrong with the page as it stands."""
    page = visitor.page
    wrong = [*page.evaluate(OVERFLOW), *page.evaluate(CONTRAST), *page.evaluate(NAMES)]
    if width == NARROW:
        wrong += page.evaluate(TARGETS, TARGET_MIN)
    direction = "ltr" if language == "en" else "rtl"
    if page.evaluate("getComputedStyle(document.body).direction") != direction:
        wrong.append("the page runs the wrong way")
    return wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_can_be_read_tapped_and_named(street: Street, visit: Visit, language: str) -> None:
    pay_in(street.layla_wallet, 12_345_678_90)
    pay_in(street.layla_current, 1_23, times=4)
    found: dict[str, Any] = {}
    with visit(language, reduced_motion="reduce") as visitor:
        for name in every_page(visitor, street):
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.picture(f"{language}-{width}-{scheme}-{name}")
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, found


def test_a_phone_number_runs_from_the_left_in_any_digits(street: Street, visit: Visit) -> None:
    with visit("ar") as visitor:
        visitor.sign_in()
        places = visitor.page.evaluate(ORDER, ".hero bdo")
        assert "٢٠" in visitor.page.inner_text(".hero bdo")
    assert places == sorted(places)


def test_dark_is_dark_whether_the_device_or_the_customer_asks(street: Street, visit: Visit) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with visit(color_scheme="dark") as visitor:
        visitor.sign_in()
        by_device = visitor.page.evaluate(ground)
    with visit(color_scheme="light") as visitor:
        visitor.sign_in()
        light = visitor.page.evaluate(ground)
        visitor.go("/settings")
        visitor.page.check("[name=theme][value=dark]", force=True)
        visitor.press("main form .button.wide >> nth=0")
        assert visitor.page.evaluate(ground) == by_device != light


def test_nothing_moves_for_who_does_not_want_it(street: Street, visit: Visit) -> None:
    longest = "Math.max(...[...document.querySelectorAll('*')].map((one) => parseFloat(getComputedStyle(one).transitionDuration)))"
    with visit(reduced_motion="reduce") as visitor:
        visitor.sign_in()
        assert visitor.page.evaluate(longest) == 0


def test_the_keyboard_reaches_the_content_first_and_focus_is_seen(street: Street, visit: Visit) -> None:
    with visit() as visitor:
        visitor.go("/sign-in")
        visitor.page.keyboard.press("Tab")
        assert visitor.page.evaluate("document.activeElement.className") == "skip"
        for _ in range(12):
            visitor.page.keyboard.press("Tab")
            style = visitor.page.evaluate(
                "(() => { const s = getComputedStyle(document.activeElement); return [document.activeElement.tagName, s.outlineStyle, s.outlineWidth]; })()"
            )
            if style[0] == "BODY":
                break
            assert style[1:] == ["solid", "3px"], style


def test_paper_gets_the_statement_and_no_buttons(street: Street, visit: Visit) -> None:
    with visit(width=WIDE, color_scheme="dark") as visitor:
        visitor.sign_in()
        visitor.go(f"/accounts/{street.layla_wallet.id}")
        visitor.page.emulate_media(media="print", color_scheme="dark")
        assert not visitor.page.is_visible(".tabs")
        assert visitor.page.is_visible(".line")
        assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
