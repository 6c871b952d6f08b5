"""Keys of trusted systems: ``Authorization: Bearer KEY``. Only their SHA-256 is kept in memory and in settings.

A key is 256 random bits, so a plain hash hides it; and how long a look-up by hash takes tells nothing of a key, because nobody
can choose what the hash of a guess begins with.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from raseed.kernel.errors import PermissionRefused

from ..keys import key_text
from .errors import KeyRefused

KEY_BYTES_MAX: Final = 512
_BEARER: Final = b"bearer "
_WRITTEN: Final = re.compile(r"(?P<name>[a-z0-9-]{1,40}):(?P<scopes>[a-z+]{1,80}):(?P<digest>[0-9a-f]{64})\Z")


@dataclass(frozen=True, slots=True)
class Key:
    """A system that may knock: its name (for logs and metrics, never a person's), what it may do, its key's SHA-256."""

    name: str
    scopes: frozenset[str]
    digest: bytes


class WrongKeySetting(ValueError):
    """A setting of keys that is not ``name:scope+scope:sha256,…``."""


def key_from_file(name: str, *scopes: str) -> Key:
    """Return the key kept in the file ``RASEED_HOME/keys/NAME`` (0600), making it at first use."""
    return Key(name, frozenset(scopes), _digest(key_text(name).encode()))


def keys_from_setting(text: str) -> list[Key]:
    """Read further keys from a setting: ``name:scope+scope:sha256`` in hexadecimal, separated by commas.

    Raises:
        WrongKeySetting: it is not written so.
    """
    keys = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        found = _WRITTEN.match(word)
        if found is None:
            raise WrongKeySetting(f"a key is written name:scope+scope:sha256, not {word[:20]!r}…")
        keys.append(Key(found["name"], frozenset(found["scopes"].split("+")), bytes.fromhex(found["digest"])))
    return keys


class Keys:
    """The keys that a rail knows."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys: dict[bytes, Key] = {key.digest: key for key in keys}

    def find(self, authorization: bytes | None, scope: str) -> Key:
        """Return the key of a request's ``Authorization`` header.

        Raises:
            KeyRefused: it is missing, or not one of ours.
            PermissionRefused: it is for something else than ``scope``.
        """
        if authorization is None or authorization[:7].lower() != _BEARER or len(authorization) > KEY_BYTES_MAX:
            raise KeyRefused
        found = self._keys.get(_digest(authorization[7:].strip()))
        if found is None:
            raise KeyRefused
        if scope not in found.scopes:
            raise PermissionRefused
        return found


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
