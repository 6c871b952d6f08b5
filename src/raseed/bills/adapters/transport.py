"""HTTP/1.1 to billers on asyncio: connections that are kept, every wait and every size bounded, no redirects followed.

A connection goes to an address that was looked up and allowed for this very connection. Whatever comes beyond the one
answer that was asked for ends the connection, so that nothing is ever taken for the answer to the next question.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from django.conf import settings

from raseed.platform.webhooks.addresses import networks

from ..wrongs import AnswerRefused, FindingKind
from .protocol import NoAnswer

CONNECT_SECONDS_MAX: Final = 3.0
HEAD_BYTES_MAX: Final = 16 << 10
BODY_BYTES_MAX: Final = 256 << 10
RECEIVED_BYTES_MAX: Final = HEAD_BYTES_MAX + 2 * BODY_BYTES_MAX
"""Of a whole answer, with what a body in chunks has around them; small chunks are nobody's way of answering."""
IDLE_SECONDS_MAX: Final = 20.0
IDLE_CONNECTIONS_MAX: Final = 64
"""Kept open to one address when nothing is asked."""
REDIRECTS: Final = range(300, 400)
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\Z")
_LENGTH: Final = re.compile(r"[0-9]{1,9}\Z")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[^\r\n]*)?\Z")
_PORTS: Final = {"https": 443, "http": 80}
_HEAD_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart; ``path`` is the beginning of every path below it, without a slash at its end."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer as it came: names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Request = Callable[[], tuple[Mapping[str, str], bytes]]
"""Makes headers and body; called again where the request is sent again, so that it is signed anew."""


def target_of(address: str) -> Target:
    """Take an address apart; ``ValueError`` where it is no http(s) address, or has what none of ours has."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    plain = address.isascii() and address.isprintable() and " " not in address
    if (
        not plain
        or parts.scheme not in _PORTS
        or not host
        or parts.query
        or parts.fragment
        or parts.username is not None
    ):
        raise ValueError("no address")
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    if not port:
        raise ValueError("no port")
    return Target(parts.scheme, host, port, parts.path.rstrip("/"))


def is_allowed(target: Target, address: str) -> bool:
    """Whether we speak with this address: a public one over https, or one in a network of ``RASEED_BILLER_NETWORKS``."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    named = any(found.version == network.version and found in network for network in networks(settings.BILLER_NETWORKS))
    if target.scheme == "http":
        return named
    return named or (found.is_global and not found.is_multicast)


class _Connection(asyncio.Protocol):
    """One connection, on which one question at a time is asked."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0
        self.is_closed = False
        self._received = bytearray()
        self._answer: asyncio.Future[HttpAnswer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for an answer gets none."""
        del exc
        self.is_closed = True
        self._fail(NoAnswer("connection_lost"))

    def data_received(self, data: bytes) -> None:
        """Read on; an answer that is whole is given to whoever waits."""
        if self._answer is None or self._answer.done():
            self.close()  # nobody asked
            return
        self._received += data
        try:
            found = read_answer(self._received)
        except AnswerRefused as refusal:
            self._fail(refusal)
            self.close()
            return
        if found is None:
            if len(self._received) > RECEIVED_BYTES_MAX:
                self._fail(AnswerRefused(FindingKind.TOO_LARGE, bytes=len(self._received)))
                self.close()
            return
        answer, length = found
        if length < len(self._received):
            self._fail(AnswerRefused(FindingKind.ANSWERED_TWICE, status=answer.status))
            self.close()
            return
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        self._answer.set_result(answer)

    async def ask(self, head_and_body: bytes) -> HttpAnswer:
        """Send a request and wait for its answer."""
        assert self.transport is not None
        self._received.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(head_and_body)
        try:
            return await self._answer
        finally:
            self._answer = None

    @property
    def nothing_came(self) -> bool:
        """Whether not a byte of the answer has come."""
        return not self._received

    def close(self) -> None:
        """End it at once."""
        self.is_closed = True
        if self.transport is not None:
            self.transport.abort()

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def read_answer(received: bytearray) -> tuple[HttpAnswer, int] | None:
    """Return an answer and how many bytes it took, or ``None`` while it is not whole.

    Raises:
        AnswerRefused: it is no HTTP answer that we take, or too large.
    """
    end = received.find(_HEAD_END, 0, HEAD_BYTES_MAX)
    if end < 0:
        if len(received) >= HEAD_BYTES_MAX:
            raise AnswerRefused(FindingKind.TOO_LARGE, part="head")
        return None
    first, *lines = bytes(received[:end]).split(b"\r\n")
    found = _STATUS_LINE.match(first)
    if found is None:
        raise AnswerRefused(FindingKind.UNREADABLE, part="status line")
    status, headers = int(found[1]), _headers(lines)
    begins = end + len(_HEAD_END)
    if "transfer-encoding" in headers:
        whole = _chunks(received, begins, headers)
        if whole is None:
            return None
        body, length = whole
    else:
        length_text = headers.get("content-length", "")
        if not _LENGTH.match(length_text):
            raise AnswerRefused(FindingKind.UNREADABLE, part="length")
        if int(length_text) > BODY_BYTES_MAX:
            raise AnswerRefused(FindingKind.TOO_LARGE, bytes=int(length_text))
        length = begins + int(length_text)
        if len(received) < length:
            return None
        body = bytes(received[begins:length])
    if status in REDIRECTS:
        raise AnswerRefused(FindingKind.REDIRECTED, status=status)
    return HttpAnswer(status, headers, body), length


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        key = name.decode("latin-1").lower()
        if not colon or not name or key != key.strip() or (key in headers and key in ("content-length", "signature")):
            raise AnswerRefused(FindingKind.UNREADABLE, part="header")
        headers[key] = value.decode("latin-1").strip()
    return headers


