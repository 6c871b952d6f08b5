"""However rows lie in their tables, verify reads them in order; whatever was posted, it finds nothing wrong with it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api
from raseed.ledger.api import AccountFlags, NewAccount, NewTransfer, TransferFlags
from raseed.ledger.expiry import expire_due
from raseed.ledger.log.api import Sealer, open_connection
from raseed.ledger.log.keys import public_path, read_public
from raseed.ledger.verify import reading
from raseed.ledger.verify.findings import Difference, Found
from raseed.ledger.verify.formats import BATCHES, words
from raseed.ledger.verify.index import IdIndex, fingerprints
from raseed.ledger.verify.partitions import PARTITION_BITS, Partitions, first_repeat
from raseed.ledger.verify.reading import END, Ahead, Ordered, snapshot
from raseed.ledger.verify.verification import verify

ROWS = 2000


@pytest.fixture
def shuffled(database: Any) -> list[int]:
    """Batches whose rows lie in an order of their own: some early, some late, most a little out of place."""
    chance = np.random.default_rng(5)
    places = np.arange(ROWS) + chance.normal(0, 40, ROWS)
    places[::97] = chance.uniform(0, ROWS, len(places[::97]))
    numbers = [int(number) + 1 for number in np.argsort(places)]
    with (
        psycopg.connect(database.dsn) as connection,
        connection.cursor() as cursor,
        cursor.copy("COPY ledger_batch FROM STDIN") as copy,
    ):
        for number in numbers:
            copy.write_row([number, "2025-01-01T00:00:00Z", 1, "\\x" + f"{number:064x}"])
    assert numbers != sorted(numbers)
    return numbers


@pytest.mark.parametrize("waiting", [10_000, 300, 1])
@pytest.mark.parametrize("bits", [0, 3])
def test_rows_come_in_order_however_they_lie(shuffled, monkeypatch, waiting, bits) -> None:
    """Also where so many would wait for their place that the server has to sort them."""
    monkeypatch.setattr(reading, "PAGES_PER_PORTION", 1)
    monkeypatch.setattr(reading, "BUFFER_ROWS_MAX", waiting)
    monkeypatch.setattr(reading, "SORTED_ROWS", 64)
    with snapshot(open_connection) as connection:
        rows = Ordered(connection, BATCHES)
        assert (rows.rows, rows.last) == (ROWS, ROWS)
        got, limits = [], []
        for portion, limit in rows.portions(bits):
            numbers = portion["number"].tolist()
            assert all(number < limit for number in numbers)
            assert limit == END or limit % (1 << bits) == 0
            got += numbers
            limits.append(limit)
        assert got == list(range(1, ROWS + 1))
        assert limits == sorted(limits)
        assert limits[-1] == END


@pytest.mark.parametrize("waiting", [10_000, 100])
def test_rows_are_handed_out_as_far_as_they_are_asked_for(shuffled, monkeypatch, waiting) -> None:
    monkeypatch.setattr(reading, "PAGES_PER_PORTION", 1)
    monkeypatch.setattr(reading, "BUFFER_ROWS_MAX", waiting)
    monkeypatch.setattr(reading, "SORTED_ROWS", 64)
    with snapshot(open_connection) as connection:
        rows = Ordered(connection, BATCHES)
        got: list[int] = []
        for limit in (0, 1, 2, 700, 700, 701, 1500, END):
            part = rows.below(limit)["number"].tolist()
            got += part
            assert got == list(range(1, min(limit, ROWS + 1)))


def test_a_snapshot_does_not_move(shuffled, database) -> None:
    with snapshot(open_connection) as connection:
        assert Ordered(connection, BATCHES).rows == ROWS
        with psycopg.connect(database.dsn) as other:
            other.execute("INSERT INTO ledger_batch VALUES (%s, now(), 1, %s)", [ROWS + 1, bytes(32)])
        assert Ordered(connection, BATCHES).rows == ROWS
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("INSERT INTO ledger_batch VALUES (%s, now(), 1, %s)", [ROWS + 2, bytes(32)])


def test_reading_ahead_passes_errors_on_and_ends_when_it_is_told_to() -> None:
    def numbers(end: int, *, fails: bool) -> Any:
        yield from range(end)
        if fails:
            raise Found(Difference("batch_twice", {"batch": 1}))

    assert list(Ahead(numbers(5, fails=False))) == [0, 1, 2, 3, 4]
    failing = Ahead(numbers(2, fails=True))
    assert [next(failing), next(failing)] == [0, 1]
    with pytest.raises(Found):
        next(failing)
    endless = Ahead(numbers(10**9, fails=False))
    assert next(endless) == 0
    endless.close()


ids = st.lists(
    st.one_of(st.binary(min_size=16, max_size=16), st.integers(0, 40).map(lambda n: n.to_bytes(16))), max_size=200
)


@given(ids, ids)
def test_ids_are_found_at_their_places(known, asked) -> None:
    known = list(dict.fromkeys(known))
    index = IdIndex(words(np.frombuffer(b"".join(known), "V16")))
    places = index.find(words(np.frombuffer(b"".join(asked + known), "V16")))
    expected = {id_: place for place, id_ in enumerate(known)}
    assert places.tolist() == [expected.get(id_, -1) for id_ in asked + known]


@given(ids)
def test_a_heap_comes_back_in_parts_by_id_and_repeats_are_seen(all_ids) -> None:
    records = np.frombuffer(b"".join(all_ids), [("id", "V16")])
    with contextlib.ExitStack() as stack:
        heap = Partitions(records.dtype, stack)
        heap.add(records[:50], words(records["id"][:50]))
        heap.add(records[50:], words(records["id"][50:]))
        parts = list(heap)
        assert len(parts) == 1 << PARTITION_BITS
        assert heap.count == len(all_ids)
        assert sorted(cell.tobytes() for part in parts for cell in part["id"]) == sorted(all_ids)
        for number, part in enumerate(parts):
            assert set((fingerprints(words(part["id"])) >> np.uint64(64 - PARTITION_BITS)).tolist()) <= {number}
    twice = first_repeat(records["id"])
    if twice is None:
        assert len(set(all_ids)) == len(all_ids)
    else:
        assert all_ids.count(twice.tobytes()) > 1


KINDS = (
    TransferFlags.NONE, TransferFlags.NONE, TransferFlags.PENDING, TransferFlags.POST_PENDING_TRANSFER,
    TransferFlags.VOID_PENDING_TRANSFER,
)  # fmt: skip
recipe = st.tuples(
    st.sampled_from(KINDS), st.integers(0, 4), st.integers(0, 4), st.integers(0, 60), st.booleans(), st.integers(0, 30)
)
workload = st.lists(
    st.one_of(st.lists(recipe, min_size=1, max_size=30), st.sampled_from(["seal", "expire", "wait", "close"])),
    max_size=12,
)


def test_whatever_was_posted_verifies_clean(database: Any, tmp_path: Path) -> None:
    """Every example has a ledger of its own; all that came before is verified with it."""
    clock = ManualClock(datetime(2025, 1, 1, tzinfo=UTC))
    with open_connection() as connection:
        sealer = Sealer(connection, tmp_path, clock)

        @hypothesis.settings(suppress_health_check=list(HealthCheck))
        @given(workload)
        def check(steps: list[Any]) -> None:
            play(steps, clock, sealer)
            report = verify(
                open_connection, keys_of=lambda log_id: read_public(public_path(tmp_path, log_id)), outside=[],
                progress=lambda *_: None,
            )  # fmt: skip
            assert report.difference is None, str(report.difference)

        check()


def play(steps: list[Any], clock: ManualClock, sealer: Sealer) -> None:
    ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
    flags = (0, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS,
             AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS, 0)  # fmt: skip
    accounts = [NewAccount(new_id(), ledger, 1, AccountFlags(flag)) for flag in flags]
    api.create_accounts(accounts, clock=clock)
    holds = [new_id()]
    for step in steps:
        clock.advance(timedelta(milliseconds=1500))
        if step == "seal":
            sealer.seal_all()
        elif step == "expire":
            expire_due(clock=clock)
        elif step == "close":
            api.close_account(accounts[4].id)
        elif step != "wait":
            api.create_transfers([transfer(part, accounts, holds, ledger) for part in step], clock=clock)


def transfer(part: Any, accounts: list[NewAccount], holds: list[Any], ledger: int) -> NewTransfer:
    kind, debit, credit, amount, linked, pick = part
    id_ = new_id()
    flags = kind | (TransferFlags.LINKED if linked and pick % 3 == 0 else TransferFlags.NONE)
    if kind & (TransferFlags.POST_PENDING_TRANSFER | TransferFlags.VOID_PENDING_TRANSFER):
        return NewTransfer(id_, None, None, amount if pick % 2 else 0, 0, 0, flags, holds[pick % len(holds)])
    if kind & TransferFlags.PENDING:
        holds.append(id_)
    timeout_s = pick % 4 if kind & TransferFlags.PENDING else 0
    return NewTransfer(id_, accounts[debit].id, accounts[credit].id, amount, ledger, 1, flags, None, timeout_s)
