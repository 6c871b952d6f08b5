"""What a file is, by its content: the beginnings that its format's specification fixes. Names and claims are not asked.

Only what is known is taken. Programs are refused whatever they are called; so is everything that could carry one unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .domain import Refusal

HEAD_BYTES: Final = 4_096
TEXT_BYTES_MAX: Final = 5 << 20
EXECUTABLE: Final = "application/x-executable"
ZIP: Final = "application/zip"
_PROGRAMS: Final = (
    b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe", b"dex\n", b"\x00asm", b"L\x00\x00\x00\x01\x14\x02\x00", b"!<arch>", b"\xed\xab\xee\xdb", b"ITSF",
)  # fmt: skip
"""Windows, Linux, scripts, Java and fat Mach-O, Mach-O, Android, WebAssembly, Windows links, libraries, RPM, help files."""
_FIXED: Final[Sequence[tuple[int, bytes, str]]] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_BRANDS: Final = {
    b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic", b"avif": "image/avif", b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime", b"3gp4": "video/3gpp", b"3gp5": "video/3gpp", b"3gp6": "video/3gpp",
}  # fmt: skip
_OF_KIND: Final = {
    "image": ("image/",),
    "sticker": ("image/", "video/"),
    "audio": ("audio/", "video/mp4", "video/3gpp"),
    "video": ("video/",),
}
"""What a message of a kind may bring. A document may be anything that is known."""


def type_of(path: Path) -> str:
    """Return the media type of a file by its content, or nothing: it is none that we know."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(b"#!AMR"):
        return "audio/amr"
    if head.startswith(_PROGRAMS):
        return EXECUTABLE
    for offset, mark, name in _FIXED:
        if head.startswith(mark, offset):
            return name
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    return "text/plain" if _is_text(path) else ""


def misfit(kind: str, found_type: str) -> Refusal:
    """Return why a file of a type may not come with a message of a kind, or ``NONE``."""
    if found_type == EXECUTABLE:
        return Refusal.EXECUTABLE
    if not found_type or found_type == "application/x-ole-storage":
        return Refusal.TYPE  # the old binary Office formats carry macros that can't be told from the outside
    if kind in _OF_KIND and not found_type.startswith(_OF_KIND[kind]):
        return Refusal.TYPE
    return Refusal.NONE


def _is_text(path: Path) -> bool:
    """Whether a file is plain text in UTF-8 that no browser takes for a page."""
    if path.stat().st_size > TEXT_BYTES_MAX:
        return False
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    controls = any(ord(character) < 32 and character not in "\t\n\r\f" for character in text)  # noqa: PLR2004
    return not controls and not text.lstrip().startswith("<")
