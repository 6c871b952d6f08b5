"""Files on disk, private (0600) under ``HOME/media``: ``brought`` while they are to be checked, ``kept`` afterwards.

A file is written beside its place, synced and renamed, and only then does its row say that it is kept. So a row that says so
has its file, and what has no such row is nobody's: ``sweep`` removes it.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings

from raseed.kernel.ids import new_id

PART_BYTES: Final = 1 << 18
BROUGHT: Final = "brought:"
"""What the source of a file begins with whose bytes came with its message."""
_NAME: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


def kept_path(media_id: UUID) -> Path:
    """Return where a kept file is."""
    return _folder("kept") / media_id.hex[-2:] / str(media_id)


def brought_path(source: str) -> Path:
    """Return where the bytes are that came with a message, by the source that ``bring`` returned."""
    name = source.removeprefix(BROUGHT)
    assert _NAME.match(name), "not a name of ours"
    return _folder("brought") / name


def bring(content: bytes) -> str:
    """Keep bytes until they are checked, and return the source under which they are found."""
    name = str(new_id())
    write(_folder("brought") / name, [content])
    return BROUGHT + name


def fetch_path(media_id: UUID) -> Path:
    """Return a new place for the bytes of a fetch; nothing else writes there."""
    folder = _folder("fetched")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"{media_id}.{secrets.token_hex(4)}"


def write(path: Path, parts: Iterable[bytes]) -> tuple[int, str]:
    """Write a file so that it is there whole, and on the disk, or not at all; returns its size and SHA-256 (hexadecimal)."""
    size, digest = 0, hashlib.sha256()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for part in parts:
                size += file.write(part)
                digest.update(part)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # the name too
    finally:
        os.close(descriptor)
    return size, digest.hexdigest()


def is_name(name: str) -> bool:
    """Whether a file is called as ours are when they are whole."""
    return _NAME.match(name) is not None


def parts(path: Path) -> Iterator[bytes]:
    """Yield the content of a file, part by part."""
    with path.open("rb") as file:
        while part := file.read(PART_BYTES):
            yield part


def all_files() -> Iterator[Path]:
    """Yield every file there is, those half written included."""
    root = Path(settings.HOME) / "media"
    if root.is_dir():
        yield from (path for path in root.rglob("*") if path.is_file())


def _folder(name: str) -> Path:
    return Path(settings.HOME) / "media" / name
