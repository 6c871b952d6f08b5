"""Which adapter speaks with a biller, and the loop on which threads that wait speak.

The courier awaits adapters on its own loop. Whoever waits before a screen does it in a thread: one more loop, in a thread
of its own, asks for all of them, so that connections are kept here too. A biller that does not answer is left alone for a
while, so that a screen's threads are not all spent waiting for it.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK

from ..domain import AdapterKind, Biller
from ..errors import BillerNotAnswering
from ..queries import keys_of
from .files import FileAdapter
from .http import LOOK_UP_SECONDS_MAX, HttpAdapter
from .protocol import BillerAdapter, NoAnswer

KEYS_KEPT_SECONDS: Final = 2.0
"""How long a biller's public keys are believed before they are read again: an ended key is believed no longer."""
AT_ONCE_MAX: Final = 3
"""How many threads of one process ask one biller at a time."""
PLACE_SECONDS_MAX: Final = 0.5
"""How long others wait for a place among them: one that answers as it should has made room several times by then."""
FAILURES_MAX: Final = 3
PAUSE_SECONDS: Final = 15.0
_T = TypeVar("_T")


class _Keys:
    """Billers' public keys, read now and then."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[float, Mapping[str, bytes]]] = {}

    def put(self, biller_id: UUID, keys: Mapping[str, bytes]) -> None:
        """Note what was read."""
        self._known[biller_id] = (time.monotonic(), keys)

    def fresh(self, biller_id: UUID) -> bool:
        """Whether what is known of a biller is believed still."""
        return biller_id in self._known and time.monotonic() - self._known[biller_id][0] < KEYS_KEPT_SECONDS

    def __call__(self, biller_id: UUID) -> Mapping[str, bytes]:
        """Return what is known."""
        return self._known[biller_id][1] if biller_id in self._known else {}


_keys = _Keys()
_adapters: dict[AdapterKind, BillerAdapter] = {
    AdapterKind.HTTP: HttpAdapter(_keys),
    AdapterKind.FILE: FileAdapter(),
}


def adapter_of(biller: Biller) -> BillerAdapter:
    """Return the adapter that speaks with a biller; ``learn_keys`` comes first."""
    return _adapters[biller.adapter]


def learn_keys(biller_ids: set[UUID]) -> None:
    """Read the public keys of billers that are to be spoken with, where they are not known; it asks the database."""
    now = SYSTEM_CLOCK.now()
    for biller_id in biller_ids:
        if not _keys.fresh(biller_id):
            _keys.put(biller_id, keys_of(biller_id, now))


@dataclass(slots=True)
class _Patience:
    """How one biller has behaved of late, as this process has seen it."""

    waiting: int = 0
    failures: int = 0
    until: float = 0.0


@dataclass(slots=True)
class Listener:
    """The loop on which threads ask; made when it is first needed, and anew after a fork."""

    _loop: asyncio.AbstractEventLoop | None = None
    _process: int = 0
    _guard: threading.Condition = field(default_factory=threading.Condition)
    _patience: dict[UUID, _Patience] = field(default_factory=dict)

    def ask(self, biller: Biller, asking: Coroutine[Any, Any, _T]) -> _T:
        """Wait for an answer, unless too many ask this biller already and stay so, or it has not answered lately.

        Raises:
            BillerNotAnswering: it is left alone for now. What ``asking`` raises.
        """
        with self._guard:
            patience = self._patience.setdefault(biller.id, _Patience())
            if time.monotonic() >= patience.until:
                self._guard.wait_for(lambda: patience.waiting < AT_ONCE_MAX, PLACE_SECONDS_MAX)
            if patience.waiting >= AT_ONCE_MAX or time.monotonic() < patience.until:
                asking.close()
                raise BillerNotAnswering
            patience.waiting += 1
            loop = self._running()
        try:
            found = asyncio.run_coroutine_threadsafe(asking, loop).result(2 * LOOK_UP_SECONDS_MAX)
        except (NoAnswer, WaitedTooLong):
            self._failed(patience)
            raise BillerNotAnswering from None
        else:
            patience.failures = 0
            return found
        finally:
            with self._guard:
                patience.waiting -= 1
                self._guard.notify_all()

    def _failed(self, patience: _Patience) -> None:
        with self._guard:
            patience.failures += 1
            if patience.failures >= FAILURES_MAX:
                patience.failures, patience.until = 0, time.monotonic() + PAUSE_SECONDS

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._process != os.getpid():
            self._loop, self._process = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=self._loop.run_forever, name="billers", daemon=True).start()
        return self._loop

    def forget(self) -> None:
        """Think well of every biller again."""
        with self._guard:
            self._patience.clear()


listener = Listener()
