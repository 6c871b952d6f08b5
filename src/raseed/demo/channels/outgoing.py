"""Requests that the providers make: to webhooks, and to their checks. Redirects are not followed, as real providers don't."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_S: Final = 10
ANSWER_BYTES_MAX: Final = 64 << 10


def fetch(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
    most: int = ANSWER_BYTES_MAX,
) -> tuple[int, bytes, Mapping[str, str]]:
    """Make one request and return status, body (its first ``most`` bytes) and headers.

    Raises:
        OSError, http.client.HTTPException: no answer.
        ValueError: the address is none.
    """
    address = urlsplit(url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError(url)
    connection = (
        http.client.HTTPSConnection(
            address.hostname, address.port, timeout=timeout_s, context=ssl.create_default_context()
        )
        if address.scheme == "https"
        else http.client.HTTPConnection(address.hostname, address.port, timeout=timeout_s)
    )
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request(method, target, body, dict(headers or {}))
        answer = connection.getresponse()
        return (
            answer.status,
            answer.read(most),
            {name.lower(): value for name, value in answer.getheaders()},
        )
    finally:
        connection.close()
