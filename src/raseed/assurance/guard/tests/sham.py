"""A system of others for tests: a real HTTP server with three sides, each of which may misbehave account by account."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, str, bytes]


def plain(account: str, minor: Any, currency: str = "EGP") -> Answer:
    """Answer as one should."""
    body = {"account": account, "balance": {"minor": minor, "currency": currency}}
    return 200, "application/json", json.dumps(body).encode()


@dataclass
class Sham:
    """What the system shows: the truth, and by side and account how it is bent."""

    true: dict[str, int] = field(default_factory=lambda: {f"a{n}": n * 1_000 + 50 for n in range(1, 13)})
    bent: dict[tuple[str, str], Callable[[str, int], Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    shown: str = "live"
    url: str = ""
    call_status: int = 200

    def answer(self, side: str, account: str) -> Answer:
        if account not in self.true:
            return 404, "application/json", b"{}"
        how = self.bent.get((side, account))
        return how(account, self.true[account]) if how else plain(account, self.true[account])

    def mapping(self, *, truth: bool = True, accounts: str = "", more: str = "") -> str:
        """Return the mapping file of this system."""
        where = (
            f'file = "{accounts}"'
            if accounts
            else 'page = "/accounts?after={after}"\nitems = "/items"\nid = "/id"\nnext = "/next"'
        )
        return f"""
format = "raseed-guard-mapping-v1"
issuer = "sham"
[live]
url = "{self.url}/live"
[candidate]
url = "{self.url}/candidate"
{f'[truth]{chr(10)}url = "{self.url}/truth"' if truth else ""}
[request]
path = "/balance/{{account}}"
seconds_max = 1
attempts = 2
rate_max = 2000
at_once = 4
{more}
[headers]
X-Asked-By = "guard"
[answer]
account = "/account"
amount = "/balance/minor"
currency = "/balance/currency"
[accounts]
{where}
[cut_over]
by = "call"
url = "{self.url}/switch/candidate"
body = '{{"version": "{{candidate}}"}}'
[roll_back]
by = "call"
url = "{self.url}/switch/live"
"""


@contextmanager
def running(sham: Sham) -> Iterator[Sham]:
    """Let the system answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            side, _, rest = self.path.lstrip("/").partition("/")
            sham.at.append(time.monotonic())
            if rest.startswith("accounts"):
                after = rest.partition("after=")[2]
                left = sorted(name for name in sham.true if name > after)[:5]
                body = json.dumps({"items": [{"id": name} for name in left], "next": left[-1] if left else ""}).encode()
                self._send(200, "application/json", body)
                return
            account = rest.rpartition("/")[2]
            sham.asked.append(f"{side} {account}")
            self._send(*sham.answer(side, account))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            sham.headers.append(dict(self.headers))
            sham.calls.append((self.path, self.headers["Idempotency-Key"], body))
            if sham.call_status == 200:
                sham.shown = self.path.rpartition("/")[2]
            self._send(sham.call_status, "application/json", b"{}")

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # who asked has given up
                self.wfile.write(body)
                self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    sham.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield sham
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
