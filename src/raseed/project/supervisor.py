"""``./raseed run``: one process that starts all of Raseed, keeps it running and stops it in order."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .catalogues import compile_catalogues
from .database import is_embedded
from .embedded import start_again, supervised_database
from .migrate import migrate_if_changed, migrate_in_process
from .postgres import PostgresServer
from .processes import Child, Household
from .trouble import Trouble

PORT: Final = 8000
READY_SECONDS_MAX: Final = 60
PAGES_THREADS: Final = 4
_CHECK_SECONDS: Final = 1.0


WORKER_STOP_SECONDS_MAX: Final = 20
"""How long granian waits for a worker that was asked to stop; then it kills it. Longer than the rail's group commit takes to
close (``ledger.commit.CLOSE_SECONDS_MAX``), shorter than we wait for granian (``processes.STOP_SECONDS_MAX``)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the processes listen, and which of them there are."""

    host: str
    port: int
    rail_port: int
    phone_port: int
    billers_port: int
    channels_port: int
    workers: int
    demo: bool

    @property
    def near(self) -> str:
        """The host as addresses on this machine name it."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  (only compared)
        return f"[{host}]" if ":" in host else host

    @property
    def address(self) -> str:
        """Where people find the pages."""
        return f"http://{self.near}:{self.port}/"

    @property
    def rail_address(self) -> str:
        """Where the demo's channels deliver: the rail's host and port."""
        return f"{self.near}:{self.rail_port}"

    @property
    def phone_address(self) -> str:
        """Where the demo's phones are."""
        return f"http://127.0.0.1:{self.phone_port}/"

    @property
    def channels_address(self) -> str:
        """Where the demo's channels are."""
        return f"http://127.0.0.1:{self.channels_port}"


def parse(argv: Sequence[str]) -> Plan:
    """Read the command's words."""
    parser = argparse.ArgumentParser(
        prog="raseed run",
        description="Start everything: the embedded database (unless DATABASE_URL is set), the pages, the rail, the worker "
        "and, in a new embedded database, the demo world. Ctrl-C or SIGTERM stops it.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="listen on this address (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=PORT, help="of the pages (default: %(default)s)")
    parser.add_argument("--rail-port", type=_port, help="of the rail (default: one more)")
    parser.add_argument("--phone-port", type=_port, help="of the demo's phones (default: two more)")
    parser.add_argument("--billers-port", type=_port, help="of the demo's billers (default: three more)")
    parser.add_argument("--channels-port", type=_port, help="of the demo's channels (default: four more)")
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 4), help="processes for the pages")
    parser.add_argument("--no-demo", action="store_true", help="at the first start: an empty house, no demo world")
    words = parser.parse_args(argv)
    return Plan(
        host=words.host,
        port=words.port,
        rail_port=words.rail_port or words.port + 1,
        phone_port=words.phone_port or words.port + 2,
        billers_port=words.billers_port or words.port + 3,
        channels_port=words.channels_port or words.port + 4,
        workers=max(1, words.workers),
        demo=is_embedded() and _world(Path(os.environ["RASEED_HOME"]), empty=words.no_demo) == "demo",
    )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65531:  # noqa: PLR2004  (four more must fit)
        raise argparse.ArgumentTypeError(f"{text!r} is no port: take a number from 1 to 65531")
    return int(text)


def _world(home: Path, *, empty: bool) -> str:
    """Return which world this home holds, or will hold from its first start on: ``demo`` or ``empty``."""
    choice = home / "world"
    if choice.exists():
        return choice.read_text(encoding="ascii").strip()
    return "empty" if empty else "demo"


