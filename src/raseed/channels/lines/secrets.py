"""Secrets of lines: files 0600 under ``HOME/keys/channels/<line id>/``, never in the database (decision 23)."""

from __future__ import annotations

import contextlib
import os
import secrets
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


def write_secret(line_id: UUID, name: str, value: str) -> None:
    """Keep a line's secret in place of the one before; whoever reads finds the one or the other, whole.

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
    fresh = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
