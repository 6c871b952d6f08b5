"""Checkpoints outside the database, in ``RASEED_HOME/checkpoints/ID``: what a changed database is held against.

``latest`` is the newest; a file a day (``2026-03-01``) keeps that day's last. Each appears whole or not at all. A copy
taken away from this machine is worth more than one that stays on it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from .checkpoint import Checkpoint
from .errors import UnreadableKey
from .keys import PUBLIC_MODE, write_whole
from .note import Malformed, Note, parse_note

LATEST: Final = "latest"


def folder_of(home: Path, log_id: UUID) -> Path:
    """Return the folder of a log's checkpoints."""
    return home / "checkpoints" / str(log_id)


def keep(home: Path, log_id: UUID, note: str, at: datetime) -> None:
    """Write a checkpoint's note as the latest, and as the last of its day so far."""
    folder = folder_of(home, log_id)
    write_whole(folder / at.astimezone(UTC).date().isoformat(), note, PUBLIC_MODE)
    write_whole(folder / LATEST, note, PUBLIC_MODE)


def latest_path(home: Path, log_id: UUID) -> Path | None:
    """Return where the latest checkpoint of a log is, or None where there is none."""
    path = folder_of(home, log_id) / LATEST
    return path if path.exists() else None


def read(path: Path) -> tuple[Checkpoint, Note]:
    """Return a checkpoint kept in a file, and its note; its signatures are not checked here.

    Raises:
        UnreadableKey: the file can't be read, or holds no checkpoint.
    """
    try:
        note = parse_note(path.read_text(encoding="utf-8"))
        return Checkpoint.parse(note.text), note
    except (Malformed, UnicodeDecodeError) as reason:
        raise UnreadableKey(path=str(path), reason=str(reason)) from None
    except OSError as error:
        raise UnreadableKey(path=str(path), reason=error.strerror) from None
