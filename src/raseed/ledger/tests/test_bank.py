"""Many writers at once on few accounts, in the manner of Jepsen's bank test, with the books looked through while it runs.

At the end every answer is held against the books: what was acknowledged is there once, what was refused is not there, and
asking the model again in the order of seq gives the same answers.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction

from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api
from raseed.ledger.api import TRANSIENT, AccountFlags, LedgerBusy, NewAccount, NewTransfer
from raseed.ledger.api import CreateTransferResult as R
from raseed.ledger.api import TransferFlags as F
from raseed.ledger.expiry import expire_due

from .audit import audit, replay
from .effort import EFFORT

if TYPE_CHECKING:
    from raseed_testing import Database

SECONDS = 4 * EFFORT
TRANSFERS_MAX = 12_000 * EFFORT
LIMITED, COUNTER_LIMITED = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS, AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS
RESOLVED = {R.PENDING_TRANSFER_ALREADY_POSTED, R.PENDING_TRANSFER_ALREADY_VOIDED, R.PENDING_TRANSFER_EXPIRED}
PLAIN_ANSWERS = {R.OK, R.EXCEEDS_CREDITS, R.EXCEEDS_DEBITS}


@dataclass
class Bank:
    """Few accounts, most of them limited, and what the writers were told."""

    ledger: int
    accounts: list[UUID]
    answers: dict[UUID, list[R]] = field(default_factory=lambda: defaultdict(list))
    chained: set[UUID] = field(default_factory=set)
    rolled_back: set[UUID] = field(default_factory=set)
    held: list[UUID] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[BaseException] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def move(self, chance: random.Random, most: int = 30) -> NewTransfer:
        # Two accounts take part in half of all transfers.
        debit, credit = chance.sample(self.accounts if chance.random() < 0.6 else self.accounts[:4], 2)
        return NewTransfer(new_id(), debit, credit, chance.randint(1, most), self.ledger, 1)

    def ask(self, batch: Sequence[NewTransfer]) -> list[R]:
        try:
            answers = api.create_transfers(batch)
        except LedgerBusy:
            self.counts["busy"] += 1
            return []
        self.note(batch, answers)
        return answers

    def note(self, batch: Sequence[NewTransfer], answers: Sequence[R]) -> None:
        with self.lock:
            self.counts["batches"] += 1
            self.counts["transfers"] += len(batch)
            self.counts["posted"] += answers.count(R.OK)
            for transfer, answer in zip(batch, answers, strict=True):
                self.answers[transfer.id].append(answer)
                if answer is R.OK and transfer.flags & F.PENDING:
                    self.held.append(transfer.id)


Writer = Callable[[Bank, random.Random], None]


def plain(bank: Bank, chance: random.Random) -> None:
    batch = [bank.move(chance) for _ in range(chance.choice((1, 1, 5, 20, 70)))]
    assert set(bank.ask(batch)) <= PLAIN_ANSWERS


def plain_and_large(bank: Bank, chance: random.Random) -> None:
    assert set(bank.ask([bank.move(chance, 3) for _ in range(chance.randint(150, 400))])) <= PLAIN_ANSWERS


def chains(bank: Bank, chance: random.Random) -> None:
    batch: list[NewTransfer] = []
    for _ in range(chance.randint(1, 6)):
        length = chance.randint(2, 4)
        batch += [replace(bank.move(chance), flags=F.LINKED) for _ in range(length - 1)]
        batch.append(bank.move(chance))
    with bank.lock:
        bank.chained.update(transfer.id for transfer in batch)
    answers = bank.ask(batch)
    start = 0
    for at, transfer in enumerate(batch):
        if not transfer.flags & F.LINKED:
            chain = answers[start : at + 1]
            assert set(chain) <= {R.OK} or R.OK not in chain, "a chain stands or falls together"
            start = at + 1


def holds(bank: Bank, chance: random.Random) -> None:
    batch = [
        replace(bank.move(chance), flags=F.PENDING, timeout_s=chance.choice((0, 0, 0, 1)))
        for _ in range(chance.choice((1, 4, 30, 220)))
    ]
    assert set(bank.ask(batch)) <= PLAIN_ANSWERS


def resolves(bank: Bank, chance: random.Random) -> None:
    """Post or void what is held; others go for the same ones at the same moment."""
    with bank.lock:
        picked = list(dict.fromkeys(chance.choices(bank.held[-60:], k=chance.choice((1, 3, 12))))) if bank.held else []
    batch = [
        NewTransfer(
            new_id(),
            None,
            None,
            chance.choice((0, 0, 0, 1)) if kind & F.POST_PENDING_TRANSFER else 0,
            0,
            0,
            kind,
            pending_id,
        )
        for pending_id in picked
        for kind in [chance.choice((F.POST_PENDING_TRANSFER, F.VOID_PENDING_TRANSFER))]
    ]
    if chance.random() < 0.3:
        batch += [bank.move(chance) for _ in range(5)]
    chance.shuffle(batch)
    if batch:
        assert set(bank.ask(batch)) <= RESOLVED | PLAIN_ANSWERS


def in_a_transaction(bank: Bank, chance: random.Random) -> None:
    batch = [bank.move(chance) for _ in range(chance.choice((1, 3, 80)))]
    keep = chance.random() < 0.7
    try:
        with transaction.atomic():
            answers = api.post(batch)
            transaction.set_rollback(not keep)
    except LedgerBusy:
        bank.counts["busy"] += 1
        return
    if keep:
        bank.note(batch, answers)
    else:
        with bank.lock:
            bank.rolled_back.update(transfer.id for transfer in batch)


def expires(bank: Bank, chance: random.Random) -> None:
    bank.counts["expired"] += expire_due(most=chance.choice((1, 50)))
    bank.stop.wait(0.02)


def run(
    bank: Bank, dsn: str, elsewhere: ProcessPoolExecutor, writers: Sequence[Writer], seconds: float = SECONDS
) -> None:
    """Let the writers write, and look through the books all the time, from another process."""

    def keep_writing(writer: Writer, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        try:
            while not bank.stop.is_set() and bank.counts["transfers"] < TRANSFERS_MAX:
                writer(bank, chance)
        except BaseException as error:  # noqa: BLE001 - shown in the test's own thread
            bank.failures.append(error)
            bank.stop.set()
        finally:
            connection.close()

    threads = [threading.Thread(target=keep_writing, args=item) for item in zip(writers, range(99), strict=False)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    while time.monotonic() < started + seconds and not bank.stop.is_set():
        wrong = elsewhere.submit(look, dsn).result()
        bank.counts["looks"] += 1
        if wrong:
            bank.stop.set()
            pytest.fail(f"while it runs: {wrong[:5]}")
        bank.stop.wait(0.1)
    bank.stop.set()
    for thread in threads:
        thread.join(60)
    bank.counts["milliseconds"] = int((time.monotonic() - started) * 1000)
    if bank.failures:
        raise bank.failures[0]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ProcessPoolExecutor]:
    """Another process: reckoning in this one would hold up the writers."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(look, "").exception()  # it fails, and has then imported all
        yield pool


