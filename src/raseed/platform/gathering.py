"""Calls that come at the same time are carried out together, each with its own answer (group commit).

Whoever comes while others are being carried out waits, and one of those who wait then carries out all of them: one
transaction, one flush of the disk. Nobody waits for company: who comes alone goes at once. All of it happens on one
connection, at which the callers take turns, so that its statements stand ready whoever's turn it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar, cast

from django.db import InterfaceError, OperationalError, connection, transaction

from raseed.kernel.errors import TemporarilyUnavailable

from .standing import Desk

TOGETHER_MAX: Final = 256
Call = TypeVar("Call")
Key = TypeVar("Key")
Answer = TypeVar("Answer")


class _Waiting(Generic[Call, Key, Answer]):
    """A call, and what somebody is going to say to it: its answer, an error, or that its turn has come to work for all."""

    __slots__ = ("_told", "answer", "call", "error", "is_answered", "key")

    def __init__(self, call: Call, key: Key) -> None:
        self.call = call
        self.key = key
        self.answer: Answer | None = None
        self.error: BaseException | None = None
        self.is_answered = False
        self._told = threading.Lock()
        self._told.acquire()

    def wait(self) -> None:
        """Wait until it has its answer, or its turn has come."""
        self._told.acquire()

    def tell_turn(self) -> None:
        """Say that its turn has come."""
        self._told.release()

    def tell(self, answer: Answer | None = None, error: BaseException | None = None) -> None:
        """Say what its answer is, or what went wrong."""
        self.answer, self.error, self.is_answered = answer, error, True
        self._told.release()

    def result(self) -> Answer:
        """Return the answer, or raise what went wrong."""
        assert self.is_answered, "who works has their own answered"
        if self.error is not None:
            raise self.error
        return cast("Answer", self.answer)


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
        self._works = False
        self._who_works = 0
        self._desk = Desk()

    def do(self, call: Call, *, key: Key) -> Answer:
        """Carry out a call with whatever else waits under the same key (the same object), and return its answer.

        Raises:
            TransactionManagementError: the caller is in a transaction. What it has locked, whoever carries this out may be
                waiting for.
            Whatever ``carry_out`` raises for this call.
        """
        if connection.in_atomic_block:
            raise transaction.TransactionManagementError("what is done together has a transaction of its own")
        assert self._who_works != threading.get_ident(), (
            "who carries out the calls of others makes none: it would wait for itself"
        )
        mine = _Waiting[Call, Key, Answer](call, key)
        with self._lock:
            waits, self._works = self._works, True
            if waits:
                self._waiting.append(mine)
        if waits:
            mine.wait()
        if not mine.is_answered:
            self._work(self._batch(mine))
        return mine.result()

    def _work(self, batch: Sequence[_Waiting[Call, Key, Answer]]) -> None:
        """Answer all of a batch, whatever happens, and have somebody else go on."""
        self._who_works = threading.get_ident()
        try:
            with self._desk.taken():
                self._answer(batch)
        except BaseException as error:
            for each in batch:
                if not each.is_answered:
                    each.tell(error=error)
            raise
        finally:
            self._who_works = 0
            self._hand_on()

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
            self._works = heir is not None
        if heir is not None:
            heir.tell_turn()

    def _answer(self, batch: Sequence[_Waiting[Call, Key, Answer]]) -> None:
        """Give each its answer; where one of them breaks something, find it by halves."""
        if not batch:
            return
        try:
            answers = self._carry_out([each.call for each in batch], batch[0].key)
        except Exception as error:  # noqa: BLE001  (whatever it was, whose it is hears of it)
            if len(batch) == 1 or isinstance(error, TemporarilyUnavailable | OperationalError | InterfaceError):
                for each in batch:
                    each.tell(error=error)
                return
            half = len(batch) // 2
            self._answer(batch[:half])
            self._answer(batch[half:])
        else:
            for each, answer in zip(batch, answers, strict=True):
                each.tell(answer)
