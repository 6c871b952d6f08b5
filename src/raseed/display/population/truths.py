"""What a generation is held against, as streams of columns: the ledger, the prover's leaves, or another generation."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, Self

import numpy as np
import psycopg
from numpy.typing import NDArray

from raseed.ledger import api as ledger

from ..connecting import Connect
from ..customers import customer_codes
from ..generations.columns import SHOWN
from ..generations.rows import read_all
from ..proving import prover

AHEAD_MAX: Final = 16
"""So many chunks of the truth are read ahead of the comparison."""
Truth = Callable[[], Iterator[NDArray[Any]]]
"""Yields ``SHOWN``; its ``position`` is not 0 where an account has moved, so that a row of it must be there."""


def of_ledger(connect: Connect, *, upto: int) -> Iterator[NDArray[Any]]:
    """Yield what is true of customers' accounts as of a final batch."""
    codes = np.array(customer_codes(), np.int32)
    with connect() as connection:
        for balances in ledger.balances_as_of(connection, upto=upto):
            theirs = balances[np.isin(balances["code"], codes)]
            rows = np.empty(len(theirs), SHOWN)
            rows["id"], rows["ledger"] = theirs["id"], theirs["ledger"]
            rows["booked"] = theirs["credits_posted"] - theirs["debits_posted"]
            rows["held"] = theirs["debits_pending"]
            rows["position"] = (
                theirs["debits_posted"]
                | theirs["credits_posted"]
                | theirs["debits_pending"]
                | theirs["credits_pending"]
            ) != 0
            yield rows


def of_generation(connect: Connect, number: int) -> Iterator[NDArray[Any]]:
    """Yield what another generation shows."""
    with connect() as connection, connection.transaction():
        one_snapshot(connection)
        for rows in read_all(connection, number):
            rows["position"] = (rows["booked"] | rows["held"]) != 0
            yield rows


def of_prover() -> Iterator[NDArray[Any]]:
    """Yield the prover's leaves, each of its ledger's latest root."""
    for info in ledger.ledgers():
        for leaves in prover().population(info.number):
            rows = np.empty(len(leaves), SHOWN)
            for name in ("id", "booked", "held"):
                rows[name] = leaves[name]
            rows["ledger"] = info.number
            rows["position"] = (rows["booked"] | rows["held"]) != 0
            yield rows


def one_snapshot(connection: psycopg.Connection[Any]) -> None:
    """Let the transaction see what is committed now, for as long as it lasts."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection.execute("SET LOCAL statement_timeout = 0")


class ReadAhead:
    """Reads a stream in a thread of its own: while the server makes the next chunk, the last one is compared."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._chunks: queue.Queue[NDArray[Any] | None] = queue.Queue(AHEAD_MAX)
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        while self._thread.is_alive():
            try:
                self._chunks.get(timeout=0.05)
            except queue.Empty:
                continue
        self._thread.join()

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Yield the chunks; what went wrong in reading them is raised here."""
        while (chunk := self._chunks.get()) is not None:
            yield chunk
        if self._error is not None:
            raise self._error

    def _read(self) -> None:
        from django.db import connection  # noqa: PLC0415 - this thread's own

        try:
            for chunk in self._truth():
                self._chunks.put(chunk)
                if self._stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - told to who reads
            self._error = error
        finally:
            connection.close()
            self._chunks.put(None)
