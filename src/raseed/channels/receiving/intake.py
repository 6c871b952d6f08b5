"""Writing what was delivered: one durable write for whatever came while the last one ran, and every deliverer waits for its own.

Used from one event loop, on an async connection of its own. Deliveries that come together are written together, one statement
and one commit; who is told that it was kept finds it after a loss of power. An answer that was lost is no harm: the provider
delivers again, and the unique keys say that it is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.platform.statements import named_statements

from .errors import DeliveriesWait
from .splitting import Piece

Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Any]]]
ITEMS_MAX: Final = 1_000
"""The most items of one write; a single delivery may bring more and is written alone."""
WAITING_BYTES_MAX: Final = 64 << 20
"""So much content waits to be written at most; what comes beyond is refused, and delivered again later."""
WRITE_SECONDS_MAX: Final = 10.0
LINGER_S: Final = 0.005
"""While deliveries follow each other closely, a write waits so long for more: fewer commits, and fewer jobs after them."""
_KEEP: Final = named_statements(__package__)["keep_items"]
_log = logging.getLogger("raseed.channels")


class _Delivery:
    __slots__ = ("future", "line_id", "pieces", "size")

    def __init__(self, line_id: UUID, pieces: Sequence[Piece], future: asyncio.Future[int]) -> None:
        self.line_id = line_id
        self.pieces = pieces
        self.future = future
        self.size = sum(len(piece.content) for piece in pieces)


class Intake:
    """The queue of deliveries and its one writer."""

    def __init__(self, *, connect: Connect | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._connect = connect or connect_to_database
        self._clock = clock
        self._queue: deque[_Delivery] = deque()
        self.waiting_bytes = 0
        """Content that waits to be written."""
        self._writer: asyncio.Task[None] | None = None
        self._ended = 0.0
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self.writes = 0
        """Writes so far."""
        self.kept = 0
        """Items that were new."""
        self.repeated = 0
        """Items that were there."""

    async def keep(self, line_id: UUID, pieces: Sequence[Piece]) -> None:
        """Return once the pieces of a delivery are on the disk, each once.

        Raises:
            DeliveriesWait: nothing was kept: too much waits, or the database is away.
        """
        if not pieces:
            return
        delivery = _Delivery(line_id, pieces, asyncio.get_running_loop().create_future())
        if self.waiting_bytes and self.waiting_bytes + delivery.size > WAITING_BYTES_MAX:
            raise DeliveriesWait
        self.waiting_bytes += delivery.size
        self._queue.append(delivery)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await asyncio.shield(delivery.future)

    async def close(self) -> None:
        """Write what waits, and close the connection."""
        if self._writer is not None:
            await self._writer
        await self._hang_up()

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            if loop.time() - self._ended < LINGER_S:
                await asyncio.sleep(LINGER_S)
            together = [self._queue.popleft()]
            items = len(together[0].pieces)
            while self._queue and items + len(self._queue[0].pieces) <= ITEMS_MAX:
                items += len(self._queue[0].pieces)
                together.append(self._queue.popleft())
            await self._write(together)
            self._ended = loop.time()

    async def _write(self, together: Sequence[_Delivery]) -> None:
        """Write deliveries and tell who brought them; where one spoils the write, each is tried alone."""
        try:
            async with asyncio.timeout(WRITE_SECONDS_MAX):
                await self._run(together)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(together) > 1:
                for delivery in together:
                    await self._write([delivery])
                return
            _log.error("a delivery can't be written: %s", type(error).__name__, exc_info=error)
            self._tell(together, DeliveriesWait())
        except (psycopg.Error, OSError, TimeoutError) as error:
            _log.warning("deliveries can't be written: %s", type(error).__name__)
            await self._hang_up()
            self._tell(together, DeliveriesWait())
        except Exception as error:  # noqa: BLE001  whatever it is, nobody may wait for ever
            _log.error("deliveries can't be written: %s", type(error).__name__, exc_info=error)
            await self._hang_up()
            self._tell(together, DeliveriesWait())
        else:
            self._tell(together, None)

    async def _run(self, together: Sequence[_Delivery]) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = await self._connect()
        pieces = [(delivery.line_id, piece) for delivery in together for piece in delivery.pieces]
        answer = await self._connection.execute(
            _KEEP,
            {
                "now": self._clock.now(),
                "ids": [new_id() for _ in pieces],
                "lines": [line_id for line_id, _ in pieces],
                "kinds": [piece.kind.value for _, piece in pieces],
                "keys": [piece.key for _, piece in pieces],
                "contents": [piece.content for _, piece in pieces],
            },
            binary=True,
        )
        row = await answer.fetchone()
        new = row[0] if row is not None else 0
        self.writes += 1
        self.kept += new
        self.repeated += len(pieces) - new

    def _tell(self, together: Sequence[_Delivery], refusal: Exception | None) -> None:
        for delivery in together:
            self.waiting_bytes -= delivery.size
            if delivery.future.done():
                continue
            if refusal is None:
                delivery.future.set_result(len(delivery.pieces))
            else:
                delivery.future.set_exception(refusal)
                delivery.future.exception()  # seen, also where the deliverer has gone

    async def _hang_up(self) -> None:
        there, self._connection = self._connection, None
        if there is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await there.close()


async def connect_to_database() -> psycopg.AsyncConnection[Any]:
    """Connect to the database of Django's default connection, in autocommit: each write is a transaction."""
    known = {"host", "port", "dbname", "user", "password", "options", "sslmode", "sslrootcert", "sslcert", "sslkey"}
    address = {name: value for name, value in connection.get_connection_params().items() if name in known}
    return await psycopg.AsyncConnection.connect(
        **address, autocommit=True, prepare_threshold=0, application_name="raseed-hooks"
    )
