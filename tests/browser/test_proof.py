"""The browser's verifier against the vectors, in a real browser; what it keeps, whom it trusts, and what it says where it can't check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from raseed.display.standalone.tests.grove import AS_OF_US, KEY, NEXT_KEY, STRANGER, written
from raseed.display.standalone.tests.vectors import LAYLA, OTHER_TREE, of, vectors
from raseed.kernel.money import CURRENCIES, Money
from raseed.platform.api import Digits, money_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
SCRIPT = Path(__file__).parents[2] / "src" / "raseed" / "web" / "static" / "web" / "proof.js"
DRAWING = SCRIPT.with_name("balances.js")
STANDS = """([source, cases]) => {
  const stands = Function(`"use strict"; ${source} return stands;`)();
  return cases.map(([text, amount, currency, scale]) => stands(text, BigInt(amount), { currency, scale }));
}"""
JUDGED = """async ([vectors, keys]) => {
  const told = {};
  for (const { name, text, given } of vectors) {
    const ask = { keys, account: given.account, booked: given.amount, oldest: given.oldest_us };
    if (given.seen) ask.seen = { asOf: given.seen.as_of_us, batch: given.seen.batch };
    told[name] = await Proof.verify(text, ask).then(() => "proven", (error) => error.code || String(error.stack));
  }
  return told;
}"""
CHECKED = """([text, keys, ask]) => Proof.check(text, { keys, ...ask })
  .then((it) => `${it.booked}`, (error) => error.code || String(error.stack))"""


@contextmanager
def opened(chromium: Browser, address: str = "https://pages.test/", before: str = "") -> Iterator[Page]:
    """Open an empty page with the script on it, at an address that leads nowhere else."""
    context = chromium.new_context()
    context.route(
        "**/*", lambda route: route.fulfill(body="<!doctype html><title>it</title>", content_type="text/html")
    )
    if before:
        context.add_init_script(before)
    page = context.new_page()
    page.goto(address)
    page.add_script_tag(content=SCRIPT.read_text())
    page.evaluate("() => { globalThis.Proof = Proof; }")
    yield page
    context.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that may use WebCrypto."""
    with opened(chromium) as page:
        yield page


def ask(page: Page, certificate: dict[str, Any], *keys: object, **asked: str) -> str:
    """Let the page check a certificate and keep what it learns; return what is booked, or the refusal's code."""
    said: str = page.evaluate(CHECKED, [written(certificate).decode(), [str(key) for key in keys or (KEY,)], asked])
    return said


NO_ED25519 = """{
  const real = SubtleCrypto.prototype.importKey;
  SubtleCrypto.prototype.importKey = function (form, raw, how, ...rest) {
    return (how.name || how) === "Ed25519" ? Promise.reject(new DOMException("none here", "NotSupportedError")) : real.call(this, form, raw, how, ...rest);
  };
}"""


@pytest.mark.parametrize("before", ["", NO_ED25519], ids=["its own Ed25519", "Ed25519 by hand"])
def test_each_vector_is_judged_as_the_index_says(chromium: Browser, before: str) -> None:
    made = vectors()
    asked = [{"name": each.name, "text": each.data.decode(), "given": each.given} for each in made]
    with opened(chromium, before=before) as page:
        told = page.evaluate(JUDGED, [asked, [str(KEY)]])
    assert told == {each.name: each.expect for each in made}


def test_no_flipped_bit_is_proven(page: Page) -> None:
    good = written(of())
    flipped = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(0, len(good), 7)]
    asked = [{"name": str(at), "text": each.decode("utf-8", "replace"), "given": {}} for at, each in enumerate(flipped)]
    told = page.evaluate(JUDGED, [asked, [str(KEY)]])
    assert len(told) == len(asked) > 100
    assert "proven" not in told.values()
    assert not [said for said in told.values() if " " in said], "a refusal, never an error"


def test_ed25519_by_hand_refuses_what_it_should(page: Page) -> None:
    text = b"whatever"
    raw = KEY.private.sign(text)
    group = (1 << 252) + 27742317777372353535851937790883648493
    second = raw[:32] + (int.from_bytes(raw[32:], "little") + group).to_bytes(32, "little")
    cases = [(KEY.public, text, raw), (KEY.public, text, second), (KEY.public, b"whatevex", raw), (STRANGER.public, text, raw),
             (b"\xff" * 32, text, raw), (KEY.public, text, raw[:63]), (KEY.public, text, raw[:5] + bytes([raw[5] ^ 4]) + raw[6:])]  # fmt: skip
    said = page.evaluate(
        "(cases) => Promise.all(cases.map((case_) => Proof.signedByHand(...case_.map((bytes) => Uint8Array.from(bytes)))))",
        [[list(part) for part in case] for case in cases],
    )
    assert said == [True, False, False, False, False, False, False]


def test_the_key_first_met_is_kept_and_another_is_a_stranger(page: Page) -> None:
    assert ask(page, of()) == "123400"
    assert ask(page, of(LAYLA, STRANGER), STRANGER) == "unknown_key", "the page offers it, and it is not the one kept"
    assert ask(page, of(LAYLA, STRANGER), KEY, STRANGER) == "unknown_key"
    page.reload()
    page.add_script_tag(content=SCRIPT.read_text())
    assert ask(page, of(LAYLA, STRANGER), STRANGER) == "unknown_key", "kept beyond the page"
    page.evaluate("() => Proof.forget()")
    assert ask(page, of(LAYLA, STRANGER), STRANGER) == "123400"


