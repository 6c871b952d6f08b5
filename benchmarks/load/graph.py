"""A make-believe Graph API that gives files out: ``python -m benchmarks.load.graph PORT FILES SHARE``.

``FILES`` is a JSON object of contents in hexadecimal by id; of all first requests for a file's place or bytes, ``SHARE`` are
answered 503.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def main(port: int, files: dict[str, bytes], share: float) -> None:
    """Serve until terminated."""
    dice = random.Random(port)
    asked: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0].rpartition("/")[2]
            first = self.path not in asked
            asked.add(self.path)
            if first and dice.random() < share:
                self.answer(503, b"")
            elif name not in files:
                self.answer(404, b"")
            elif self.path.startswith("/bytes/"):
                self.answer(200, files[name])
            else:
                digest = base64.b64encode(hashlib.sha256(files[name]).digest()).decode()
                url = f"http://127.0.0.1:{port}/bytes/{name}"
                self.answer(200, json.dumps({"url": url, "sha256": digest, "file_size": len(files[name])}).encode())

        def answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
            del format, args

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    found = json.loads(Path(sys.argv[2]).read_text(encoding="ascii"))
    main(int(sys.argv[1]), {name: bytes.fromhex(content) for name, content in found.items()}, float(sys.argv[3]))
