"""Secrets in files of their own (0600) under ``HOME/keys``: made at first use, never in the database (decision 23)."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from django.conf import settings

SECRET_BYTES: Final = 32


def secret_text(path: Path) -> str:
    """Return the secret kept in ``path``; make it (256 random bits, URL-safe) if there is none yet.

    Two processes that start at once agree: the file appears whole, and only once.
    """
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="ascii").strip()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(SECRET_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()
    return path.read_text(encoding="ascii").strip()


def key_text(name: str) -> str:
    """Return the installation's secret called ``name`` (a file name), making it at first use."""
    return secret_text(Path(settings.HOME) / "keys" / name)


def keyed_hash(key_name: str, *parts: str) -> bytes:
    """Return HMAC-SHA256 of ``parts`` under the key called ``key_name``: 32 bytes, useless without the key's file."""
    return hash_with(key_text(key_name), *parts)


def hash_with(key: str, *parts: str) -> bytes:
    """Return what ``keyed_hash`` does, under a key whose file was read: for many at once."""
    message = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    return hmac.digest(key.encode(), message, hashlib.sha256)