def check_port(host: str, port: int, option: str) -> None:
    """Refuse a port that can't be had.

    Raises:
        Trouble: it is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise Trouble(f"Port {port} is for root only: choose one above 1023 with {option}.") from None
        except OSError as error:
            raise Trouble(f"Port {port} can't be had ({error.strerror}): choose another with {option}.") from None


def household(plan: Plan) -> Iterator[Child]:
    """Yield the processes of Raseed, in the order in which they start; they stop in the opposite one."""
    python = sys.executable
    if plan.demo:
        home = Path(os.environ["RASEED_HOME"])
        files = ["--key-file", str(home / "keys" / "sms-gateway"), "--staff-file", str(home / "demo-staff.json")]
        files += ["--channels", plan.channels_address]
        yield Child("phone", [python, "-m", "raseed.demo.phone", "--port", str(plan.phone_port), *files])
        files = ["--lines", str(home / "demo-channels.json"), "--state", str(home / "demo-channels.sqlite")]
        yield Child("channel", [python, "-m", "raseed.demo.channels", "--port", str(plan.channels_port), *files])
        files = ["--billers", str(home / "demo-billers.json"), "--book", str(home / "demo-billers.sqlite")]
        yield Child("billers", [python, "-m", "raseed.demo.biller", "--port", str(plan.billers_port), *files])
    yield Child("worker", [python, "-m", "raseed.project.worker"])
    yield Child("ledger", [python, "-m", "raseed.ledger.worker"])
    yield Child("prover", [python, "-m", "raseed.display.prover"])
    yield Child("shown", [python, "-m", "raseed.display.worker"])
    yield Child("courier", [python, "-m", "raseed.project.courier"])
    # One process: single requests are posted together by the process that they have reached (group commit).
    rail = _granian("asgi", "raseed.project.rail:application", plan.host, plan.rail_port)
    yield Child("rail", [*rail, "--workers", "1", "--loop", "uvloop"])
    pages = _granian("wsgi", "raseed.project.wsgi:application", plan.host, plan.port)
    yield Child("pages", [*pages, "--workers", str(plan.workers), "--blocking-threads", str(PAGES_THREADS)])


def _granian(interface: str, target: str, host: str, port: int) -> list[str]:
    return [
        sys.executable, "-m", "granian", "--interface", interface, "--host", host, "--port", str(port), "--no-ws",
        "--log-level", "warning", "--respawn-failed-workers", "--workers-kill-timeout", str(WORKER_STOP_SECONDS_MAX), target,
    ]  # fmt: skip


def say(name: str, line: str) -> None:
    """Print a line with the name of who said it."""
    with contextlib.suppress(OSError):  # the terminal may be gone; the children are stopped all the same
        print(f"{name:<7}| {line}", flush=True)


def main(argv: Sequence[str]) -> int:
    """Run until asked to stop; returns 0 after an orderly stop."""
    plan = parse(argv)
    home = Path(os.environ["RASEED_HOME"])
    check_port(plan.host, plan.port, "--port")
    check_port(plan.host, plan.rail_port, "--rail-port")
    if plan.demo:
        check_port("127.0.0.1", plan.phone_port, "--phone-port")
        check_port("127.0.0.1", plan.billers_port, "--billers-port")
        check_port("127.0.0.1", plan.channels_port, "--channels-port")
    os.environ["RASEED_DEMO"] = "1" if plan.demo else "0"
    if is_embedded():
        home.mkdir(parents=True, exist_ok=True)
        (home / "world").write_text("demo\n" if plan.demo else "empty\n", encoding="ascii")
    if plan.demo:
        os.environ.setdefault("RASEED_SMS_URL", f"{plan.phone_address}sms")
        os.environ.setdefault("RASEED_MALWARE", f"127.0.0.1:{plan.channels_port}")
        os.environ.setdefault("RASEED_PHONE_URL", f"{plan.phone_address}phone?number={{number}}")
    os.environ.setdefault("RASEED_RAIL_URL", f":{plan.rail_port}")
    compile_catalogues()
    began = time.monotonic()
    people = Household(say)
    people.take_signals()
    with supervised_database(home, lambda sentence: say("raseed", sentence)) as server:
        if server is None:
            migrate_in_process()
        else:
            migrate_if_changed(home, lambda sentence: say("raseed", sentence))
        guests = _plant(home, people) if plan.demo else []
        if plan.demo and not people.stop_requests:
            _let_billers_be_found(home, plan.billers_port, people)
        if plan.demo and not people.stop_requests:
            _let_channels_be_found(home, plan, people)
        try:
            for child in [] if people.stop_requests else household(plan):
                people.add(child)
            _run(people, server, plan, home, began, guests)
        finally:
            say("raseed", "Stopping …")
            people.stop()
    say("raseed", "Stopped.")
    return 0


def _plant(home: Path, people: Household) -> list[str]:
    """Plant the demo world at the first start, and return the lines that say who may sign in."""
    mark = home / "postgres" / "planted"
    if not mark.exists():
        say("raseed", "Planting the demo world …")
        told = ""
        for verb in ("plant", "who"):
            status, told = people.run_once([sys.executable, "-m", "raseed.project.cli", "demo", verb])
            if people.stop_requests:
                return []
            if status != 0:
                raise Trouble(
                    "The demo world could not be planted: what is above says why. 'run --no-demo' does without."
                )
        mark.write_text(told, encoding="utf-8")
    return mark.read_text(encoding="utf-8").splitlines()


def _let_billers_be_found(home: Path, port: int, people: Household) -> None:
    """Register the demo's billers at the first start, and let them be found where they listen now."""
    file = home / "demo-billers.json"
    if file.exists() and json.loads(file.read_text(encoding="utf-8"))["port"] == port:
        return
    command = [sys.executable, "-m", "raseed.project.cli", "demo", "billers", "--port", str(port)]
    status, _ = people.run_once(command)
    if status != 0 and not people.stop_requests:
        raise Trouble(
            "The demo's billers could not be registered: what is above says why. 'run --no-demo' does without."
        )


