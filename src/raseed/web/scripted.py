"""What a page's own script sends and is answered: small JSON objects, refused in the words that a person would read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from django.http import JsonResponse

from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.platform import api as platform

from .rendering import words

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from .requests import PageRequest

ANSWER_BYTES_MAX: Final = 32_768
TEXT_MAX: Final = 1_000
"""Characters of one text in such an object that are looked at."""


class UnreadableAnswer(InputError):
    """What the browser's script sent is not what it should be."""

    code = "unreadable_answer"
    sentence = mark("Your browser's answer can't be read.")
    hint = mark("Load the page again and try once more.")


def sent_by_script(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object that the script sent.

    Raises:
        UnreadableAnswer: it is none.
    """
    body = request.read(ANSWER_BYTES_MAX + 1)
    if len(body) > ANSWER_BYTES_MAX:
        raise UnreadableAnswer
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableAnswer from None
    if not isinstance(sent, dict):
        raise UnreadableAnswer
    return sent


def part(sent: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object within the object.

    Raises:
        UnreadableAnswer: there is none.
    """
    found = sent.get(name)
    if not isinstance(found, dict):
        raise UnreadableAnswer(field=name)
    return cast("dict[str, Any]", found)


def text(sent: dict[str, Any], name: str) -> str:
    """Return a text within the object; what is none is empty."""
    found = sent.get(name)
    return found[:TEXT_MAX] if isinstance(found, str) else ""


def refused(request: HttpRequest, error: RaseedError, *, instead: str = "") -> HttpResponseBase:
    """Tell the script what to say; ``instead`` is the address to go to, where that mends it."""
    told = words(cast("PageRequest", request), error)
    body: dict[str, object] = {"message": f"{told.message} {told.hint}".strip()}
    if instead:
        body["next"] = instead
    return JsonResponse(body, status=platform.error_status(error))
