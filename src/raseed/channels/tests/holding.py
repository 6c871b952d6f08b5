"""A provider that holds files: gives them out as WhatsApp does, and misbehaves as it is told."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Holder:
    """Files by id. ``statuses`` are answered first, one for each request; ``digests`` and ``sizes`` are told instead of the true ones."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    shown: list[tuple[str, str]] = field(default_factory=list)

    def told(self, media_id: str) -> bytes:
        content = self.files[media_id]
        return json.dumps({
            "messaging_product": "whatsapp",
            "url": self.urls.get(media_id, f"{self.address}/bytes/{media_id}"),
            "mime_type": "image/jpeg",
            "sha256": self.digests.get(media_id, base64.b64encode(hashlib.sha256(content).digest()).decode()),
            "file_size": len(content),
            "id": media_id,
        }).encode()  # fmt: skip


@contextlib.contextmanager
def holding() -> Iterator[Holder]:
    """Hold files for the length of a ``with``."""
    told = Holder()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.shown.append((self.path, self.headers.get("Authorization", "")))
            media_id = self.path.partition("?")[0].rpartition("/")[2]
            if told.statuses and (status := told.statuses.pop(0)) != 200:
                self.answer(status, b"")
            elif media_id not in told.files:
                self.answer(404, b"")
            elif self.path.startswith("/bytes/"):
                content = told.files[media_id]
                self.answer(200, content[: len(content) // 2] if media_id in told.cut else content, len(content))
            else:
                self.answer(200, told.told(media_id))

        def answer(self, status: int, content: bytes, length: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", str(len(content) if length is None else length))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