def test_a_key_of_another_tree_is_not_offered_for_this_one(page: Page) -> None:
    assert ask(page, of(origin=OTHER_TREE), KEY) == "unknown_key"


def test_a_hand_over_signed_by_both_leads_to_the_new_key(page: Page) -> None:
    more = f"raseed-key-v1 {KEY}\nraseed-key-v1 {NEXT_KEY}\n"
    assert ask(page, of()) == "123400"
    assert ask(page, of(LAYLA, NEXT_KEY, as_of_us=AS_OF_US + 1)) == "unknown_key"
    assert ask(page, of(LAYLA, KEY, as_of_us=AS_OF_US + 1, more=more)) == "123400", "named, but only one has signed"
    assert ask(page, of(LAYLA, NEXT_KEY, as_of_us=AS_OF_US + 2)) == "unknown_key"
    assert ask(page, of(LAYLA, KEY, NEXT_KEY, as_of_us=AS_OF_US + 2)) == "123400", "a line alone introduces nobody"
    assert ask(page, of(LAYLA, NEXT_KEY, as_of_us=AS_OF_US + 2)) == "unknown_key"
    assert ask(page, of(LAYLA, KEY, NEXT_KEY, as_of_us=AS_OF_US + 3, more=more)) == "123400"
    assert ask(page, of(LAYLA, NEXT_KEY, as_of_us=AS_OF_US + 4)) == "123400", "handed over"
    assert ask(page, of(LAYLA, KEY, as_of_us=AS_OF_US + 5)) == "unknown_key", "the old one signs no more"


def test_an_older_root_is_refused_and_the_account_and_the_amounts_have_to_fit(page: Page) -> None:
    assert ask(page, of(as_of_us=AS_OF_US + 1_000)) == "123400"
    assert ask(page, of()) == "older_than_seen"
    later = of(as_of_us=AS_OF_US + 2_000)
    assert ask(page, later, account=LAYLA, booked="123400", available="120900") == "123400"
    assert ask(page, later, account=LAYLA, booked="123400", available="123400") == "other_amount"
    assert ask(page, later, account=LAYLA.replace("1", "2"), booked="123400") == "other_account"
    assert ask(page, later, oldest=str(AS_OF_US + 2_001)) == "too_old"


def test_what_is_kept_has_a_bound_and_damage_to_it_is_survived(page: Page) -> None:
    trees = {f"raseed.local/display/{at}": {"keys": [], "asOf": "1", "batch": "1"} for at in range(32)}
    page.evaluate("(text) => localStorage.setItem('raseed-proof', text)", json.dumps(trees))
    assert ask(page, of()) == "unknown_key"
    page.evaluate("() => localStorage.setItem('raseed-proof', '{not json')")
    assert ask(page, of()) == "123400"


def test_where_there_is_no_webcrypto_it_says_so(chromium: Browser, page: Page) -> None:
    assert page.evaluate("() => Proof.able") is True
    with opened(chromium, "http://192.168.1.20/") as plain:
        assert plain.evaluate("() => Proof.able") is False


def stand(page: Page, cases: list[tuple[str, int, str, int]]) -> list[bool]:
    """Return of each text whether it is, as it would stand on a page, this amount in this currency of so many decimals."""
    script = DRAWING.read_text()
    found = [re.search(form, script, re.DOTALL) for form in (r"const SIGNS = .*?};", r"function stands\(.*?\n  }\n")]
    source = "\n".join(one[0] for one in found if one)
    said: list[bool] = page.evaluate(
        STANDS, [source, [[text, str(minor), code, scale] for text, minor, code, scale in cases]]
    )
    return said


def test_every_amount_as_a_reader_sees_it_is_read_as_what_it_is_and_as_nothing_else(page: Page) -> None:
    kinds: list[tuple[str, Digits]] = [(language, kind) for language in ("ar", "he", "en") for kind in ("arab", "latn")]
    right: list[tuple[str, int, str, int]] = []
    for one in CURRENCIES.values():
        for minor in (0, 5, -7, 123_450, -1_234_567_890, 9_223_372_036_854_775_807):
            texts = {money_text(Money(minor, one), language, digits=kind) for language, kind in kinds}
            right += [(text, minor, one.code, one.scale) for text in sorted(texts)]
    assert [case for case, said in zip(right, stand(page, right), strict=True) if not said] == []
    other_sign = [(text, -minor, code, scale) for text, minor, code, scale in right if minor]
    other_scale = [(text, minor, code, scale + 1) for text, minor, code, scale in right]
    other_unit = [(text, minor, "JPY" if code != "JPY" else "EGP", scale) for text, minor, code, scale in right]
    assert not any(stand(page, other_sign + other_scale + other_unit))


@pytest.mark.parametrize(
    "text",
    ["12,345.0 ₪", "1.234,50 ₪", "1234.50 ₪", "123,450 ₪", "1,234.50", "1,234.50 $", "1,234.50 ج.م", "12,34.50 ₪",
     "1,234.50 ₪ 0", "1,234.50 ₪₪", "--1,234.50 ₪", "+1,234.50 ₪", "١٢٬٣٤٥٫٠ ₪", "١٬٢٣٤٫٥٠ $", "1,234.5٠0 ₪", "", "₪"],
)  # fmt: skip
def test_what_is_almost_the_amount_is_not_it(page: Page, text: str) -> None:
    cases = [("\u2068\u200f1,234.50\u00a0\u200f₪\u2069", 1_234_50, "ILS", 2), (text, 1_234_50, "ILS", 2)]
    assert stand(page, cases) == [True, False]
