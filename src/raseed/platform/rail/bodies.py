"""Bodies and query strings: read within bounds, and taken apart into typed values or a typed refusal."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from raseed.kernel.ids import InvalidId

from .errors import BodyTooLarge, BodyTooSlow, NotJson, WrongMediaType, WrongShape, detail

BODY_BYTES_MAX: Final = 5_000_000
"""The most bytes of a body: a full batch of the longest transfers fits."""
BODY_SECONDS_MAX: Final = 30.0
"""How long a body may take that does not come at once."""
QUERY_BYTES_MAX: Final = 2_000
PARAMETERS_MAX: Final = 16
_PLACE: Final = re.compile(r" - at `(?P<path>[^`]*)`$")
_T = TypeVar("_T")


class ClientGone(Exception):
    """The client has hung up; there is nobody to answer."""


def check_head(headers: dict[bytes, bytes], bytes_max: int, *, any_type: bool = False) -> None:
    """Refuse a body by what the request's head says about it, before any of it is read.

    Raises:
        WrongMediaType: it is not JSON, and not of ``any_type``.
        BodyTooLarge: it says that it is larger.
    """
    kind = headers.get(b"content-type", b"application/json")
    if not any_type and kind != b"application/json" and kind.partition(b";")[0].strip().lower() != b"application/json":
        raise WrongMediaType
    length = headers.get(b"content-length")
    if length is not None and (not length.isdigit() or len(length) > 18 or int(length) > bytes_max):  # noqa: PLR2004
        raise BodyTooLarge(most=bytes_max)


async def read_on(message: dict[str, Any], receive: Any, bytes_max: int) -> bytes:
    """Read a request's body that did not come whole and small in its first message, which is given.

    Raises:
        BodyTooLarge: it is larger; the rest is not read.
        BodyTooSlow: it did not come within ``BODY_SECONDS_MAX``.
        ClientGone: the client hung up.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            return await _read_parts(message, receive, bytes_max)
    except TimeoutError:
        raise BodyTooSlow from None


async def _read_parts(message: dict[str, Any], receive: Any, bytes_max: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        part = message.get("body", b"")
        size += len(part)
        if size > bytes_max:
            raise BodyTooLarge(most=bytes_max)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    raise ClientGone


def decoded(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """Return a JSON body as what the decoder makes of it.

    Raises:
        NotJson: it is no JSON.
        WrongShape: a field is missing, unknown, of the wrong kind or out of bounds.
        InvalidId: an id is no UUID.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(detail=detail(str(error))) from None


def _misfit(said: str) -> WrongShape | InvalidId:
    place = _PLACE.search(said)
    field = place["path"].removeprefix("$").removeprefix(".") if place else None
    if said.startswith("Invalid UUID"):
        return InvalidId(field=detail(field or "") or None)
    unknown = re.search(r"unknown field `(.*)`", said, re.DOTALL)
    if unknown:
        field = f"{field}.{unknown[1]}" if field else unknown[1]
    missing = re.search(r"missing required field `(\w+)`", said)
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
    return WrongShape(field=detail(field) if field else None, detail=detail(said[: place.start()] if place else said))


def read_query(query: bytes, known: Collection[str]) -> dict[str, str]:
    """Return the parameters of a query string.

    Raises:
        WrongShape: one is unknown or comes twice, or the string is too long or can't be read.
    """
    if not query:
        return {}
    if len(query) > QUERY_BYTES_MAX:
        raise WrongShape(detail=f"the query is longer than {QUERY_BYTES_MAX} bytes")
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=PARAMETERS_MAX,
            errors="strict",
        )  # fmt: skip
    except ValueError as error:
        raise WrongShape(detail=detail(f"the query can't be read: {error}")) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise WrongShape(field=detail(name), detail=f"the parameters are {', '.join(sorted(known)) or 'none'}")
        if name in found:
            raise WrongShape(field=name, detail="it is there twice")
        found[name] = value
    return found
