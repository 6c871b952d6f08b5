"""What a rail refuses before any package hears of it, and how every error is answered: one shape, the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from raseed.kernel.errors import InputError, NotFound, RaseedError, TemporarilyUnavailable, mark

from ..errors import error_body, error_status

DETAIL_LENGTH_MAX: Final = 200


class KeyRefused(RaseedError):
    """No key came with the request, or one that we did not give out."""

    code = "key_refused"
    sentence = mark("The key is missing or is not one of ours.")
    hint = mark("Send it in the header “Authorization: Bearer …”.")


class NoSuchAddress(NotFound):
    """The rail has nothing there."""

    code = "no_such_address"
    sentence = mark("There is nothing at this address.")
    hint = mark("Look at the description of the API.")


class MethodRefused(InputError):
    """There is something at this address, but not for this method."""

    code = "method_refused"
    sentence = mark("This address does not take %(method)s.")
    hint = mark("It takes %(allowed)s.")


class BodyTooLarge(InputError):
    """A request larger than the address takes; the rest of it was not read."""

    code = "body_too_large"
    sentence = mark("The request is larger than %(most)s bytes.")
    hint = mark("Send it in smaller parts.")


class BodyTooSlow(InputError):
    """A request whose body did not come in time."""

    code = "body_too_slow"
    sentence = mark("The request took too long to arrive.")
    hint = mark("Send the same request again; nothing was done.")


class WrongMediaType(InputError):
    """A body that says it is something else than JSON."""

    code = "wrong_media_type"
    sentence = mark("The request is not JSON.")
    hint = mark("Send JSON in UTF-8, with the header “Content-Type: application/json”.")


class NotJson(InputError):
    """A body that is no JSON."""

    code = "not_json"
    sentence = mark("The request can't be read as JSON: %(detail)s")
    hint = mark("Send JSON in UTF-8.")


class WrongShape(InputError):
    """A field or parameter that is missing, unknown, twice there, of the wrong kind or out of bounds."""

    code = "wrong_shape"
    sentence = mark("The request is not what this address takes: %(detail)s")
    hint = mark("Compare it with the description of the API.")


class RailBusy(TemporarilyUnavailable):
    """More requests wait for the slower verbs than the rail keeps waiting."""

    code = "rail_busy"
    sentence = mark("Too many requests are waiting here. Nothing was done.")
    hint = mark("Try again in a moment; it will not be done twice.")


class InternalError(RaseedError):
    """A bug of ours; what happened is in the log."""

    code = "internal_error"
    sentence = mark("Something went wrong on our side.")
    hint = mark("If this was a request to change something, send it again with the same identifiers.")


STATUSES: Final[Mapping[type[RaseedError], int]] = {
    KeyRefused: 401,
    MethodRefused: 405,
    BodyTooSlow: 408,
    BodyTooLarge: 413,
    WrongMediaType: 415,
    InternalError: 500,
}
HEADERS: Final[Mapping[int, tuple[tuple[bytes, bytes], ...]]] = {
    401: ((b"www-authenticate", b"Bearer"),),
    408: ((b"connection", b"close"),),
    413: ((b"connection", b"close"),),
    503: ((b"retry-after", b"1"),),
}


def status_of(error: RaseedError, statuses: Mapping[type[RaseedError], int]) -> int:
    """Return the HTTP status of an error; ``statuses`` are those that the packages on this rail add."""
    return statuses.get(type(error)) or STATUSES.get(type(error)) or error_status(error)


def error_json(error: RaseedError, language: str) -> bytes:
    """Return ``{"error": {code, message, hint, field}}`` in the reader's language, as JSON."""
    return msgspec.json.encode(error_body(error, language))


def detail(text: str) -> str:
    """Return what a parser said, short and printable: it may quote the sender."""
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return shown if len(shown) <= DETAIL_LENGTH_MAX else f"{shown[:DETAIL_LENGTH_MAX]}…"
