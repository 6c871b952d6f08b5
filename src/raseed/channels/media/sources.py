"""Where each channel gives a file out, and what it says of it: WhatsApp by id and then address, Telegram by path, X by address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

from raseed.kernel.errors import NotFound

from ..domain import Channel
from ..lines.domain import Line
from ..lines.secrets import line_secret
from .client import Gone, Trouble, ask

WHATSAPP: Final = "https://graph.facebook.com"
GRAPH_VERSION: Final = "v23.0"
TELEGRAM: Final = "https://api.telegram.org"
X_HOSTS: Final = re.compile(r"(^|\.)(x\.com|twitter\.com|twimg\.com)\Z")
_ID: Final = re.compile(r"[A-Za-z0-9_.:=-]{1,300}\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is to be had at this moment, with what one has to show for it; ``sha256`` as its channel says it."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    size_bytes: int | None = None


def locate(line: Line, source: str) -> Place:
    """Ask a channel where a file is.

    Raises:
        Trouble, Gone: it does not say, this time or at all.
    """
    try:
        token = line_secret(line.id, "access_token")
    except NotFound:
        raise Trouble("no_access_token") from None
    match line.channel:
        case Channel.WHATSAPP:
            return _whatsapp(line, source, token)
        case Channel.TELEGRAM:
            return _telegram(line, source, token)
        case Channel.X:
            return _x(line, source, token)
        case _:
            raise Gone


def _whatsapp(line: Line, source: str, token: str) -> Place:
    if not _ID.match(source):
        raise Gone
    base = line.settings.get("api_base", WHATSAPP).rstrip("/")
    version = line.settings.get("graph_version", GRAPH_VERSION)
    shown = {"Authorization": f"Bearer {token}"}
    said = ask(f"{base}/{version}/{quote(source, safe='')}?phone_number_id={quote(line.address, safe='')}", shown)
    url, size = said.get("url"), said.get("file_size")
    if not isinstance(url, str) or not url:
        raise Trouble("no_url")
    digest = said.get("sha256")
    return Place(url, shown, digest if isinstance(digest, str) else "", _count(size))


def _count(value: object) -> int | None:
    """Return a size given as number or text, if it is one."""
    said = str(value)
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None  # noqa: PLR2004


def _telegram(line: Line, source: str, token: str) -> Place:
    base = line.settings.get("api_base", TELEGRAM).rstrip("/")
    said = ask(f"{base}/bot{quote(token, safe=':')}/getFile?file_id={quote(source, safe='')}", {})
    result = said.get("result")
    path = result.get("file_path") if isinstance(result, dict) else None
    if not isinstance(path, str) or not path or ".." in path.split("/"):
        raise Trouble("no_path")
    return Place(f"{base}/file/bot{quote(token, safe=':')}/{quote(path)}")


def _x(line: Line, source: str, token: str) -> Place:
    """Return the place of a file of X; the address came with the message, so the token goes to X's own hosts only."""
    host = urlsplit(source).hostname or ""
    own = urlsplit(line.settings.get("api_base", "")).hostname
    if not X_HOSTS.search(host) and host != own:
        raise Gone
    return Place(source, {"Authorization": f"Bearer {token}"})
