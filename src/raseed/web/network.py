"""Where a request comes from."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the network address that asks, for rate limits; ``None`` where it can't be known.

    Behind a proxy (``RASEED_HTTPS=1``) everybody seems to come from the proxy. What it wrote itself, the last entry of
    ``X-Forwarded-For``, is believed; what stands before that anyone can write.
    """
    seen = request.META.get("REMOTE_ADDR", "")
    if settings.HTTPS:
        seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        return str(ip_address(seen))
    except ValueError:
        return None
