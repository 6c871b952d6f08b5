"""What the management API refuses by itself, and how every refusal is answered: the rail's shape, in the reader's language."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from ninja.errors import HttpError, ValidationError

from raseed.kernel.errors import InputError, RaseedError, TemporarilyUnavailable, mark
from raseed.kernel.ids import InvalidId, new_id

from ..domain import TooManyRequests
from ..errors import error_body, error_status
from ..rail.errors import STATUSES as RAIL_STATUSES
from ..rail.errors import InternalError, MethodRefused, NotJson, WrongShape, detail
from ..rail.languages import reader_language
from .fields import AmountWithPoint

JSON: Final = "application/json"
_log = logging.getLogger("raseed.rest")


class RateExceeded(TooManyRequests):
    """A key came more often than it may; ``seconds`` says when to come back."""

    code = "rate_exceeded"
    sentence = mark("More requests came with this key than it may send.")
    hint = mark("Wait %(seconds)s s before the next one.")


class NoLength(InputError):
    """A body whose length was not said beforehand."""

    code = "no_length"
    sentence = mark("The length of the request is missing.")
    hint = mark("Send it in one piece, with the header “Content-Length”.")


class NoSuchForm(InputError):
    """The answer is not to be had in the form that ``Accept`` asks for."""

    code = "no_such_form"
    sentence = mark("The answer is not available in this form.")
    hint = mark("Ask with the header “Accept” for one of: %(forms)s.")


class WrongContentType(InputError):
    """A body of another kind than the address takes."""

    code = "wrong_content_type"
    sentence = mark("This address does not take a body of this kind.")
    hint = mark("Send one of: %(forms)s.")


class WrongHost(InputError):
    """A request for a host name that is not ours."""

    code = "wrong_host"
    sentence = mark("This host name is not one of ours.")
    hint = mark("Use the address that you were given for the API.")


class ReportedError(InternalError):
    """A bug of ours, with a reference under which it stands in the log."""

    code = "internal_error"
    sentence = InternalError.sentence
    hint = mark(
        "Tell us the reference %(reference)s. If this was a request to change something, send it again with the same "
        "identifiers."
    )


STATUSES: Final[Mapping[type[RaseedError], int]] = {
    **RAIL_STATUSES,
    InvalidId: 400,
    NotJson: 400,
    WrongHost: 400,
    WrongShape: 400,
    NoSuchForm: 406,
    NoLength: 411,
    WrongContentType: 415,
    ReportedError: 500,
}
"""400 means that the request is not as the description says; what is as described and still can't be is 422."""
RETRY_AFTER_S: Final = 1
TYPED: Final[Mapping[str, type[InputError]]] = {"invalid_id": InvalidId, "amount_with_point": AmountWithPoint}
"""Complaints of our own fields that have an error of their own."""


def status_of(error: RaseedError) -> int:
    """Return the HTTP status of a refusal."""
    if type(error) in STATUSES:
        return STATUSES[type(error)]
    status = error_status(error)
    return 422 if status == 400 else status  # noqa: PLR2004


def language_of(request: HttpRequest) -> str:
    """Return the language that the program's reader wants."""
    return reader_language(request.META.get("HTTP_ACCEPT_LANGUAGE", "").encode("latin-1", "replace"))


def refused(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer a refusal, or a bug of ours, in the one shape."""
    refusal = _refusal(request, error)
    language = language_of(request)
    response = HttpResponse(
        msgspec.json.encode(error_body(refusal, language)), content_type=JSON, status=status_of(refusal)
    )
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    for name, value in _headers(refusal, response.status_code):
        response.headers[name] = value
    return response


def _refusal(request: HttpRequest, error: Exception) -> RaseedError:
    """Return what is told of an error to a stranger."""
    if isinstance(error, RaseedError):
        return error
    if isinstance(error, ValidationError):
        return misfit(error.errors)
    if isinstance(error, HttpError) and isinstance(error.__cause__, RaseedError):
        return error.__cause__
    if isinstance(error, OperationalError | InterfaceError):
        _log.warning("the database is away: %s", type(error).__name__)
        return TemporarilyUnavailable()
    reference = str(new_id())
    _log.error("%s failed, reference %s\n%s", request.method, reference, _told(error))
    return ReportedError(reference=reference)


def _told(error: BaseException) -> str:
    """Return what the log keeps of a bug: where it was and what it says, but of a database's error no row's values."""
    lines = traceback.format_tb(error.__traceback__)
    if isinstance(error, DatabaseError):
        found = getattr(error.__cause__, "diag", None)
        said = f"{getattr(found, 'sqlstate', None)} {getattr(found, 'message_primary', None)}"
    else:
        said = str(error)
    return f"{''.join(lines)}{type(error).__name__}: {said}"


def _headers(error: RaseedError, status: int) -> Iterator[tuple[str, str]]:
    match status:
        case 401:
            yield "WWW-Authenticate", "Bearer"
        case 405:
            yield "Allow", str(error.params["allowed"])
        case 429:
            seconds = error.params.get("seconds", int(str(error.params.get("minutes", 1))) * 60)
            yield "Retry-After", str(seconds)
        case 503:
            yield "Retry-After", str(RETRY_AFTER_S)
        case _:
            pass


def misfit(errors: Sequence[Mapping[str, Any]]) -> InputError:
    """Return the refusal that the first of pydantic's complaints means."""
    first = errors[0]
    field = _field(first["loc"])
    if first["type"] in TYPED:
        return TYPED[first["type"]](field=field)
    return WrongShape(field=field, detail=detail(first["msg"]))


def _field(location: Sequence[str | int]) -> str | None:
    """Return a path such as ``payments[3].amount``; where it came in (query, body, …) is left out."""
    source, *rest = location
    if source == "body":
        rest = rest[1:]
    path = ""
    for step in rest:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return detail(path) or None


def method_refused(method: str | None, allowed: Sequence[str]) -> MethodRefused:
    """Return the refusal of a method that an address does not take."""
    named = method if method and method.isalpha() else "?"
    return MethodRefused(method=detail(named), allowed=", ".join(sorted(allowed)))
