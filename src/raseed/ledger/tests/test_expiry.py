"""A hold whose time is over lets go by itself: within a second, once, and for good."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api, wire, worker
from raseed.ledger.api import AccountFlags, NewAccount, NewTransfer, TransferFlags
from raseed.ledger.api import CreateTransferResult as R
from raseed.ledger.expiry import SWEEP_MAX, expire_due, expiry_id, sweep_until

if TYPE_CHECKING:
    from raseed_testing import Database

pytestmark = pytest.mark.usefixtures("database")
LIMITED = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
PENDING, POST, VOID = TransferFlags.PENDING, TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER


class Town:
    """Two wallets with 1,000 each, and a clock."""

    def __init__(self) -> None:
        self.clock = ManualClock(SYSTEM_CLOCK.now())
        self.ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
        self.cash, self.a, self.b = (new_id() for _ in range(3))
        flags = {self.cash: AccountFlags.NONE, self.a: LIMITED, self.b: LIMITED}
        api.create_accounts([NewAccount(id_, self.ledger, 1, flag) for id_, flag in flags.items()])
        self.ask(self.move(self.cash, self.a, 1000), self.move(self.cash, self.b, 1000))

    def move(self, debit: UUID, credit: UUID, amount: int) -> NewTransfer:
        return NewTransfer(new_id(), debit, credit, amount, self.ledger, 1)

    def hold(self, amount: int, seconds: int) -> NewTransfer:
        held = replace(self.move(self.a, self.b, amount), flags=PENDING, timeout_s=seconds)
        assert self.ask(held) == [R.OK]
        return held

    def ask(self, *transfers: NewTransfer) -> list[R]:
        return api.create_transfers(transfers, clock=self.clock)

    def resolve(self, held: NewTransfer, flags: TransferFlags = POST) -> NewTransfer:
        return NewTransfer(new_id(), None, None, 0, 0, 0, flags, held.id)

    def after(self, seconds: float) -> int:
        self.clock.advance(timedelta(seconds=seconds))
        return expire_due(clock=self.clock)


@pytest.fixture
def town(database: object) -> Town:
    return Town()


def test_what_was_held_is_available_again_after_the_deadline(town: Town) -> None:
    held = town.hold(900, 5)
    assert town.ask(town.move(town.a, town.b, 200)) == [R.EXCEEDS_CREDITS]
    assert town.after(4.999) == 0
    assert town.after(0.001) == 1
    assert town.after(60) == 0, "once is enough"
    assert api.look_up_accounts([town.a])[town.a].balances == api.Balances(0, 0, 0, 1000)
    assert town.ask(town.move(town.a, town.b, 200)) == [R.OK]
    assert town.ask(town.resolve(held), town.resolve(held, VOID)) == [R.PENDING_TRANSFER_EXPIRED] * 2


def test_a_post_after_the_deadline_is_refused_before_anybody_swept(town: Town) -> None:
    held = town.hold(900, 5)
    town.clock.advance(timedelta(seconds=5))
    assert town.ask(town.resolve(held), town.resolve(held, VOID)) == [R.PENDING_TRANSFER_EXPIRED] * 2
    assert town.after(0) == 1


def test_what_was_posted_or_voided_in_time_is_left_alone(town: Town) -> None:
    posted, voided, endless = town.hold(10, 5), town.hold(10, 5), town.hold(10, 0)
    assert town.ask(town.resolve(posted), town.resolve(voided, VOID)) == [R.OK, R.OK]
    assert town.after(3600) == 0
    assert town.ask(town.resolve(endless)) == [R.OK]
    assert api.look_up_accounts([town.b])[town.b].balances == api.Balances(0, 0, 0, 1020)


def test_the_release_stands_in_the_history_as_the_systems_own(town: Town) -> None:
    held = town.hold(900, 5)
    assert town.after(5) == 1
    for account in (town.a, town.b):
        release, hold, *_ = api.account_history(account)
        assert release.transfer.flags == VOID | TransferFlags.EXPIRED
        assert release.transfer.pending_id == hold.transfer.id == held.id
        assert release.transfer.id == expiry_id(held.id)
        assert release.transfer.amount == 900
        assert (release.balances.debits_pending, release.balances.credits_pending) == (0, 0)
        assert (hold.balances.debits_pending + hold.balances.credits_pending) == 900


def test_nobody_else_may_say_that_it_expired(town: Town) -> None:
    held = town.hold(900, 5)
    forged = replace(town.resolve(held, VOID | TransferFlags.EXPIRED), id=expiry_id(held.id))
    assert town.ask(forged) == [R.RESERVED_FLAG]
    assert town.ask(replace(town.move(town.a, town.b, 1), flags=TransferFlags.EXPIRED)) == [R.RESERVED_FLAG]


def test_a_taken_id_holds_no_release_up(town: Town) -> None:
    held = town.hold(900, 5)
    assert town.ask(
        replace(town.move(town.cash, town.b, 1), id=expiry_id(held.id)),
        replace(town.move(town.b, town.a, 5000), id=expiry_id(held.id, 1)),
    ) == [R.OK, R.EXCEEDS_CREDITS]
    assert town.after(5) == 1
    assert api.account_history(town.a)[0].transfer.id == expiry_id(held.id, 2)
    assert api.look_up_accounts([town.a])[town.a].balances == api.Balances(0, 0, 0, 1000)


def test_ids_of_releases_are_well_formed_and_their_own() -> None:
    ids = [expiry_id(UUID(int=number), attempt) for number in (1, 2, 1 << 127) for attempt in range(3)]
    assert len(set(ids)) == 9
    assert {id_.version for id_ in ids} == {8}
    assert str(expiry_id(UUID(int=1))) == "0bd0bea9-3391-8650-8613-1d987d46c527", "the derivation never changes"


def count(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def test_several_sweepers_at_once_release_each_hold_once(town: Town) -> None:
    holds = [replace(town.move(town.a, town.b, 1), flags=PENDING, timeout_s=5) for _ in range(600)]
    assert set(town.ask(*holds)) == {R.OK}
    town.clock.advance(timedelta(seconds=5))
    stop = threading.Event()

    def sweep() -> None:
        sweep_until(stop, clock=town.clock)

    sweepers = [threading.Thread(target=sweep) for _ in range(4)]
    for sweeper in sweepers:
        sweeper.start()
    wait_until(lambda: count("SELECT count(*) FROM ledger_pending") == 0)
    stop.set()
    for sweeper in sweepers:
        sweeper.join(30)
    assert count("SELECT count(*) FROM ledger_transfer WHERE flags = 1032 AND result = 0") == 600
    assert api.look_up_accounts([town.a])[town.a].balances == api.Balances(0, 0, 0, 1000)


def wait_until(reached: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + 60, threading.Event()
    while not reached():
        assert time.monotonic() < deadline
        pause.wait(0.01)


def test_a_sweeper_outlives_its_connection(town: Town, database: Database) -> None:
    stop = threading.Event()
    sweeper = threading.Thread(target=sweep_until, args=[stop], kwargs={"clock": town.clock})
    sweeper.start()
    try:
        for _ in range(3):
            town.hold(10, 5)
            with psycopg.connect(database.superuser_dsn, autocommit=True) as superuser:
                superuser.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            connection.close()
            town.clock.advance(timedelta(seconds=5))
            wait_until(lambda: count("SELECT count(*) FROM ledger_pending") == 0)
    finally:
        stop.set()
        sweeper.join(30)


def test_a_server_that_went_away_is_an_error_of_the_databases(database: Database) -> None:
    with psycopg.connect(database.dsn) as gone:
        wire.begin(gone)
        with psycopg.connect(database.superuser_dsn, autocommit=True) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [gone.info.backend_pid])
        for _ in range(2):
            with pytest.raises(psycopg.OperationalError):
                wire.call(gone, b"SELECT 1", [])


@pytest.mark.slow
def test_a_killed_sweeper_leaves_nothing_half_done_and_the_next_goes_on(town: Town, database: Database) -> None:
    holds = [replace(town.move(town.cash, town.b, 1), flags=PENDING, timeout_s=1) for _ in range(SWEEP_MAX + 500)]
    assert set(api.create_transfers(holds, clock=ManualClock(SYSTEM_CLOCK.now() - timedelta(seconds=60)))) == {R.OK}
    pending = "SELECT count(*) FROM ledger_pending"
    with psycopg.connect(database.owner_dsn) as other:
        other.execute("SELECT FROM ledger_balance WHERE id = %s FOR UPDATE", [town.b])
        sweeper = subprocess.Popen([sys.executable, "-m", "raseed.ledger.worker"], env=dict(os.environ))
        try:
            wait_until(lambda: count("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0)
        finally:
            sweeper.kill()
            sweeper.wait()
    assert count(pending) == SWEEP_MAX + 500
    sweeper = subprocess.Popen([sys.executable, "-m", "raseed.ledger.worker"], env=dict(os.environ))
    try:
        wait_until(lambda: count(pending) == 0)
    finally:
        sweeper.terminate()
        assert sweeper.wait(30) == 0, "told to stop, it stops in order"
    assert count("SELECT count(*) FROM ledger_transfer WHERE flags = 1032 AND result = 0") == SWEEP_MAX + 500


def test_a_loop_that_dies_ends_the_process(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()

    def dies(_: threading.Event) -> None:
        raise ValueError("a bug of ours")

    def waits(told: threading.Event) -> None:
        told.wait(30)

    assert worker.run({"dies": dies, "waits": waits}, stop) is False
    assert "dies" in caplog.text
    stop = threading.Event()
    stop.set()
    assert worker.run({"waits": waits}, stop) is True
