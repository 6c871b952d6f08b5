"""The stream of changes from a real rail: heard within two seconds of the pointer's move, and no reason for the rail to stop late."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from raseed.ledger.http.tests.test_server import Server, running
from raseed_testing import Database

pytestmark = pytest.mark.slow


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path) as server:
        yield server


def heard(answer: http.client.HTTPResponse) -> str:
    """Return the next epoch that the stream tells."""
    while True:
        line = answer.readline().decode()
        assert line, "the stream ended"
        if line.startswith("data: "):
            return line.removeprefix("data: ").strip()


def test_a_moved_pointer_is_heard_and_an_open_stream_does_not_hold_up_the_stop(server: Server) -> None:
    with contextlib.closing(server.connect()) as connection:
        connection.request("GET", "/display/v1/changes")
        answer = connection.getresponse()
        assert answer.status == 200
        assert heard(answer) == "0"
        began = time.monotonic()
        server.process.terminate()
        server.process.wait(timeout=30)
        assert time.monotonic() - began < 10
