"""The load on the ledger's benchmark: accounts, transfers, and the processes that post them."""

from __future__ import annotations

import gc
import multiprocessing
import random
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Barrier
    from uuid import UUID

    from raseed.ledger.api import NewTransfer

NEAR_LIMIT_SHARE: Final = 0.02
"""This share of the accounts has next to nothing, so that some of every batch needs the exact rules."""
HOT_ACCOUNTS: Final = 100
_ZIPF: Final = 1.2
_CHAIN: Final = 4

Spread = Literal["uniform", "zipf", "hot"]
Kind = Literal["plain", "pending", "linked", "v4"]


@dataclass(frozen=True, slots=True)
class Load:
    """What is posted: how many at a time, over which accounts, what kind."""

    batch: int
    spread: Spread = "uniform"
    kind: Kind = "plain"
    connections: int = 1
    seconds: float = 10.0
    windows: int = 6


@dataclass(frozen=True, slots=True)
class Window:
    """One connection's share of a window: transfers answered, of them refused, in so many seconds."""

    transfers: int
    refused: int
    seconds: float


def open_accounts(count: int, ledger: int) -> list[UUID]:
    """Open the accounts, and fund all but those near their limit; answers their ids."""
    from raseed.kernel.ids import new_id  # noqa: PLC0415  (after Django is set up)
    from raseed.ledger import api  # noqa: PLC0415

    limited = api.AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
    ids = [new_id() for _ in range(count)]
    source = new_id()
    api.create_accounts([api.NewAccount(source, ledger, 1)])
    for chunk in _chunks(ids, 8_190):
        api.create_accounts([api.NewAccount(id_, ledger, 1, limited) for id_ in chunk])
    picked = random.Random(7)
    rich = [10**11 if picked.random() > NEAR_LIMIT_SHARE else 50 for _ in ids]
    for chunk in _chunks(list(zip(ids, rich, strict=True)), 8_190):
        results = api.create_transfers(
            [api.NewTransfer(new_id(), source, id_, amount, ledger, 1) for id_, amount in chunk]
        )
        if any(results):
            raise RuntimeError("funding was refused")
    return ids


def _chunks(things: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]


class Maker:
    """Makes batches for one connection, reproducibly but for the ids."""

    def __init__(self, load: Load, accounts: Sequence[UUID], ledger: int, seed: int) -> None:
        self._load, self._accounts, self._ledger = load, accounts, ledger
        self._random = np.random.default_rng(seed)
        self._to_resolve: list[UUID] = []

    def start_window(self) -> None:
        """Forget the holds of batches that were made and never posted."""
        self._to_resolve = []

    def _pairs(self, count: int) -> Iterator[tuple[UUID, UUID, int]]:
        many = len(self._accounts)
        if self._load.spread == "zipf":
            debits = np.minimum(self._random.zipf(_ZIPF, count), many) * 7_919 % many
        else:
            pool = min(HOT_ACCOUNTS, many) if self._load.spread == "hot" else many
            debits = self._random.integers(0, pool, count)
        credits = (debits + self._random.integers(1, many, count)) % many
        amounts = self._random.integers(1, 100, count)
        for debit, credit, amount in zip(debits.tolist(), credits.tolist(), amounts.tolist(), strict=True):
            yield self._accounts[debit], self._accounts[credit], amount

    def batch(self) -> list[NewTransfer]:
        """Return the next batch."""
        from raseed.kernel.ids import new_id  # noqa: PLC0415
        from raseed.ledger.api import NewTransfer, TransferFlags  # noqa: PLC0415

        size, ledger = self._load.batch, self._ledger
        if self._load.kind == "pending":
            return self._pending_batch()
        make_id = uuid.uuid4 if self._load.kind == "v4" else new_id
        chained = TransferFlags.LINKED if self._load.kind == "linked" else TransferFlags.NONE
        last = size - 1
        return [
            NewTransfer(
                make_id(), debit, credit, amount, ledger, 1,
                TransferFlags.NONE if place % _CHAIN == _CHAIN - 1 or place == last else chained,
            )
            for place, (debit, credit, amount) in enumerate(self._pairs(size))
        ]  # fmt: skip

    def _pending_batch(self) -> list[NewTransfer]:
        """Half holds, and half posts and voids of the holds of the batch before."""
        from raseed.kernel.ids import new_id  # noqa: PLC0415
        from raseed.ledger.api import NewTransfer, TransferFlags  # noqa: PLC0415

        half = self._load.batch // 2
        resolving = [
            NewTransfer(
                new_id(), None, None, 0, 0, 0,
                TransferFlags.VOID_PENDING_TRANSFER if place % 2 else TransferFlags.POST_PENDING_TRANSFER, held,
            )
            for place, held in enumerate(self._to_resolve)
        ]  # fmt: skip
        holds = [
            NewTransfer(new_id(), debit, credit, amount, self._ledger, 1, TransferFlags.PENDING, None, 3600)
            for debit, credit, amount in self._pairs(self._load.batch - half if resolving else self._load.batch)
        ]
        self._to_resolve = [hold.id for hold in holds][:half]
        return resolving + holds


def run(dsn: str, ledger: int, accounts: Sequence[UUID], load: Load) -> list[list[Window]]:
    """Post the load from ``load.connections`` processes; answers, for each window, a figure a connection.

    What is posted in a window is made before it, by the posting process, while the clock stands; a first, short window
    warms up and is dropped.
    """
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(load.connections)
    pipes, processes = [], []
    for number in range(load.connections):
        here, there = context.Pipe()
        process = context.Process(target=_post, args=(there, gate, dsn, ledger, accounts, load, number))
        process.start()
        there.close()
        pipes.append(here)
        processes.append(process)
    try:
        found = [pipe.recv() for pipe in pipes]
    finally:
        for process in processes:
            process.join(timeout=10)
            if process.is_alive():
                process.terminate()
    return [list(window) for window in zip(*found, strict=True)]


def _post(
    pipe: Connection, gate: Barrier, dsn: str, ledger: int, accounts: Sequence[UUID], load: Load, number: int
) -> None:
    """Post through the very function that payments call, in a transaction of Django's, results after the commit."""
    from django.db import connections, transaction  # noqa: PLC0415

    from raseed.ledger import api  # noqa: PLC0415

    connections.close_all()
    del dsn
    maker = Maker(load, accounts, ledger, seed=number)
    expected = 20_000.0  # transfers/s, until measured
    windows = []
    for window in range(load.windows + 1):
        seconds = load.seconds if window else min(2.0, load.seconds)
        wanted = int(expected * seconds * 1.25 / load.batch) + 2
        maker.start_window()
        batches = [maker.batch() for _ in range(wanted)]
        gc.collect()
        gc.freeze()
        gate.wait(timeout=300)
        began = time.perf_counter()
        done = refused = 0
        for batch in batches:
            with transaction.atomic():
                results = api.post(batch)
            done += len(results)
            refused += sum(1 for result in results if result)
            if time.perf_counter() - began >= seconds:
                break
        took = time.perf_counter() - began
        gate.wait(timeout=300)
        gc.unfreeze()
        expected = max(done / took, 100.0)
        if window:
            windows.append(Window(done, refused, took))
    pipe.send(windows)
    pipe.close()
