"""A connection on which a whole exchange ends at one time: connecting, asking, status line, headers and body.

A timeout of a socket bounds each wait, so that one byte every few seconds would hold us for as long as the other side likes.
Here every wait gets only what is left. Names are looked up within the bounds of the system's resolver.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Wire(http.client.HTTPConnection):
    """A connection; ``ends_at`` (monotonic) is set before each exchange, and ``TimeoutError`` is raised when it has come."""

    def __init__(self, host: str, port: int | None, context: ssl.SSLContext | None) -> None:
        self.default_port = http.client.HTTPS_PORT if context else http.client.HTTP_PORT
        super().__init__(host, port)
        self._context = context
        self.ends_at = 0.0

    def connect(self) -> None:
        """Reach the other side at the first of its addresses that answers, and see its certificate."""
        reached = _reached(self.host, self.port, self.left)
        try:
            reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reached.settimeout(self.left())
            if self._context is not None:
                reached = self._context.wrap_socket(reached, server_hostname=self.host)
        except BaseException:
            reached.close()
            raise
        self.sock = _Timed(reached, self.left)

    def left(self) -> float:
        """Return how many seconds are left.

        Raises:
            TimeoutError: none.
        """
        if (left := self.ends_at - time.monotonic()) <= 0:
            raise TimeoutError
        return left


def _reached(host: str, port: int, left: Callable[[], float]) -> socket.socket:
    trouble: OSError = ConnectionError("the name has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        tried = socket.socket(family, kind, protocol)
        try:
            tried.settimeout(left())
            tried.connect(address)
        except OSError as failed:
            tried.close()
            trouble = failed
        else:
            return tried
    raise trouble


class _Timed:
    """What of a socket an exchange needs; each wait gets what is left."""

    def __init__(self, reached: socket.socket, left: Callable[[], float]) -> None:
        self._socket, self._left = reached, left

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self._socket, self._left))

    def close(self) -> None:
        self._socket.close()


class _Reading(io.RawIOBase):
    """The bytes of an answer; its socket stays open, where the connection is closed first, until they are read."""

    def __init__(self, reached: socket.socket, left: Callable[[], float]) -> None:
        self._socket, self._left = reached, left
        self._raw = reached.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._socket.settimeout(self._left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        with suppress(OSError):
            self._raw.close()
        super().close()
