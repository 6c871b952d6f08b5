"""Pages for what went wrong outside a form. They ask nothing of the database, which may be what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils import translation

from raseed.kernel.errors import InputError, NotFound, PermissionRefused, RaseedError, TemporarilyUnavailable, mark
from raseed.platform.api import translate_error
from raseed.web.reader import read_preferences
from raseed.web.rendering import render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


_TEMPLATES: Final = {"/office/": "web/office/error.html", "/biller/": "web/biller/error.html"}
"""The page for an error, by where it happened: each leads back to its own beginning."""
_ELSEWHERE: Final = "web/error.html"


class PageNotFound(NotFound):
    """No page has this address."""

    code = "page_not_found"
    sentence = mark("There is no page here.")
    hint = mark("The address may have been mistyped. Start again from your home page.")


class PageOutOfDate(PermissionRefused):
    """The form's token is missing or old (CSRF): nothing was done with what was entered."""

    code = "page_out_of_date"
    sentence = mark("This page was open for too long.")
    hint = mark("Nothing was done. Go back, load the page again and repeat it.")


class NotAllowedHere(PermissionRefused):
    """The address exists, but not for this person."""

    code = "page_not_allowed"
    sentence = mark("This page is not yours to see.")
    hint = mark("Sign in with the number it belongs to.")


class UnreadableRequest(InputError):
    """The request itself is not one that a browser sends."""

    code = "unreadable_request"
    sentence = mark("We could not read what your browser sent.")
    hint = mark("Nothing was done. Load the page again and repeat it.")


class OurFault(TemporarilyUnavailable):
    """A bug of ours."""

    code = "our_fault"
    sentence = mark("Something went wrong on our side.")
    hint = mark("Look at your statement before you send anything again.")


def _page(request: HttpRequest, error: RaseedError, status: int) -> HttpResponse:
    reader = read_preferences(request)
    with translation.override(reader.language):
        text = translate_error(error, reader.language, digits=reader.digits)
        template = next((each for start, each in _TEMPLATES.items() if request.path.startswith(start)), _ELSEWHERE)
        return render(request, template, status=status, error=text)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    del exception
    return _page(request, UnreadableRequest(), 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    del exception
    return _page(request, NotAllowedHere(), 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    del exception
    return _page(request, PageNotFound(), 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    return _page(request, OurFault(), 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is missing or old."""
    del reason
    return _page(request, PageOutOfDate(), 403)
