"""Group commit: every caller gets the answer that is theirs, and it is true, whatever happens around them."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api, lanes
from raseed.ledger.api import AccountFlags, NewAccount, NewTransfer, TransferFlags
from raseed.ledger.api import CreateTransferResult as R
from raseed.ledger.commit import GroupCommit
from raseed.ledger.engine import post_batch
from raseed.ledger.errors import LedgerBusy, LedgerUnavailable, OutcomeUnknown
from raseed.ledger.lanes import Lane, app_connection

if TYPE_CHECKING:
    from raseed_testing import Database

LIMITED = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
LINKED = TransferFlags.LINKED


@pytest.fixture
def ledger(database: object) -> int:
    return api.open_ledger(institution_id=new_id(), currency=currency("EGP"))


def open_accounts(ledger: int, *flags: AccountFlags) -> list[UUID]:
    accounts = [NewAccount(new_id(), ledger, 1, flag) for flag in flags]
    assert set(api.create_accounts(accounts)) == {api.CreateAccountResult.OK}
    return [account.id for account in accounts]


def pay(
    ledger: int, debit: UUID, credit: UUID, amount: int = 1, flags: TransferFlags = TransferFlags.NONE
) -> NewTransfer:
    return NewTransfer(new_id(), debit, credit, amount, ledger, 1, flags)


@contextmanager
def opened(**options: Any) -> Iterator[GroupCommit]:
    commit = GroupCommit(**options)
    commit.start()
    try:
        yield commit
    finally:
        commit.close()


def ask_all(commit: GroupCommit, calls: Sequence[Sequence[NewTransfer]]) -> list[Any]:
    """Ask everything at once; return results, or the error a caller was told."""

    async def ask() -> list[Any]:
        return await asyncio.gather(*[commit.create_transfers(call) for call in calls], return_exceptions=True)

    return asyncio.run(ask())


def test_many_callers_share_few_commits_and_each_gets_its_own_answer(ledger: int) -> None:
    cash, rich, poor = open_accounts(ledger, AccountFlags.NONE, LIMITED, LIMITED)
    assert api.create_transfers([pay(ledger, cash, rich, 1000)]) == [R.OK]
    calls = [[pay(ledger, (rich, poor)[n % 2], cash)] for n in range(200)]
    with opened() as commit:
        answers = ask_all(commit, calls)
        batches = sum(tally.batches for tally in commit.tallies)
    assert answers == [[R.OK], [R.EXCEEDS_CREDITS]] * 100
    assert batches < 20
    assert api.look_up_accounts([rich])[rich].balances.debits_posted == 100
    assert set(api.look_up_transfers([call[0].id for call in calls])) == {call[0].id for call in calls[::2]}


@pytest.mark.parametrize("number_of_lanes", [1, 2])
def test_a_chain_stays_together_and_an_open_one_takes_nobody_elses_transfer(ledger: int, number_of_lanes: int) -> None:
    cash, a, b = open_accounts(ledger, AccountFlags.NONE, LIMITED, LIMITED)
    good = [[pay(ledger, cash, a, 3, LINKED), pay(ledger, a, b, 3)] for _ in range(20)]
    broken = [[pay(ledger, cash, a, 3, LINKED), pay(ledger, a, b, 10_000)] for _ in range(20)]
    hanging = [[pay(ledger, cash, a, 5), pay(ledger, cash, a, 3, LINKED)] for _ in range(20)]
    plain = [[pay(ledger, cash, b, 1)] for _ in range(20)]
    calls = [call for four in zip(good, broken, hanging, plain, strict=True) for call in four]
    with opened(lanes=number_of_lanes) as commit:
        answers = ask_all(commit, calls)
    assert (
        answers
        == [
            [R.OK, R.OK],
            [R.LINKED_EVENT_FAILED, R.EXCEEDS_CREDITS],
            [R.OK, R.LINKED_EVENT_CHAIN_OPEN],
            [R.OK],
        ]
        * 20
    )
    assert api.look_up_accounts([b])[b].balances.credits_posted == 20 * 3 + 20


def test_one_id_sent_many_times_at_once_is_posted_once(ledger: int) -> None:
    cash, a = open_accounts(ledger, AccountFlags.NONE, LIMITED)
    sent = [pay(ledger, cash, a) for _ in range(5)]
    with opened() as commit:
        answers = ask_all(commit, [[transfer] for transfer in sent * 20])
        assert Counter(answer[0] for answer in answers) == {R.OK: 5, R.EXISTS: 95}
        later = ask_all(commit, [[sent[0]], [replace(sent[1], amount=9)], [pay(ledger, cash, a)]])
    assert later == [[R.EXISTS], [R.EXISTS_WITH_DIFFERENT_AMOUNT], [R.OK]]
    assert api.look_up_accounts([a])[a].balances.credits_posted == 6


def test_threads_are_served_too(ledger: int) -> None:
    cash, a = open_accounts(ledger, AccountFlags.NONE, LIMITED)
    with opened() as commit, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: commit.create_transfers_in_thread([pay(ledger, cash, a)]), range(200)))
        assert commit.create_transfers_in_thread([]) == []
    assert answers == [[R.OK]] * 200
    assert api.look_up_accounts([a])[a].entries == 200


def test_what_spoils_one_callers_call_spoils_nobody_elses(ledger: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cash, a = open_accounts(ledger, AccountFlags.NONE, LIMITED)
    calls = [[pay(ledger, cash, a)] for _ in range(20)]

    def spoilt(connection: Any, transfers: Sequence[NewTransfer], *rest: Any, **options: Any) -> Any:
        answer = post_batch(connection, transfers, *rest, **options)
        if calls[7][0] in transfers:
            raise AssertionError("a bug of ours")
        return answer

    monkeypatch.setattr(lanes, "post_batch", spoilt)
    with opened(lanes=1) as commit:
        answers = ask_all(commit, calls)
    assert isinstance(answers.pop(7), AssertionError)
    assert answers == [[R.OK]] * 19
    assert api.look_up_accounts([a])[a].balances.credits_posted == 19


def test_who_waits_for_a_lock_is_told_so_and_the_others_are_served(database: Database, ledger: int) -> None:
    cash, a, held = open_accounts(ledger, AccountFlags.NONE, LIMITED, LIMITED)
    with psycopg.connect(database.owner_dsn) as other, opened(lanes=1) as commit:
        other.execute("SELECT FROM ledger_balance WHERE id = %s FOR UPDATE", [held])
        answers = ask_all(commit, [[pay(ledger, cash, a)], [pay(ledger, a, held, 5)], [pay(ledger, cash, a)]])
        assert answers[0] == answers[2] == [R.OK]
        assert isinstance(answers[1], LedgerBusy)
    assert api.look_up_accounts([held])[held].entries == 0


@pytest.mark.parametrize("size", [1, 2000])
def test_a_lane_that_waits_for_a_lock_holds_nobody_else_up(database: Database, ledger: int, size: int) -> None:
    cash, a, held = open_accounts(ledger, AccountFlags.NONE, LIMITED, LIMITED)
    with psycopg.connect(database.owner_dsn) as other, opened(lanes=2) as commit, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT FROM ledger_balance WHERE id = %s FOR UPDATE", [held])
        stuck = pool.submit(commit.create_transfers_in_thread, [pay(ledger, a, held) for _ in range(size)])
        watching = psycopg.connect(database.owner_dsn, autocommit=True)
        while not watching.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            assert not stuck.done()
        watching.close()
        assert [commit.create_transfers_in_thread([pay(ledger, cash, a)]) for _ in range(5)] == [[R.OK]] * 5
        other.rollback()
        assert stuck.exception() is None or isinstance(stuck.exception(), LedgerBusy)


def test_a_full_queue_refuses_at_once(ledger: int, database: Database) -> None:
    cash, a = open_accounts(ledger, AccountFlags.NONE, LIMITED)
    big = [[pay(ledger, cash, a) for _ in range(4095)] for _ in range(4)]
    with opened(lanes=1, queue_max=8190) as commit:
        answers = ask_all(commit, big)
        assert commit.refused == 2
    assert [isinstance(answer, LedgerBusy) for answer in answers] == [False, False, True, True]
    assert api.look_up_accounts([a])[a].entries == 2 * 4095
    with opened() as commit, pytest.raises(api.BatchTooLarge):
        commit.create_transfers_in_thread([pay(ledger, cash, a)] * 8191)


def test_closing_posts_what_has_queued_and_refuses_what_comes_later(ledger: int) -> None:
    cash, a = open_accounts(ledger, AccountFlags.NONE, LIMITED)
    commit = GroupCommit(batch_max=16)
    commit.start()

    async def ask_and_close() -> list[Any]:
        asked = [asyncio.ensure_future(commit.create_transfers([pay(ledger, cash, a)])) for _ in range(200)]
        reached = asyncio.ensure_future(asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED))
        await reached
        await asyncio.to_thread(commit.close)
        return await asyncio.gather(*asked)

    assert asyncio.run(ask_and_close()) == [[R.OK]] * 200
    with pytest.raises(LedgerUnavailable):
        commit.create_transfers_in_thread([pay(ledger, cash, a)])


def test_a_connection_ended_between_batches_is_made_again(database: Database, ledger: int) -> None:
    cash, a = open_accounts(ledger, AccountFlags.NONE, LIMITED)
    with opened(lanes=1) as commit:
        for _ in range(3):
            assert commit.create_transfers_in_thread([pay(ledger, cash, a)]) == [R.OK]
            end_lanes(database)
    assert api.look_up_accounts([a])[a].entries == 3


def end_lanes(database: Database) -> None:
    with psycopg.connect(database.superuser_dsn, autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'raseed-ledger-lane' AND datname = current_database()"
        )


class Breaking(Lane):
    """A lane whose connection breaks at its first commit, before, while or after the server hears of it."""

    def __init__(
        self, at_commit: Callable[[Any], None], connect: Callable[[], Any] = app_connection, **options: Any
    ) -> None:
        super().__init__(connect, SYSTEM_CLOCK, **options)
        self.at_commit: Callable[[Any], None] | None = at_commit

    def _commit(self, connection: Any) -> bool:
        if self.at_commit is None:
            return super()._commit(connection)
        at_commit, self.at_commit = self.at_commit, None
        self._connection = None
        at_commit(connection)
        return False


def committed_unheard(connection: Any) -> None:
    connection.pgconn.exec_(b"COMMIT")
    connection.close()


def never_committed(connection: Any) -> None:
    connection.close()


def committed_late(connection: Any) -> None:
    def commit() -> None:
        connection.pgconn.exec_(b"COMMIT")
        connection.close()

    threading.Timer(0.3, commit).start()


@pytest.mark.parametrize("at_commit", [committed_unheard, never_committed, committed_late])
def test_an_outcome_lost_with_the_connection_is_found_out(ledger: int, at_commit: Callable[[Any], None]) -> None:
    cash, a, b = open_accounts(ledger, AccountFlags.NONE, LIMITED, LIMITED)
    first = pay(ledger, cash, a, 5)
    chain = [pay(ledger, cash, b, 7, LINKED), pay(ledger, b, cash, 7)]
    calls = [[first], [pay(ledger, a, cash, 9)], chain, [replace(first, amount=6)]]
    lane = Breaking(at_commit)
    assert lane.post(calls) == [[R.OK], [R.EXCEEDS_CREDITS], [R.OK, R.OK], [R.EXISTS_WITH_DIFFERENT_AMOUNT]]
    assert lane.tally.unknown == 1
    assert lane.post([[first]]) == [[R.EXISTS]]
    lane.close()
    assert api.look_up_accounts([a])[a].balances.credits_posted == 5
    assert api.look_up_accounts([b])[b].entries == 2


def test_an_id_that_another_posted_meanwhile_is_not_taken_for_our_own(ledger: int) -> None:
    cash, a = open_accounts(ledger, AccountFlags.NONE, LIMITED)
    ours = pay(ledger, cash, a, 5)

    def lose_to_another(connection: Any) -> None:
        connection.close()
        assert api.create_transfers([replace(ours, amount=6)]) == [R.OK]

    lane = Breaking(lose_to_another)
    assert lane.post([[ours]]) == [[R.EXISTS_WITH_DIFFERENT_AMOUNT]]
    lane.close()
    assert api.look_up_accounts([a])[a].balances.credits_posted == 6


def test_an_outcome_that_nobody_can_tell_is_called_unknown_and_not_failed(ledger: int) -> None:
    cash, a = open_accounts(ledger, AccountFlags.NONE, LIMITED)
    sent = pay(ledger, cash, a)
    away = False

    def connect() -> Any:
        if away:
            raise psycopg.OperationalError("nobody there")
        return app_connection()

    def lost_for_good(connection: Any) -> None:
        nonlocal away
        away = True
        connection.pgconn.exec_(b"COMMIT")
        connection.close()

    lane = Breaking(lost_for_good, connect, reconnect_seconds_max=0.1, unknown_seconds_max=0.1)
    unknown, also = lane.post([[sent], [pay(ledger, cash, a)]])
    assert isinstance(unknown, OutcomeUnknown)
    assert isinstance(also, OutcomeUnknown)
    [unavailable] = lane.post([[pay(ledger, cash, a)]])
    assert isinstance(unavailable, LedgerUnavailable), "this one was never sent"
    away = False
    assert lane.post([[sent]]) == [[R.EXISTS]], "asked again, the id tells what is true"
    lane.close()


@pytest.mark.slow
def test_acknowledged_transfers_survive_the_servers_sudden_death(own_server: Database) -> None:
    ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
    cash, *wallets = open_accounts(ledger, AccountFlags.NONE, *[LIMITED] * 16)
    sent: list[NewTransfer] = []
    told: dict[UUID, Any] = {}
    posted = threading.Semaphore(0)
    over = threading.Event()

    async def call(commit: GroupCommit, wallet: UUID) -> None:
        while not over.is_set():
            transfer = pay(ledger, cash, wallet)
            sent.append(transfer)
            try:
                told[transfer.id] = (await commit.create_transfers([transfer]))[0]
            except (LedgerBusy, LedgerUnavailable, OutcomeUnknown) as error:
                told[transfer.id] = error
            else:
                posted.release()

    async def load() -> None:
        with opened() as commit:
            await asyncio.gather(*[call(commit, wallet) for wallet in wallets])

    with ThreadPoolExecutor(1) as pool:
        loaded = pool.submit(asyncio.run, load())
        try:
            for _ in range(3):
                assert all(posted.acquire(timeout=30) for _ in range(200)), "calls go on after the server is back"
                own_server.server.kill()
                own_server.server.start(leashed=True)
        finally:
            over.set()
        loaded.result()
    connections.close_all()
    found = api.look_up_transfers([transfer.id for transfer in sent])
    assert {told[id_] for id_ in found} == {R.OK}, "it waited for the truth, and told it"
    assert set(found) == {id_ for id_, answer in told.items() if answer is R.OK}
    books = api.look_up_accounts(wallets)
    assert sum(account.balances.credits_posted for account in books.values()) == len(found)
