"""Where webhooks may go: public addresses over https, and what a setting allows beside them.

Whoever may name an address must not thereby reach what only our machine reaches (server-side request forgery). So the name
is looked up once for each attempt, each address found is held against what is allowed, and the connection goes to that very
address; a name that is looked up again could lead elsewhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from .domain import URL_LENGTH_MAX, InvalidEndpointUrl

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_PORTS: Final = {"https": 443, "http": 80}
_HOST_LENGTH_MAX: Final = 253


class AddressRefused(Exception):
    """A name that leads nowhere, or only where we do not send; its text is one word for the log."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart: whom to ask for, and by which name."""

    scheme: str
    host: str
    port: int
    path: str


def checked_url(url: str) -> str:
    """Return an address fit to be kept; whether its name leads to a public place is seen at each attempt.

    Raises:
        InvalidEndpointUrl: it is no https address, carries credentials, or is a private address itself.
    """
    try:
        parts = urlsplit(url)
        target = _target(parts)
    except ValueError:
        raise _refusal("unreadable") from None
    if not url.isascii() or any(c.isspace() or not c.isprintable() for c in url) or len(url) > URL_LENGTH_MAX:
        raise _refusal("unreadable")
    if parts.username is not None or parts.password is not None:
        raise _refusal("credentials")
    literal = _literal(target.host)
    if target.scheme == "http" and not (literal is not None and literal.is_loopback and allowed(literal)):
        raise _refusal("not_https")
    if literal is not None and not allowed(literal):
        raise _refusal("private")
    return url


def resolved(url: str, *, beside: str | None = None) -> tuple[Target, Address]:
    """Look an address's name up, and return it with the first of its addresses that we send to.

    ``beside`` names the networks that are allowed beside public ones; those of webhooks unless it is given.

    Raises:
        AddressRefused: ``name_unknown``, or ``address_refused``: none of its addresses is allowed.
    """
    target = _target(urlsplit(url))
    literal = _literal(target.host)
    found = [literal] if literal is not None else _look_up(target)
    for address in found:
        if allowed(address, beside) and (target.scheme == "https" or address.is_loopback):
            return target, address
    raise AddressRefused("address_refused")


def allowed(address: Address, beside: str | None = None) -> bool:
    """Whether we send to an address: a public one, or one in ``beside`` (``RASEED_WEBHOOK_NETWORKS`` unless given)."""
    return any(
        address.version == network.version and address in network
        for network in networks(settings.WEBHOOK_NETWORKS if beside is None else beside)
    ) or _is_public(address)


@lru_cache(maxsize=8)
def networks(text: str) -> tuple[Network, ...]:
    """Read the setting: networks (10.1.0.0/16), separated by commas."""
    return tuple(ipaddress.ip_network(word.strip()) for word in text.split(",") if word.strip())


def _is_public(address: Address) -> bool:
    """Whether an address is public, and so is the IPv4 address that an IPv6 one may carry."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.teredo is not None:
            return False
        carried = address.ipv4_mapped or address.sixtofour
        if carried is None and any(address in network for network in _NAT64):
            carried = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if carried is not None:
            return _is_public(carried)
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _look_up(target: Target) -> Iterable[Address]:
    try:
        rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused("name_unknown") from None
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]


def _target(parts: SplitResult) -> Target:
    """Take an address apart; ``ValueError`` where it can't be."""
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not 0 < len(host) <= _HOST_LENGTH_MAX or parts.fragment:
        raise ValueError("no address")
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    if not port:
        raise ValueError("no port")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _refusal(reason: str) -> InvalidEndpointUrl:
    return InvalidEndpointUrl(field="url", reason=reason)
