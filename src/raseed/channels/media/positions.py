"""Taking out of pictures and films where they were taken, without compressing anything anew.

What says it is metadata: Exif and XMP in JPEG, PNG and WebP (which go; of JPEG's Exif only the orientation stays, or pictures
would lie on their side), Exif in HEIC and the place atoms of MP4 and QuickTime (which are blanked where they are, so that no
offset changes). What follows the end of a JPEG or PNG, where telephones hide a film or a second picture, goes too.

Sources: ITU-T T.81 annex B; CIPA DC-008 (Exif) 4.5–4.6; W3C PNG 5.3; RFC 9649 (WebP); ISO/IEC 14496-12; 3GPP TS 26.244 (loci).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

_EXIF: Final = b"Exif\0\0"
_ORIENTATION: Final = 0x0112
_GPS: Final = 0x8825
_ISO6709: Final = re.compile(rb"[+-]\d{1,3}(?:\.\d+)?[+-]\d{1,3}(?:\.\d+)?(?:[+-]\d+(?:\.\d+)?)?/")
"""A place as ISO 6709 writes it: +30.0444+031.2357+23.000/"""
_PNG_KEPT: Final = frozenset({
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD", b"pHYs", b"hIST",
    b"acTL", b"fcTL", b"fdAT", b"cICP",
})  # fmt: skip
_WEBP_DROPPED: Final = frozenset({b"EXIF", b"XMP "})
_TIFF_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_ENTRIES_MAX: Final = 1_000
_DEPTH_MAX: Final = 8


class Damaged(Exception):
    """The file is not what its beginning says; what it hides can't be found."""


def without_position(content: bytes, found_type: str) -> bytes:
    """Return a file without what says where it was taken; as it is, where its format has no place for that.

    Raises:
        Damaged: the file can't be walked through.
    """
    strip = _STRIPPERS.get(found_type)
    if strip is None:
        return content
    try:
        return strip(content)
    except (IndexError, struct.error) as trouble:
        raise Damaged from trouble


def strips(found_type: str) -> bool:
    """Whether there is anything to be taken out of files of this type."""
    return found_type in _STRIPPERS


def _jpeg(content: bytes) -> bytes:
    out = bytearray(b"\xff\xd8")
    at = 2
    while True:
        if content[at] != 0xFF:  # noqa: PLR2004  (every segment begins with it)
            raise Damaged
        marker = content[at + 1]
        if marker == 0xFF:  # noqa: PLR2004  (a filler)
            at += 1
            continue
        if marker == 0xD9:  # noqa: PLR2004  (the end: what follows is another picture's, or a film)
            return bytes(out + b"\xff\xd9")
        length = struct.unpack_from(">H", content, at + 2)[0]
        if length < 2 or at + 2 + length > len(content):  # noqa: PLR2004  (it counts itself)
            raise Damaged
        body = content[at + 4 : at + 2 + length]
        out += _jpeg_segment(marker, body)
        at += 2 + length
        if marker == 0xDA:  # noqa: PLR2004  (a scan: coded bytes until the next marker)
            end = _end_of_scan(content, at)
            out += content[at:end]
            at = end


def _jpeg_segment(marker: int, body: bytes) -> bytes:
    if marker == 0xE1 and body.startswith(_EXIF):  # noqa: PLR2004
        orientation = _orientation(body[len(_EXIF) :])
        if orientation is None:
            return b""
        body = _EXIF + b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", _ORIENTATION, 3, 1, orientation, 0, 0)
    elif marker == 0xE2 and not body.startswith(b"ICC_PROFILE\0"):  # noqa: PLR2004
        return b""
    elif marker not in (0xE0, 0xE2, 0xEE) and (0xE0 <= marker <= 0xEF or marker == 0xFE):  # noqa: PLR2004
        return b""  # XMP, IPTC, makers' own segments, comments
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _end_of_scan(content: bytes, at: int) -> int:
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise Damaged
        following = content[at + 1]
        if following != 0 and not 0xD0 <= following <= 0xD7 and following != 0xFF:  # noqa: PLR2004
            return at
        at += 1 if following == 0xFF else 2  # noqa: PLR2004


def _orientation(tiff: bytes) -> int | None:
    try:
        order = _order(tiff)
        for tag, kind, count, place in _entries(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0]):
            if tag == _ORIENTATION and kind == 3 and count == 1:  # noqa: PLR2004  (one short)
                value: int = struct.unpack_from(order + "H", tiff, place)[0]
                return value if 1 < value <= 8 else None  # noqa: PLR2004  (1 is upright)
    except (struct.error, Damaged):
        pass
    return None


