"""Calls that come at the same time are carried out together, each with its own answer (group commit).

Whoever comes while others are being carried out waits, and one of those who wait then carries out all of them: one
transaction, one flush of the disk. Nobody waits for company: who comes alone goes at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, Generic, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from raseed.kernel.errors import TemporarilyUnavailable

TOGETHER_MAX: Final = 256
AT_ONCE: Final = 1
"""While one batch is being flushed, the next is put together."""
Call = TypeVar("Call")
Key = TypeVar("Key")
Answer = TypeVar("Answer")


class _Waiting(Generic[Call, Key, Answer]):
    """A call, and the answer that somebody is going to give."""

    __slots__ = ("answer", "call", "key")

    def __init__(self, call: Call, key: Key) -> None:
        self.call = call
        self.key = key
        self.answer: Future[Answer | None] = Future()
        """``None``: its turn to carry out whatever waits has come."""


class Gatherer(Generic[Call, Key, Answer]):
    """A queue of this process, and those who work on it: the callers themselves.

    Args:
        carry_out: given calls and the key that they share, returns their answers, in order. It has a transaction of its own,
            and leaves nothing behind when it raises: it is then tried with fewer, down to the one whose error it is.
        together_max: the most calls that are carried out together.
    """

    def __init__(
        self, carry_out: Callable[[Sequence[Call], Key], Sequence[Answer]], *, together_max: int = TOGETHER_MAX
    ) -> None:
        self._carry_out = carry_out
        self._together_max = together_max
        self._lock = threading.Lock()
        self._waiting: list[_Waiting[Call, Key, Answer]] = []
        self._working = 0

    def do(self, call: Call, *, key: Key) -> Answer:
        """Carry out a call with whatever else waits under the same key (the same object), and return its answer.

        Raises:
            TransactionManagementError: the caller is in a transaction. What it has locked, whoever carries this out may be
                waiting for.
            Whatever ``carry_out`` raises for this call.
        """
        if connection.in_atomic_block:
            raise transaction.TransactionManagementError("what is done together has a transaction of its own")
        mine = _Waiting[Call, Key, Answer](call, key)
        with self._lock:
            works = self._working < AT_ONCE
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
            self._answer(batch)
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

    def _batch(self, mine: _Waiting[Call, Key, Answer]) -> list[_Waiting[Call, Key, Answer]]:
        """Take what waits, with one's own in front."""
        with self._lock:
            batch = [mine]
            left: list[_Waiting[Call, Key, Answer]] = []
            for each in self._waiting:
                (batch if each.key is mine.key and len(batch) < self._together_max else left).append(each)
            self._waiting = left
        return batch

    def _hand_on(self) -> None:
        """Have somebody who has come meanwhile go on, if there is anybody."""
        with self._lock:
            heir = self._waiting.pop(0) if self._waiting else None
            self._working -= heir is None
        if heir is not None:
            heir.answer.set_result(None)

    def _answer(self, batch: Sequence[_Waiting[Call, Key, Answer]]) -> None:
        """Give each its answer; where one of them breaks something, find it by halves."""
        if not batch:
            return
        try:
            answers = self._carry_out([each.call for each in batch], batch[0].key)
        except Exception as error:  # noqa: BLE001  (whatever it was, whose it is hears of it)
            if len(batch) == 1 or isinstance(error, TemporarilyUnavailable | OperationalError | InterfaceError):
                for each in batch:
                    each.answer.set_exception(error)
                return
            half = len(batch) // 2
            self._answer(batch[:half])
            self._answer(batch[half:])
        else:
            for each, answer in zip(batch, answers, strict=True):
                each.answer.set_result(answer)
