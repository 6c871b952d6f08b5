"""The desk with 200 open conversations, in a browser whose processor is slowed down: what an agent waits for.

The pages are those of the process that ``./raseed run`` starts, the browser is Chromium, DevTools' ``setCPUThrottlingRate`` 4 makes
a slow office machine of it. Measured by the browser's own clocks: from asking for a page until something is painted (the list, a
conversation with its cards), from a key until the next frame (J through the list), from ``]`` until the next conversation takes keys.
The server's part (until the first byte) is told beside it, and the longest task that kept a page from answering.
"""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import Claim, percentile
from benchmarks._processes import serving

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from playwright.sync_api import Page

    from benchmarks import Context
    from raseed.banking.api import BankAccount
    from raseed.channels.api import Line

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
CONVERSATIONS: Final = 200
MESSAGES: Final = 6
SLOWER: Final = 4
PASSWORD: Final = "bench only, seven oranges"  # noqa: S105  (of a server that lives for minutes)
KEY_GOAL_MS: Final = 100
"""What a person takes for at once."""
ASKS: Final = (
    "أين تحويلي؟ المبلغ خُصم ولم يصل",
    "متى تعود الخدمة؟ أنتظر منذ الصباح",
    "שלום, מתי מגיע החשבון?",
    "Hello, my card was declined at 14:03",
    "شكراً، لكن الرسوم خُصمت مرتين",
    "العداد يقرأ 04711 والفاتورة تقول 05200",
)
WATCH: Final = """
globalThis.taken = []; globalThis.longest = 0;
new PerformanceObserver((list) => { for (const one of list.getEntries()) longest = Math.max(longest, one.duration); })
  .observe({ type: "longtask", buffered: true });
addEventListener("keydown", (event) => {
  const pressed = event.timeStamp;
  sessionStorage.setItem("pressed", performance.timeOrigin + pressed);
  requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = () => taken.push(performance.now() - pressed);
    after.port2.postMessage(0);
  });
}, true);
addEventListener("DOMContentLoaded", () => setTimeout(() => {
  const pressed = Number(sessionStorage.getItem("pressed"));
  globalThis.ready = pressed ? performance.timeOrigin + performance.now() - pressed : 0;
}));
"""
PAINTED: Final = """() => new Promise((done) => {
  const told = () => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0], page = performance.getEntriesByType("navigation")[0];
    if (paint) done([paint.startTime, page.responseStart, longest]); else requestAnimationFrame(told);
  };
  told();
})"""


def run(context: Context) -> list[Claim]:
    """Measure it; says why where there is no browser."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  (an extra of developers)
    except ImportError:
        context.tell("desk: Playwright is not installed; nothing is measured")
        return []
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        context.tell("desk: no Chromium is installed; nothing is measured")
        return []
    database, times, count = context.database(), 3 if context.quick else 20, 12 if context.quick else CONVERSATIONS
    codes = _filled(count)
    home = Path(os.environ["RASEED_HOME"])
    with serving("pages", database, home) as (port, _), sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        seen = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        seen.add_init_script(WATCH)
        page = seen.new_page()
        address = f"http://127.0.0.1:{port}"
        seen.add_cookies([{"name": "language", "value": "ar", "url": address}])
        _sign_in(page, address, codes)
        seen.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        claims = _measured(page, f"{address}/office/desk/?box=open", times, count)
        browser.close()
    return claims


def _filled(count: int) -> tuple[str, ...]:
    """Let so many customers have written, and an agent have enrolled; return the agent's recovery codes."""
    from benchmarks import _banking_world as world  # noqa: PLC0415  (after Django is set up)
    from raseed.channels import api as channels  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    bank = world.found_bank(count)
    codes = _agent(bank.id)
    line = channels.register_line(
        id=new_id(), institution_id=bank.id, channel=channels.Channel.WHATSAPP, address="106540352242922",
        names={"en": "WhatsApp", "ar": "واتساب"}, settings={"waba_id": "102290129340398"}, by=people.SYSTEM,
    )  # fmt: skip
    for place, account in enumerate(world.open_accounts(bank, count)):
        _wrote(line, account, place)
    return codes


