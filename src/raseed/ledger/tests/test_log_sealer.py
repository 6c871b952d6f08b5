"""The sealer on a real database: everything committed is sealed once, in order, and nothing that may still change."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection as django_connection
from django.db import transaction

from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api
from raseed.ledger.log import outside, tree
from raseed.ledger.log.api import (
    KeyHandOver,
    LogForked,
    LogKeyMissing,
    Sealer,
    UnreadableKey,
    log_status,
    open_connection,
    seal_until,
)
from raseed.ledger.log.checkpoint import Checkpoint, leaf_data
from raseed.ledger.log.horizon import Horizon
from raseed.ledger.log.keys import LogKeys, public_path, read_public
from raseed.ledger.log.note import parse_note

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID


@pytest.fixture
def accounts(database: object) -> list[UUID]:
    ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
    new = [api.NewAccount(new_id(), ledger, 1) for _ in range(4)]
    api.create_accounts(new)
    return [account.id for account in new]


@pytest.fixture
def sealing(database: object, tmp_path: Path) -> Iterator[Sealer]:
    with open_connection() as connection:
        yield Sealer(connection, tmp_path)


def move(accounts: list[UUID], amount: int = 1) -> api.NewTransfer:
    ledger = api.look_up_accounts(accounts[:1])[accounts[0]].ledger
    return api.NewTransfer(new_id(), accounts[0], accounts[1], amount, ledger, 1)


def post(accounts: list[UUID], batches: int = 1) -> None:
    for _ in range(batches):
        assert api.create_transfers([move(accounts)]) == [api.CreateTransferResult.OK]


def rows(statement: str) -> list[Any]:
    with open_connection() as connection:
        return connection.execute(statement).fetchall()


def check_log(home: Path) -> int:
    """Recompute the log from the batches, naively; return its size."""
    batches = rows(
        "SELECT number, (extract(epoch FROM posted_at) * 1000000)::int8, transfers, digest FROM ledger_batch ORDER BY 1"
    )
    leaves = rows("SELECT leaf_index, batch, hash FROM ledger_leaf ORDER BY 1")
    hashes = [
        tree.leaf_hash(leaf_data(number=number, posted_us=at, transfers=count, digest=digest))
        for number, at, count, digest in batches
    ]
    assert leaves == [(place, batch[0], hashes[place]) for place, batch in enumerate(batches[: len(leaves)])]
    [[log_id]] = rows("SELECT id FROM ledger_log")
    keys = read_public(public_path(home, log_id))
    subtree = tree.subtrees_of(hashes)
    checkpoints = rows("SELECT number, leaves, note FROM ledger_checkpoint ORDER BY 1")
    for place, (number, size, text) in enumerate(checkpoints, 1):
        note = parse_note(text)
        assert number == place
        assert note.signed_by(keys)
        assert (Checkpoint.parse(note.text).size, Checkpoint.parse(note.text).root) == (size, subtree(0, size))
    assert checkpoints[-1][1] == len(leaves)
    latest = outside.latest_path(home, log_id)
    assert latest is not None
    assert latest.read_text() == checkpoints[-1][2]
    return len(leaves)


def test_what_was_posted_is_sealed_once_and_in_order(accounts, sealing, tmp_path) -> None:
    assert sealing.seal_all() == 0
    assert check_log(tmp_path) == 0
    post(accounts, 5)
    assert log_status().unsealed == 5
    assert sealing.seal_all() == 5
    assert sealing.seal_all() == 0
    post(accounts, 3)
    with open_connection() as connection:
        assert Sealer(connection, tmp_path).seal_all() == 3  # another one goes on
    assert sealing.seal_all() == 0
    post(accounts)
    assert sealing.seal_all() == 1
    assert check_log(tmp_path) == 9
    status = log_status()
    assert (status.sealed, status.unsealed, status.lag_ms) == (9, 0, 0)


def test_keys_are_for_the_sealer_s_eyes_and_checkpoints_for_everybody_s(accounts, sealing, tmp_path) -> None:
    sealing.seal_all()
    [[log_id]] = rows("SELECT id FROM ledger_log")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    assert modes.pop(f"ledger-log-{log_id}") == 0o600
    assert modes.pop(f"ledger-log-{log_id}.pub") == 0o644
    assert set(modes.values()) == {0o644}
    assert len(modes) == 2  # the latest, and the day's
    assert sealing.checkpoint() == (outside.folder_of(tmp_path, log_id) / "latest").read_text()


def test_a_number_is_final_only_when_all_before_it_are_done(accounts, database) -> None:
    horizon = Horizon()
    with open_connection() as watching, psycopg.connect(database.dsn) as slow, psycopg.connect(database.dsn) as other:
        assert horizon.advance(watching) == 0
        first = number(slow)
        second = number(other)
        insert_batch(other, second)
        other.commit()
        assert horizon.advance(watching) == 0
        assert horizon.waits
        with slow.transaction():
            later = number(slow)
        assert horizon.advance(watching) == 0, "a savepoint's end is not the transaction's"
        insert_batch(slow, first)
        slow.commit()
        assert horizon.advance(watching) == second
        assert horizon.advance(watching) == later
        assert not horizon.waits


def number(connection: psycopg.Connection[Any]) -> int:
    [taken] = connection.execute("SELECT nextval('ledger_batch_number')").fetchone() or [0]
    return int(taken)


def insert_batch(connection: psycopg.Connection[Any], taken: int) -> None:
    connection.execute("INSERT INTO ledger_batch VALUES (%s, now(), 1, %s)", [taken, bytes(32)])


def test_a_long_transaction_that_posts_nothing_delays_no_seal(accounts, sealing, tmp_path, database) -> None:
    with psycopg.connect(database.dsn) as importing:
        importing.execute("SELECT pg_current_xact_id()")
        post(accounts, 2)
        assert sealing.seal_all(patience_ms=0) == 2
    assert check_log(tmp_path) == 2


def test_a_posting_in_flight_delays_what_may_come_after_it_and_numbers_rolled_back_stay_gaps(
    accounts, sealing, tmp_path, database
) -> None:
    with psycopg.connect(database.dsn) as slow, psycopg.connect(database.dsn) as broken:
        first = number(slow)
        number(broken)
        broken.rollback()
        post(accounts)
        with pytest.raises(TimeoutError):
            sealing.seal_all(patience_ms=50)
        assert log_status().unsealed == 1
        insert_batch(slow, first)
        slow.commit()
    assert sealing.seal_all() == 2
    assert check_log(tmp_path) == 2


def test_a_posting_that_finds_no_account_is_waited_for_too(accounts, sealing, tmp_path) -> None:
    """It has no transaction number when it takes its batch's: what counts is the lock on the sequence."""
    lost = api.NewTransfer(new_id(), new_id(), new_id(), 1, 1, 1)
    with transaction.atomic():
        assert api.post([lost]) == [api.CreateTransferResult.DEBIT_ACCOUNT_NOT_FOUND]
        horizon = Horizon()
        with open_connection() as watching:
            assert horizon.advance(watching) == 0
            assert horizon.waits
    assert sealing.seal_all() == 1
    assert check_log(tmp_path) == 1


