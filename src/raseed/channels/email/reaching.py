"""Reaching a mail server: at an address that we go to, encrypted and with its certificate checked, within a time."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.conf import settings

from raseed.platform.webhooks.addresses import allowed

STEP_SECONDS_MAX: Final = 15.0
"""For one answer of the server."""


class Security(StrEnum):
    """How a connection is encrypted. ``NONE`` is for this machine alone."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class NotReachable(Exception):
    """No mail server can be asked; its text is one word for staff."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mail server is and how it is spoken to."""

    host: str
    port: int
    security: Security
    user: str


def server_of(line_settings: Mapping[str, str], kind: str, ports: Mapping[Security, int]) -> Server:
    """Return the server that a line's settings name: ``smtp_host``, ``smtp_port``, ``smtp_security``, ``smtp_user``.

    Raises:
        NotReachable: they name none, or not one that there can be.
    """
    host = line_settings.get(f"{kind}_host", "")
    try:
        security = Security(line_settings.get(f"{kind}_security", Security.TLS.value))
        port = int(line_settings.get(f"{kind}_port") or ports[security])
    except ValueError:
        raise NotReachable("not_set_up") from None
    if not host or not 0 < port < 1 << 16:
        raise NotReachable("not_set_up")
    return Server(host, port, security, line_settings.get(f"{kind}_user", ""))


def connected(server: Server) -> socket.socket:
    """Return a plain socket to the server, at the first of its addresses that we go to.

    Raises:
        NotReachable: its name leads nowhere, or only where we do not go; unencrypted, nowhere but to this machine.
        OSError: no connection.
    """
    try:
        rows = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReachable("name_unknown") from None
    for row in rows:
        address = ipaddress.ip_address(str(row[4][0]).partition("%")[0])
        encrypted = server.security is not Security.NONE
        if allowed(address, settings.CHANNEL_NETWORKS) and (encrypted or address.is_loopback):
            return socket.create_connection((str(address), server.port), STEP_SECONDS_MAX)
    raise NotReachable("address_refused")


def tls() -> ssl.SSLContext:
    """Return what checks a server's certificate and name."""
    return ssl.create_default_context()


@contextmanager
def within(seconds: float, current: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Break the connection off once ``seconds`` are over, however slowly the other side goes on talking."""

    def break_off() -> None:
        with suppress(OSError):
            if (there := current()) is not None:
                there.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, break_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
