"""Bodies of type multipart/form-data, taken apart: what forms and API clients send files in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final

PARTS_MAX: Final = 100
_HEADER: Final = re.compile(rb"([A-Za-z0-9-]+):[ \t]*(.*)")


@dataclass(frozen=True, slots=True)
class Part:
    """One part. ``file_name`` is ``None`` for a plain field."""

    name: str
    file_name: str | None
    kind: str
    content: bytes


def parts_of(kind: str, body: bytes) -> Iterator[Part]:
    """Yield the parts of a body with this ``Content-Type``; none where it can't be understood."""
    boundary = _parameter("content-type", kind.encode("latin-1", "replace"), "boundary")
    if not boundary:
        return
    fence = b"\r\n--" + boundary.encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(fence, PARTS_MAX + 1)[1:]
    for piece in pieces[:PARTS_MAX]:
        if piece.startswith(b"--"):
            return
        head, gap, content = piece.partition(b"\r\n\r\n")
        if not gap:
            continue
        headers = {
            found[1].lower(): found[2] for line in head.split(b"\r\n") if (found := _HEADER.fullmatch(line)) is not None
        }
        described = headers.get(b"content-disposition", b"")
        name = _parameter("content-disposition", described, "name")
        if name is None:
            continue
        file_name = _parameter("content-disposition", described, "filename")
        yield Part(name, file_name, headers.get(b"content-type", b"").decode("latin-1"), content)


def _parameter(header: str, value: bytes, name: str) -> str | None:
    """Return a parameter of a header, in UTF-8 as browsers write it, or as RFC 2231 has it."""
    message = Message()
    message[header] = value.decode("utf-8", "replace").replace("\n", " ").replace("\r", " ")
    found = message.get_param(name, header=header)
    if isinstance(found, tuple):
        charset, _, text = found
        return text.encode("latin-1", "replace").decode(charset or "utf-8", "replace")
    return found
