"""Getting a provider's file: from an address that is allowed, within a time, onto the disk part by part, within a size.

Redirects are not followed, so a token goes nowhere but where it was meant for.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from raseed.platform.webhooks.addresses import AddressRefused, resolved
from raseed.platform.webhooks.client import TROUBLE, BoundedConnection, word_for

ASK_SECONDS_MAX: Final = 10.0
FETCH_SECONDS_MAX: Final = 60.0
"""For a whole file. One that takes longer is tried again, and given up with the others after seven days."""
ANSWER_BYTES_MAX: Final = 64 << 10
PART_BYTES: Final = 1 << 18
OK: Final = 200
BAD_REQUEST: Final = 400
GONE: Final = frozenset({404, 410})
_GRAPH_GONE: Final = (100, 33)
"""Code and subcode with which the Graph API says, under status 400, that there is no such object (or none any more)."""
_TELEGRAM_GONE: Final = ("invalid file_id", "wrong file", "file is too big")
"""What the Bot API's getFile says, under status 400, of a file that it will never give."""
_AGENT: Final = "Raseed/1"


class Trouble(Exception):
    """The file was not had this time; its text is a word for why."""


class Gone(Exception):
    """The provider says that it has no such file, now or later."""


class TooLarge(Exception):
    """The file is larger than it may be; the rest of it was not read."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was written."""

    size_bytes: int
    sha256: str


def ask(url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON object at an address.

    Raises:
        Trouble, Gone: there is none, this time or at all.
    """
    with _answer(url, headers, ASK_SECONDS_MAX) as answer:
        said = b""
        while len(said) < ANSWER_BYTES_MAX and (part := answer.read1(ANSWER_BYTES_MAX - len(said))):
            said += part
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        raise Trouble("no_json") from None
    if not isinstance(found, dict):
        raise Trouble("no_json")
    return found


def fetch(url: str, headers: Mapping[str, str], path: Path, *, bytes_max: int) -> Fetched:
    """Write what is at an address to a file of this process's own, synced.

    Raises:
        Trouble, Gone: it was not to be had. TooLarge: it is larger than ``bytes_max``.
    """
    with _answer(url, headers, FETCH_SECONDS_MAX) as answer:
        said = answer.getheader("Content-Length", "")
        expected = int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None  # noqa: PLR2004
        if expected is not None and expected > bytes_max:
            raise TooLarge
        fetched = _written(answer, path, bytes_max)
    if expected is not None and fetched.size_bytes != expected:
        raise Trouble("cut_off")
    return fetched


def _written(answer: http.client.HTTPResponse, path: Path, bytes_max: int) -> Fetched:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while part := answer.read1(PART_BYTES):
            size += len(part)
            if size > bytes_max:
                raise TooLarge
            digest.update(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    return Fetched(size, digest.hexdigest())


def _says_gone(said: bytes) -> bool:
    try:
        found = json.loads(said)
    except ValueError:
        return False
    if not isinstance(found, dict):
        return False
    error = found.get("error")
    if isinstance(error, dict):
        return (error.get("code"), error.get("error_subcode")) == _GRAPH_GONE
    return any(words in str(found.get("description", "")).lower() for words in _TELEGRAM_GONE)


@contextmanager
def _answer(url: str, headers: Mapping[str, str], seconds: float) -> Iterator[http.client.HTTPResponse]:
    try:
        target, address = resolved(url, beside=settings.CHANNEL_NETWORKS)
    except AddressRefused as refusal:
        raise Trouble(str(refusal)) from None
    except ValueError:
        raise Trouble("no_address") from None
    connection = BoundedConnection(target, address, seconds=seconds)
    try:
        connection.request(
            "GET",
            target.path,
            headers={"Connection": "close", "Accept-Encoding": "identity", "User-Agent": _AGENT, **headers},
        )
        answer = connection.getresponse()
        if answer.status in GONE or (answer.status == BAD_REQUEST and _says_gone(answer.read(ANSWER_BYTES_MAX))):
            raise Gone
        if answer.status != OK:
            raise Trouble(f"answered_{answer.status}")
        yield answer
    except TROUBLE as trouble:
        raise Trouble(word_for(trouble)) from None
    finally:
        connection.close()
