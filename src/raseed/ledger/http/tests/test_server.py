"""The rail as a process: granian, real sockets, real signals."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api
from raseed.ledger.api import NewAccount
from raseed.platform.rail.bodies import BODY_BYTES_MAX
from raseed_testing import Database

pytestmark = pytest.mark.slow


class Server:
    """A rail of this test's own."""

    def __init__(self, home: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.home, self.port, self.process = home, port, process

    def key(self, name: str) -> str:
        return (self.home / "keys" / name).read_text().strip()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(self, method: str, path: str, body: Any = None, key: str | None = "ledger-api") -> tuple[int, bytes]:
        connection = self.connect()
        try:
            return self.ask_on(connection, method, path, body, key)
        finally:
            connection.close()

    def ask_on(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = "ledger-api",
    ) -> tuple[int, bytes]:
        headers = {} if key is None else {"Authorization": f"Bearer {self.key(key)}"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = connection.getresponse()
        return reply.status, reply.read()

    def raw(self, *parts: bytes) -> bytes:
        """Send bytes as they are; return what comes back until the server closes or a reply is whole."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as sock:
            try:
                for part in parts:
                    sock.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                pass
            reply = b""
            try:
                while b"\r\n\r\n" not in reply and (more := sock.recv(65536)):
                    reply += more
            except ConnectionResetError:
                pass
            return reply


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(home: Path) -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws",
         "--log-level", "warning", "--workers-kill-timeout", "20", "raseed.project.rail:application"],
        env={**os.environ, "RASEED_HOME": str(home)},
    )  # fmt: skip
    server = Server(home, port, process)
    try:
        deadline, pause = time.monotonic() + 60, threading.Event()
        while True:
            assert time.monotonic() < deadline
            assert process.poll() is None
            try:
                if server.ask("GET", "/health", key=None)[0] == 200:
                    break
            except OSError:
                pause.wait(0.05)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path) as found:
        yield found


def open_accounts(count: int) -> tuple[int, list[str]]:
    ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
    accounts = [NewAccount(new_id(), ledger, 1) for _ in range(count)]
    api.create_accounts(accounts)
    return ledger, [str(account.id) for account in accounts]


def move(ledger: int, debit: str, credit: str) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "debit_account_id": debit,
        "credit_account_id": credit,
        "amount": "1",
        "ledger": ledger,
        "code": 1,
    }


def test_a_rail_from_its_start_to_its_end(server: Server) -> None:
    for name in ("ledger-api", "metrics"):
        assert stat.S_IMODE((server.home / "keys" / name).stat().st_mode) == 0o600
    ledger, [a, b] = open_accounts(2)
    connection = server.connect()
    sent = move(ledger, a, b)
    assert server.ask_on(connection, "POST", "/ledger/v1/transfers", sent)[0] == 201
    assert server.ask_on(connection, "POST", "/ledger/v1/transfers", sent) == (
        200, json.dumps({"id": sent["id"], "result": "exists"}, separators=(",", ":")).encode(),
    )  # fmt: skip
    assert server.ask_on(connection, "POST", "/ledger/v1/transfers", sent, key=None)[0] == 401
    assert server.ask_on(connection, "POST", "/ledger/v1/transfers", sent, key="metrics")[0] == 403
    assert (
        json.loads(server.ask_on(connection, "GET", f"/ledger/v1/accounts/{b}/history")[1])["entries"][0]["transfer"][
            "id"
        ]
        == sent["id"]
    )
    connection.close()
    status, figures = server.ask("GET", "/metrics", key="metrics")
    assert status == 200
    assert b'raseed_rail_requests_total{method="POST",route="/ledger/v1/transfers",status="201"} 1.0' in figures
    assert b'raseed_ledger_lane_transfers_total{lane="0"}' in figures
    assert sent["id"].encode() not in figures
    assert server.ask("GET", "/metrics", key=None)[0] == 401
    assert server.ask("GET", "/ledger/v1/openapi.json", key=None)[0] == 200


def test_bodies_too_large_are_refused_while_they_come_and_noise_does_no_harm(server: Server) -> None:
    head = f"POST /ledger/v1/transfers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key('ledger-api')}\r\n".encode()
    said = server.raw(head + b"Content-Length: 10000000\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    unsaid = server.raw(head + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * (4 * BODY_BYTES_MAX // 65536))
    assert unsaid.startswith(b"HTTP/1.1 413") or unsaid == b"", "refused, or the connection was closed on the sender"
    whole = json.dumps([{"id": str(new_id())}]).encode().ljust(10_000_000)
    for _ in range(3):
        assert server.raw(head + f"Content-Length: {len(whole)}\r\n\r\n".encode(), whole)[:12] in {b"HTTP/1.1 413", b""}
    assert server.ask("GET", "/health", key=None)[0] == 200

    for noise in NOISE:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
            try:
                sock.sendall(noise)
                sock.shutdown(socket.SHUT_WR)
                sock.recv(65536)
            except OSError:
                pass
        assert server.ask("GET", "/health", key=None)[0] == 200


NOISE = [
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /ledger/v1/transfers HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST /ledger/v1/transfers HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"GET /%ff%00%0d%0a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /health?" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
]


def test_what_was_answered_before_the_end_is_in_the_books(database: Database, tmp_path: Path) -> None:
    ledger, accounts = open_accounts(20)
    posted: list[str] = []
    enough = threading.Event()

    def load(server: Server, number: int) -> None:
        with closing(server.connect()) as connection:
            while True:
                sent = move(ledger, accounts[number], accounts[number + 10])
                try:
                    status, _ = server.ask_on(connection, "POST", "/ledger/v1/transfers", sent)
                except (OSError, http.client.HTTPException):
                    return
                if status == 201:
                    posted.append(sent["id"])
                if len(posted) > 500:
                    enough.set()

    with running(tmp_path) as server, ThreadPoolExecutor(10) as pool:
        loads = [pool.submit(load, server, number) for number in range(10)]
        assert enough.wait(60)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(40) == 0
        for each in loads:
            each.result()
    found = api.look_up_transfers([UUID(text) for text in posted])
    assert len(found) == len(posted)
