"""A client of the books in a process of its own, that may be killed, and whose server may be.

It does as TigerBeetle's documentation tells clients ("reliable transaction submission"): it makes the ids, keeps them, sends,
and sends the very same again until it is answered. What it sends and what it is told goes to a file, a line each.

    python -m raseed.ledger.tests.client SETTINGS   (JSON: url, ledger, accounts, seed, notes, callers)
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

TRIES_MAX = 600
PAUSE_SECONDS = 0.1
THINK_SECONDS_MAX = 0.03


def batch_of(chance: random.Random, ledger: int, accounts: Sequence[UUID], held: list[UUID]) -> tuple[str, list[Any]]:
    """Return a kind and a batch of that kind."""
    from raseed.kernel.ids import new_id  # noqa: PLC0415 - after Django's set-up, here and below
    from raseed.ledger.api import NewTransfer  # noqa: PLC0415
    from raseed.ledger.api import TransferFlags as F  # noqa: PLC0415

    def move() -> NewTransfer:
        debit, credit = chance.sample(accounts, 2)
        return NewTransfer(new_id(), debit, credit, chance.randint(1, 20), ledger, 1)

    kind = chance.choice(("plain", "plain", "plain", "chains", "holds", "resolves"))
    if kind == "resolves" and held:
        flags = (F.POST_PENDING_TRANSFER, F.VOID_PENDING_TRANSFER)
        picked = [held.pop() for _ in range(min(len(held), chance.choice((1, 5, 20))))]
        return kind, [NewTransfer(new_id(), None, None, 0, 0, 0, chance.choice(flags), id_) for id_ in picked]
    if kind == "chains":
        batch = [replace(move(), flags=F.LINKED) for _ in range(chance.randint(2, 30))]
        for at in range(chance.randint(1, 3), len(batch), 3):
            batch[at] = replace(batch[at], flags=F.NONE)
        return kind, [*batch[:-1], replace(batch[-1], flags=F.NONE)]
    batch = [move() for _ in range(chance.choice((1, 1, 5, 20, 250)))]
    if kind != "plain":
        kind = "holds"
        batch = [replace(transfer, flags=F.PENDING, timeout_s=chance.choice((0, 0, 0, 1))) for transfer in batch]
    return kind, batch


def submit(batch: Sequence[Any], send: Callable[[Sequence[Any]], Sequence[int]]) -> tuple[list[int], int]:
    """Send a batch until it is answered; return the answers and how often it was sent."""
    import psycopg  # noqa: PLC0415
    from django.db import DatabaseError, connection  # noqa: PLC0415

    from raseed.ledger.errors import LedgerBusy, LedgerUnavailable, OutcomeUnknown  # noqa: PLC0415

    for attempt in range(1, TRIES_MAX):
        try:
            return [int(answer) for answer in send(batch)], attempt
        except (DatabaseError, psycopg.Error, LedgerBusy, LedgerUnavailable, OutcomeUnknown):
            connection.close()
            threading.Event().wait(PAUSE_SECONDS)
    raise TimeoutError(f"not answered {TRIES_MAX} times")


def sweep() -> None:
    """Let what is due expire; that a server has gone is no matter."""
    import psycopg  # noqa: PLC0415
    from django.db import DatabaseError, connection  # noqa: PLC0415

    from raseed.ledger.api import LedgerBusy  # noqa: PLC0415
    from raseed.ledger.expiry import expire_due  # noqa: PLC0415

    try:
        expire_due(most=100)
    except (DatabaseError, psycopg.Error, LedgerBusy):
        connection.close()


def work(settings: dict[str, Any], number: int, send: Callable[[Sequence[Any]], Sequence[int]]) -> None:
    """Send batches until the file ``stop`` is there beside the notes."""
    chance = random.Random(f"{settings['seed']}-{number}")  # noqa: S311
    accounts = [UUID(text) for text in settings["accounts"]]
    notes = Path(f"{settings['notes']}.{number}")
    stop = notes.parent / "stop"
    held: list[UUID] = []
    with notes.open("w", encoding="ascii") as file:
        while not stop.exists():
            kind, batch = batch_of(chance, settings["ledger"], accounts, held)
            ids = [str(transfer.id) for transfer in batch]
            print(json.dumps({"kind": kind, "ids": ids, "flags": [int(t.flags) for t in batch]}), file=file, flush=True)
            answers, tries = submit(batch, send)
            print(json.dumps({"answers": answers, "tries": tries}), file=file, flush=True)
            if kind == "holds":
                held += [transfer.id for transfer, answer in zip(batch, answers, strict=True) if answer in (0, 46)]
                chance.shuffle(held)
            if chance.random() < 0.05:
                sweep()
            threading.Event().wait(chance.random() * THINK_SECONDS_MAX)


def main(settings: dict[str, Any]) -> None:
    """Work alone, or as several callers of one group commit."""
    os.environ["DATABASE_URL"] = settings["url"]
    import django  # noqa: PLC0415

    django.setup()
    from raseed.ledger import api  # noqa: PLC0415
    from raseed.ledger.commit import GroupCommit  # noqa: PLC0415

    if settings["callers"] == 1:
        work(settings, 0, api.create_transfers)
        return
    group = GroupCommit()
    group.start()
    with ThreadPoolExecutor(settings["callers"]) as callers:
        for done in [
            callers.submit(work, settings, number, group.create_transfers_in_thread)
            for number in range(settings["callers"])
        ]:
            done.result()
    group.close()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
