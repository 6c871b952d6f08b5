"""Personal data that must not lie in the database in plain text: sealed with AES-256-GCM under a key in a file."""

from __future__ import annotations

import hashlib
import os
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from raseed.platform.api import key_text

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12


def seal(key_name: str, text: str, *, about: str) -> bytes:
    """Return ``text`` sealed under the installation's key ``key_name``; it opens only with the same ``about``.

    ``about`` names what it belongs to (a row's id), so that a sealed value moved to another row does not open.
    """
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + _cipher(key_name).encrypt(nonce, text.encode(), _VERSION + about.encode())


def unseal(key_name: str, sealed: bytes, *, about: str) -> str:
    """Return what was sealed.

    Raises:
        cryptography.exceptions.InvalidTag: it was altered, moved, or sealed under another key: the books are damaged.
    """
    assert sealed[:1] == _VERSION, "sealed by a version of ours"
    nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    return _cipher(key_name).decrypt(nonce, rest, _VERSION + about.encode()).decode()


def _cipher(key_name: str) -> AESGCM:
    return AESGCM(hashlib.sha256(key_text(key_name).encode()).digest())
