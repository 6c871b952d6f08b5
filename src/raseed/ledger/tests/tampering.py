"""Books with something of everything in them, and hands that change them behind the ledger's back."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api, cli
from raseed.ledger.api import AccountFlags, NewAccount, NewTransfer, TransferFlags
from raseed.ledger.api import CreateTransferResult as R
from raseed.ledger.expiry import expire_due
from raseed.ledger.log import tree
from raseed.ledger.log.api import Sealer, open_connection
from raseed.ledger.log.checkpoint import Checkpoint
from raseed.ledger.log.note import Signer, parse_note, sign_note
from raseed.ledger.verify.findings import SENTENCES
from raseed.ledger.verify.formats import TRANSFERS

START = datetime(2025, 3, 1, 12, tzinfo=UTC)
TABLES = (
    "ledger_ledger", "ledger_account", "ledger_balance", "ledger_transfer", "ledger_pending", "ledger_mark",
    "ledger_batch", "ledger_log", "ledger_leaf", "ledger_checkpoint",
)  # fmt: skip


@dataclass
class Books:
    """Books with something of everything in them: 12 batches, all but the last one sealed, under four checkpoints."""

    database: Any
    home: Path
    clock: ManualClock
    ledger: int
    cash: UUID
    shop: UUID
    wallets: list[UUID]
    holds: list[UUID]

    def move(self, debit: UUID, credit: UUID, amount: int, **more: Any) -> NewTransfer:
        return NewTransfer(new_id(), debit, credit, amount, self.ledger, 1, **more)

    def post(self, *transfers: NewTransfer) -> list[R]:
        self.clock.advance(timedelta(seconds=1))
        return api.create_transfers(transfers, clock=self.clock)

    def seal(self) -> None:
        with open_connection() as connection:
            Sealer(connection, self.home, self.clock).seal_all()

    def change(self, *statements: str) -> None:
        """Run statements as superuser, with no trigger and no foreign key in the way."""
        with psycopg.connect(self.database.superuser_dsn) as connection:
            for table in TABLES:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, statement: str) -> list[Any]:
        with psycopg.connect(self.database.superuser_dsn) as connection:
            return connection.execute(statement.encode()).fetchall()

    def verify(self, *words: str) -> int:
        return cli.main(["verify", *words])


@pytest.fixture(scope="session")
def prepared(new_database: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """The books as every test finds them; tests get copies."""
    with new_database() as database:
        made = _make(database, tmp_path_factory.mktemp("prepared"))
        connections.close_all()
        yield made


@pytest.fixture
def books(prepared: Books, database: Any, settings_home: Path) -> Books:
    """A copy of the prepared books, and of the home in which their keys and checkpoints are."""
    connections.close_all()
    with psycopg.connect(database.server.dsn(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)".encode())
        connection.execute(
            f"CREATE DATABASE {database.name} TEMPLATE {prepared.database.name} OWNER raseed_owner STRATEGY FILE_COPY".encode()
        )
    shutil.copytree(prepared.home, settings_home)
    return replace(prepared, database=database, home=settings_home, clock=ManualClock(prepared.clock.now()))


@pytest.fixture
def settings_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home for keys and checkpoints, of this test's own."""
    from django.conf import settings  # noqa: PLC0415 - as it is when the test runs

    monkeypatch.setattr(settings, "HOME", tmp_path / "home")
    return tmp_path / "home"


def _make(database: Any, home: Path) -> Books:
    clock = ManualClock(START)
    ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
    limited = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
    flags = [AccountFlags.NONE, AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS, limited, limited, limited]
    accounts = [NewAccount(new_id(), ledger, 1, flag) for flag in flags]
    api.create_accounts(accounts, clock=clock)
    cash, shop, *wallets = [account.id for account in accounts]
    made = Books(database, home, clock, ledger, cash, shop, wallets, [])
    made.post(*[made.move(cash, wallets[n % 3], n + 1) for n in range(200)])
    made.seal()
    for n in range(3):
        made.post(
            made.move(wallets[0], wallets[1], 5),
            made.move(wallets[1], wallets[2], 3 + n),
            made.move(wallets[2], cash, 1),
        )
    made.seal()
    holds = [made.move(cash, wallets[1], 40 + n, flags=TransferFlags.PENDING, timeout_s=n % 2 * 60) for n in range(5)]
    made.holds = [hold.id for hold in holds]
    assert made.post(*holds) == [R.OK] * 5
    post, void = TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER
    made.post(
        NewTransfer(new_id(), None, None, 30, 0, 0, post, holds[0].id),
        NewTransfer(new_id(), None, None, 0, 0, 0, void, holds[1].id),
        NewTransfer(new_id(), None, None, api.AMOUNT_MAX, 0, 0, post, holds[2].id),
    )
    made.clock.advance(timedelta(seconds=90))
    assert expire_due(clock=clock) == 1
    linked = TransferFlags.LINKED
    made.post(
        made.move(cash, wallets[0], 7, flags=linked),
        made.move(cash, wallets[1], 8, flags=linked),
        made.move(cash, shop, 0),
    )
    made.post(made.move(cash, wallets[0], 7, flags=linked), made.move(cash, wallets[1], 8))
    assert made.post(made.move(wallets[0], cash, 10**9), made.move(shop, cash, 11)) == [R.EXCEEDS_CREDITS, R.OK]
    made.seal()
    for _ in range(2):
        made.post(*[made.move(cash, wallets[n % 3], n + 1) for n in range(20)])
    made.seal()
    made.post(made.move(cash, wallets[2], 1))
    return made


