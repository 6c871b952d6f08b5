"""Static files: read once, compressed once, served under a name that holds a hash of the content.

The files are few and small (a style sheet, two scripts, an icon), so they live in the process: there is no collecting
step to forget and no folder to keep in step with the code. A name with the present hash may be kept for a year; any
other name gets the present file and a short life, so that a page opened before a release still finds its style.
Why not a library or the server's own file serving: docs/adr/0031.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import Storage
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.views.decorators.http import require_safe

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

ASSET_SIZE_MAX: Final = 1 << 20
"""Bytes of the largest file that is kept in memory; a larger one does not belong in a page."""
DIGEST_LENGTH: Final = 12
_HASHED: Final = re.compile(rf"(?P<stem>.+)\.(?P<digest>[0-9a-f]{{{DIGEST_LENGTH}}})(?P<suffix>\.[a-z0-9]+)\Z")
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_TEXT: Final = frozenset({".js", ".css", ".svg", ".json", ".txt"})
FOREVER: Final = "public, max-age=31536000, immutable"
BRIEFLY: Final = "public, max-age=60"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it goes over the wire: ``packed`` is its gzip form, ``None`` where that would not be smaller."""

    name: str
    content_type: str
    digest: str
    body: bytes
    packed: bytes | None


def _read(name: str) -> Asset | None:
    try:
        found = finders.find(name)
    except SuspiciousFileOperation:  # a name that tries to climb out of the folders of static files
        return None
    if not isinstance(found, str):
        return None
    path = Path(found)
    if not path.is_file() or path.stat().st_size > ASSET_SIZE_MAX:
        return None
    body = path.read_bytes()
    suffix = path.suffix.lower()
    content_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    if suffix in _TEXT:
        content_type += "; charset=utf-8"
    packed = gzip.compress(body, 9, mtime=0)
    digest = hashlib.sha256(body).hexdigest()[:DIGEST_LENGTH]
    return Asset(name, content_type, digest, body, packed if len(packed) < len(body) else None)


_KEPT: Final[dict[str, Asset]] = {}
"""Files read so far; only names that exist get in, so the number of static files is its bound."""


def asset(name: str) -> Asset | None:
    """Return the static file ``name`` (as in ``{% static %}``), or ``None`` where no installed app has it."""
    kept = None if settings.DEBUG else _KEPT.get(name)
    if kept is None and (kept := _read(name)) is not None:
        _KEPT[name] = kept
    return kept


class HashedAssets(Storage):
    """What ``{% static %}`` asks for addresses: ``web/app.css`` becomes ``/static/web/app.0123456789ab.css``."""

    def url(self, name: str | None) -> str:
        """Return the address of a static file, with its hash."""
        found = asset(name or "")
        if found is None:
            raise ValueError(f"no installed app has the static file {name!r}")
        stem, dot, suffix = found.name.rpartition(".")
        return f"{settings.STATIC_URL}{stem}.{found.digest}{dot}{suffix}"

    def exists(self, name: str) -> bool:
        """Say whether any installed app has this file."""
        return asset(name) is not None


@require_safe
def serve(request: HttpRequest, name: str) -> HttpResponseBase:
    """Answer with one static file, compressed where the browser takes gzip."""
    hashed = _HASHED.match(name)
    found = asset(hashed["stem"] + hashed["suffix"]) if hashed else asset(name)
    if found is None:
        raise Http404
    etag = f'"{found.digest}"'
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    elif found.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(found.packed, content_type=found.content_type)
        response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(found.body, content_type=found.content_type)
    response["ETag"] = etag
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = FOREVER if hashed and hashed["digest"] == found.digest else BRIEFLY
    return response
