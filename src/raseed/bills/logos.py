"""Billers' pictures made safe: an SVG of plain shapes, written anew from what is allowed in it, or a PNG with its own chunks only."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from lxml import etree

from .errors import BillerUnknown, InvalidLogo
from .models import LogoRow

LOGO_BYTES_MAX: Final = 32 << 10
SIDE_MAX: Final = 512
ELEMENTS_MAX: Final = 500
SVG: Final = "image/svg+xml"
PNG: Final = "image/png"
_SVG_NAMESPACE: Final = "http://www.w3.org/2000/svg"
_ELEMENTS: Final = frozenset(
    [
        "svg",
        "g",
        "path",
        "circle",
        "ellipse",
        "rect",
        "line",
        "polyline",
        "polygon",
        "title",
        "desc",
        "defs",
        "linearGradient",
        "radialGradient",
        "stop",
        "clipPath",
    ]
)
_ATTRIBUTES: Final = frozenset(
    [
        "viewBox",
        "width",
        "height",
        "d",
        "cx",
        "cy",
        "r",
        "rx",
        "ry",
        "x",
        "y",
        "x1",
        "y1",
        "x2",
        "y2",
        "points",
        "transform",
        "fill",
        "stroke",
        "stroke-width",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "stroke-dasharray",
        "fill-rule",
        "clip-rule",
        "opacity",
        "fill-opacity",
        "stroke-opacity",
        "offset",
        "stop-color",
        "stop-opacity",
        "gradientUnits",
        "gradientTransform",
        "clip-path",
        "id",
        "preserveAspectRatio",
        "fx",
        "fy",
        "spreadMethod",
        "role",
    ]
)
_PLAIN: Final = re.compile(r"(?:url\(#[A-Za-z][\w-]*\)|[^()<>&;:@\\]*|[\w\s,.()+-]*)\Z")
_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"cHRM", b"pHYs"})


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture as it may be served: content type, bytes, and a digest that names this very picture."""

    kind: str
    data: bytes
    digest: str


def safe_logo(data: bytes) -> Logo:
    """Return a picture with nothing in it but what is seen.

    Raises:
        InvalidLogo: it is neither, or too large.
    """
    if not 0 < len(data) <= LOGO_BYTES_MAX:
        raise InvalidLogo(field="logo")
    clean, kind = (_safe_png(data), PNG) if data.startswith(_PNG_HEAD) else (_safe_svg(data), SVG)
    return Logo(kind, clean, hashlib.sha256(clean).hexdigest())


def logo(biller_id: UUID) -> Logo:
    """Return a biller's picture.

    Raises:
        BillerUnknown: it has none.
    """
    row = LogoRow.objects.filter(biller_id=biller_id).first()
    if row is None:
        raise BillerUnknown(field="biller_id")
    return Logo(row.kind, bytes(row.data), row.digest)


def _safe_svg(data: bytes) -> bytes:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        raise InvalidLogo(field="logo") from None
    if root.tag != f"{{{_SVG_NAMESPACE}}}svg" or root.getroottree().docinfo.doctype:
        raise InvalidLogo(field="logo")
    if "viewBox" not in root.attrib:
        raise InvalidLogo(field="logo")
    left = ELEMENTS_MAX
    kept = _kept(root)
    for element in root.iterdescendants():
        left -= 1
        if left < 0:
            raise InvalidLogo(field="logo")
        if not isinstance(element.tag, str):
            continue  # comments and processing instructions are not taken over
        parent = element.getparent()
        target = next((made for made, of in kept if of is parent), None)
        if target is None:
            raise InvalidLogo(field="logo")
        kept.append((_copy(element, target), element))
    whole = kept[0][0]
    etree.cleanup_namespaces(whole)
    return bytes(etree.tostring(whole))


def _kept(root: etree._Element) -> list[tuple[etree._Element, etree._Element]]:
    made = etree.Element(f"{{{_SVG_NAMESPACE}}}svg", nsmap={None: _SVG_NAMESPACE})
    _attributes(root, made)
    return [(made, root)]


def _copy(element: etree._Element, target: etree._Element) -> etree._Element:
    name = etree.QName(element)
    if name.namespace != _SVG_NAMESPACE or name.localname not in _ELEMENTS:
        raise InvalidLogo(field="logo")
    made = etree.SubElement(target, element.tag)
    _attributes(element, made)
    if name.localname in ("title", "desc"):
        made.text = element.text
    return made


def _attributes(element: etree._Element, made: etree._Element) -> None:
    for name, value in element.attrib.items():
        text = str(value)
        if name not in _ATTRIBUTES or not _PLAIN.match(text):
            raise InvalidLogo(field="logo")
        made.set(name, text)


def _safe_png(data: bytes) -> bytes:
    clean, at = bytearray(_PNG_HEAD), len(_PNG_HEAD)
    seen: list[bytes] = []
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise InvalidLogo(field="logo")
        if not seen and (kind != b"IHDR" or max(struct.unpack_from(">II", data, at + 8)) > SIDE_MAX):
            raise InvalidLogo(field="logo")
        if kind in _PNG_CHUNKS:
            clean += data[at:end]
        elif not kind[0] & 0x20:  # a chunk that matters and that we do not know
            raise InvalidLogo(field="logo")
        seen.append(kind)
        at = end
        if kind == b"IEND":
            return bytes(clean)
    raise InvalidLogo(field="logo")