def _let_channels_be_found(home: Path, plan: Plan, people: Household) -> None:
    """Register the bank's lines at the first start, and let them and the simulated channels find each other now."""
    file, rail = home / "demo-channels.json", plan.rail_address
    with contextlib.suppress(FileNotFoundError):
        told = json.loads(file.read_text(encoding="utf-8"))
        if (told["port"], told["rail"]) == (plan.channels_port, rail):
            return
    places = ["--port", str(plan.channels_port), "--rail", rail]
    status, _ = people.run_once([sys.executable, "-m", "raseed.project.cli", "demo", "channels", *places])
    if status != 0 and not people.stop_requests:
        raise Trouble(
            "The demo's channels could not be registered: what is above says why. 'run --no-demo' does without."
        )


def _run(
    people: Household, server: PostgresServer | None, plan: Plan, home: Path, began: float, guests: Sequence[str]
) -> None:
    announced, started = False, time.monotonic()
    checked = started
    while not people.stop_requests:
        people.tick()
        now = time.monotonic()
        if not announced and (_answers(plan) or now - started > READY_SECONDS_MAX):
            announced = True
            _announce(plan, now - began, guests)
        if server is not None and now - checked > _CHECK_SECONDS:
            checked = now
            if server.running_pid() is None:
                start_again(home, server, lambda sentence: say("raseed", sentence))


def _answers(plan: Plan) -> bool:
    try:
        with socket.create_connection((plan.host, plan.port), timeout=0.2):
            return True
    except OSError:
        return False


def _announce(plan: Plan, seconds: float, guests: Sequence[str]) -> None:
    say("raseed", f"Raseed runs (ready after {seconds:.1f} s). Open {plan.address}")
    say("raseed", f"Other systems knock at http://{plan.host}:{plan.rail_port}/ with a key: docs/operations.md")
    if plan.demo:
        for line in guests:
            say("raseed", line)
        say("raseed", f"Staff sign in at {plan.address}office/; their passwords and codes: {plan.phone_address}staff")
        say("raseed", f"Who works for a biller signs in at {plan.address}biller/, with what stands on the same page")
        say("raseed", f"Write to the bank over WhatsApp, Telegram, X or text message: {plan.phone_address}chat")
        say("raseed", f"Codes that are sent by text message appear on the demo's phones: {plan.phone_address}")
    say("raseed", "Ctrl-C stops it; the data stays.")
