"""The stream of changes: everybody hears of a moved pointer at once, the database is asked once for all, and places are bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import OperationalError

from raseed.display.http import rail
from raseed.platform.rail.application import Rail
from raseed.platform.rail.pool import Pool
from raseed.platform.rail.sign_in import Keys


class Listener:
    """A browser that listens until it hangs up."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.hung_up = asyncio.Event()
        self.asked = False

    async def receive(self) -> dict[str, Any]:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        await self.sent.put(message)

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            return await self.sent.get()


SCOPE = {"type": "http", "method": "GET", "path": "/display/v1/changes", "query_string": b"", "headers": []}


class Books:
    """The pointer's epoch, and how often it was looked at."""

    def __init__(self) -> None:
        self.epoch, self.looks, self.away = 7, 0, False

    def look(self) -> int:
        self.looks += 1
        if self.away:
            raise OperationalError
        return self.epoch


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Books:
    books = Books()
    monkeypatch.setattr(rail, "_epoch", books.look)
    monkeypatch.setattr(rail, "LOOK_SECONDS", 0.01)
    return books


def opened() -> tuple[rail.Changes, Rail]:
    changes = rail.Changes(Pool())
    return changes, Rail(changes.routes(), Keys([]), on_stop=[changes.close])


def test_everybody_hears_of_a_change_and_the_database_is_asked_once_for_all(books: Books) -> None:
    async def story() -> None:
        changes, app = opened()
        listeners = [Listener() for _ in range(20)]
        tasks = [asyncio.ensure_future(app(SCOPE, one.receive, one.send)) for one in listeners]
        for one in listeners:
            start = await one.hear()
            assert start["status"] == 200
            assert (b"access-control-allow-origin", b"*") in start["headers"]
            assert (b"content-type", b"text/event-stream") in start["headers"]
            assert (await one.hear())["body"] == b"retry: 1000\n\n"
            assert (await one.hear())["body"] == b"data: 7\n\n"
        books.epoch, before = 8, books.looks
        assert {(await one.hear())["body"] for one in listeners} == {b"data: 8\n\n"}
        assert books.looks - before < 10
        for one in listeners:
            one.hung_up.set()
        await asyncio.gather(*tasks)
        assert changes._listeners == 0
        assert changes._lookout is not None
        await changes._lookout
        assert changes._lookout is None, "nobody listens: nobody looks"

    asyncio.run(story())


def test_what_changes_while_a_part_is_sent_is_told_next(books: Books) -> None:
    async def story() -> None:
        changes, _ = opened()
        told = changes._told()
        assert await anext(told) == b"retry: 1000\n\n"
        assert await anext(told) == b"data: 7\n\n"
        news, books.epoch = changes._news, 8
        await news.wait()
        async with asyncio.timeout(5):
            assert await anext(told) == b"data: 8\n\n"
        await changes.close()
        async with asyncio.timeout(5):
            assert await anext(told, None) is None

    asyncio.run(story())


def test_a_database_that_is_away_is_asked_again(books: Books) -> None:
    async def story() -> None:
        _, app = opened()
        one = Listener()
        books.away = True
        task = asyncio.ensure_future(app(SCOPE, one.receive, one.send))
        assert [(await one.hear())["type"] for _ in range(2)] == ["http.response.start", "http.response.body"]
        assert (await one.hear())["body"] == b"data: 0\n\n"
        books.away = False
        assert (await one.hear())["body"] == b"data: 7\n\n"
        one.hung_up.set()
        await task

    asyncio.run(story())


def test_places_are_bounded_and_whoever_finds_none_is_told(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rail, "LISTENERS_MAX", 1)

    async def story() -> None:
        changes, app = opened()
        first, second = Listener(), Listener()
        task = asyncio.ensure_future(app(SCOPE, first.receive, first.send))
        await first.hear()
        await first.hear()
        await app(SCOPE, second.receive, second.send)
        assert (await second.hear())["status"] == 503
        await changes.close()
        await task
        said = [await first.hear() for _ in range(first.sent.qsize())]
        assert said[-1] == {"type": "http.response.body", "body": b"", "more_body": False}

    asyncio.run(story())


def test_whoever_hears_nothing_hears_a_heartbeat_and_a_stream_ends_in_time(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rail, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(rail, "STREAM_SECONDS_MAX", 0.2)

    async def story() -> None:
        _, app = opened()
        one = Listener()
        await app(SCOPE, one.receive, one.send)
        said = [(await one.hear()).get("body") for _ in range(one.sent.qsize())]
        assert said.count(b": here\n\n") >= 3
        assert said[-1] == b""

    asyncio.run(story())


def test_parts_that_fail_end_the_answer() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("a bug")

    async def story() -> None:
        from raseed.platform.rail.application import Answer, pour  # noqa: PLC0415  (for this test)

        one = Listener()
        one.asked = True
        with pytest.raises(ValueError, match="a bug"):
            await pour(Answer(b""), parts(), one.receive, one.send)
        assert one.sent.qsize() == 2

    asyncio.run(story())
