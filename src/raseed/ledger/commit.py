"""Group commit: single transfers of many callers at once, posted as one batch and committed together.

Callers (asyncio tasks and threads) put calls into a queue in this process. One or two lanes, threads with a connection
each, take whatever has queued while the last batch ran, post it in one transaction and hand every caller its own results
after the commit. A call's transfers stay together and in order. Once queued, a call is posted whether or not its caller
still waits; asked again under the same ids, it is not done twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from concurrent.futures import Future as ThreadFuture
from typing import TYPE_CHECKING, Final

from raseed.kernel.clock import SYSTEM_CLOCK

from .domain import BATCH_MAX as CALL_MAX
from .domain import CreateTransferResult, TransferFlags
from .errors import BatchTooLarge, LedgerBusy, LedgerUnavailable
from .lanes import Lane, app_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from raseed.kernel.clock import Clock

    from .domain import NewTransfer
    from .lanes import Connection, Outcome, Tally

    Results = list[CreateTransferResult]
    Pairs = list[tuple[asyncio.Future[Results], Outcome]]

BATCH_MAX: Final = 1024
"""The most transfers that are posted together. A call that brings more is posted alone, by the first lane only: the
other one keeps serving the small ones."""
QUEUE_MAX: Final = 16_384
"""The most transfers that wait: about half a second of work. More are refused at once."""
LANES: Final = 2
CLOSE_SECONDS_MAX: Final = 20.0
"""How long closing waits for what has queued."""
_LINKED: Final = int(TransferFlags.LINKED)


class _Call:
    """One caller's transfers, and where the answer goes; ``ends_batch``: the last one is linked to nothing."""

    __slots__ = ("ends_batch", "future", "loop", "thread_future", "transfers")

    def __init__(self, transfers: Sequence[NewTransfer]) -> None:
        self.transfers = transfers
        self.ends_batch = bool(transfers[-1].flags & _LINKED)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.future: asyncio.Future[Results] | None = None
        self.thread_future: ThreadFuture[Results] | None = None


class GroupCommit:
    """The queue and its lanes. ``start`` before the first call, ``close`` after the last; both from one thread."""

    def __init__(
        self,
        connect: Callable[[], Connection] = app_connection,
        *,
        clock: Clock = SYSTEM_CLOCK,
        lanes: int | Sequence[Lane] = LANES,
        batch_max: int = BATCH_MAX,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        if queue_max < CALL_MAX:
            raise ValueError("the queue must hold one whole call")
        self._lanes = [Lane(connect, clock) for _ in range(lanes)] if isinstance(lanes, int) else list(lanes)
        self._threads: list[threading.Thread] = []
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._queue: deque[_Call] = deque()
        self._large: deque[_Call] = deque()
        self._large_next = True
        self._waiting = 0
        self._asleep = 0
        self._open = False
        self._bell = threading.Condition(threading.Lock())
        self.refused = 0
        """Calls refused because the queue was full."""

    @property
    def waiting(self) -> int:
        """How many transfers are queued now."""
        return self._waiting

    @property
    def tallies(self) -> list[Tally]:
        """What each lane has done."""
        return [lane.tally for lane in self._lanes]

    def start(self) -> None:
        """Start the lanes; they connect when the first call comes."""
        self._open = True
        for number, lane in enumerate(self._lanes):
            thread = threading.Thread(target=self._run, args=[lane], name=f"ledger-lane-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Refuse new calls, post what has queued, and stop; waits at most ``CLOSE_SECONDS_MAX`` a lane."""
        with self._bell:
            self._open = False
            self._bell.notify_all()
        for thread in self._threads:
            thread.join(CLOSE_SECONDS_MAX)
        with self._bell:
            left = [*self._queue, *self._large]
            self._queue.clear()
            self._large.clear()
            self._waiting = 0
        _deliver(left, [LedgerUnavailable()] * len(left))

    async def create_transfers(self, transfers: Sequence[NewTransfer]) -> Results:
        """Post transfers from a coroutine; a result per transfer, in order, after they are committed.

        Raises:
            BatchTooLarge: more than 8,190 transfers.
            LedgerBusy: too much is waiting, or others stood in the way too often; nothing was posted.
            LedgerUnavailable: the database can't be reached, or this is closing; nothing was posted.
            OutcomeUnknown: the connection broke at the worst moment, and nobody could tell what became of it.
        """
        if not transfers:
            return []
        call = _Call(transfers)
        call.loop = asyncio.get_running_loop()
        call.future = call.loop.create_future()
        self._enqueue(call)
        return await call.future

    def create_transfers_in_thread(self, transfers: Sequence[NewTransfer]) -> Results:
        """Post transfers from a thread that may wait; results and errors as with ``create_transfers``."""
        if not transfers:
            return []
        call = _Call(transfers)
        call.thread_future = ThreadFuture()
        self._enqueue(call)
        return call.thread_future.result()

    def _enqueue(self, call: _Call) -> None:
        size = len(call.transfers)
        if size > CALL_MAX:
            raise BatchTooLarge(most=CALL_MAX, count=size)
        with self._bell:
            if not self._open:
                raise LedgerUnavailable
            if self._waiting + size > self._queue_max:
                self.refused += 1
                raise LedgerBusy
            self._waiting += size
            if size > self._batch_max:
                self._large.append(call)
                self._bell.notify_all()  # one of them is the first lane
                return
            self._queue.append(call)
            if self._asleep and len(self._queue) == 1:
                self._bell.notify()

    def _run(self, lane: Lane) -> None:
        takes_large = lane is self._lanes[0]
        while calls := self._take(takes_large=takes_large):
            _deliver(calls, lane.post([call.transfers for call in calls]))
        lane.close()

    def _take(self, *, takes_large: bool) -> list[_Call]:
        """Wait for calls and take as many as go together; none: everything is done and this is closed."""
        with self._bell:
            while not self._queue and not (takes_large and self._large):
                if not self._open:
                    return []
                self._asleep += 1
                self._bell.wait()
                self._asleep -= 1
            if takes_large:
                self._large_next = not self._large_next
                if self._large and (self._large_next or not self._queue):
                    call = self._large.popleft()
                    self._waiting -= len(call.transfers)
                    return [call]
            return self._take_small()

    def _take_small(self) -> list[_Call]:
        taken: list[_Call] = []
        size = 0
        while self._queue and size + len(self._queue[0].transfers) <= self._batch_max:
            call = self._queue.popleft()
            taken.append(call)
            size += len(call.transfers)
            if call.ends_batch:
                break
        self._waiting -= size
        if self._queue and self._asleep:
            self._bell.notify()
        return taken


def _deliver(calls: Sequence[_Call], outcomes: Iterable[Outcome]) -> None:
    """Hand the answers out, waking each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, Pairs] = {}
    for call, outcome in zip(calls, outcomes, strict=True):
        if call.loop is not None and call.future is not None:
            by_loop.setdefault(call.loop, []).append((call.future, outcome))
        elif call.thread_future is not None:
            _settle(call.thread_future, outcome)
    for loop, pairs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_settle_all, pairs)


def _settle_all(pairs: Pairs) -> None:
    for future, outcome in pairs:
        if not future.done():
            _settle(future, outcome)


def _settle(future: asyncio.Future[Results] | ThreadFuture[Results], outcome: Outcome) -> None:
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