def _order(tiff: bytes | bytearray) -> str:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(tiff[:4]))
    if order is None:
        raise Damaged
    return order


def _entries(tiff: bytes | bytearray, order: str, at: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the entries of a directory: tag, kind, count, and where the value or its offset stands."""
    count = struct.unpack_from(order + "H", tiff, at)[0]
    if count > _ENTRIES_MAX:
        raise Damaged
    for number in range(count):
        place = at + 2 + 12 * number
        tag, kind, values = struct.unpack_from(order + "HHI", tiff, place)
        yield tag, kind, values, place + 8


def _blank_gps(tiff: bytearray) -> None:
    """Write zeros over the places of a TIFF structure, its directory of them included."""
    order = _order(tiff)
    for tag, _kind, _count, place in _entries(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0]):
        if tag != _GPS:
            continue
        at = struct.unpack_from(order + "I", tiff, place)[0]
        for _tag, kind, count, value in _entries(tiff, order, at):
            size = _TIFF_SIZES.get(kind, 1) * count
            start = value if size <= 4 else struct.unpack_from(order + "I", tiff, value)[0]  # noqa: PLR2004
            if start + size > len(tiff):
                raise Damaged
            tiff[start : start + size] = bytes(size)
        tiff[at : at + 2] = bytes(2)  # no entries


def _png(content: bytes) -> bytes:
    out = bytearray(content[:8])
    at = 8
    while True:
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise Damaged
        if zlib.crc32(content[at + 4 : end - 4]) != struct.unpack_from(">I", content, end - 4)[0]:
            raise Damaged
        if name in _PNG_KEPT:
            out += content[at:end]
        if name == b"IEND":
            return bytes(out)
        at = end


def _webp(content: bytes) -> bytes:
    out = bytearray()
    at, end = 12, min(len(content), 8 + struct.unpack_from("<I", content, 4)[0])
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, at)
        after = at + 8 + length + (length & 1)
        if at + 8 + length > len(content):
            raise Damaged
        if name == b"VP8X":
            chunk = bytearray(content[at:after])
            chunk[8] &= 0xFF ^ 0b1100  # neither Exif nor XMP follows
            out += chunk
        elif name not in _WEBP_DROPPED:
            out += content[at:after]
        at = after
    return b"RIFF" + struct.pack("<I", len(out) + 4) + b"WEBP" + bytes(out)


def _boxes(content: bytes | bytearray, at: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield the boxes of an ISO file between two places: name, where it begins, where its content does, where it ends."""
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1:
            size = struct.unpack_from(">Q", content, at + 8)[0]
            head = 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            raise Damaged
        yield bytes(name), at, at + head, at + size
        at += size


def _film(content: bytes) -> bytes:
    out = bytearray(content)
    for name, _, start, end in _boxes(content, 0, len(content)):
        if name in (b"moov", b"meta", b"udta", b"uuid"):
            _blank_places(out, start, end, 0)
            places = _ISO6709.sub(lambda found: b"\0" * len(found[0]), bytes(out[start:end]))
            out[start:end] = places
    return bytes(out)


def _blank_places(out: bytearray, start: int, end: int, depth: int) -> None:
    if depth > _DEPTH_MAX:
        raise Damaged
    for name, begin, inner, after in _boxes(out, start, end):
        if name in (b"\xa9xyz", b"loci", b"XMP_", b"uuid"):
            out[inner:after] = bytes(after - inner)
            out[begin + 4 : begin + 8] = b"free"
        elif name in (b"udta", b"trak", b"moov"):
            _blank_places(out, inner, after, depth + 1)


def _heic(content: bytes) -> bytes:
    """Blank the places of every Exif structure in an ISO picture, found by its mark; XMP packets are blanked whole."""
    out = bytearray(content)
    for mark in (b"Exif\0\0MM\0*", b"Exif\0\0II*\0"):
        at = out.find(mark)
        while at >= 0:
            tiff = out[at + 6 :]
            _blank_gps(tiff)
            out[at + 6 :] = tiff
            at = out.find(mark, at + 6)
    return re.sub(rb"<x:xmpmeta.*?</x:xmpmeta>", lambda found: b" " * len(found[0]), bytes(out), flags=re.DOTALL)


_STRIPPERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/heic": _heic,
    "image/avif": _heic,
    "video/mp4": _film,
    "video/quicktime": _film,
    "video/3gpp": _film,
    "audio/mp4": _film,
}
