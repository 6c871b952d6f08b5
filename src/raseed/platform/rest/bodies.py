"""Bodies: read within a bound, after the head has been looked at, and taken apart strictly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from django.http import HttpRequest
from ninja.parser import Parser

from raseed.kernel.text import UnacceptableText

from ..rail.bodies import BODY_BYTES_MAX
from ..rail.errors import BodyTooLarge, NotJson, WrongMediaType, detail
from .errors import JSON, NoLength, WrongContentType

LENGTH_DIGITS_MAX: Final = 18
CHUNK_BYTES: Final = 1 << 16
TEXT_KINDS: Final = ("application/xml", "text/xml")
_NUL_ESCAPE: Final = rb"\u0000"


def check_head(request: HttpRequest, kinds: Sequence[str], bytes_max: int) -> int:
    """Refuse a body by what the head says, before any of it is read; return its length.

    Raises:
        WrongMediaType, WrongContentType: it is of another kind.
        NoLength: its length is not said.
        BodyTooLarge: it is larger than ``bytes_max``.
    """
    kind = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() or kinds[0]
    if kind not in kinds:
        raise WrongMediaType if tuple(kinds) == (JSON,) else WrongContentType(forms=", ".join(kinds))
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if not length and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise NoLength
    if length and not (length.isascii() and length.isdigit()):
        raise NoLength
    if len(length) > LENGTH_DIGITS_MAX or int(length or 0) > bytes_max:
        raise BodyTooLarge(most=bytes_max)
    return int(length or 0)


def read_json(request: HttpRequest, bytes_max: int = BODY_BYTES_MAX) -> Any:
    """Return the body as what JSON says.

    Raises:
        NotJson: it is none, or it is empty.
        UnacceptableText: it has a NUL character, which no field of ours takes.
        As ``check_head``.
    """
    length = check_head(request, (JSON,), bytes_max)
    body: bytes = request.read(length) if length else b""
    if not body:
        raise NotJson(detail="it is empty")
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(detail=detail(str(error))) from None
    if _NUL_ESCAPE in body:
        refuse_nul(found)
    return found


def read_in_chunks(request: HttpRequest) -> Iterator[bytes]:
    """Yield the body of a route that takes it as it comes; its head was looked at before."""
    while chunk := request.read(CHUNK_BYTES):
        yield chunk


def refuse_nul(found: object, path: str = "") -> None:
    """Refuse a NUL character anywhere in what JSON said: PostgreSQL keeps none.

    Raises:
        UnacceptableText: there is one.
    """
    if isinstance(found, str):
        if "\x00" in found:
            raise UnacceptableText(field=detail(path) or None)
    elif isinstance(found, list):
        for place, item in enumerate(found):
            refuse_nul(item, f"{path}[{place}]")
    elif isinstance(found, dict):
        for name, item in found.items():
            refuse_nul(name, path)
            refuse_nul(item, f"{path}.{name}" if path else name)


class ReadBefore(Parser):
    """Hands ninja the body that the gate has read and taken apart already."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return what was read."""
        return request.json  # type: ignore[attr-defined]  # the gate has put it there
