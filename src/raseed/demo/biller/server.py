"""The billers' HTTP server: signed questions in, signed answers out, misbehaviour where it is switched on at /control."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from .desk import Desk
from .manners import BadSwitch, Manner, Switch
from .signatures import request_is_signed, sign

BODY_BYTES_MAX: Final = 64 << 10
HEAD_BYTES_MAX: Final = 16 << 10
QUESTIONS: Final = {
    "/fetch": "fetch",
    "/validate": "validate",
    "/payments": "pay",
    "/payments/status": "status",
    "/payments/cancel": "cancel",
}
_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_REASONS: Final = {200: "OK", 204: "No Content", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
                   421: "Misdirected Request", 500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip
_Headers = Mapping[str, str]


class Billers:
    """All billers of the demo, behind one address: ``/<code>/fetch`` and so on."""

    def __init__(self, desks: Mapping[str, Desk], *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.desks = desks
        self.switch = Switch()
        self._clock = clock
        self._stranger = Ed25519PrivateKey.generate()
        self._last: dict[tuple[str, str], bytes] = {}

    async def reply(
        self, method: str, path: str, headers: _Headers, body: bytes, write: Callable[[bytes], None]
    ) -> bool:
        """Write the answer to a request; return whether the connection stays."""
        if path.partition("?")[0].rstrip("/") == "/control" or path.startswith("/control/"):
            write(self._control(method, path, headers, body))
            return True
        code, _, rest = path[1:].partition("/")
        question = QUESTIONS.get(f"/{rest}")
        desk = self.desks.get(code)
        if method != "POST" or question is None or desk is None:
            write(_http(404, b"{}"))
            return True
        now = self._clock.now()
        nonce = request_is_signed(path, headers, body, desk.bank_keys, int(now.timestamp()))
        if nonce is None or not desk.fresh(nonce):
            write(_http(401, b"{}"))
            return True
        manner, seconds = self.switch.next(code, question)
        return await self._behave(desk, question, manner, seconds, headers["signature"], json.loads(body), write)

    async def _behave(
        self,
        desk: Desk,
        question: str,
        manner: Manner,
        seconds: float,
        asked: str,
        told: Any,
        write: Callable[[bytes], None],
    ) -> bool:
        early = _EARLY.get(manner)
        if manner is Manner.DEAD:
            return False
        if early is not None:
            write(early)
            return manner is not Manner.RUBBISH
        if manner in (Manner.SLOW, Manner.HANG):
            await asyncio.sleep(seconds)
        now = self._clock.now()
        answer = desk.answer(question, told, now, unsure=manner is Manner.UNKNOWN, refuses=manner is Manner.REFUSE)
        if manner is Manner.REPLY_LOST:
            return False
        bent = _bent(answer, manner)
        body = b'{"state": "paid", "id": ' if manner is Manner.RUBBISH_SIGNED else json.dumps(bent).encode()
        whole = self._signed(desk, question, manner, asked, body, now)
        if manner is Manner.DRIP:
            for place in range(0, len(whole), 8):
                write(whole[place : place + 8])
                await asyncio.sleep(seconds / max(len(whole) // 8, 1))
            return True
        write(whole + whole if manner is Manner.TWICE else whole)
        return True

    def _signed(self, desk: Desk, question: str, manner: Manner, asked: str, body: bytes, now: datetime) -> bytes:
        if manner is Manner.UNSIGNED:
            return _http(200, body)
        if manner is Manner.REPLAYED and (desk.code, question) in self._last:
            return self._last[desk.code, question]
        key = self._stranger if manner is Manner.WRONG_KEY else desk.key
        at = now - timedelta(days=1) if manner is Manner.STALE else now
        whole = _http(200, body, sign(key, desk.key_id, 200, body, asked, int(at.timestamp())))
        self._last[desk.code, question] = whole
        return whole

    def _control(self, method: str, path: str, headers: _Headers, body: bytes) -> bytes:
        host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
        if host not in _HOSTS or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _http(421, b"{}")
        if method == "GET":
            wanted = path.removeprefix("/control").strip("/")
            return _http(200, json.dumps(self._state(wanted)).encode())
        try:
            self.switch.turn(json.loads(body))
        except (BadSwitch, ValueError):
            return _http(400, b'{"error": "not understood"}')
        return _http(204, b"")

    def _state(self, payment_id: str) -> dict[str, Any]:
        if payment_id:
            books = {id(desk.book): desk.book for desk in self.desks.values()}
            found = next((book.payments[payment_id] for book in books.values() if payment_id in book.payments), None)
            return found.facts() if found else {}
        return {
            "rules": self.switch.state(),
            "manners": [manner.value for manner in Manner],
            "billers": [
                {
                    "code": desk.code,
                    "asked": desk.asked,
                    "payments": sum(p.biller == desk.code for p in desk.book.payments.values()),
                }
                for desk in self.desks.values()
            ],
        }


class _Connection(asyncio.Protocol):
    """One connection; questions are answered one after the other."""

    def __init__(self, billers: Billers, connections: set[_Connection]) -> None:
        self._billers = billers
        self._connections = connections
        self._received = bytearray()
        self._task: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits for the answer any more; what was asked is done all the same."""
        del exc
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Read on, and answer what is whole."""
        self._received += data
        if self._task is None or self._task.done():
            self._next()

    def _next(self) -> None:
        assert self.transport is not None
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            if len(self._received) > HEAD_BYTES_MAX:
                self.transport.abort()
            return
        first, *lines = bytes(self._received[:end]).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX or first.count(" ") != 2:  # noqa: PLR2004
            self.transport.abort()
            return
        whole = end + 4 + int(length)
        if len(self._received) < whole:
            return
        body = bytes(self._received[end + 4 : whole])
        del self._received[:whole]
        method, path, _ = first.split(" ")
        self._task = asyncio.get_running_loop().create_task(self._answer(method, path, headers, body))

    async def _answer(self, method: str, path: str, headers: _Headers, body: bytes) -> None:
        transport = self.transport
        assert transport is not None
        try:
            stays = await self._billers.reply(method, path, headers, body, self._write)
        except (KeyError, TypeError, ValueError, AttributeError):
            self._write(_http(400, b"{}"))
            stays = True
        if not stays:
            transport.close()
        self._task = None
        if self._received and not transport.is_closing():
            self._next()

    def _write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)


async def serve(billers: Billers, port: int, *, started: Callable[[int], None], stop: asyncio.Event) -> None:
    """Serve on loopback until ``stop`` is set; ``started`` hears the port."""
    connections: set[_Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(billers, connections), "127.0.0.1", port)
    started(server.sockets[0].getsockname()[1])
    try:
        await stop.wait()
    finally:
        server.close()
        for connection in list(connections):
            if connection.transport is not None:
                connection.transport.abort()


def _http(status: int, body: bytes, headers: _Headers | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", "content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


_EARLY: Final = {
    Manner.ERROR: _http(500, b'{"error": "out of order"}'),
    Manner.BUSY: _http(503, b'{"error": "come back later"}', {"retry-after": "5"}),
    Manner.RUBBISH: _http(200, b"<html><body>Welcome to our new portal!</body></html>"),
    Manner.REDIRECT: _http(302, b"", {"location": "http://169.254.169.254/latest/meta-data/"}),
    Manner.TOO_LARGE: _http(200, b'{"bills": [' + b" " * (1 << 20) + b"]}"),
}


_LIES: Final[Mapping[Manner, Mapping[str, Any]]] = {
    Manner.OTHER_BILLER: {"biller": "somebody-else"},
    Manner.WRONG_CURRENCY: {"currency": "USD"},
    Manner.WRONG_SCALE: {"scale": 4},
    Manner.OTHER_PAYMENT: {"id": "0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07"},
    Manner.OTHER_ACCOUNT: {"collection_account": "999999"},
    Manner.OTHER_BILL: {"bills": ["OTHR-202601-12345678"]},
}


def _bent(answer: dict[str, Any], manner: Manner) -> dict[str, Any]:
    """Return an answer that lies in the way that is wanted; it says nothing that it did not say before."""
    if manner is Manner.LOWERED:
        return answer | {"bills": [bill | {"amount_minor": 25, "paid_minor": 0} for bill in answer.get("bills", [])]}
    if manner is Manner.CHANGED_AMOUNT and "amount_minor" in answer:
        return answer | {"amount_minor": answer["amount_minor"] // 10 + 1}
    lie = _LIES.get(manner, {})
    is_about_payment = "id" in answer
    return answer | {
        name: said for name, said in lie.items() if name in answer and (name != "bills" or is_about_payment)
    }


def private_key_text() -> str:
    """Return a fresh private key as the file of billers keeps it: base64 of 32 bytes."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def public_key_text(private: str) -> str:
    """Return the public half of it, as the bank is told: base64 of 32 bytes."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
