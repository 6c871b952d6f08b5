"""The projection: loops that build generations, follow the books with them and take out what is retired, several times a second.

Any number of processes may run it: each generation's lock lets one at a time write its rows. What goes wrong is told once
and tried again after growing pauses; a restart of the database is outlived. The first start opens generation 1 and lets it
go live.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Final

import django.db
import psycopg

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.ledger import api as ledger
from raseed.platform.loops import Step, keep_at

from ..connecting import Connect, open_connection
from ..errors import ProjectorUnknown
from .breaking import TROUBLE
from .building import build, to_be_built
from .following import Follower, to_be_followed
from .projectors import Projector, projector
from .services import begin, go_live_first
from .sweeping import sweep

LOOK_EVERY_MS: Final = 200
"""How often the books are looked at while nothing is on its way: five times a second."""
FINAL_POLL_MS: Final = 20
"""How often while postings that may come earlier in the order are on their way."""
BUILD_EVERY_MS: Final = 500
STOP_SECONDS_MAX: Final = 15.0
_log = logging.getLogger("raseed.display")


class Following:
    """Step by step, everything that is kept up is brought to the last final batch."""

    def __init__(self, connect: Connect, clock: Clock = SYSTEM_CLOCK) -> None:
        self._connection = connect()
        self._horizon = ledger.Horizon()
        self._follower = Follower(self._connection, clock)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def step(self) -> int:
        """Look once; return after how many milliseconds to look again."""
        final = self._horizon.advance(self._connection)
        there = True
        for number, name in to_be_followed(self._connection):
            code = _known(name)
            there &= code is None or self._follower.follow(number, code, upto=final)
        if not there:
            return 0
        return FINAL_POLL_MS if self._horizon.waits else LOOK_EVERY_MS


class Building:
    """Step by step, what is to be built is built, the first goes live, and what is retired is taken out."""

    def __init__(self, connect: Connect, clock: Clock = SYSTEM_CLOCK) -> None:
        self._connect = connect
        self._connection = connect()
        self._clock = clock
        self._horizon = ledger.Horizon()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def step(self) -> int:
        """Look once; return after how many milliseconds to look again."""
        begin(clock=self._clock)
        final = self._horizon.advance(self._connection)
        if self._horizon.waits:
            return FINAL_POLL_MS
        for number, name in to_be_built(self._connection):
            code = _known(name)
            if code is not None:
                build(self._connect, number, code, upto=final, clock=self._clock)
        go_live_first(clock=self._clock)
        return 0 if sweep(self._connection) else BUILD_EVERY_MS


def _known(name: str) -> Projector | None:
    """Return a projector, or ``None`` where only another release brings it: its processes see to it."""
    try:
        return projector(name)
    except ProjectorUnknown:
        return None


Loop = Callable[[Connect, Clock], "Following | Building"]


def keep_projecting(
    stop: threading.Event,
    *,
    connect: Connect = open_connection,
    clock: Clock = SYSTEM_CLOCK,
    say: Callable[[str], None] = _log.warning,
) -> None:
    """Project until asked to stop."""
    builder = threading.Thread(target=_keep, args=(Building, stop, connect, clock, say), name="building", daemon=True)
    builder.start()
    _keep(Following, stop, connect, clock, say)
    builder.join(STOP_SECONDS_MAX)


def _keep(loop: Loop, stop: threading.Event, connect: Connect, clock: Clock, say: Callable[[str], None]) -> None:
    """Run a loop's steps, and begin it anew whenever it breaks."""

    @contextlib.contextmanager
    def begin() -> Iterator[Step]:
        try:
            with contextlib.closing(loop(connect, clock)) as running:
                yield running.step
        finally:
            django.db.connection.close()

    keep_at(
        stop, begin, hindered_by=(*TROUBLE, psycopg.Error, django.db.Error, RaseedError, OSError),
        complaint="Shown balances are not brought forward at present", say=say,
    )  # fmt: skip
