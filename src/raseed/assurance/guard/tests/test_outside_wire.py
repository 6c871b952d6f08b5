"""An exchange with a system of others ends in time, wherever in it the other side dawdles; connections are kept."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from raseed.assurance.guard.outside.client import Line, Pace
from raseed.assurance.guard.tests.sham import Sham, running

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def talking(say: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Let something listen that talks so, once asked."""
    over = threading.Event()

    def serve() -> None:
        while True:
            try:
                there, _ = listening.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=one, args=(there,), daemon=True))
            threads[-1].start()

    def one(there: socket.socket) -> None:
        there.settimeout(5)
        with there, suppress(OSError):
            there.recv(65_536)
            say(there, over)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threads = [threading.Thread(target=serve, daemon=True)]
        threads[0].start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
            for each in threads:
                each.join()


def dripping(first: bytes, again: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def say(there: socket.socket, over: threading.Event) -> None:
        there.sendall(first)
        for byte in itertools.cycle(again):
            if over.wait(0.05):
                return
            there.sendall(bytes([byte]))

    return say


def line_to(url: str, seconds_max: float) -> Line:
    return Line(url, {}, seconds_max=seconds_max, pace=Pace(1_000))


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 O", b"k"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"X-Slow: ", b"z"),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"Connection: close\r\n\r\n", b" "),
    ],
)
def test_an_answer_that_drips_in_byte_by_byte_ends_in_time(first: bytes, again: bytes) -> None:
    with talking(dripping(first, again)) as url:
        began = time.monotonic()
        heard = line_to(url, 0.5).get("/balance/a1")
        assert (heard.trouble, time.monotonic() - began < 2) == ("timeout", True)


def test_what_never_shakes_hands_ends_in_time() -> None:
    with talking(dripping(b"", b"\x16")) as url:
        began = time.monotonic()
        heard = line_to(url.replace("http://", "https://"), 0.5).get("/balance/a1")
        assert heard.trouble in ("timeout", "no_connection")
        assert time.monotonic() - began < 2


def test_an_answer_that_ends_with_its_connection_is_read_whole() -> None:
    def say(there: socket.socket, _over: threading.Event) -> None:
        there.sendall(HEAD + b"Connection: close\r\n\r\n{}")

    with talking(say) as url:
        line = line_to(url, 5)
        assert [line.get("/").body for _ in range(3)] == [b"{}"] * 3


def test_a_connection_is_kept_and_each_question_on_it_has_its_own_time() -> None:
    came = list[int]()

    def say(there: socket.socket, over: threading.Event) -> None:
        came.append(1)
        while not over.wait(0.2):
            there.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")
            if not there.recv(65_536):
                return

    with talking(say) as url:
        line = line_to(url, 0.5)
        assert [line.get("/").body for _ in range(4)] == [b"{}"] * 4
        assert len(came) == 1
        del line


def test_every_question_is_asked_once() -> None:
    with running(Sham()) as sham:
        line = line_to(f"{sham.url}/live", 5)
        assert {line.get("/balance/a3").status for _ in range(5)} == {200}
        assert sham.asked == ["live a3"] * 5


def test_an_answer_that_is_cut_off_is_none() -> None:
    with talking(lambda there, _over: there.sendall(HEAD + b"Content-Length: 9\r\n\r\n{}")) as url:
        assert line_to(url, 5).get("/").trouble == "broken"


def test_where_nobody_listens_there_is_no_connection() -> None:
    with running(Sham()) as sham:
        url = sham.url
    assert line_to(url, 1).get("/").trouble == "no_connection"
