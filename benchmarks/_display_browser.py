"""How long a browser takes to check a certificate: Chromium with its processor slowed down to that of a phone.

The tree has 2^25 places (16.3 million accounts have two leaves each), so a path has 25 nodes. Measured is what a page does:
``Proof.check`` of ``proof.js``, with the signature, both paths, and what is remembered; once as it is, and once without the
browser's own Ed25519, as older browsers are. DevTools' ``Emulation.setCPUThrottlingRate`` 4 is its "mid-tier mobile", 6 "low-tier
mobile". The first check of a page runs code that was never run before; it is told apart.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import Claim, percentile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, Route

    from benchmarks import Context

ROOT: Final = Path(__file__).parent.parent
SCRIPT: Final = ROOT / "src" / "raseed" / "web" / "static" / "web" / "proof.js"
PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
DEPTH: Final = 25
GOAL_MS: Final = 20.0
SLOWER: Final = (1, 4, 6)
BY_HAND: Final = """{
  const real = SubtleCrypto.prototype.importKey;
  SubtleCrypto.prototype.importKey = function (form, raw, how, ...rest) {
    return how.name === "Ed25519" ? Promise.reject(new DOMException("none", "NotSupportedError")) : real.call(this, form, raw, how, ...rest);
  };
}"""
TIMED: Final = """async ([texts, keys]) => {
  const took = [];
  for (const text of texts) {
    const began = performance.now();
    await Proof.check(text, { keys });
    took.push(performance.now() - began);
  }
  return took;
}"""


def verification(context: Context) -> list[Claim]:
    """Measure checks of certificates in a browser; says why where there is none."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  (an extra of developers)
    except ImportError:
        context.tell("browser: Playwright is not installed; nothing is measured")
        return []
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        context.tell("browser: no Chromium is installed; nothing is measured")
        return []
    times = 12 if context.quick else 120
    texts, key = _certificates(times)
    claims = []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for before, how in (("", ""), (BY_HAND, ".ed25519_by_hand")):
            for slower in SLOWER:
                took = _timed(browser, texts, key, before=before, slower=slower)
                claims.append(_claim(f"display.browser.check{how}.slower_{slower}", took, browser.version))
        browser.close()
    return claims


def _certificates(times: int) -> tuple[list[str], str]:
    """Return certificates of one account, each under a newer root (a signature is checked once a root), and the key."""
    from raseed.display.standalone.tests.grove import AS_OF_US, KEY, note, written  # noqa: PLC0415  (test keys, for tests)
    from raseed.display.standalone.tests.vectors import LAYLA, village  # noqa: PLC0415

    deep = village(DEPTH)
    notes = [note(deep.text(as_of_us=AS_OF_US + at), KEY) for at in range(times)]
    return [written(deep.certificate(LAYLA, each)).decode() for each in notes], str(KEY)


def _timed(browser: Browser, texts: Sequence[str], key: str, *, before: str, slower: int) -> list[float]:
    """Return how long each check took, milliseconds, the first one of a fresh page first."""
    page_of = browser.new_context()
    page_of.route("**/*", _empty)
    if before:
        page_of.add_init_script(before)
    page = page_of.new_page()
    page_of.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto("https://pages.test/")
    page.add_script_tag(content=SCRIPT.read_text(encoding="utf-8"))
    took: list[float] = page.evaluate(TIMED, [list(texts), [key]])
    page_of.close()
    return took


def _empty(route: Route) -> None:
    route.fulfill(body="<!doctype html><title>it</title>", content_type="text/html")


def _claim(name: str, took: Sequence[float], browser: str) -> Claim:
    first, rest = took[0], sorted(took[2:])
    notes: dict[str, Any] = {
        "first_ms": round(first, 1), "p95_ms": round(percentile(rest, 0.95), 1), "depth": DEPTH, "checks": len(rest),
        "chromium": browser,
    }  # fmt: skip
    return Claim(name, round(percentile(rest, 0.5), 2), "ms", goal=GOAL_MS, better="lower", notes=notes)
