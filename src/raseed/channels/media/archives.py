"""Archives: only those that office programs write are taken, and none that is a bomb. Nothing is unpacked.

The sizes are the archive's own claims; that they can't be met by overlapping parts is seen from the sum of what is packed
(D. Fifield, "A better zip bomb", 2019).
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from .domain import Refusal

ENTRIES_MAX: Final = 5_000
UNPACKED_BYTES_MAX: Final = 500 << 20
TIMES_MAX: Final = 100
"""How many times larger than itself an archive may unpack to; texts of office programs reach some twenty."""
TIMES_FROM_BYTES: Final = 10 << 20
_OFFICE: Final = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_MIMETYPE_MAX: Final = 100
_OPEN: Final = "application/vnd.oasis.opendocument."
_HIDING: Final = (".exe", ".dll", ".js", ".vbs", ".bat", ".cmd", ".scr", ".jar", ".com", ".lnk", ".zip", ".apk", ".msi")


def inspected(path: Path) -> tuple[str, Refusal]:
    """Return the media type of an archive of an office program, or why it is refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            refusal = _bomb(entries, path.stat().st_size) or _hiding(entries)
            return ("", refusal) if refusal else _office(archive, entries)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, KeyError):
        return "", Refusal.DAMAGED


def _bomb(entries: list[zipfile.ZipInfo], size: int) -> Refusal:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > ENTRIES_MAX or unpacked > UNPACKED_BYTES_MAX or packed > size:
        return Refusal.BOMB
    return Refusal.BOMB if unpacked > TIMES_FROM_BYTES and unpacked > TIMES_MAX * size else Refusal.NONE


def _hiding(entries: list[zipfile.ZipInfo]) -> Refusal:
    for entry in entries:
        name = entry.filename.lower()
        if name.endswith("vbaproject.bin") or name.startswith("basic/"):
            return Refusal.MACROS
        if name.endswith(_HIDING):
            return Refusal.ARCHIVE
        if entry.flag_bits & 1:
            return Refusal.ARCHIVE  # encrypted: nobody could look into it
    return Refusal.NONE


def _office(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> tuple[str, Refusal]:
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" in names:
        for folder, name in _OFFICE.items():
            if any(one.startswith(folder) for one in names):
                return name, Refusal.NONE
    if "mimetype" in names and archive.getinfo("mimetype").file_size <= _MIMETYPE_MAX:
        said = archive.read("mimetype").decode("ascii", "replace")
        if said.startswith(_OPEN):
            return said, Refusal.NONE
    return "", Refusal.ARCHIVE
