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
import time
from collections import deque
from concurrent.futures import Future as ThreadFuture
from typing import TYPE_CHECKING, Final

from raseed.kernel.clock import SYSTEM_CLOCK

from .domain import BATCH_MAX as CALL_MAX
from .domain import CreateTransferResult, TransferFlags
from .errors import BatchTooLarge, LedgerBusy, LedgerUnavailable
from .lanes import Lane, Seconds, app_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from raseed.kernel.clock import Clock

    from .domain import NewTransfer
    from .lanes import Connection, Outcome, Tally

    Results = list[CreateTransferResult]

BATCH_MAX: Final = 1024
"""The most transfers that are posted together. A call that brings more is posted alone, by the first lane only: the
other one keeps serving the small ones."""
QUEUE_MAX: Final = 16_384
"""The most transfers that wait: about half a second of work. More are refused at once."""
LANES: Final = 2
HELP_MIN: Final = 32
"""While one lane is posting, another begins only when so many calls wait: each batch has its price, and few are cheaper."""
HELP_SECONDS: Final = 0.01
HELP_TIMES: Final = 3
"""Unless that lane takes longer than this, and so many times as long as lanes mostly do: then it stands before a lock, and the
others don't. A machine that is merely slow is not helped by smaller batches."""
_USUAL_SECONDS_MAX: Final = 0.1
_USUAL_WEIGHT: Final = 0.125
CLOSE_SECONDS_MAX: Final = 12.0
"""How long closing waits for what has queued. Less than the server of the rail gives its worker to stop, or it would be killed
in the middle: what is still queued then is refused, and its callers are told."""
_LINKED: Final = int(TransferFlags.LINKED)


class _Call:
    """One caller's transfers, and where the answer goes; ``ends_batch``: the last one is linked to nothing."""

    __slots__ = ("ends_batch", "future", "loop", "transfers")

    def __init__(
        self,
        transfers: Sequence[NewTransfer],
        future: asyncio.Future[Results] | ThreadFuture[Results],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.transfers = transfers
        self.ends_batch = transfers[-1].flags & _LINKED
        self.future = future
        self.loop = loop


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
        help_min: int = HELP_MIN,
    ) -> None:
        if queue_max < CALL_MAX:
            raise ValueError("the queue must hold one whole call")
        self._lanes = [Lane(connect, clock) for _ in range(lanes)] if isinstance(lanes, int) else list(lanes)
        self._threads: list[threading.Thread] = []
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._help_min = help_min
        self._queue: deque[_Call] = deque()
        self._large: deque[_Call] = deque()
        self._large_next = True
        self._waiting = 0
        self._asleep = 0
        self._posting = 0
        self._posting_since: Seconds = 0.0
        self._usual: Seconds = 0.0
        self._open = False
        self._lock = threading.Lock()
        self._bell = threading.Condition(self._lock)
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
        """Refuse new calls, post what has queued, and stop; waits at most ``CLOSE_SECONDS_MAX``."""
        with self._bell:
            self._open = False
            self._bell.notify_all()
        deadline = time.monotonic() + CLOSE_SECONDS_MAX
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
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
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Results] = loop.create_future()
        self._enqueue(_Call(transfers, future, loop))
        return await future

    def create_transfers_in_thread(self, transfers: Sequence[NewTransfer]) -> Results:
        """Post transfers from a thread that may wait; results and errors as with ``create_transfers``."""
        if not transfers:
            return []
        future: ThreadFuture[Results] = ThreadFuture()
        self._enqueue(_Call(transfers, future, None))
        return future.result()

    def _enqueue(self, call: _Call) -> None:
        size = len(call.transfers)
        if size > CALL_MAX:
            raise BatchTooLarge(most=CALL_MAX, count=size)
        with self._lock:
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
            if self._asleep and self._is_worth_it():
                self._bell.notify()

    def _is_worth_it(self) -> bool:
        """Say whether a lane should begin to post what waits."""
        return bool(self._queue) and (
            not self._posting
            or len(self._queue) >= self._help_min
            or time.monotonic() - self._posting_since > max(HELP_SECONDS, HELP_TIMES * self._usual)
        )

    def _run(self, lane: Lane) -> None:
        takes_large = lane is self._lanes[0]
        while calls := self._take(takes_large=takes_large):
            is_large = len(calls[0].transfers) > self._batch_max
            began = time.monotonic()
            outcomes = lane.post([call.transfers for call in calls])
            took = time.monotonic() - began
            _deliver(calls, outcomes)
            if not is_large:
                with self._lock:
                    self._posting -= 1
                    self._usual += _USUAL_WEIGHT * (min(took, _USUAL_SECONDS_MAX) - self._usual)
        lane.close()

    def _take(self, *, takes_large: bool) -> list[_Call]:
        """Wait for calls and take as many as go together; none: everything is done and this is closed."""
        with self._lock:
            while not (self._is_worth_it() or (takes_large and self._large)):
                if not self._open and not self._queue:
                    self._bell.notify_all()
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
        calls_max = len(self._queue)
        if self._asleep and calls_max >= 2 * self._help_min:
            calls_max //= 2  # the other lane takes the rest
        while self._queue and len(taken) < calls_max and size + len(self._queue[0].transfers) <= self._batch_max:
            call = self._queue.popleft()
            taken.append(call)
            size += len(call.transfers)
            if call.ends_batch:
                break
        self._waiting -= size
        self._posting += 1
        self._posting_since = time.monotonic()
        if self._asleep and self._is_worth_it():
            self._bell.notify()
        return taken


def _deliver(calls: Sequence[_Call], outcomes: Sequence[Outcome]) -> None:
    """Hand the answers out, waking each event loop once."""
    loops = {call.loop for call in calls}
    for loop in loops:
        its_own = calls if len(loops) == 1 else [call for call in calls if call.loop is loop]
        answers = (
            outcomes if len(loops) == 1 else [o for o, call in zip(outcomes, calls, strict=True) if call.loop is loop]
        )
        if loop is None:
            _settle(its_own, answers)
        else:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_settle, its_own, answers)


def _settle(calls: Sequence[_Call], outcomes: Sequence[Outcome]) -> None:
    for call, outcome in zip(calls, outcomes, strict=True):
        future = call.future
        if future.done():
            continue
        if isinstance(outcome, list):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
