"""Asking a system of others: HTTP/1.1 with connections kept, each answer bounded in time and size, and never faster than agreed.

No redirects are followed, no proxies of the environment are asked, certificates are checked. Nothing is raised: what came
of a question is told in a word, for the report.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping as Table
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ..errors import MappingRefused
from .mapping import Secret
from .wire import Wire

BODY_BYTES_MAX: Final = 256 << 10
_SECRET_BYTES_MAX: Final = 8 << 10


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a question: an answer, or a word for the trouble (``timeout``, ``no_connection``, ``too_large``, ``broken``)."""

    status: int = 0
    body: bytes = b""
    kind: str = ""
    trouble: str = ""


class Pace:
    """Lets so many questions through a second, and no more, whoever asks."""

    def __init__(self, rate_max: int) -> None:
        self._every = 1 / rate_max
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait for one's turn."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._every
        if (pause := turn - time.monotonic()) > 0:
            time.sleep(pause)


def headers_of(headers: Table[str, Secret | str], place: str) -> dict[str, str]:
    """Return headers with the secrets put in from where they are kept; ``place`` is where the mapping file has them.

    Raises:
        MappingRefused: a secret is not there.
    """
    return {
        name: value if isinstance(value, str) else _secret(f"{place}.{name}", value) for name, value in headers.items()
    }


def origin(url: str) -> tuple[str, str, int | None]:
    """Return whom an address leads to: scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _secret(place: str, secret: Secret) -> str:
    text = os.environ.get(secret.environment, "") if secret.environment else ""
    if secret.file:
        try:
            text = Path(secret.file).read_bytes()[:_SECRET_BYTES_MAX].decode("ascii").strip()
        except (OSError, UnicodeDecodeError):
            text = ""
    if not text or not text.isascii() or not text.isprintable():
        raise MappingRefused(field="mapping", place=place)
    return secret.prefix + text


class Line:
    """The way to one side of a system: as many connections are kept as questions were asked at once."""

    def __init__(self, url: str, headers: Table[str, str], *, seconds_max: float, pace: Pace) -> None:
        self._parts = urlsplit(url)
        self._headers = {"Accept": "application/json", **headers}
        self._seconds_max, self._pace = seconds_max, pace
        self._context = ssl.create_default_context() if self._parts.scheme == "https" else None
        self._kept: deque[Wire] = deque()
        weakref.finalize(self, _close_all, self._kept)

    def get(self, path: str) -> Heard:
        """Ask once."""
        return self._ask("GET", self._parts.path.rstrip("/") + path, b"", {})

    def call(self, method: str, body: bytes, headers: Table[str, str]) -> Heard:
        """Ask for a deed, at the address itself."""
        query = f"?{self._parts.query}" if self._parts.query else ""
        return self._ask(method, (self._parts.path or "/") + query, body, headers)

    def _ask(self, method: str, path: str, body: bytes, headers: Table[str, str]) -> Heard:
        self._pace.wait()
        ends_at = time.monotonic() + self._seconds_max
        with suppress(IndexError):
            heard = self._once(self._kept.pop(), method, path, body, headers, ends_at)
            if heard.trouble not in ("broken", "no_connection") or method != "GET":
                return heard
        return self._once(self._connection(), method, path, body, headers, ends_at)

    def _connection(self) -> Wire:
        return Wire(self._parts.hostname or "", self._parts.port, self._context)

    def _once(
        self,
        connection: Wire,
        method: str,
        path: str,
        body: bytes,
        headers: Table[str, str],
        ends_at: float,
    ) -> Heard:
        connection.ends_at = ends_at
        try:
            connection.request(method, path, body or None, {**self._headers, **headers})
            answer = connection.getresponse()
            read = b""
            while part := answer.read1(BODY_BYTES_MAX + 1 - len(read)):
                read += part
                if len(read) > BODY_BYTES_MAX:
                    return _given_up(connection, "too_large")
            if answer.length:
                return _given_up(connection, "broken")
            answer.close()  # read to its end it is still open, and the next question would be asked and not heard
            kind = (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower()
            if connection.sock is not None:
                self._kept.append(connection)
            return Heard(answer.status, read, kind)
        except TimeoutError:
            return _given_up(connection, "timeout")
        except (OSError, ssl.SSLError):
            return _given_up(connection, "no_connection")
        except (http.client.HTTPException, ValueError):
            return _given_up(connection, "broken")


def _given_up(connection: Wire, trouble: str) -> Heard:
    connection.close()
    return Heard(trouble=trouble)


def _close_all(kept: deque[Wire]) -> None:
    while kept:
        kept.pop().close()
