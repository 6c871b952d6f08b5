"""How a page is made: a template, and the few things that each template may count on."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string

from raseed.kernel.errors import RaseedError
from raseed.platform import api as platform

from .changes import changes_address
from .reader import LANGUAGE_SIGNS, read_preferences

if TYPE_CHECKING:
    from django.http import HttpRequest

    from .requests import PageRequest


def render(request: HttpRequest, template: str, *, status: int = 200, **context: object) -> HttpResponse:
    """Return a page. Templates find ``reader``, ``customer``, ``languages`` and ``here`` beside their own context."""
    page = cast("PageRequest", request)
    reader = getattr(page, "reader", None) or read_preferences(request)
    names = dict(settings.LANGUAGES)
    common = {
        "reader": reader,
        "customer": getattr(page, "customer", None),
        "languages": [(code, sign, names[code]) for code, sign in LANGUAGE_SIGNS.items()],
        "changes_address": changes_address(request),
        "here": request.get_full_path() if request.method == "GET" else request.path,
    }
    body = render_to_string(template, common | context, request=request)
    response = HttpResponse(body, status=status)
    response.headers["Content-Language"] = reader.language
    return response


def words(request: HttpRequest, error: RaseedError) -> platform.ErrorText:
    """Return an error in the words and digits of the page's reader."""
    reader = cast("PageRequest", request).reader
    return platform.translate_error(error, reader.language, digits=reader.digits)


def error_page(request: HttpRequest, error: RaseedError) -> HttpResponse:
    """Return a page of its own for an error that belongs to no field on a form."""
    return render(request, "web/error.html", status=platform.error_status(error), error=words(request, error))
