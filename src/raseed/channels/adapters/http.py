"""One request to a provider: to an address that is allowed, within a time, reading a bounded answer.

What matters most is told apart: whether the request may have reached anybody. Until its first byte is written it certainly has
not; from then on only an answer tells.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from raseed.kernel.ids import new_id
from raseed.platform.webhooks.addresses import AddressRefused, resolved
from raseed.platform.webhooks.client import BoundedConnection, seconds_to_wait

SECONDS_MAX: Final = 15.0
UPLOAD_SECONDS_MAX: Final = 60.0
ANSWER_BYTES_MAX: Final = 64 << 10
WAIT_SECONDS_MAX: Final = 3600
_AGENT: Final = "Raseed/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered: the status, its JSON object (empty where it was none), and how long it asked us to wait."""

    status: int
    said: Mapping[str, Any]
    retry_after: timedelta | None = None

    @property
    def is_yes(self) -> bool:
        """Whether the status says yes."""
        return 200 <= self.status < 300  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class NotReached:
    """Nobody was asked: no address, one that we do not send to, no connection, or a certificate that is not trusted."""

    code: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The request went out, at least in part, and no whole answer came."""

    code: str


Exchange = Answer | NotReached | NoAnswer


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a form, or a file of one where it has a file name."""

    name: str
    content: bytes
    file_name: str = ""
    type: str = ""


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes = b"",
    seconds: float = SECONDS_MAX,
) -> Exchange:
    """Send one request; nothing is raised. Redirects are not followed, proxies of the environment are not asked."""
    try:
        target, address = resolved(url, beside=settings.CHANNEL_NETWORKS)
    except AddressRefused as refusal:
        return NotReached(str(refusal))
    except ValueError:
        return NotReached("no_address")
    connection = BoundedConnection(target, address, seconds=seconds)
    try:
        connection.connect()
        return _exchanged(
            connection, method, target.path, body, {"Connection": "close", "User-Agent": _AGENT, **headers}
        )
    except ssl.SSLError as trouble:
        return NotReached(f"not_trusted: {trouble.reason or type(trouble).__name__}")
    except OSError as trouble:
        return NotReached(f"no_connection: {type(trouble).__name__}")
    finally:
        connection.close()


def _exchanged(
    connection: BoundedConnection, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> Answer | NoAnswer:
    """Send over a connection that is made; whatever happens from here on, the request may have arrived."""
    try:
        connection.request(method, path, body, headers)
        return _read(connection.getresponse())
    except TimeoutError:
        return NoAnswer("no_answer_in_time")
    except (OSError, http.client.HTTPException, ValueError) as trouble:
        return NoAnswer(f"broken_off: {type(trouble).__name__}")


def ask_json(method: str, url: str, *, headers: Mapping[str, str], content: Mapping[str, Any]) -> Exchange:
    """Send one request whose body is a JSON object."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return ask(method, url, headers={"Content-Type": "application/json; charset=utf-8", **headers}, body=body)


def ask_form(url: str, *, headers: Mapping[str, str], parts: list[Part]) -> Exchange:
    """Post a form that carries files (RFC 7578)."""
    boundary = f"raseed-{new_id().hex}"
    body = form(parts, boundary)
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return ask("POST", url, headers={**kind, **headers}, body=body, seconds=UPLOAD_SECONDS_MAX)


def form(parts: list[Part], boundary: str) -> bytes:
    """Return a form's body. A file's name may be in any script; what would end its quotes is written as browsers write it."""
    lines: list[bytes] = []
    for part in parts:
        head = f'Content-Disposition: form-data; name="{_quoted(part.name)}"'
        if part.file_name:
            head += f'; filename="{_quoted(part.file_name)}"'
        lines += [f"--{boundary}".encode(), head.encode()]
        if part.type:
            lines.append(f"Content-Type: {part.type}".encode("ascii"))
        lines += [b"", part.content]
    return b"\r\n".join([*lines, f"--{boundary}--".encode(), b""])


def is_address(url: str) -> bool:
    """Whether this looks like an address that can be asked at all."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _read(answer: http.client.HTTPResponse) -> Answer:
    said = b""
    while len(said) < ANSWER_BYTES_MAX and (part := answer.read1(ANSWER_BYTES_MAX - len(said))):
        said += part
    return Answer(answer.status, _object(said), _wait(answer.getheader("Retry-After")))


def _object(said: bytes) -> Mapping[str, Any]:
    try:
        found: object = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _wait(header: str | None) -> timedelta | None:
    seconds = seconds_to_wait(header)
    return None if seconds is None else timedelta(seconds=min(seconds, WAIT_SECONDS_MAX))
