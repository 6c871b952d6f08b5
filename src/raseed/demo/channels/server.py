"""The providers' one port: HTTP by path, clamd by its first byte; misbehaviour where it is switched on at /control."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from . import scanner
from .exchange import Answer, Asked, answer_json
from .hooks import Hooks
from .lines import Lines
from .manners import Manner, Told
from .pages import Pages
from .sms import Sms
from .store import Store
from .telegram import Telegram
from .whatsapp import WhatsApp
from .world import World
from .x import XApi

BODY_BYTES_MAX: Final = 112 << 20
LENGTH_DIGITS_MAX: Final = 9
IDLE_S: Final = 75


class Provider(Protocol):
    """One of those whose API is spoken here."""

    channel: str

    def place(self, asked: Asked) -> str | None:
        """Return which place of the provider a request is for; ``None``: none of its."""

    def early(self, told: Told) -> Answer | None:
        """Return what is answered before anything is looked at, if the manner says so."""

    def answer(self, asked: Asked, told: Told) -> Answer:
        """Answer a request."""


class Channels:
    """All providers, with what they remember, and the threads that serve them. ``start`` and ``stop`` once each."""

    def __init__(self, *, port: int, lines: Lines, state: Path | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self.world = World(lines, Store(state), clock=clock)
        self.hooks = Hooks(self.world)
        self.providers: tuple[Provider, ...] = (
            Telegram(self.world),
            XApi(self.world),
            Sms(self.world),
            WhatsApp(self.world),
        )
        self.pages = Pages(self.world)
        self.server = _Server(("127.0.0.1", port), self)
        self.world.base = self.address
        self._threads = [
            Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True),
            Thread(target=self.hooks.run, daemon=True),
        ]

    @property
    def port(self) -> int:
        """Return the port."""
        return int(self.server.server_address[1])

    @property
    def address(self) -> str:
        """Return where the providers are."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Serve no more, waking those who keep somebody waiting."""
        self.world.stopping.set()
        self.world.wake.set()
        self.server.shutdown()
        for thread in self._threads:
            thread.join(5)
        self.server.server_close()
        self.world.store.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], channels: Channels) -> None:
        self.channels = channels
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; anything else is ours and is told."""
        import sys  # noqa: PLC0415

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "channels"
    sys_version = ""
    timeout = IDLE_S

    def handle(self) -> None:
        """Serve a client of clamd, or HTTP."""
        assert isinstance(self.connection, socket.socket)
        first = self.connection.recv(1, socket.MSG_PEEK)
        if scanner.is_scanner(first):
            scanner.serve(self.server.channels.world, self.rfile, self.wfile)  # type: ignore[arg-type]
            return
        super().handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Print nothing: what people write is theirs, and the supervisor's screen is not for it."""

    def do_GET(self) -> None:
        """Answer."""
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the base class's names

    def _serve(self) -> None:
        asked = self._asked()
        if asked is None:
            return
        channels = self.server.channels
        answer = channels.pages.answer(asked)
        if answer is not None:
            self._write(answer)
            return
        for provider in channels.providers:
            place = provider.place(asked)
            if place is not None:
                self._behave(provider, asked, channels.world.switch.next(provider.channel, place))
                return
        self._write(answer_json(404, {"error": "no such resource"}))

    def _behave(self, provider: Provider, asked: Asked, told: Told) -> None:
        if told.manner in (Manner.DEAD, Manner.HANG, Manner.SLOW):
            if told.manner is not Manner.DEAD:
                self.server.channels.world.stopping.wait(told.seconds)
            if told.manner is not Manner.SLOW:
                self.close_connection = True
                return
        early = _EARLY.get(told.manner) or provider.early(told)
        try:
            answer = early or provider.answer(asked, told)
        except (KeyError, TypeError, ValueError, AttributeError):  # a body of a shape that no client sends
            answer = answer_json(400, {"error": {"code": 100, "message": "(#100) Invalid parameter"}, "ok": False})
        if told.manner is Manner.REPLY_LOST:
            self.close_connection = True
            return
        self._write(answer)

    def _asked(self) -> Asked | None:
        """Read the request, or answer why not."""
        address = urlsplit(self.path)
        body = self._body()
        if body is None:
            self.close_connection = True
            self._write(answer_json(413, {"error": "a body of known length up to 112 MiB is needed"}))
            return None
        headers: Mapping[str, str] = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        return Asked(self.command, unquote(address.path), query, headers, body)

    def _body(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit() and len(length) <= LENGTH_DIGITS_MAX):
            return None
        return self.rfile.read(int(length)) if int(length) <= BODY_BYTES_MAX else None

    def _chunks(self) -> bytes | None:
        """Read a body in chunks, as some clients send their uploads."""
        content = bytearray()
        while True:
            try:
                size = int(self.rfile.readline(32).split(b";")[0], 16)
            except ValueError:
                return None
            if size < 0 or len(content) + size > BODY_BYTES_MAX:
                return None
            content += self.rfile.read(size)
            self.rfile.readline(4)
            if size == 0:
                return bytes(content)

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.cut:
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)


_EARLY: Final[Mapping[Manner, Answer]] = {
    Manner.RUBBISH: Answer(200, b"<html><body>Welcome to our new portal!</body></html>", "text/html"),
    Manner.REDIRECT: Answer(302, b"", headers={"Location": "http://169.254.169.254/latest/meta-data/"}),
}


def json_of(answer: Answer) -> Any:
    """Return an answer's JSON."""
    return json.loads(answer.body)
