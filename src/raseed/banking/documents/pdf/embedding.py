"""A typeface as objects of a file: the part of the font that was used, its widths, and the letters for who copies."""

from __future__ import annotations

import hashlib
from typing import Final

from .file import PdfFile
from .fonts import Typeface

_MAPPED_AT_ONCE: Final = 100
"""How many glyphs one block of a character map may hold."""
_SYMBOLIC: Final = 4
Codes = list[tuple[int, str, int]]
"""Glyph, letters and width of each code."""
_STEM: Final = {"FiraGO-Regular": 84, "FiraGO-Bold": 140}


def embed(file: PdfFile, face: Typeface, number: int) -> None:
    """Put a typeface into a file as the font object ``number``; in text they go by the typeface's codes."""
    codes = face.codes()
    name = f"{_tag(face, codes)}+{face.name}".encode()
    font = face.subset()
    ascent, descent = face.metrics()
    descriptor = file.add(
        b"<</Type/FontDescriptor/FontName/%b/Flags %d/FontBBox[%b]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight %d"
        b"/StemV %d/FontFile2 %d 0 R>>"
        % (
            name,
            _SYMBOLIC,
            " ".join(map(str, face.box())).encode(),
            ascent,
            descent,
            face.cap_height(),
            _STEM[face.name],
            file.add_stream(font, b"/Length1 %d" % len(font)),
        )
    )
    widths = " ".join(str(width) for _, _, width in codes).encode()
    glyphs = file.add_stream(b"".join(glyph.to_bytes(2) for glyph, _, _ in codes))
    descendant = file.add(
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/%b/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/FontDescriptor %d 0 R/DW 0/W[0[%b]]/CIDToGIDMap %d 0 R>>" % (name, descriptor, widths, glyphs)
    )
    file.put(
        number,
        b"<</Type/Font/Subtype/Type0/BaseFont/%b/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
        % (name, descendant, file.add_stream(_character_map(codes))),
    )


def _tag(face: Typeface, codes: Codes) -> str:
    """Return six capitals of the file's own, so that two parts of one font are not taken for each other."""
    digest = hashlib.sha256(f"{face.name} {codes}".encode()).digest()
    return "".join(chr(ord("A") + byte % 26) for byte in digest[:6])


def _character_map(codes: Codes) -> bytes:
    rows = [
        f"<{code:04X}><{word.encode('utf-16-be').hex().upper()}>" for code, (_, word, _) in enumerate(codes) if word
    ]
    blocks = [rows[at : at + _MAPPED_AT_ONCE] for at in range(0, len(rows), _MAPPED_AT_ONCE)]
    mapped = "".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n" for block in blocks)
    return (
        "/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n"
        "/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n{mapped}endcmap\n"
        "CMapName currentdict/CMap defineresource pop\nend\nend\n"
    ).encode()
