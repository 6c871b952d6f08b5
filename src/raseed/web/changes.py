"""Where open pages hear at once that another generation of balances is shown: the rail's stream, if pages know where it is.

A page may connect to nothing but what its content policy names, so the policy names the rail's origin too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost

if TYPE_CHECKING:
    from django.http import HttpRequest

PATH = "/display/v1/changes"


def rail_origin(request: HttpRequest) -> str:
    """Return the rail's origin as this page's browser reaches it, or nothing: then pages ask every while.

    ``RASEED_RAIL_URL`` is an origin, or ``:8001`` for that port of the page's own host.
    """
    told: str = settings.RAIL_URL
    if not told.startswith(":"):
        return told
    try:
        host = urlsplit(f"//{request.get_host()}").hostname or ""
    except (DisallowedHost, ValueError):
        return ""
    return f"{request.scheme}://{f'[{host}]' if ':' in host else host}{told}"


def changes_address(request: HttpRequest) -> str:
    """Return the stream's address, or nothing."""
    origin = rail_origin(request)
    return f"{origin}{PATH}" if origin else ""