def look(dsn: str) -> list[str]:
    return audit(dsn).wrong


def deadlocks(dsn: str) -> int:
    with psycopg.connect(dsn) as one:
        [(count,)] = one.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchall()
    return int(count)


def settle(bank: Bank, dsn: str) -> None:
    """Hold what the writers were told against the books."""
    books = audit(dsn)
    assert books.wrong == []
    for id_, answers in bank.answers.items():
        assert answers.count(R.OK) <= 1, f"{id_} was posted twice: {answers}"
        assert (R.OK in answers) == (id_ in books.posted), f"{id_} was answered {answers}"
        assert bool(TRANSIENT & set(answers)) == (id_ in books.failed), f"{id_} was answered {answers}"
    assert not bank.rolled_back & (books.posted | books.failed)
    assert replay(dsn, bank.chained) == []
    print(dict(bank.counts), "deadlocks:", deadlocks(dsn))


@pytest.fixture
def bank(database: Database) -> Bank:
    ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
    flags = [LIMITED] * 6 + [
        COUNTER_LIMITED,
        AccountFlags.NONE,
        LIMITED | AccountFlags.HISTORY,
        LIMITED,
        LIMITED,
        LIMITED,
    ]
    accounts = [NewAccount(new_id(), ledger, 1, flag) for flag in flags]
    assert set(api.create_accounts(accounts)) == {api.CreateAccountResult.OK}
    made = Bank(ledger, [account.id for account in accounts])
    source = accounts[7].id
    funds = [
        NewTransfer(new_id(), source, account.id, 500, ledger, 1) for account in accounts if account.flags & LIMITED
    ]
    assert set(made.ask(funds)) == {R.OK}
    return made


def test_plain_batches_of_many_writers_never_deadlock(
    bank: Bank, database: Database, elsewhere: ProcessPoolExecutor
) -> None:
    writers = [plain, plain, plain_and_large, plain, in_a_transaction, plain_and_large]
    run(bank, database.owner_dsn, elsewhere, writers)
    settle(bank, database.owner_dsn)
    assert deadlocks(database.owner_dsn) == 0
    assert bank.counts["busy"] == 0


def test_everything_at_once_leaves_the_books_right(
    bank: Bank, database: Database, elsewhere: ProcessPoolExecutor
) -> None:
    writers = [plain, chains, holds, resolves, resolves, resolves, expires, in_a_transaction, plain_and_large]
    run(bank, database.owner_dsn, elsewhere, writers)
    settle(bank, database.owner_dsn)
    assert deadlocks(database.owner_dsn) == 0


def test_the_same_ids_from_many_sides_are_posted_once(
    bank: Bank, database: Database, elsewhere: ProcessPoolExecutor
) -> None:
    """The same transfers at the same moment in other batches and orders; some of the ids with other accounts too."""
    shared: list[NewTransfer] = []

    def again(bank: Bank, chance: random.Random) -> None:
        with bank.lock:
            if len(shared) < 40 or chance.random() < 0.2:
                shared.extend(
                    replace(bank.move(chance), flags=chance.choice((F.NONE, F.NONE, F.PENDING))) for _ in range(8)
                )
            batch = chance.sample(shared[-40:], chance.choice((1, 4, 12)))
        if chance.random() < 0.5:
            batch = [replace(transfer, debit_account_id=chance.choice(bank.accounts)) for transfer in batch]
            batch = [transfer for transfer in batch if transfer.debit_account_id != transfer.credit_account_id]
        if batch:
            bank.ask(batch)

    run(bank, database.owner_dsn, elsewhere, [again] * 5, SECONDS / 2)
    settle(bank, database.owner_dsn)
