"""What every page has: a reader, a language, headers that keep strangers out, and refusals turned into words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.utils import translation

from raseed.kernel.errors import RaseedError, TemporarilyUnavailable

from .changes import rail_origin
from .reader import read_preferences
from .rendering import error_page
from .requests import PageRequest

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but our own files, and no script or style inside a page (W3C Content Security Policy 3). Where pages are told of
the rail (``RASEED_RAIL_URL``), its origin may be connected to as well."""
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Set on each answer that does not set them itself. Pages hold balances: no cache keeps them, the browser's neither."""


class Pages:
    """Finds out who reads, sets the language and the headers, and answers refusals that no view turned into words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        page = cast(PageRequest, request)
        page.reader = read_preferences(request)
        page.customer = None
        page.session_ended = False
        with translation.override(page.reader.language):
            response = self.get_response(request)
        if origin := rail_origin(request):
            policy = CONTENT_POLICY.replace("connect-src 'self'", f"connect-src 'self' {origin}")
            response.headers.setdefault("Content-Security-Policy", policy)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer a refusal with a page that says it; anything else is a bug and goes on as one."""
        if isinstance(error, OperationalError | InterfaceError):
            error = TemporarilyUnavailable()
        return error_page(request, error) if isinstance(error, RaseedError) else None