def _chunks(received: bytearray, begins: int, headers: Mapping[str, str]) -> tuple[bytes, int] | None:
    if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
        raise AnswerRefused(FindingKind.UNREADABLE, part="encoding")
    body, at = bytearray(), begins
    while True:
        line_end = received.find(b"\r\n", at)
        if line_end < 0:
            return None
        found = _CHUNK.match(bytes(received[at:line_end]))
        if found is None:
            raise AnswerRefused(FindingKind.UNREADABLE, part="chunk")
        size, at = int(found[1], 16), line_end + 2
        if len(body) + size > BODY_BYTES_MAX:
            raise AnswerRefused(FindingKind.TOO_LARGE, bytes=len(body) + size)
        if len(received) < at + size + 2:
            return None
        if received[at + size : at + size + 2] != b"\r\n":
            raise AnswerRefused(FindingKind.UNREADABLE, part="chunk")
        body += received[at : at + size]
        at += size + 2
        if not size:
            return bytes(body), at


@dataclass(slots=True)
class Transport:
    """The connections of one event loop."""

    _idle: dict[Target, deque[_Connection]] = field(default_factory=lambda: defaultdict(deque))
    _tls: ssl.SSLContext | None = None

    async def post(self, target: Target, path: str, make: Request, *, seconds_max: float) -> HttpAnswer:
        """Post once, within a time, and return the answer.

        Where a connection that was kept turns out to be closed before a byte of the answer has come, the request goes once
        more on a new one: whoever posts here can be asked twice (each payment has an id).

        Raises:
            NoAnswer: ``no_connection``, ``no_answer_in_time``, ``connection_lost``, ``address_refused``.
            AnswerRefused: what came is no answer that we take.
        """
        try:
            async with asyncio.timeout(seconds_max):
                connection = self._kept(target)
                if connection is not None:
                    try:
                        return await self._ask(connection, target, path, make)
                    except NoAnswer:
                        if not connection.nothing_came:
                            raise
                return await self._ask(await self._connect(target), target, path, make)
        except TimeoutError:
            raise NoAnswer("no_answer_in_time") from None

    async def _ask(self, connection: _Connection, target: Target, path: str, make: Request) -> HttpAnswer:
        headers, body = make()
        lines = [f"POST {target.path}{path} HTTP/1.1", f"host: {target.host}:{target.port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"content-length: {len(body)}")
        try:
            answer = await connection.ask("\r\n".join(lines).encode("latin-1") + _HEAD_END + body)
        except BaseException:
            connection.close()
            raise
        self._keep(target, connection)
        return answer

    def _kept(self, target: Target) -> _Connection | None:
        idle, now = self._idle[target], time.monotonic()
        while idle:
            connection = idle.pop()
            if not connection.is_closed and now - connection.idle_since < IDLE_SECONDS_MAX:
                return connection
            connection.close()
        return None

    def _keep(self, target: Target, connection: _Connection) -> None:
        idle = self._idle[target]
        if connection.is_closed or len(idle) >= IDLE_CONNECTIONS_MAX:
            connection.close()
            return
        connection.idle_since = time.monotonic()
        idle.append(connection)

    async def _connect(self, target: Target) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                rows = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
                addresses = [str(row[4][0]) for row in rows]
                address = next((each for each in addresses if is_allowed(target, each)), None)
                if address is None:
                    raise NoAnswer("address_refused")
                options: dict[str, Any] = {}
                if target.scheme == "https":
                    self._tls = self._tls or ssl.create_default_context()
                    options = {"ssl": self._tls, "server_hostname": target.host}
                _, connection = await loop.create_connection(_Connection, address, target.port, **options)
        except (OSError, TimeoutError, UnicodeError):
            raise NoAnswer("no_connection") from None
        with contextlib.suppress(AttributeError):
            assert connection.transport is not None
            connection.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def close(self) -> None:
        """End all connections that are kept."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()


_transports: WeakKeyDictionary[asyncio.AbstractEventLoop, Transport] = WeakKeyDictionary()


def transport() -> Transport:
    """Return the connections of the running loop."""
    loop = asyncio.get_running_loop()
    found = _transports.get(loop)
    if found is None:
        found = _transports[loop] = Transport()
    return found
