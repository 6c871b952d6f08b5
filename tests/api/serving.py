"""The pages process, or the rail, as it is run, on a port of its own."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

START_SECONDS_MAX = 60


@contextmanager
def serving(**environment: str) -> Iterator[str]:
    """Start granian with the pages and their API on the test's database; give the address, such as ``http://127.0.0.1:4711``."""
    pages = ("--interface", "wsgi", "--blocking-threads", "4", "raseed.project.wsgi:application")
    with _granian(pages, "/api/v1/openapi.json", environment) as address:
        yield address


@contextmanager
def serving_rail(**environment: str) -> Iterator[str]:
    """Start granian with the rail on the test's database; give its address."""
    with _granian(("--interface", "asgi", "raseed.project.rail:application"), "/health", environment) as address:
        yield address


@contextmanager
def _granian(what: Sequence[str], ready_at: str, environment: Mapping[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port), "--no-ws", "--workers", "1",
        "--log-level", "warning", *what,
    ]  # fmt: skip
    with subprocess.Popen(command, env={**os.environ, **environment}, start_new_session=True) as server:
        try:
            _wait(port, ready_at, server)
            yield f"http://127.0.0.1:{port}"
            assert server.poll() is None, "the server did not outlive the tests"
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)


def _wait(port: int, ready_at: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", ready_at)
            if connection.getresponse().status == 200:
                return
        except OSError:
            assert server.poll() is None, "the server ended at its start"
            assert time.monotonic() < deadline, "the server did not start"
        finally:
            connection.close()
