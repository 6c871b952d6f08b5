"""The API on a real socket: bodies in pieces, cut short, too long or endless, and noise; it goes on answering."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from raseed.kernel.ids import new_id
from raseed.platform.rail.bodies import BODY_BYTES_MAX
from raseed_testing import NewDatabase

from .serving import serving
from .world import World, build_world

pytestmark = pytest.mark.slow


class Server:
    """Where it listens, and the keys."""

    def __init__(self, address: str, world: World) -> None:
        self.port = urlsplit(address).port or 0
        self.world = world

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            data = None if body is None else json.dumps(body).encode()
            headers["Authorization"] = f"Bearer {key or self.world.key}"
            headers["Content-Type"] = "application/json"
            connection.request(method, f"/api/v1{path}", data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def raw(self, data: bytes, *, shut: bool = True) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as sock:
            with suppress(OSError):
                sock.sendall(data)
                if shut:
                    sock.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                return sock.recv(65536)
        return b""

    def head(self, method: str, path: str, *lines: str) -> bytes:
        words = [f"{method} /api/v1{path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self.world.key}",
                 "Content-Type: application/json", *lines]  # fmt: skip
        return "\r\n".join(words).encode() + b"\r\n\r\n"

    def lives(self) -> bool:
        return self.ask("GET", "/key")[0] == 200


@pytest.fixture(scope="module")
def server(new_database: NewDatabase) -> Iterator[Server]:
    with new_database(build_world) as database:
        world: World = database.built
        with serving(RASEED_API_RATE="0") as address:
            yield Server(address, world)


def test_a_body_in_pieces_without_its_length_is_refused(server: Server) -> None:
    head = server.head("PUT", f"/customers/{new_id()}", "Transfer-Encoding: chunked")
    answer = server.raw(head + b"2\r\n{}\r\n0\r\n\r\n", shut=False)
    assert answer[:12] == b"HTTP/1.1 411", answer
    assert server.lives()


def test_a_body_that_is_said_to_be_too_long_is_refused_before_it_comes(server: Server) -> None:
    head = server.head("PUT", f"/customers/{new_id()}", f"Content-Length: {BODY_BYTES_MAX + 1}", "Expect: 100-continue")
    answer = server.raw(head, shut=False)
    assert answer[:12] == b"HTTP/1.1 413", answer
    assert server.lives()


def test_a_body_that_is_cut_short_changes_nothing(server: Server) -> None:
    body = json.dumps({"names": {"en": "Salma"}, "phone": "+201001230000", "language": "en"}).encode()
    customer_id = new_id()
    head = server.head("PUT", f"/customers/{customer_id}", f"Content-Length: {len(body)}")
    assert server.raw(head + body[:-5])[:12] in {b"", b"HTTP/1.1 400"}
    assert server.ask("GET", f"/customers/{customer_id}")[0] == 404


def test_head_has_no_body(server: Server) -> None:
    answer = server.raw(server.head("HEAD", "/key", "Connection: close"), shut=False)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""


NOISE = [
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET /api/v1/key HTTP/9.9\r\n\r\n",
    b"POST /api/v1/payments/bulk HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    b"POST /api/v1/payments/bulk HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"GET /api/v1/key HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"GET /api/v1/%ff%00%0d%0a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/v1/key?" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/v1/key HTTP/1.1\r\nHost: evil.example\r\nAuthorization: \xff\xfe\r\n\r\n",
    b"GET /api/v1/key HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xd9\xa0\r\nAccept-Language: \xff\r\n\r\n",
]


def test_noise_ends_nothing(server: Server) -> None:
    for noise in NOISE:
        answer = server.raw(noise)
        assert b"HTTP/1.1 5" not in answer[:20], (noise[:60], answer)
    assert server.lives()


def test_a_full_call_of_payments_is_answered_within_seconds_and_others_are_served_meanwhile(server: Server) -> None:
    world = server.world
    one = {
        "from_account_id": str(world.wallet.id), "to": {"kind": "phone", "value": world.omar.phone},
        "amount": {"amount_minor": 1, "currency": "EGP"}, "note": "salary of March",
    }  # fmt: skip
    many = {"payments": [{"id": str(new_id()), **one} for _ in range(8_190)]}
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        bulk = pool.submit(server.ask, "POST", "/payments/bulk", many, key=world.lailas)
        while not bulk.done():
            assert server.ask("GET", f"/accounts/{world.omars.id}/balance", key=world.omars_key)[0] == 200
    status, answer = bulk.result()
    assert status == 200, answer[:300]
    assert {result["state"] for result in json.loads(answer)["results"]} == {"settled"}
    print(f"8,190 payments in {time.monotonic() - began:.1f} s")
    assert time.monotonic() - began < 60
