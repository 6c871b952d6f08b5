"""A PDF file (ISO 32000-1): objects put in as they come, most of them packed together, and where each is found.

The same objects in the same order make the same file to the byte.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

PACKED_AT_ONCE: Final = 500
"""How many objects share one compressed stream."""
_HEADER: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_FREE, _PLAIN, _PACKED = 0, 1, 2


class PdfFile:
    """The file while it is made."""

    def __init__(self) -> None:
        self._parts: list[bytes] = [_HEADER]
        self._length = len(_HEADER)
        self._places: dict[int, tuple[int, int, int]] = {0: (_FREE, 0, 65_535)}
        self._waiting: list[tuple[int, bytes]] = []
        self._last = 0

    def reserve(self) -> int:
        """Return the number of an object that will come."""
        self._last += 1
        return self._last

    def put(self, number: int, body: bytes) -> None:
        """Put in an object that is no stream."""
        self._waiting.append((number, body))
        if len(self._waiting) >= PACKED_AT_ONCE:
            self._pack()

    def add(self, body: bytes) -> int:
        """Put in an object that is no stream, and return its number."""
        number = self.reserve()
        self.put(number, body)
        return number

    def add_stream(self, data: bytes, entries: bytes = b"") -> int:
        """Put in a stream, compressed, with further entries of its dictionary, and return its number."""
        number = self.reserve()
        self._write_stream(number, data, entries)
        return number

    def finish(self, root: int, info: int) -> bytes:
        """Return the file, whose catalogue is ``root``."""
        self._pack()
        number = self.reserve()
        self._places[number] = (_PLAIN, self._length, 0)
        digest = hashlib.sha256(b"".join(self._parts)).hexdigest()[:32].encode()
        rows = b"".join(
            kind.to_bytes(1) + place.to_bytes(4) + within.to_bytes(2)
            for _, (kind, place, within) in sorted(self._places.items())
        )
        start = self._length
        self._write_stream(
            number,
            rows,
            b"/Type/XRef/W[1 4 2]/Size %d/Root %d 0 R/Info %d 0 R/ID[<%b><%b>]"
            % (number + 1, root, info, digest, digest),
        )
        self._write(b"startxref\n%d\n%%%%EOF\n" % start)
        return b"".join(self._parts)

    def _pack(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        offsets: list[bytes] = []
        at = 0
        number = self.reserve()
        for place, (each, body) in enumerate(waiting):
            offsets.append(b"%d %d" % (each, at))
            at += len(body) + 1
            self._places[each] = (_PACKED, number, place)
        first = b" ".join(offsets) + b"\n"
        self._write_stream(
            number,
            first + b"\n".join(body for _, body in waiting),
            b"/Type/ObjStm/N %d/First %d" % (len(waiting), len(first)),
        )

    def _write_stream(self, number: int, data: bytes, entries: bytes) -> None:
        packed = zlib.compress(data)
        self._places[number] = (_PLAIN, self._length, 0)
        self._write(
            b"%d 0 obj\n<<%b/Filter/FlateDecode/Length %d>>stream\n%b\nendstream\nendobj\n"
            % (number, entries, len(packed), packed)
        )

    def _write(self, part: bytes) -> None:
        self._parts.append(part)
        self._length += len(part)


def text_string(text: str) -> bytes:
    """Return a text as a PDF's string: UTF-16 with its mark, in hexadecimal."""
    return b"<FEFF%b>" % text.encode("utf-16-be").hex().upper().encode()