@pytest.fixture
def finds(books: Books, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Verify, expect one kind of difference, and return its sentence."""

    def find(code: str, *words: str) -> str:
        capsys.readouterr()
        assert books.verify(*words) == 1
        said = capsys.readouterr().out
        pattern = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(SENTENCES[code]))
        repeated = itertools.count()
        pattern = re.sub(r"\(\?P<\w+>", lambda _: f"(?P<p{next(repeated)}>", pattern)
        assert re.search(pattern, said), f"expected {code}, got: {said}"
        return said

    return find


def batch_of(books: Books, place: int) -> int:
    return int(books.rows(f"SELECT number FROM ledger_batch ORDER BY number OFFSET {place} LIMIT 1")[0][0])


def seqs_of(books: Books, batch: int) -> list[int]:
    return [seq for (seq,) in books.rows(f"SELECT seq FROM ledger_transfer WHERE seq >> 13 = {batch} ORDER BY seq")]


RECORD = TRANSFERS.expression.partition(" || uuid_send(debit_prev)")[0].replace(
    "timestamptz_send(posted_at)", "int8send((extract(epoch FROM posted_at) * 1000000)::int8)"
)


def rehash_batch(batch: int) -> str:
    """A batch's row is made to fit its transfers."""
    return f"""
        UPDATE ledger_batch SET (transfers, digest) = (
            SELECT count(*), sha256('raseed-batch-v1\\012'::bytea || string_agg({RECORD}, '' ORDER BY seq))
            FROM ledger_transfer WHERE seq >> 13 = {batch}) WHERE number = {batch}"""


def rehash_leaf(batch: int) -> str:
    """A leaf is made to fit its batch's row."""
    return f"""
        UPDATE ledger_leaf SET hash = (
            SELECT sha256('\\000raseed-leaf-v1\\012'::bytea || int8send(number)
                || int8send((extract(epoch FROM posted_at) * 1000000)::int8) || int4send(transfers) || digest)
            FROM ledger_batch WHERE number = {batch}) WHERE batch = {batch}"""


def roots(books: Books) -> dict[int, bytes]:
    """The roots that the leaves give, by size."""
    grown = tree.CompactRange()
    found = {0: grown.root()}
    for (leaf,) in books.rows("SELECT hash FROM ledger_leaf ORDER BY leaf_index"):
        grown.append(leaf)
        found[grown.size] = grown.root()
    return found


def resign(books: Books, signers: list[Signer] | None) -> None:
    """All checkpoints are made to fit the leaves; their signatures stay as they were, or are others' own."""
    found = roots(books)
    leaves = [leaf for (leaf,) in books.rows("SELECT hash FROM ledger_leaf ORDER BY leaf_index")]
    for number, size, text in books.rows("SELECT number, leaves, note FROM ledger_checkpoint"):
        note = parse_note(text)
        changed = Checkpoint(Checkpoint.parse(note.text).origin, size, found[size])
        forged = sign_note(changed.text(), signers) if signers else text.replace(note.text, changed.text())
        grown = tree.CompactRange()
        for leaf in leaves[:size]:
            grown.append(leaf)
        with psycopg.connect(books.database.superuser_dsn) as connection:
            connection.execute("ALTER TABLE ledger_checkpoint DISABLE TRIGGER ALL")
            connection.execute(
                "UPDATE ledger_checkpoint SET note = %s, peaks = %s WHERE number = %s",
                [forged, grown.to_bytes(), number],
            )


def alter_down_to_the_leaf(books: Books) -> None:
    batch = batch_of(books, 2)
    books.change(
        f"UPDATE ledger_transfer SET amount = amount + 1 WHERE seq = {seqs_of(books, batch)[0]}",
        rehash_batch(batch), rehash_leaf(batch),
    )  # fmt: skip
