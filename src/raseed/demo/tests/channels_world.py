"""What the tests of the simulated channels share: lines with secrets, a running simulator, and a receiver that writes down what it hears."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from raseed.demo.channels import x
from raseed.demo.channels.lines import Customer, Line, Lines, file_text
from raseed.demo.channels.outgoing import fetch
from raseed.demo.channels.server import Channels

PHONE = "+201400000001"
OTHER = "+201400000002"
TOKEN = "EAAtalk"
APP_SECRET = "app-secret"
VERIFY = "verify-me"
BOT_TOKEN = "123456:AAtelegram"
BOT_SECRET = "bot-secret"
X_TOKEN = "x-token"
X_SECRET = "x-consumer"
SMS_KEY = "sms-key"
TALK, DOCUMENTS, WABA, APP = "106540352242922", "106540352242923", "102290129340398", "670843887433847"
X_ACCOUNT = "4337869213"
ARABIC = "رصيدي ناقص ٥٠ جنيه 😟"


def lines_to(hook: str) -> list[Line]:
    """Return a bank's lines whose webhooks are at an address, each with a path of its own."""
    facts = {"waba": WABA, "app_id": APP, "display": "15550783881"}
    secrets = {"access_token": TOKEN, "app_secret": APP_SECRET, "verify_token": VERIFY}
    return [
        Line("whatsapp", TALK, "Jasmine Bank", "talk", f"{hook}/whatsapp", secrets, facts),
        Line("whatsapp", DOCUMENTS, "Jasmine Bank", "documents", f"{hook}/whatsapp", secrets, facts | {"display": "15550783882"}),
        Line("telegram", "jasmine_bot", "Jasmine", "talk", f"{hook}/telegram", {"access_token": BOT_TOKEN, "secret_token": BOT_SECRET}),
        Line("x", X_ACCOUNT, "Jasmine", "talk", f"{hook}/x", {"access_token": X_TOKEN, "consumer_secret": X_SECRET}),
        Line("sms", "+201499999", "Jasmine", "talk", f"{hook}/sms", {"access_token": SMS_KEY, "api_key": "sms-in"}),
    ]  # fmt: skip


class Receiver:
    """A webhook: notes (path, headers, raw body) and answers what it is told to, 200 at first."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self._event = Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                said = b"no"
                if asked.get("hub.verify_token") == VERIFY:
                    said = asked["hub.challenge"].encode()
                elif "crc_token" in asked:
                    said = json.dumps({"response_token": x.signature(X_SECRET, asked["crc_token"].encode())}).encode()
                self._say(403 if said == b"no" else 200, said)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                headers = {name.lower(): value for name, value in self.headers.items()}
                if status == 200:
                    receiver.heard.append((self.path, headers, body))
                self._say(status, b"")
                receiver._event.set()

            def _say(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def wait(self, until: Callable[[], bool], turns: int = 400) -> None:
        """Wait until something is so; fail after ten seconds."""
        for _ in range(turns):
            if until():
                return
            self._event.wait(0.025)
            self._event.clear()
        raise AssertionError(f"it never came: {[(path, body[:200]) for path, _, body in self.heard]}")

    def bodies(self, path: str = "/whatsapp") -> list[Any]:
        """Return what came at a path, read."""
        return [json.loads(body) for at, _, body in self.heard if at == path]

    def close(self) -> None:
        """Stop."""
        self.server.shutdown()
        self.server.server_close()


class Simulator:
    """A running simulator with what is asked of it most."""

    def __init__(self, channels: Channels, receiver: Receiver) -> None:
        self.channels, self.receiver, self.url = channels, receiver, channels.address

    def call(self, method: str, path: str, told: Any = None, **headers: str) -> tuple[int, Any]:
        """Make a request with a JSON body; return status and JSON."""
        body = None if told is None else told if isinstance(told, bytes) else json.dumps(told).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = {} if body is None or "Content-Type" in named else {"Content-Type": "application/json"}
        status, said, _ = fetch(method, f"{self.url}{path}", body, kind | named, timeout_s=20)
        try:
            return status, json.loads(said)
        except ValueError:
            return status, said

    def switch(self, **rule: Any) -> None:
        """Set a manner."""
        assert self.call("POST", "/control", rule)[0] == 204

    def deliver(self, **how: int) -> None:
        """Say how webhooks are delivered."""
        assert self.call("POST", "/control", {"delivery": how})[0] == 204

    def say(self, channel: str = "whatsapp", line: str = TALK, phone: str = PHONE, **more: Any) -> Any:
        """Let somebody write."""
        status, said = self.call(
            "POST", "/people/say", {"channel": channel, "line": line, "phone": phone, "name": "أمل", **more}
        )
        assert status == 201, said
        return said

    def chat(self, channel: str = "whatsapp", line: str = TALK, phone: str = PHONE) -> Any:
        """Return what stands on somebody's phone."""
        return self.call("GET", f"/people/chat?{urlencode({'channel': channel, 'line': line, 'phone': phone})}")[1][
            "entries"
        ]

    def send(self, words: str = "نعم", to: str = PHONE, token: str = TOKEN, **more: Any) -> tuple[int, Any]:
        """Send a text over the Cloud API."""
        body = {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": words}, **more}
        return self.call("POST", f"/v23.0/{TALK}/messages", body, Authorization=f"Bearer {token}")


@contextmanager
def running(folder: Path, receiver: Receiver) -> Iterator[Simulator]:
    """Run the simulator with its file and state in a folder."""
    file = folder / "lines.json"
    file.write_text(file_text(lines_to(receiver.url), [Customer(PHONE, "أمل", "ar")]), encoding="utf-8")
    channels = Channels(port=0, lines=Lines(file), state=folder / "state.sqlite")
    channels.start()
    try:
        yield Simulator(channels, receiver)
    finally:
        channels.stop()


def items(bodies: list[Any], kind: str) -> list[Any]:
    """Return all messages or statuses of webhooks, from every array."""
    return [
        each for body in bodies for entry in body["entry"] for change in entry["changes"] for each in change["value"].get(kind, [])
    ]  # fmt: skip
