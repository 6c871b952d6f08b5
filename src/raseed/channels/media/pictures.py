"""Pictures that are small on the disk and huge when shown: their size in points is in their head."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

POINTS_MAX: Final = 100_000_000
HEAD_BYTES: Final = 1 << 20
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def is_bomb(path: Path, found_type: str) -> bool:
    """Whether a picture has more points than any camera takes."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    try:
        width, height = _size(head, found_type)
    except (struct.error, IndexError):
        return False
    return width * height > POINTS_MAX


def _size(head: bytes, found_type: str) -> tuple[int, int]:
    match found_type:
        case "image/png":
            width, height = struct.unpack_from(">II", head, 16)
        case "image/gif":
            width, height = struct.unpack_from("<HH", head, 6)
        case "image/webp" if head[12:16] == b"VP8X":
            width, height = (1 + int.from_bytes(head[at : at + 3], "little") for at in (24, 27))
        case "image/jpeg":
            width, height = _jpeg_size(head)
        case _:
            width = height = 0
    return width, height


def _jpeg_size(head: bytes) -> tuple[int, int]:
    at = 2
    while head[at] == 0xFF:  # noqa: PLR2004  (every segment begins with it)
        marker = head[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 2 + struct.unpack_from(">H", head, at + 2)[0]
    return 0, 0
