"""Passwords of staff: which are taken, how they are kept (argon2id), and how many are worked on at once.

The rules are those of NIST SP 800-63B, section 3.1.1: length counts, nothing is said about which characters must be in,
nothing expires, and what everybody guesses first is refused. A password is compared in Unicode's composed form (NFC).
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import pairwise
from threading import BoundedSemaphore
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.password_validation import CommonPasswordValidator

from raseed.kernel.errors import InputError, TemporarilyUnavailable, mark

PASSWORD_LENGTH_MIN: Final = 12
PASSWORD_LENGTH_MAX: Final = 128
DIFFERENT_CHARACTERS_MIN: Final = 5
STRIDES_MAX: Final = 2
AT_ONCE_MAX: Final = 2
"""Of a process: each takes 64 MiB and a core, and whoever floods us with passwords shall not take them all."""
WAIT_S_MAX: Final = 5
_OUR_NAME: Final = "raseed"
_ENDINGS: Final = "0123456789!@#$%&*._-+?"


class WeakPassword(InputError):
    """A password that is too short or too long, or among the first that anyone would guess."""

    code = "weak_password"
    sentence = mark("This password is too easy to guess, too short or too long.")
    hint = mark("Take %(least)s characters or more, such as four words that have nothing to do with each other.")


class _Hasher(Argon2PasswordHasher):
    """Argon2id with the second choice of parameters of RFC 9106, section 4: 64 MiB, three passes."""

    time_cost = 3
    memory_cost = 64 * 1024
    parallelism = 4


_hasher: Final = _Hasher()
_working: Final = BoundedSemaphore(AT_ONCE_MAX)


def clean_password(password: str, *, login: str) -> str:
    """Return a password as it is kept and compared.

    Raises:
        WeakPassword: its length is wrong, it holds the login, or everybody guesses it.
    """
    normal = _normal(password)
    plain = normal.casefold()
    weak = (
        not PASSWORD_LENGTH_MIN <= len(normal) <= PASSWORD_LENGTH_MAX
        or login in plain
        or _OUR_NAME in plain
        or len(set(plain)) < DIFFERENT_CHARACTERS_MIN
        or _is_a_row(plain)
        or plain in _common()
        or plain.strip(_ENDINGS) in _common()
    )
    if weak or not _encodable(normal):
        raise WeakPassword(field="password", least=PASSWORD_LENGTH_MIN)
    return normal


def hash_password(password: str) -> str:
    """Return the argon2id hash, in its own text form, of a password that was found good.

    Raises:
        TemporarilyUnavailable: too many are being worked on.
    """
    with _Turn():
        return _hasher.encode(_normal(password), _hasher.salt())


def is_password(password: str, encoded: str) -> bool:
    """Say whether ``password``, as typed, is the one that was hashed; with none to compare, take as long and say no.

    Raises:
        TemporarilyUnavailable: too many are being worked on.
    """
    normal = _normal(password)
    possible = bool(encoded) and len(normal) <= PASSWORD_LENGTH_MAX and _encodable(normal)
    with _Turn():
        nobodys = _nobodys()  # made at the first try of a process, whosever it is
        right = _hasher.verify(normal if possible else "", encoded or nobodys)
    return possible and right


def is_outdated(encoded: str) -> bool:
    """Say whether the hash was made with other parameters than today's."""
    return _hasher.must_update(encoded)


class _Turn:
    """A turn at the work: at most so many at once."""

    def __enter__(self) -> None:
        if not _working.acquire(timeout=WAIT_S_MAX):
            raise TemporarilyUnavailable

    def __exit__(self, *_: object) -> None:
        _working.release()


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password[: 4 * PASSWORD_LENGTH_MAX])


def _is_a_row(plain: str) -> bool:
    """Say whether the characters follow each other as in ``abcdefghijkl`` or ``123456789012``."""
    return len({ord(after) - ord(before) for before, after in pairwise(plain)}) <= STRIDES_MAX


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _nobodys() -> str:
    """Return a hash that no password has been told for: an unknown login costs what a known one does."""
    return _hasher.encode(_hasher.salt(), _hasher.salt())


@cache
def _common() -> frozenset[str]:
    """Return the twenty thousand passwords that are guessed first, in Django's list."""
    return frozenset(CommonPasswordValidator().passwords)
