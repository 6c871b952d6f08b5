"""A bounded pool of threads in which a rail runs the sync services that are not hot enough to be async (decision 7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .errors import RailBusy

THREADS: Final = 4
WAITING_MAX: Final = 128
"""The most requests that run or wait; more are refused at once."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Pool:
    """Threads with a Django connection each, tried before use: one that the server has closed is made again."""

    def __init__(self, threads: int = THREADS, waiting_max: int = WAITING_MAX) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="rail")
        self._waiting_max = waiting_max
        self._there = 0
        self._connections: set[BaseDatabaseWrapper] = set()

    async def run(self, verb: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a sync verb in a thread and return what it returns; called from one event loop only.

        Raises:
            RailBusy: too many wait.
        """
        if self._there >= self._waiting_max:
            raise RailBusy
        self._there += 1
        work = asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: self._in_thread(verb, *args, **kwargs)
        )
        work.add_done_callback(self._leave)
        return await asyncio.shield(work)  # a client that hangs up takes no thread's place from under it

    def _leave(self, work: asyncio.Future[_T]) -> None:
        self._there -= 1
        if not work.cancelled():
            work.exception()  # seen, also where the client has gone

    def _in_thread(self, verb: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        close_old_connections()
        try:
            return verb(*args, **kwargs)
        finally:
            close_old_connections()
            self._connections.add(connections["default"])

    def close(self) -> None:
        """Finish what runs, end the threads and close their connections."""
        self._executor.shutdown()
        for left in self._connections:
            left.inc_thread_sharing()  # its own thread is no more
            left.close()
