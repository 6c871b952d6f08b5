"""Streams that tell open pages at once that something changed (server-sent events), and nothing but a number that then differs.

However many listen, the database is asked once every while for all, and not at all while nobody does. Pages that find no
place here ask every while instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, InterfaceError

from .application import Answer, Request, Route
from .errors import RailBusy
from .pool import Pool

_RETRY: Final = b"retry: 1000\n\n"
_HERE: Final = b": here\n\n"
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"access-control-allow-origin", b"*"),
    (b"x-accel-buffering", b"no"),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a stream costs at most.

    Attributes:
        listeners_max: so many listen at once.
        look_seconds: so often the database is asked while anybody does.
        heartbeat_seconds: so often a line is sent to whoever hears nothing else, so that no one between takes the connection
            for dead.
        stream_seconds_max: a stream ends then; browsers come again by themselves.
    """

    listeners_max: int = 2_000
    look_seconds: float = 0.5
    heartbeat_seconds: float = 15.0
    stream_seconds_max: float = 600.0


class Telling:
    """A stream: one look-out, and whoever listens to it. Used from one event loop."""

    def __init__(
        self,
        pool: Pool,
        path: str,
        described: str,
        look: Callable[[], int],
        *,
        bounds: Bounds | None = None,
        when_asked_to_stop: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self._pool, self._path, self._described, self._look = pool, path, described, look
        self._bounds = bounds or Bounds()
        self._when_asked_to_stop = when_asked_to_stop
        self._listeners = 0
        self._number: int | None = None
        self._news = asyncio.Event()
        self._lookout: asyncio.Task[None] | None = None
        self._closing = False

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [Route("GET", self._path, self.changes, None, self._described)]

    async def changes(self, _request: Request) -> Answer:
        """Begin to tell a listener.

        Raises:
            RailBusy: too many listen.
        """
        if self._listeners >= self._bounds.listeners_max or self._closing:
            raise RailBusy
        return Answer(b"", kind=b"text/event-stream", headers=_HEADERS, parts=self._told())

    async def _told(self) -> AsyncIterator[bytes]:
        self._listeners += 1
        ends = asyncio.get_running_loop().time() + self._bounds.stream_seconds_max
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
                if self._number != told:
                    told = self._number
                    yield b"data: %d\n\n" % (told or 0)
                try:
                    async with asyncio.timeout(self._bounds.heartbeat_seconds):
                        await news.wait()
                except TimeoutError:
                    yield _HERE
        finally:
            self._listeners -= 1

    async def _look_out(self) -> None:
        """Look as long as anybody listens."""
        try:
            while self._listeners and not self._closing:
                try:
                    number = await self._pool.run(self._look)
                except (DatabaseError, InterfaceError, RailBusy):
                    number = self._number if self._number is not None else 0  # it is asked again in a moment
                if number != self._number:
                    self._number = number
                    self._tell()
                await asyncio.sleep(self._bounds.look_seconds)
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
