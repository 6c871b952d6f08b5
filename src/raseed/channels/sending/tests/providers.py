"""A provider on loopback that speaks the real wires and has bad days, and the lines that lead to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from uuid import UUID

from raseed.channels.api import (
    Channel,
    Line,
    OutgoingContent,
    OutgoingMessage,
    Party,
    outgoing,
    register_line,
    send_message,
    set_line_secret,
    take_in,
)
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id

INSTITUTION: Final = UUID("01900000-0000-7000-8000-00000000000a")
NUMBER: Final = "106540352242922"
PERSON: Final = "201001234567"


@dataclass(frozen=True)
class Everybody:
    """May everything; stands for staff, who are above this package."""

    actor: str = "staff:01900000-0000-7000-8000-0000000000ff"

    def may(self, permission: str, institution_id: UUID) -> bool:
        del permission, institution_id
        return True


STAFF: Final = Everybody()


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


Answering = Callable[[Asked], tuple[int, Any]]


@dataclass
class Provider:
    """Keeps what it was asked, and answers as told. ``None`` as status: hangs up; a ``bytes`` body is sent as it is."""

    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int | None, Any]] = field(default_factory=list)
    answering: Answering | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: threading.Event | None = None
    arrived: threading.Event = field(default_factory=threading.Event)

    def messages(self) -> list[Asked]:
        """Return the requests that would have sent a message."""
        return [one for one in self.asked if not one.path.endswith("/media") and "upload" not in one.path]

    def next_answer(self, asked: Asked) -> tuple[int | None, Any]:
        if self.answers:
            return self.answers.pop(0)
        if self.answering is not None:
            return self.answering(asked)
        return usual(asked, len(self.asked))


def usual(asked: Asked, number: int) -> tuple[int, Any]:
    """Answer as the real ones do on a good day."""
    if "/bot" in asked.path:
        return 200, {"ok": True, "result": {"message_id": 500 + number, "chat": {"id": 777, "type": "private"}}}
    if asked.path.startswith("/2/media"):
        return 200, {"data": {"id": f"19{number}", "media_key": "3_19"}}
    if asked.path.startswith("/2/"):
        return 201, {"data": {"dm_conversation_id": "1-2", "dm_event_id": f"18{number}"}}
    if asked.path.endswith("/media"):
        return 200, {"id": f"40{number}"}
    return 200, {
        "messaging_product": "whatsapp",
        "contacts": [{"input": PERSON, "wa_id": PERSON}],
        "messages": [{"id": f"wamid.{number}"}],
    }


def graph_error(code: int, message: str = "(#code) told", **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}}


@contextmanager
def provider_running() -> Iterator[Provider]:
    told = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked = Asked(self.command, self.path, dict(self.headers.items()), body)
            told.asked.append(asked)
            told.arrived.set()
            if told.hang is not None:
                told.hang.wait(20)
            status, said = told.next_answer(asked)
            if status is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
            del format, args

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            del request, client_address  # a client that was killed is no news

    server = Server(("127.0.0.1", 0), Handler)
    told.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        if told.hang is not None:
            told.hang.set()
        server.shutdown()
        server.server_close()
        thread.join()


def made_line(
    channel: Channel = Channel.WHATSAPP, *, base: str = "", address: str = "", clock: Clock = SYSTEM_CLOCK, **more: str
) -> Line:
    """Register a line that leads to ``base``, with a token."""
    usual_address = {"whatsapp": NUMBER, "telegram": "raseed_bot", "x": "2244994945", "sms": "+201000000001"}
    settings = {"waba_id": "102290129340398"} if channel is Channel.WHATSAPP else {}
    if base:
        settings["api_base"] = base
    line = register_line(
        id=new_id(),
        institution_id=INSTITUTION,
        channel=channel,
        address=address or usual_address.get(channel.value, f"desk-{channel.value}@bank.example"),
        names={"en": "Raseed desk"},
        settings={**settings, **more},
        by=STAFF,
        clock=clock,
    )
    set_line_secret(line_id=line.id, name="access_token", value="EAAG-one", by=STAFF)
    return line


def person(line: Line, number: str = PERSON) -> Party:
    """Return somebody as known on a line."""
    ids = {"whatsapp": f"wa:{number}", "telegram": "777", "x": "999", "sms": f"+{number}"}
    external_id = ids.get(line.channel.value, "mona@example.org")
    phone = f"+{number}" if line.channel in {Channel.WHATSAPP, Channel.SMS} else None
    return Party(line.scope, external_id, phone, "Mona (synthetic)")


def wrote(line: Line, party: Party | None = None, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Have somebody write to a line, which opens the window."""
    take_in(
        line_id=line.id,
        party=party or person(line),
        kind="text",
        text="hello",
        provider_id=f"wamid.in.{new_id()}",
        sent_at=clock.now(),
        clock=clock,
    )


def sent(line: Line, text: str = "مرحبًا", **more: Any) -> OutgoingMessage:
    """Keep a text to somebody."""
    return send_message(
        client_message_id=more.pop("id", None) or new_id(),
        line_id=line.id,
        to=more.pop("to", None) or person(line),
        content=more.pop("content", None) or OutgoingContent(text=text),
        purpose=more.pop("purpose", "reply"),
        **more,
    )


def now_of(message_id: UUID) -> OutgoingMessage:
    """Return what is known of a message now."""
    return outgoing([message_id])[message_id]
