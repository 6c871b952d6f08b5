"""The whole house around a browser: pages in this process, the rail and the worker as processes of their own, all on the test's database.

The providers are the demo's simulator, which delivers to the rail over HTTP, signed as they sign; the telephones are the demo's
phone. What a page shows here has gone the way that it goes at work: provider → rail → worker → pulse → rail → page.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.test import override_settings

from raseed.channels import api as channels
from raseed.demo.channels.lines import Customer, Lines, file_text
from raseed.demo.channels.lines import Line as SimulatedLine
from raseed.demo.channels.server import Channels
from raseed.demo.phone.server import PhoneServer
from raseed.kernel.ids import new_id
from raseed.people import api as people

if TYPE_CHECKING:
    from uuid import UUID

WABA: Final = "102290129340398"
TALK: Final = "106540352242922"
DISPLAY: Final = "201498000001"
START_SECONDS_MAX: Final = 60
STOP_SECONDS_MAX: Final = 40
SO_SECONDS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Playing:
    """What runs beside the pages: the demo's telephones (``phone``), and where the rail is."""

    phone: str
    rail: str
    line: channels.Line

    def chat_of(self, number: str, language: str = "ar") -> str:
        """Return the page on which somebody writes to the line from their telephone."""
        return f"{self.phone}/chat?{urlencode({'phone': number, 'line': f'whatsapp:{TALK}', 'lang': language})}"

    def texts_of(self, number: str, language: str = "ar") -> str:
        """Return the page with the text messages of a telephone."""
        return f"{self.phone}/phone?{urlencode({'number': number, 'lang': language})}"


def eventually(so: Callable[[], object], what: str) -> None:
    """Wait until something that other processes bring about is so."""
    deadline, pause = time.monotonic() + SO_SECONDS_MAX, Event()
    while not so():
        assert time.monotonic() < deadline, what
        pause.wait(0.1)


@contextmanager
def rail_and_worker(**more: str) -> Iterator[str]:
    """Run the rail and the worker on the test's database; yields the rail's origin."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    rail = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws",
        "--log-level", "warning", "--workers-kill-timeout", "20", "raseed.project.rail:application",
    ]  # fmt: skip
    origin = f"http://127.0.0.1:{port}"
    with _running(rail, {}), _running([sys.executable, "-m", "raseed.project.worker"], more):
        eventually(lambda: _is_healthy(origin), "the rail did not start")
        yield origin


@contextmanager
def playing(institution_id: UUID, folder: Path, *, people_there: list[Customer]) -> Iterator[Playing]:
    """Let the whole house run, with a WhatsApp line of an institution at which the people there write."""
    with ExitStack() as all_of_it:
        provider = Channels(port=0, lines=Lines(folder / "lines.json"))
        phone = PhoneServer(("127.0.0.1", 0), key=lambda: None, channels=provider.address)
        provider.start()
        all_of_it.callback(provider.stop)
        serving = Thread(target=phone.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        serving.start()
        all_of_it.callback(_stop_phone, phone, serving)
        at = f"http://127.0.0.1:{phone.server_address[1]}"
        rail = all_of_it.enter_context(rail_and_worker(RASEED_SMS_URL=f"{at}/sms", RASEED_SMS_KEY="of-the-play"))
        all_of_it.enter_context(override_settings(RAIL_URL=rail))
        line, secret = _line(institution_id, provider.address)
        hook = f"{rail}/hooks/whatsapp/{line.id}"
        facts = {"waba": WABA, "app_id": "670843887433847", "display": DISPLAY}
        told = [SimulatedLine("whatsapp", TALK, "نايل كاش", "talk", hook, secret, facts)]
        (folder / "lines.json").write_text(file_text(told, people_there), encoding="utf-8")
        yield Playing(at, rail, line)


def _line(institution_id: UUID, provider: str) -> tuple[channels.Line, dict[str, str]]:
    line = channels.register_line(
        id=new_id(), institution_id=institution_id, channel=channels.Channel.WHATSAPP, address=TALK,
        names={"ar": "واتساب", "he": "WhatsApp", "en": "WhatsApp"}, by=people.SYSTEM,
        settings={"waba_id": WABA, "api_base": provider, "graph_version": "v23.0", "display_number": DISPLAY},
    )  # fmt: skip
    secret = {name: secrets.token_hex(16) for name in ("access_token", "app_secret", "verify_token")}
    for name, value in secret.items():
        channels.set_line_secret(line_id=line.id, name=name, value=value, by=people.SYSTEM, reason="a test")
    return line, secret


@contextmanager
def _running(command: list[str], more: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env={**os.environ, **more})
    try:
        yield
        assert process.poll() is None, f"{command[2]} ended by itself"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS_MAX)


def _stop_phone(phone: PhoneServer, serving: Thread) -> None:
    phone.shutdown()
    serving.join()
    phone.server_close()


def _is_healthy(origin: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{origin}/health", timeout=2) as answer:  # noqa: S310  (loopback)
        return bool(answer.status == 200)
    return False
