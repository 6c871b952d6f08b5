"""Single payments that come at the same time are carried out together, each with its own answer (group commit).

Whoever comes while others are being carried out waits, and one of those who wait then carries out all of them: one
transaction, one call of the ledger, one flush of the disk. Nobody waits for company: who comes alone goes at once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from django.db import InterfaceError, OperationalError, connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import TemporarilyUnavailable

from .domain import Instruction, Payment
from .services import checked, send_many

TOGETHER_MAX: Final = 256
BATCHES_AT_ONCE: Final = 2
"""While one is being flushed, the next is put together."""


class _Waiting:
    """An instruction, and the answer that somebody is going to give."""

    __slots__ = ("answer", "clock", "instruction")

    def __init__(self, instruction: Instruction, clock: Clock) -> None:
        self.instruction = instruction
        self.clock = clock
        self.answer: Future[Payment | None] = Future()
        """``None``: its turn to carry out whatever waits has come."""


class Gatherer:
    """A queue of this process, and those who work on it: the callers themselves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._working = 0

    def send(self, instruction: Instruction, clock: Clock) -> Payment:
        """Carry out an instruction with whatever else waits; as ``services.send``."""
        if connection.in_atomic_block:  # what the caller has locked, the one who carries this out may be waiting for
            raise transaction.TransactionManagementError("what is sent together has a transaction of its own")
        mine = _Waiting(checked(instruction), clock)
        with self._lock:
            works = self._working < BATCHES_AT_ONCE
            if works:
                self._working += 1
            else:
                self._waiting.append(mine)
        if not works:
            answer = mine.answer.result()
            if answer is not None:
                return answer
            mine.answer = Future()
        batch = self._batch(mine)
        try:
            _answer(batch, clock)
        except BaseException as error:
            for each in batch:
                if not each.answer.done():
                    each.answer.set_exception(error)
            raise
        finally:
            self._hand_on()
        answer = mine.answer.result()
        assert answer is not None, "who works has their own answered"
        return answer

    def _batch(self, mine: _Waiting) -> list[_Waiting]:
        """Take what waits, with one's own in front."""
        with self._lock:
            others = [each for each in self._waiting[: TOGETHER_MAX - 1] if each.clock is mine.clock]
            self._waiting = [each for each in self._waiting if each not in others]
        return [mine, *others]

    def _hand_on(self) -> None:
        """Have somebody who has come meanwhile go on, if there is anybody."""
        with self._lock:
            heir = self._waiting.pop(0) if self._waiting else None
            self._working -= heir is None
        if heir is not None:
            heir.answer.set_result(None)


def _answer(batch: Sequence[_Waiting], clock: Clock) -> None:
    """Give each its answer; where one of them can't even be read as a payment, or breaks something, find it by halves."""
    if not batch:
        return
    try:
        payments = send_many([each.instruction for each in batch], clock=clock)
    except Exception as error:  # noqa: BLE001  (whatever it was, whose it is hears of it)
        if len(batch) == 1 or isinstance(error, TemporarilyUnavailable | OperationalError | InterfaceError):
            for each in batch:
                each.answer.set_exception(error)
            return
        half = len(batch) // 2
        _answer(batch[:half], clock)
        _answer(batch[half:], clock)
    else:
        for each, payment in zip(batch, payments, strict=True):
            each.answer.set_result(payment)


_of_this_process: Final = Gatherer()


def send_together(instruction: Instruction, *, clock: Clock = SYSTEM_CLOCK) -> Payment:
    """Carry out a payment together with others that threads of this process send at the same time; else as ``send``.

    Raises:
        As ``send``.
    """
    return _of_this_process.send(instruction, clock)
