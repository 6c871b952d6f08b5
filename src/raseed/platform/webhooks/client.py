"""One POST to one endpoint: to the address that was looked up and allowed, within a time, reading a bounded answer.

Redirects are not followed, proxies of the environment are not asked, certificates are checked against the endpoint's name.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .addresses import Address, AddressRefused, Target, resolved
from .domain import ANSWER_KEPT_MAX

CONNECT_SECONDS_MAX: Final = 5.0
SECONDS_MAX: Final = 15.0
"""For everything: looking the name up is not counted, which the resolver bounds by itself."""
ANSWER_BYTES_MAX: Final = 16 << 10
SUCCESS: Final = range(200, 300)
REDIRECT: Final = range(300, 400)
_LEAST_SECONDS: Final = 0.001
TROUBLE: Final = (OSError, http.client.HTTPException, ValueError)
"""What a connection, or reading its answer, can raise."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: a word for it, the status if there was one, what a refusal said, and how long to wait."""

    word: str
    status: int | None = None
    answer: str = ""
    retry_after_s: int | None = None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint has taken it."""
        return self.status in SUCCESS


class _Deadline:
    """Mixed into a socket: each wait is only as long as what is left of the whole, however the other side drips."""

    ends_at: float = 0.0

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Receive within what is left."""
        self._shorten()
        return super().recv_into(*args, **kwargs)  # type: ignore[misc, no-any-return]  # the socket's own

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Send within what is left."""
        self._shorten()
        return super().send(*args, **kwargs)  # type: ignore[misc, no-any-return]

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Send all of it within what is left."""
        self._shorten()
        super().sendall(*args, **kwargs)  # type: ignore[misc]

    def _shorten(self) -> None:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(max(left, _LEAST_SECONDS))  # type: ignore[attr-defined]


class _PlainSocket(_Deadline, socket.socket):
    """A socket with a deadline."""


class _TlsSocket(_Deadline, ssl.SSLSocket):
    """The same, encrypted."""


class BoundedConnection(http.client.HTTPConnection):
    """A connection to the address that was allowed, under the name that was asked for; all of it within ``seconds``."""

    def __init__(self, target: Target, address: Address, *, seconds: float = SECONDS_MAX) -> None:
        super().__init__(target.host, target.port)
        self._target = target
        self._address = address
        self._seconds = seconds

    def connect(self) -> None:
        """Connect, and agree on a key where it is https."""
        ends_at = time.monotonic() + self._seconds
        family = socket.AF_INET if self._address.version == 4 else socket.AF_INET6  # noqa: PLR2004
        plain = _PlainSocket(family, socket.SOCK_STREAM)
        self.sock = plain
        plain.ends_at = ends_at
        plain.settimeout(CONNECT_SECONDS_MAX)
        plain.connect((str(self._address), self._target.port))
        if self._target.scheme == "https":
            context = ssl.create_default_context()
            context.sslsocket_class = _TlsSocket
            wrapped = context.wrap_socket(plain, server_hostname=self._target.host)
            assert isinstance(wrapped, _TlsSocket)
            wrapped.ends_at = ends_at
            self.sock = wrapped


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """Post once, and tell what came of it; nothing is raised."""
    try:
        target, address = resolved(url)
    except AddressRefused as refusal:
        return Outcome(str(refusal))
    connection = BoundedConnection(target, address, seconds=SECONDS_MAX)
    try:
        connection.request("POST", target.path, body, {"Connection": "close", **headers})
        return _read(connection.getresponse())
    except TROUBLE as trouble:
        return Outcome(word_for(trouble))
    finally:
        connection.close()


def word_for(trouble: Exception) -> str:
    """Return what is kept of one of the ``TROUBLE`` that a connection or its answer can have: a word, and what it was."""
    match trouble:
        case TimeoutError():
            return "no_answer_in_time"
        case ssl.SSLError():
            return f"not_trusted: {trouble.reason or type(trouble).__name__}"
        case OSError():
            return f"no_connection: {type(trouble).__name__}"
        case _:
            return f"unreadable_answer: {type(trouble).__name__}"


def seconds_to_wait(header: str | None) -> int | None:
    """Return how long an answer asks to wait (``Retry-After`` in seconds); ``None`` where it does not say, or not so."""
    if header is None or not header.isascii() or not header.isdigit() or len(header) > 9:  # noqa: PLR2004
        return None
    return int(header)


def _read(answer: http.client.HTTPResponse) -> Outcome:
    """Tell what an answer says. A success is one by its status; what else it says is not waited for."""
    if answer.status in SUCCESS:
        return Outcome("delivered", answer.status)
    said = b""
    try:
        while len(said) < ANSWER_BYTES_MAX and (part := answer.read1(ANSWER_BYTES_MAX - len(said))):
            said += part
    except (OSError, http.client.HTTPException, ValueError):
        pass
    word = "redirected" if answer.status in REDIRECT else f"answered_{answer.status}"
    return Outcome(word, answer.status, _printable(said), seconds_to_wait(answer.getheader("Retry-After")))


def _printable(said: bytes) -> str:
    text = said.decode("utf-8", "replace")[:ANSWER_KEPT_MAX]
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