def test_sealers_that_run_side_by_side_while_many_post_leave_one_whole_log(accounts, tmp_path) -> None:
    stop = threading.Event()
    told: list[str] = []
    sealers = [
        threading.Thread(target=seal_until, args=(stop, tmp_path), kwargs={"say": told.append}) for _ in range(3)
    ]
    for thread in sealers:
        thread.start()

    def client() -> None:
        for _ in range(30):
            post(accounts)
        django_connection.close()

    clients = [threading.Thread(target=client) for _ in range(4)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    deadline = time.monotonic() + 20
    while log_status().unsealed and time.monotonic() < deadline:
        stop.wait(0.05)
    stop.set()
    for thread in sealers:
        thread.join()
    assert told == []
    assert check_log(tmp_path) == 120


@pytest.mark.slow
def test_a_sealer_killed_at_any_instant_is_followed_by_one_that_goes_on(accounts, database, tmp_path) -> None:
    environment = {**os.environ, "RASEED_HOME": str(tmp_path), "DATABASE_URL": database.url()}
    chance = random.Random(7)  # noqa: S311 - when to strike
    for end in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM):
        sealed = log_status().sealed
        sealer = subprocess.Popen([sys.executable, "-m", "raseed.ledger.log.sealer"], env=environment)
        never = threading.Event()
        deadline = time.monotonic() + 60
        while log_status().sealed <= sealed and time.monotonic() < deadline:
            post(accounts, 4)
            never.wait(chance.random() / 50)
        post(accounts, 4)
        never.wait(chance.random() / 2)
        sealer.send_signal(end)
        assert sealer.wait(20) == (0 if end == signal.SIGTERM else -end)
    with open_connection() as connection:
        Sealer(connection, tmp_path).seal_all()
    assert log_status().unsealed == 0
    check_log(tmp_path)