def _wrote(line: Line, account: BankAccount, place: int) -> None:
    """Let a customer have written some messages in the last hours, and be known."""
    from raseed.care import api as care  # noqa: PLC0415  (after Django is set up)
    from raseed.channels import api as channels  # noqa: PLC0415
    from raseed.kernel.clock import SYSTEM_CLOCK  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    now, talk = SYSTEM_CLOCK.now(), new_id()
    party = channels.Party(scope=line.scope, external_id=f"wa:2014{place:08}", name=f"Synthetic {place}")
    for number in range(MESSAGES):
        message = channels.take_in(
            line_id=line.id, party=party, kind="text", text=ASKS[(place + number) % len(ASKS)],
            provider_id=f"wamid.{new_id()}", sent_at=now - timedelta(minutes=place + MESSAGES - number),
        )  # fmt: skip
        talk = care.receive(message.id)
    sender = care.conversation(talk, by=people.SYSTEM).identity_id
    people.link_identity(
        sender, customer_id=account.owner_id, how="one_time_code", by=people.SYSTEM, reason="a benchmark"
    )


def _agent(bank_id: UUID) -> tuple[str, ...]:
    """Hire and enrol somebody who answers customers; return their recovery codes."""
    from raseed.demo.authenticator import code_at  # noqa: PLC0415  (after Django is set up)
    from raseed.kernel.clock import SYSTEM_CLOCK  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    someone = people.add_staff(
        id=new_id(), login="agent", names={"en": "Synthetic agent", "ar": "موظف مصطنع"}, language="ar",
        institution_id=bank_id, role_ids=[people.role_by_slug(bank_id, "agent").id], by=people.SYSTEM, reason="a benchmark",
    )  # fmt: skip
    token = people.issue_invitation(someone.id, by=people.SYSTEM, reason="a benchmark").token
    secret = people.begin_enrolment(token=token, password=PASSWORD).secret_text.replace(" ", "")
    code = code_at(secret, SYSTEM_CLOCK.now(), steps_ago=0)
    return people.finish_enrolment(token=token, code=code).recovery_codes


def _sign_in(page: Page, address: str, codes: Sequence[str]) -> None:
    page.goto(f"{address}/office/sign-in")
    page.fill("#login", "agent")
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.click("main .button.wide >> nth=0")
    page.fill("#code", codes[0])
    with page.expect_navigation():
        page.click("main .button.wide >> nth=0")


def _measured(page: Page, inbox: str, times: int, count: int) -> list[Claim]:
    about = {"conversations": count, "load": round(os.getloadavg()[0], 1)}
    lists, opened, steps, following = [], [], [], []
    for _ in range(times + 1):
        page.goto(inbox)
        lists.append(page.evaluate(PAINTED))
    for _ in range(2 * times):
        page.keyboard.press("j")
    page.wait_for_function("(count) => taken.length >= count", arg=2 * times)
    steps = page.evaluate("taken")
    for place in range(times + 1):
        page.goto(inbox)
        with page.expect_navigation():
            page.locator("a.conv").nth(place % 40).click()
        opened.append(page.evaluate(PAINTED))
    page.goto(inbox)
    with page.expect_navigation():
        page.locator("a.conv").first.click()
    for _ in range(times):
        with page.expect_navigation():
            page.keyboard.press("]")
        page.wait_for_function("globalThis.ready > 0")
        following.append(page.evaluate("ready"))
    return [
        _claim("first_list", lists[1:], about),
        _claim("open_conversation", opened[1:], about),
        _plain("next_by_key", following, about),
        _plain("step_by_key", steps, about, goal=KEY_GOAL_MS),
    ]


def _claim(name: str, seen: Sequence[Sequence[float]], about: Mapping[str, object]) -> Claim:
    painted, first_byte, longest = ([each[place] for each in seen] for place in range(3))
    notes = {
        "p95_ms": round(percentile(painted, 0.95)), "first_byte_p50_ms": round(percentile(first_byte, 0.5)),
        "longest_task_ms": round(max(longest)), **about,
    }  # fmt: skip
    return Claim(
        f"care.desk.{name}.slower_{SLOWER}", round(percentile(painted, 0.5)), "ms", better="lower", notes=notes
    )


def _plain(name: str, took: Sequence[float], about: Mapping[str, object], goal: int | None = None) -> Claim:
    notes = {"p95_ms": round(percentile(took, 0.95), 1), "times": len(took), **about}
    value = round(percentile(took, 0.5), 1)
    return Claim(f"care.desk.{name}.slower_{SLOWER}", value, "ms", goal, better="lower", notes=notes)
