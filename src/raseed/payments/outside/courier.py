"""The courier: carries errands out, in one event loop, from as many lanes at once as there are, until told to stop.

Claiming and concluding are transactions in a thread each; between them nothing is open. What a courier was asking when it
died, another takes up when its lease ends, and asks first what became of it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import psycopg
import structlog
from django.db import connection, connections

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import growing_pause, stand_here

from ..domain import Answer, Errand, No, NotSeen, OutsideRoute, Unknown, Yes
from ..routes import leads_outside, outside_route
from .claiming import claim_due
from .concluding import AWAY, conclude
from .domain import LEASE_MARGIN, Asked, Claim, Heard
from .overdue import give_back_overdue, refer_overdue

IN_FLIGHT_MAX: Final = 512
"""Asks at once, over all lanes."""
CONCLUDED_AT_ONCE: Final = 500
POLL_S: Final = 0.5
"""How often it is looked for what is due, should nobody call."""
OVERDUE_EVERY_S: Final = 5.0
STOP_S_MAX: Final = 15.0
"""How long asks that are in the air may still take once the courier is told to stop."""
FIRST_PAUSE: Final = timedelta(milliseconds=500)
LONGEST_PAUSE: Final = timedelta(seconds=10)
"""Between tries while the database is away."""
CHANNEL: Final = "payments_errand"
_T = TypeVar("_T")
_log = structlog.get_logger("raseed.courier")


class Courier:
    """One courier. Several may run, in this process or others; each errand is one's at a time."""

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._claiming = ThreadPoolExecutor(1, thread_name_prefix="courier-claims", initializer=stand_here)
        self._concluding = ThreadPoolExecutor(1, thread_name_prefix="courier-concludes", initializer=stand_here)
        self._returning = ThreadPoolExecutor(1, thread_name_prefix="courier-returns")
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._bounds: dict[str, int] = {}
        self._full: set[str] = set()
        self._heard: list[Heard] = []
        self._wake = asyncio.Event()
        self._answered = asyncio.Event()
        self._stop: asyncio.Event | None = None
        self._ending = False

    async def run(self, stop: asyncio.Event) -> None:
        """Carry what is due as it becomes due, until ``stop`` is set; then conclude what is in the air.

        A part of it that fails for another reason than a database that is away ends all of it: whoever looks after the process
        starts it again.
        """
        self._stop = stop
        concluding = asyncio.create_task(self._conclude_always())
        others = [asyncio.create_task(each) for each in (self._listen(), self._return_overdue(), self._wake_when(stop))]
        try:
            while not stop.is_set() and not any(task.done() for task in (concluding, *others)):
                self._wake.clear()
                if not await self._take():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), POLL_S)
            if self._running:
                await asyncio.wait(self._running, timeout=STOP_S_MAX)
        except AWAY:
            assert stop.is_set(), "otherwise a database that is away is waited for"
        finally:
            ended = await self._end(concluding, others)
            await self._close()
        for error in ended:
            if isinstance(error, Exception) and not isinstance(error, AWAY):
                raise error

    async def _end(self, concluding: asyncio.Task[None], others: Sequence[asyncio.Task[None]]) -> list[object]:
        """Conclude what was heard, let go of what is still being asked, and return how the parts have ended."""
        self._ending = True
        self._answered.set()
        for task in (*others, *self._running):
            task.cancel()
        await asyncio.wait([concluding], timeout=STOP_S_MAX)
        concluding.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        return list(await asyncio.gather(concluding, *others, return_exceptions=True))

    async def run_due(self) -> int:
        """Carry what is due now until nothing is, and return how many attempts that were: for tests and one-off runs."""
        attempts = 0
        try:
            while True:
                await self._in(self._returning, lambda: _end_overdue(self._clock))
                taken = await self._take()
                if not taken and not self._running and not self._heard:
                    return attempts
                attempts += taken
                if self._running:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                await self._conclude_some()
        finally:
            await self._close()

    async def _take(self) -> int:
        """Claim what is due and there is room for, and begin to ask; return how many.

        A lane's room is there again once its answer is kept: so a breaker opens before the next errand leaves.
        """
        free = IN_FLIGHT_MAX - len(self._running)
        if free <= 0:
            return 0
        busy = Counter(claim.errand.lane for claim in self._running.values())
        busy.update(each.claim.errand.lane for each in self._heard)
        began_at = self._clock.now()
        claims = await self._in(self._claiming, lambda: claim_due(most=free, busy=busy, clock=self._clock))
        for claim in claims:
            task = asyncio.create_task(self._carry(claim, began_at))
            self._running[task] = claim
            task.add_done_callback(self._carried)
            busy[claim.errand.lane] += 1
            self._bounds[claim.errand.lane] = claim.in_flight_max
        self._full = {lane for lane, count in busy.items() if count >= self._bounds[lane]}
        return len(claims)

    def _carried(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if len(self._running) + 1 >= IN_FLIGHT_MAX:
            self._wake.set()

    async def _carry(self, claim: Claim, claimed_at: datetime) -> None:
        """Ask, within the lane's deadline, and keep what was answered for the next batch of conclusions.

        What this process has slept over is left to whoever has it by now: nothing is asked that might be asked after the lease.
        """
        began_at, began = self._clock.now(), time.monotonic()
        asked = Asked.ASK if claim.blind else Asked.ASK_AGAIN
        if _is_stale(claim, claimed_at, began_at):
            _log.warning("lease_slept_over", payment_id=str(claim.errand.payment_id), lane=claim.errand.lane)
            return
        answer = await self._answer(claim, asked)
        if isinstance(answer, NotSeen) and not claim.blind and not _is_stale(claim, claimed_at, self._clock.now()):
            asked = Asked.ASK_AFTER_ALL
            answer = await self._answer(claim, asked)
        if isinstance(answer, NotSeen):
            answer = Unknown("not_seen")
        took_ms = max(round((time.monotonic() - began) * 1000), 0)
        self._heard.append(Heard(claim, asked, answer, began_at, took_ms))
        self._answered.set()

    async def _answer(self, claim: Claim, asked: Asked) -> Answer:
        if not leads_outside(claim.route):
            return Unknown("no_such_route", reached=True)
        route: OutsideRoute = outside_route(claim.route)
        ask: Callable[[Errand], Awaitable[Answer]] = route.ask_again if asked is Asked.ASK_AGAIN else route.ask
        try:
            async with asyncio.timeout(claim.deadline.total_seconds()):
                answer: object = await ask(claim.errand)  # whatever a route returns
        except TimeoutError:
            return Unknown("timed_out")
        except Exception as error:  # noqa: BLE001  whatever went wrong, what became of the payment is not known
            _log.warning(
                "ask_failed",
                payment_id=str(claim.errand.payment_id),
                lane=claim.errand.lane,
                error=type(error).__name__,
            )
            return Unknown(_code_of(error))
        if not isinstance(answer, Yes | No | Unknown | NotSeen):
            return Unknown("no_answer")
        return answer

    async def _conclude_always(self) -> None:
        """Conclude what was heard, as it comes; while one batch is written, the next gathers."""
        while not (self._ending and not self._heard):
            await self._answered.wait()
            self._answered.clear()
            while self._heard:
                await self._conclude_some()

    async def _conclude_some(self) -> None:
        batch = self._heard[:CONCLUDED_AT_ONCE]
        if batch:
            await self._in(self._concluding, lambda: _concluded(batch, self._clock))
            del self._heard[: len(batch)]
            if any(each.claim.errand.lane in self._full for each in batch):
                self._wake.set()

    async def _return_overdue(self) -> None:
        while True:
            await self._in(self._returning, lambda: _end_overdue(self._clock))
            await asyncio.sleep(OVERDUE_EVERY_S)

    async def _in(self, executor: ThreadPoolExecutor, act: Callable[[], _T]) -> _T:
        """Run an act in a thread, again and again with growing pauses while the database is away."""
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            try:
                return await loop.run_in_executor(executor, act)
            except AWAY:
                failures += 1
                _log.warning("database_away", failures=failures)
                await loop.run_in_executor(executor, connections.close_all)
                if self._ending or (self._stop is not None and self._stop.is_set()):
                    raise
                await asyncio.sleep(growing_pause(failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE).total_seconds())

    async def _listen(self) -> None:
        """Be woken by whoever holds a payment; if that fails, polling does."""
        failures = 0
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**_address(), autocommit=True) as listening:
                    await listening.execute(f"LISTEN {CHANNEL}")
                    failures = 0
                    self._wake.set()
                    async for _ in listening.notifies():
                        self._wake.set()
            except psycopg.Error:
                failures += 1
                await asyncio.sleep(growing_pause(failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE).total_seconds())

    async def _wake_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _close(self) -> None:
        loop = asyncio.get_running_loop()
        for executor in (self._claiming, self._concluding, self._returning):
            await loop.run_in_executor(executor, connections.close_all)
            executor.shutdown()


def carry_due(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Carry what is due now, and return how many attempts that were: for tests and one-off runs."""

    async def carry() -> int:
        return await Courier(clock=clock).run_due()

    return asyncio.run(carry())


def _end_overdue(clock: Clock) -> None:
    give_back_overdue(clock=clock)
    refer_overdue(clock=clock)


def _is_stale(claim: Claim, claimed_at: datetime, now: datetime) -> bool:
    """Whether an ask that begins now might still be in the air when the lease ends."""
    return now - claimed_at > claim.deadline + LEASE_MARGIN


def _concluded(batch: Sequence[Heard], clock: Clock) -> None:
    conclude(batch, clock=clock)


def _code_of(error: Exception) -> str:
    """Return what staff read of an error that a route let through: its code, or its kind."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else type(error).__name__


def _address() -> dict[str, Any]:
    """Return how psycopg reaches the database of Django's default connection."""
    known = {"host", "port", "dbname", "user", "password", "options", "sslmode", "sslrootcert", "sslcert", "sslkey"}
    return {name: value for name, value in connection.get_connection_params().items() if name in known}
