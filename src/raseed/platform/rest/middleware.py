"""The way into the management API, before anything that pages need: no session, no cookie, no form token is ever looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import Resolver404, URLResolver
from django.urls.resolvers import RegexPattern

from ..rail.errors import NoSuchAddress, WrongShape, detail
from .application import PREFIX, ManagementApi
from .errors import WrongHost, method_refused, refused

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

ROOT: Final = "/api/"
DESCRIPTION: Final = f"{PREFIX}openapi.json"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ApiFirst:
    """Answers what is asked of the API; everything else goes on to the pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase], api: ManagementApi) -> None:
        self.get_response = get_response
        self.api = api
        urls, _, _ = api.urls
        self._resolver = URLResolver(
            RegexPattern(rf"^{PREFIX}"), [url for url in urls if getattr(url, "name", "") != "api-root"]
        )

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        if not request.path_info.startswith(ROOT):
            return self.get_response(request)
        bodiless = request.method == "HEAD"
        if bodiless:
            request.method = "GET"
        try:
            response = self._answer(request)
        except DisallowedHost:
            response = refused(request, WrongHost())
        except SuspiciousOperation as error:
            response = refused(request, WrongShape(detail=detail(str(error))))
        except Exception as error:  # noqa: BLE001  every error is answered in the one shape
            response = refused(request, error)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if isinstance(response, HttpResponse):
            response.headers["Content-Length"] = str(len(response.content))
            if bodiless:
                response.content = b""
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        request.get_host()
        if request.path_info == DESCRIPTION:
            if request.method != "GET":
                return refused(request, method_refused(request.method, ["GET"]))
            return self.api.document(request)
        try:
            match = self._resolver.resolve(request.path_info)
        except Resolver404:
            return refused(request, NoSuchAddress())
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = [word.strip() for word in response.headers["Allow"].split(",")]
            return refused(request, method_refused(request.method, allowed))
        return response
