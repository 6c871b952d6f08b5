"""The books as streams: whatever is posted, and meanwhile, they come to what each account had after each batch."""

from __future__ import annotations

import itertools
import random
import threading
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import psycopg
import pytest
from django.db import connection as django_connection

from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api, streams
from raseed.ledger.api import NewAccount, NewTransfer, RowsMissing, TransferFlags
from raseed.ledger.expiry import expire_due
from raseed.ledger.log.api import open_connection
from raseed.ledger.log.horizon import Horizon

from .client import batch_of

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def ledger(database: Any) -> int:
    return api.open_ledger(institution_id=new_id(), currency=currency("EGP"))


@pytest.fixture
def accounts(ledger: int) -> list[UUID]:
    new = [NewAccount(new_id(), ledger, 100 + place) for place in range(6)]
    api.create_accounts(new)
    return [account.id for account in new]


@pytest.fixture
def reading(database: Any) -> Iterator[psycopg.Connection[Any]]:
    with open_connection() as connection:
        yield connection


def final_batch(connection: psycopg.Connection[Any]) -> int:
    horizon = Horizon()
    while True:
        final = horizon.advance(connection)
        if not horizon.waits:
            return final


def fold(connection: psycopg.Connection[Any], upto: int) -> dict[UUID, list[int]]:
    """Every account's sums, from the transfers alone, one after the other."""
    sums: dict[UUID, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for chunk in api.transfers_between(connection, after=0, upto=upto):
        pending, posted = api.effects_of(chunk)
        for row, held, moved in zip(chunk, pending.tolist(), posted.tolist(), strict=True):
            for side, at in (("debit", 0), ("credit", 2)):
                mine = sums[UUID(bytes=row[side].tobytes())]
                mine[at] += held
                mine[at + 1] += moved
    return sums


def shown(chunks: Any) -> dict[UUID, list[int]]:
    return {
        UUID(bytes=row["id"].tobytes()): [int(row[name]) for name in streams.SUMS] for chunk in chunks for row in chunk
    }


def some_history(ledger: int, accounts: list[UUID], batches: int, seed: int = 1) -> None:
    chance, clock = random.Random(seed), ManualClock(START)  # noqa: S311
    held: list[UUID] = []
    for _ in range(batches):
        kind, batch = batch_of(chance, ledger, accounts, held)
        if kind == "resolves":  # in part, where it can be
            batch[0] = NewTransfer(
                new_id(), None, None, 1, 0, 0, TransferFlags.POST_PENDING_TRANSFER, batch[0].pending_id
            )
        results = api.create_transfers(batch, clock=clock)
        if kind == "holds":
            held += [transfer.id for transfer, result in zip(batch, results, strict=True) if result == 0]
            chance.shuffle(held)
        clock.advance(timedelta(seconds=0.4))
        if chance.random() < 0.2:
            expire_due(clock=clock)


def test_transfers_fold_to_the_balances_that_the_ledger_has(ledger, accounts, reading) -> None:
    some_history(ledger, accounts, 60)
    upto = final_batch(reading)
    folded = fold(reading, upto)
    found = shown(api.balances_as_of(reading, upto=upto))
    for account in api.look_up_accounts(accounts).values():
        b = account.balances
        now = [b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted]
        assert folded[account.id] == found[account.id] == now
    assert any(sums[0] for sums in found.values())
    assert any(sums[1] for sums in found.values())


def test_balances_are_those_of_each_batch_whatever_was_posted_since(ledger, accounts, reading) -> None:
    some_history(ledger, accounts, 40, seed=7)
    last = final_batch(reading)
    for upto in (0, 1, last // 3, last // 2, last - 1, last, last + 10):
        folded = fold(reading, upto)
        assert shown(api.balances_as_of(reading, upto=upto)) == {id_: folded[id_] for id_ in accounts}


def test_accounts_come_with_their_ledger_and_code(ledger, accounts, reading) -> None:
    rows = np.concatenate(list(api.balances_as_of(reading, upto=0)))
    assert rows.dtype == api.BALANCE
    codes = {UUID(bytes=row["id"].tobytes()): (row["ledger"], row["code"]) for row in rows}
    assert codes == {id_: (ledger, 100 + place) for place, id_ in enumerate(accounts)}


def test_chunks_hold_whole_batches_in_order_however_small_they_are(ledger, accounts, reading, monkeypatch) -> None:
    some_history(ledger, accounts, 30, seed=3)
    upto = final_batch(reading)
    whole = np.concatenate(list(api.transfers_between(reading, after=0, upto=upto)))
    assert whole.dtype == api.TRANSFER
    for most, limit in ((1, 4096), (50, 4096), (1 << 17, 1), (1 << 17, 7)):
        monkeypatch.setattr(streams, "TRANSFERS_PER_READ", most)
        chunks = list(api.transfers_between(reading, after=0, upto=upto, limit_batches=limit))
        assert np.array_equal(np.concatenate(chunks), whole)
        batches = [set(chunk["batch"].tolist()) for chunk in chunks]
        assert all(max(one) < min(other) for one, other in itertools.pairwise(batches))
    middle = int(whole["batch"][len(whole) // 2])
    parts = [
        *api.transfers_between(reading, after=0, upto=middle),
        *api.transfers_between(reading, after=middle, upto=upto),
    ]
    assert np.array_equal(np.concatenate(parts), whole)
    assert list(api.transfers_between(reading, after=upto, upto=upto)) == []


def test_refused_transfers_are_left_out(ledger, reading) -> None:
    rich, poor = (NewAccount(new_id(), ledger, 1, flags) for flags in (api.AccountFlags.NONE, api.AccountFlags(2)))
    api.create_accounts([rich, poor])
    results = api.create_transfers([
        NewTransfer(new_id(), poor.id, rich.id, 5, ledger, 1),
        NewTransfer(new_id(), rich.id, poor.id, 7, ledger, 1),
    ])  # fmt: skip
    assert [int(result) == 0 for result in results] == [False, True]
    [chunk] = api.transfers_between(reading, after=0, upto=final_batch(reading))
    assert chunk["amount"].tolist() == [7]


def test_while_others_post_both_are_exact(ledger, accounts, reading) -> None:
    """Four threads post, hold, resolve and let expire; at any moment balances as of a final batch are those of the fold."""
    stop = threading.Event()

    def post(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        held: list[UUID] = []
        while not stop.is_set():
            kind, batch = batch_of(chance, ledger, accounts, held)
            results = api.create_transfers(batch[:30])
            if kind == "holds":
                held += [transfer.id for transfer, result in zip(batch, results, strict=False) if result == 0]
        django_connection.close()

    threads = [threading.Thread(target=post, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    try:
        seen = []
        for _ in range(8):
            upto = final_batch(reading)
            found = shown(api.balances_as_of(reading, upto=upto))
            folded = fold(reading, upto)
            assert found == {id_: folded[id_] for id_ in accounts}
            seen.append(upto)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(set(seen)) > 1


def test_a_transfer_taken_out_of_a_batch_is_not_passed_over(ledger, accounts, reading, database) -> None:
    api.create_transfers([NewTransfer(new_id(), accounts[0], accounts[1], 5, ledger, 1) for _ in range(3)])
    upto = final_batch(reading)
    with psycopg.connect(database.superuser_dsn, autocommit=True) as thief:
        thief.execute("SET session_replication_role = replica")
        thief.execute("DELETE FROM ledger_transfer WHERE seq = (SELECT min(seq) FROM ledger_transfer)")
    with pytest.raises(RowsMissing):
        list(api.transfers_between(reading, after=0, upto=upto))


def test_a_held_transfer_taken_out_is_not_passed_over(ledger, accounts, reading, database) -> None:
    held = NewTransfer(new_id(), accounts[0], accounts[1], 5, ledger, 1, TransferFlags.PENDING)
    api.create_transfers([held])
    before = final_batch(reading)
    api.create_transfers([NewTransfer(new_id(), None, None, 0, 0, 0, TransferFlags.VOID_PENDING_TRANSFER, held.id)])
    upto = final_batch(reading)
    with psycopg.connect(database.superuser_dsn, autocommit=True) as thief:
        thief.execute("SET session_replication_role = replica")
        thief.execute("DELETE FROM ledger_transfer WHERE id = %s", [held.id])
    with pytest.raises(RowsMissing):
        list(api.transfers_between(reading, after=before, upto=upto))


def test_accounts_are_read_from_where_the_last_look_ended(ledger, accounts, reading) -> None:
    first = list(api.accounts_from(reading))
    assert [chunk.dtype for chunk, _ in first] == [api.ACCOUNT]
    page = first[-1][1]
    more = [NewAccount(new_id(), ledger, 7) for _ in range(300)]
    api.create_accounts(more)
    later = np.concatenate([chunk for chunk, _ in api.accounts_from(reading, page=page)])
    found = {UUID(bytes=row["id"].tobytes()): (row["ledger"], row["code"]) for row in later}
    assert {account.id: (ledger, 7) for account in more}.items() <= found.items()
