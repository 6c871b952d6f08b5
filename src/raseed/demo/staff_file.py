"""The file with what the demo's staff sign in with: in ``RASEED_HOME`` (0600), never in the repository.

Real people keep a password in their head and a secret in their phone. The demo's have neither, so both lie here: planting
writes the file, and the make-believe phone, another process, reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from .home_file import put_in_place

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
    put_in_place(path, json.dumps({"staff": [asdict(one) for one in staff]}, ensure_ascii=False, indent=1) + "\n")
