"""The file with what the demo's staff sign in with: in ``RASEED_HOME`` (0600), never in the repository.

Real people keep a password in their head and a secret in their phone. The demo's have neither, so both lie here: planting
writes the file, and the make-believe phone, another process, reads it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from secrets import token_hex
from typing import Final

NAME: Final = "demo-staff.json"


@dataclass(frozen=True, slots=True)
class StaffAccess:
    """One of the demo's staff. ``secret`` is their authenticator's, in base32; names and roles by language."""

    id: str
    login: str
    names: Mapping[str, str]
    language: str
    institution: Mapping[str, str]
    roles: Sequence[Mapping[str, str]]
    password: str
    secret: str


def read_staff_file(path: Path) -> list[StaffAccess]:
    """Return who is in the file; nobody, where it is not there or can't be understood."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [StaffAccess(**{field.name: one[field.name] for field in fields(StaffAccess)}) for one in found["staff"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_staff_file(path: Path, staff: Sequence[StaffAccess]) -> None:
    """Put the file in place, whole and durable; an interrupted write leaves the earlier one."""
    text = json.dumps({"staff": [asdict(one) for one in staff]}, ensure_ascii=False, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
