"""The bad release, walked end to end: real processes, a phone's page in Arabic, and a demo that is played in another terminal.

The worker is held still while the wrong release is out, so that there is time to look; then it goes on, and by itself takes
the release back. The page keeps a diary of all that it showed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from raseed.demo.upgrade.projector import Fault, faults_of
from raseed.demo.world.people import SEED, people_of_block
from raseed.web.tests.visitor import HEIGHTS, NARROW, Visitor
from tests.launcher.started import Running, command, command_line, descendants, environment, start

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PEOPLE = 80
"""A smaller world than the launcher plants: the house is ready sooner."""
READY_SECONDS_MAX = 300
CODE_SECONDS_MAX = 30
PROVEN_MS_MAX = 60_000
PLAY_SECONDS_MAX = 180
VISIBLE_SECONDS_MAX = 2.0
DIARY = """() => {
  const diary = globalThis.diary = [];
  const look = () => {
    const place = document.querySelector("#balance [data-balance]"), number = place.querySelector(".figure");
    const now = {
      state: place.dataset.state || "", number: number ? number.textContent : "",
      last: number ? "" : (place.querySelector("[data-last-amount]") || {}).textContent || "",
    };
    const { at, ...before } = diary.at(-1) || {};
    if (JSON.stringify(before) !== JSON.stringify(now)) diary.push({ at: Date.now(), ...now });
  };
  look();
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


@pytest.fixture
def house(chromium: Browser, tmp_path: Path) -> Iterator[Running]:
    """A house of its own with the demo world, all its processes running."""
    del chromium  # asked for first: without it there is nothing to start a house for
    home = tmp_path / "home"
    planting = command("demo", "plant", "--people", str(PEOPLE))
    subprocess.run(planting, env=environment(home), check=True, timeout=READY_SECONDS_MAX)
    (home / "postgres" / "planted").touch()
    running = start(home)
    try:
        running.wait_for("Ctrl-C stops it", READY_SECONDS_MAX)
        yield running
    finally:
        running.stop()


def code_for(house: Running, phone: str) -> str:
    """Return the code that the demo's phone was sent."""
    address = f"http://127.0.0.1:{house.port + 2}/messages.json?number={urllib.parse.quote(phone)}"
    waiting, ends_at = threading.Event(), time.monotonic() + CODE_SECONDS_MAX
    while time.monotonic() < ends_at:
        with urllib.request.urlopen(address, timeout=5) as answer:
            found = [code for text in json.load(answer) for code in re.findall(r"\d{6}", text["text"])]
        if found:
            return str(found[-1])
        waiting.wait(0.1)
    raise AssertionError("no code came")


def hit_phone() -> str:
    """Return the phone of somebody whose wallet the bad release shows twice what is in it."""
    people = people_of_block(SEED, 0, 0, PEOPLE)
    faults = faults_of(person.wallet_id for person in people)
    return next(person.phone for person in people if faults.get(person.wallet_id) is Fault.DOUBLED)


def sign_in(visitor: Visitor, house: Running, phone: str) -> None:
    """Sign in with the code that the demo's phone shows."""
    visitor.go("/sign-in")
    visitor.page.fill("#phone", phone)
    visitor.press("main .button.wide")
    visitor.page.fill("#code", code_for(house, phone))
    visitor.press("main .button.wide")


def worker_of(house: Running) -> int:
    """Return the process that carries out jobs, the guard's among them."""
    [worker] = [pid for pid in descendants(house.process.pid) if b"raseed.project.worker" in command_line(pid)]
    return worker


def digits(text: str) -> int:
    """Return an amount as it stands on a page, in minor units."""
    return int("".join(str(int(each)) for each in text if each.isdigit()) or "-1")


def rolled_back_at(home: Path, told: str) -> tuple[float, float]:
    """Return when the wrong release went out and when it was taken back, as its signed report says (Unix seconds)."""
    folder = Path(re.findall(rf"{re.escape(str(home))}/guard/\S+", told)[-1])
    assert {"report.ar.html", "report.en.pdf", "report.json"} <= {path.name for path in folder.iterdir()}
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    at = {step["state"]: datetime.fromisoformat(step["at"]).timestamp() for step in report["timeline"]}
    assert report["verdict"] == "rolled_back"
    return at["live"], at["rolled_back"]


def test_a_phone_never_shows_the_wrong_number_and_is_proven_again_within_two_seconds(
    house: Running, chromium: Browser, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    context = chromium.new_context(viewport={"width": NARROW, "height": HEIGHTS[NARROW]}, locale="ar")
    address = f"http://127.0.0.1:{house.port}"
    context.add_cookies([{"name": "language", "value": "ar", "url": address}])
    visitor = Visitor(context, address)
    sign_in(visitor, house, hit_phone())
    visitor.page.wait_for_selector('#balance [data-state="proven"] .figure', timeout=PROVEN_MS_MAX)
    true = digits(str(visitor.page.text_content("#balance .figure")))
    assert true > 0, "twice nothing is nothing"
    visitor.picture("bad-release-before")
    visitor.page.evaluate(DIARY)
    worker = worker_of(house)
    os.kill(worker, signal.SIGSTOP)
    try:
        playing = subprocess.Popen(
            command("demo", "bad-upgrade"), env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        visitor.page.wait_for_selector("#balance .verifying", timeout=PLAY_SECONDS_MAX * 1_000)
        visitor.picture("bad-release-out")
        assert not visitor.page.is_visible("#balance .figure")
        without = chromium.new_context(java_script_enabled=False, storage_state=context.storage_state())
        plain = without.new_page()
        plain.goto(f"{address}/")
        assert plain.is_visible("#balance .verifying"), "without script it is the server that says so"
        without.close()
    finally:
        os.kill(worker, signal.SIGCONT)
    told, _ = playing.communicate(timeout=PLAY_SECONDS_MAX)
    assert playing.returncode == 0, told
    visitor.page.wait_for_selector('#balance [data-state="proven"] .figure')
    visitor.picture("bad-release-after")
    diary = visitor.page.evaluate("() => diary")
    context.close()
    out, back = rolled_back_at(home, told)
    assert {digits(each["number"]) for each in diary if each["number"]} == {true}, "the wrong number was never there"
    assert {digits(each["last"]) for each in diary if each["last"]} == {true}, "what was proven last stood there"
    assert not [each for each in diary if each["state"] == "being_verified" and each["at"] / 1_000 < out], (
        "not in act one"
    )
    again = next(each["at"] / 1_000 for each in diary if each["at"] / 1_000 >= back and each["state"] == "proven")
    print(f"out {back - out:.2f} s; proven on the page {again - back:.2f} s after that")
    assert again - back <= VISIBLE_SECONDS_MAX
