"""``GET /display/v1/changes``: tells open pages at once that another generation of balances is shown (server-sent events).

Public, and says one thing only: how often the pointer has moved. However many listen, the database is asked once every half
second, and not at all while nobody does. Pages that find no place here ask every while instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from django.db import DatabaseError, InterfaceError

from raseed.platform.rail.application import Answer, Request, Route
from raseed.platform.rail.errors import RailBusy
from raseed.platform.rail.pool import Pool

from ..generations.reading import pointer

LISTENERS_MAX: Final = 2_000
LOOK_SECONDS: Final = 0.5
HEARTBEAT_SECONDS: Final = 15.0
"""So often a line is sent to whoever hears nothing else, so that no one between takes the connection for dead."""
STREAM_SECONDS_MAX: Final = 600.0
"""A stream ends then; browsers come again by themselves."""
_RETRY: Final = b"retry: 1000\n\n"
_HERE: Final = b": here\n\n"
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"access-control-allow-origin", b"*"),
    (b"x-accel-buffering", b"no"),
)


def _epoch() -> int:
    found = pointer()
    return found.epoch if found else 0


class Changes:
    """The stream: one look-out, and whoever listens to it. Used from one event loop."""

    def __init__(self, pool: Pool, *, when_asked_to_stop: Callable[[Callable[[], None]], None] | None = None) -> None:
        self._pool = pool
        self._when_asked_to_stop = when_asked_to_stop
        self._listeners = 0
        self._epoch: int | None = None
        self._news = asyncio.Event()
        self._lookout: asyncio.Task[None] | None = None
        self._closing = False

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [
            Route(
                "GET",
                "/display/v1/changes",
                self.changes,
                None,
                "Tells at once when another generation of balances is shown.",
            )
        ]

    async def changes(self, _request: Request) -> Answer:
        """Begin to tell a listener.

        Raises:
            RailBusy: too many listen.
        """
        if self._listeners >= LISTENERS_MAX or self._closing:
            raise RailBusy
        return Answer(b"", kind=b"text/event-stream", headers=_HEADERS, parts=self._told())

    async def _told(self) -> AsyncIterator[bytes]:
        self._listeners += 1
        ends = asyncio.get_running_loop().time() + STREAM_SECONDS_MAX
        if self._when_asked_to_stop is not None:  # the first listener: by now the server has set its own handlers
            self._when_asked_to_stop(self._let_go)
            self._when_asked_to_stop = None
        if self._lookout is None:
            self._lookout = asyncio.create_task(self._look_out())
        told: int | None = None
        try:
            yield _RETRY
            while not self._closing and asyncio.get_running_loop().time() < ends:
                news = self._news  # taken before the look, so that nothing is missed while a part is sent
                if self._epoch != told:
                    told = self._epoch
                    yield b"data: %d\n\n" % (told or 0)
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await news.wait()
                except TimeoutError:
                    yield _HERE
        finally:
            self._listeners -= 1

    async def _look_out(self) -> None:
        """Look at the pointer as long as anybody listens."""
        try:
            while self._listeners and not self._closing:
                try:
                    epoch = await self._pool.run(_epoch)
                except (DatabaseError, InterfaceError, RailBusy):
                    epoch = self._epoch if self._epoch is not None else 0  # it is asked again in a moment
                if epoch != self._epoch:
                    self._epoch = epoch
                    self._tell()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._lookout = None

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _let_go(self) -> None:
        self._closing = True
        self._tell()

    async def close(self) -> None:
        """Let everybody go."""
        self._let_go()