def test_the_key_is_changed_by_both_signing_for_a_while(accounts, sealing, tmp_path) -> None:
    post(accounts, 2)
    sealing.seal_all()
    with pytest.raises(KeyHandOver):
        sealing.finish_hand_over()
    new = sealing.begin_hand_over()
    with pytest.raises(KeyHandOver):
        sealing.begin_hand_over()
    post(accounts)
    sealing.seal_all()
    sealing.finish_hand_over()
    post(accounts)
    sealing.seal_all()
    assert check_log(tmp_path) == 4
    [[log_id]] = rows("SELECT id FROM ledger_log")
    old, newer = read_public(public_path(tmp_path, log_id))
    assert newer == new.verifier
    notes = [parse_note(text) for (text,) in rows("SELECT note FROM ledger_checkpoint ORDER BY number")]
    signers = [note.signed_by([old, newer]) for note in notes]
    assert signers == [[old]] * 1 + [[old, newer]] * 3 + [[newer]] * 2
    named = [Checkpoint.parse(note.text).handing_over for note in notes]
    assert named == [()] * 1 + [(old, newer)] * 3 + [()] * 2


def test_a_lost_key_is_not_replaced_unseen(accounts, sealing, tmp_path) -> None:
    sealing.seal_all()
    post(accounts)
    with open_connection() as connection, pytest.raises(LogKeyMissing):
        Sealer(connection, tmp_path / "elsewhere").seal_all()
    assert sealing.seal_all() == 1


def change(database: Any, *statements: str) -> None:
    """As superuser, with the triggers out of the way."""
    with psycopg.connect(database.superuser_dsn) as connection:
        for table in ("ledger_log", "ledger_leaf", "ledger_checkpoint", "ledger_batch"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            connection.execute(statement)
        for table in ("ledger_log", "ledger_leaf", "ledger_checkpoint", "ledger_batch"):
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize("statements", [
    ["UPDATE ledger_checkpoint SET peaks = sha256(peaks) WHERE leaves = 1"],
    ["UPDATE ledger_checkpoint SET leaves = 2 WHERE leaves = 1"],
    ["UPDATE ledger_checkpoint SET note = replace(note, 'raseed.local', 'elsewhere')"],
    ["UPDATE ledger_checkpoint SET note = 'nothing'"],
    ["DELETE FROM ledger_checkpoint"],
    ["DELETE FROM ledger_log"],
    ["DELETE FROM ledger_checkpoint WHERE leaves = 1", "DELETE FROM ledger_leaf"],
])  # fmt: skip
def test_a_log_that_was_changed_or_set_back_is_not_continued(accounts, sealing, tmp_path, database, statements) -> None:
    sealing.seal_all()
    post(accounts)
    sealing.seal_all()
    change(database, *statements)
    post(accounts)
    with open_connection() as connection, pytest.raises(LogForked):
        Sealer(connection, tmp_path).seal_all()


def test_the_log_s_tables_refuse_change_gaps_and_a_way_back(accounts, sealing, database) -> None:
    post(accounts, 2)
    sealing.seal_all()
    for statement in (
        "UPDATE ledger_leaf SET batch = 9",
        "DELETE FROM ledger_checkpoint",
        "TRUNCATE ledger_log",
        "INSERT INTO ledger_checkpoint VALUES (3, 2, 2, now(), '', '')",
        "INSERT INTO ledger_checkpoint VALUES (2, 1, 2, now(), '', '')",
        "INSERT INTO ledger_checkpoint VALUES (2, 3, 2, now(), '', '')",
        "INSERT INTO ledger_checkpoint VALUES (2, 2, 1, now(), '', '')",
    ):
        with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(statement)


def test_private_keys_that_are_damaged_are_named(tmp_path) -> None:
    keys = LogKeys(tmp_path, new_id())
    with pytest.raises(LogKeyMissing):
        keys.signers()
    keys.make()
    [signer] = keys.signers()
    assert signer in keys.signers()
    for content in ("", "PRIVATE+KEY+x", keys.path.read_text() * 3):
        keys.path.write_text(content)
        os.utime(keys.path, ns=(0, len(content)))
        with pytest.raises(UnreadableKey):
            keys.signers()
    public = public_path(tmp_path, keys.log_id)
    assert read_public(public) == [signer.verifier]
    for content in ("", "PRIVATE+KEY+x"):
        public.write_text(content)
        with pytest.raises(UnreadableKey):
            read_public(public)
    (tmp_path / "note").write_bytes(b"\xff")
    with pytest.raises(UnreadableKey):
        outside.read(tmp_path / "note")
