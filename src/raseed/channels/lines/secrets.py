"""Secrets of lines: files 0600 under ``HOME/keys/channels/<line id>/``, never in the database (decision 23)."""

from __future__ import annotations

import contextlib
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings

from .domain import SECRET_LENGTH_MAX, InvalidLine, SecretMissing

NAMES: Final = frozenset({
    "access_token", "api_key", "app_secret", "consumer_key", "consumer_secret", "imap_password", "secret_token",
    "smtp_password", "token_secret", "verify_token",
})  # fmt: skip
"""What may be kept: ``app_secret`` (WhatsApp), ``secret_token`` (Telegram), ``consumer_secret`` (X) and ``api_key`` (SMS in)
prove what comes in; ``verify_token`` answers WhatsApp's first question; the others are for what goes out."""


def folder(line_id: UUID) -> Path:
    """Return where a line's secrets are."""
    return Path(settings.HOME) / "keys" / "channels" / str(line_id)


def accepted_secrets(line_id: UUID, name: str, *, now: datetime) -> tuple[str, ...]:
    """Return what proves a delivery at an instant: the secret, and the one before it while both are accepted.

    Raises:
        SecretMissing: there is none of this name.
    """
    current, before = line_secret(line_id, name), _before(line_id, name)
    return (current,) if before is None or before[0] <= now else (current, before[1])


def overlap_ends(line_id: UUID, name: str, *, now: datetime) -> datetime | None:
    """Return until when the secret before this one is accepted, too; ``None`` where it is not any more."""
    before = _before(line_id, name) if name in NAMES else None
    return before[0] if before is not None and before[0] > now else None


def _before(line_id: UUID, name: str) -> tuple[datetime, str] | None:
    """Return the secret before this one, and until when it is accepted."""
    try:
        until, _, secret = (folder(line_id) / f"{name}.before").read_text(encoding="utf-8").partition("\n")
        return datetime.fromisoformat(until), secret.strip()
    except (FileNotFoundError, ValueError):
        return None


def forget_before(line_id: UUID, name: str) -> bool:
    """Accept the secret before this one no longer; return whether there was one."""
    path = folder(line_id) / f"{name}.before"
    if name not in NAMES or not path.is_file():
        return False
    path.unlink(missing_ok=True)
    return True


def line_secret(line_id: UUID, name: str) -> str:
    """Return a line's secret.

    Raises:
        SecretMissing: there is none of this name.
    """
    assert name in NAMES, f"no secret is called {name}"
    with contextlib.suppress(FileNotFoundError):
        return (folder(line_id) / name).read_text(encoding="utf-8").strip()
    raise SecretMissing(name=name)


def has_secret(line_id: UUID, name: str) -> bool:
    """Whether a line has a secret of this name."""
    return name in NAMES and (folder(line_id) / name).is_file()


def write_secret(line_id: UUID, name: str, value: str, *, before_until: datetime | None = None) -> None:
    """Keep a line's secret in place of the one before; whoever reads finds the one or the other, whole.

    ``before_until``: until then what it replaces is accepted as well. It is kept before the new one is, so that no delivery
    is refused in between.

    Raises:
        InvalidLine: no secret is called so, or it is empty, too long or not one line of printable text.
    """
    text = value.strip()
    if name not in NAMES:
        raise InvalidLine(field="name")
    if not 0 < len(text) <= SECRET_LENGTH_MAX or not text.isprintable():
        raise InvalidLine(field="value")
    path = folder(line_id) / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if before_until is None:
        _write(path, text)
        forget_before(line_id, name)
        return
    with contextlib.suppress(SecretMissing):
        was = line_secret(line_id, name)
        if was != text:
            _write(path.with_name(f"{name}.before"), f"{before_until.isoformat()}\n{was}")
    _write(path, text)


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
