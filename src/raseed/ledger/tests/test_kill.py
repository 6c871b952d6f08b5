"""SIGKILL in the middle of load: to the whole server, to a client. What was acknowledged is in the books once; what was not
is there whole or not at all.

The server is a durable one of the test's own (fsync on). A kill leaves what the kernel had taken over, so this proves the
order of writing and the recovery, not the disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api
from raseed.ledger.api import TRANSIENT, AccountFlags, NewAccount, NewTransfer
from raseed.ledger.api import CreateTransferResult as R

from .audit import Audit, audit, replay
from .effort import EFFORT

if TYPE_CHECKING:
    from raseed_testing import Database

pytestmark = pytest.mark.slow
ROUNDS = 3 * EFFORT
CLIENTS = 3
ANSWER_SECONDS_MAX = 60
LOOKS_MAX = 1200
"""Counted, not timed: on a busy machine this process may stand still for long."""


@dataclass
class Sent:
    """A batch that a client sent; ``answers`` is empty where it was not answered (yet)."""

    kind: str
    ids: list[UUID]
    flags: list[int]
    answers: list[R] = field(default_factory=list)
    tries: int = 0

    def chains(self) -> Iterator[list[tuple[UUID, R]]]:
        start = 0
        for at, flags in enumerate(self.flags):
            if not flags & 1:
                yield list(zip(self.ids, self.answers, strict=True))[start : at + 1]
                start = at + 1


def sent_by(notes: Path) -> list[Sent]:
    """Read a client's notes; a line that a kill cut off was not written."""
    found: list[Sent] = []
    for line in notes.read_text(encoding="ascii").splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            note = json.loads(line)
            if "ids" in note:
                found.append(Sent(note["kind"], [UUID(text) for text in note["ids"]], note["flags"]))
            else:
                found[-1].answers, found[-1].tries = [R(number) for number in note["answers"]], note["tries"]
    return found


@dataclass
class Load:
    """Clients at work on a server, and the notes of all that there ever were."""

    database: Database
    folder: Path
    ledger: int
    accounts: list[UUID]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    notes: list[Path] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)

    def begin_client(self) -> None:
        notes = self.folder / f"notes-{len(self.notes)}"
        self.notes.append(notes)
        settings = {
            "url": self.database.url(), "ledger": self.ledger, "accounts": [str(id_) for id_ in self.accounts],
            "seed": len(self.notes), "notes": str(notes), "callers": (1, 6)[len(self.notes) % 2],
        }  # fmt: skip
        command = [sys.executable, "-m", "raseed.ledger.tests.client", json.dumps(settings)]
        self.running.append(subprocess.Popen(command))

    def kill_client(self, chance: random.Random) -> None:
        client = self.running.pop(chance.randrange(len(self.running)))
        client.kill()
        assert client.wait() == -signal.SIGKILL, "a client ended by itself"
        self.counts["clients killed"] += 1
        self.begin_client()

    def sent(self) -> list[Sent]:
        return [sent for notes in sorted(self.folder.glob("notes-*")) for sent in sent_by(notes)]

    def answered(self) -> int:
        """Count the answers in the notes, reading on from where the last look ended."""
        for notes in self.folder.glob("notes-*"):
            with notes.open("rb") as file:
                file.seek(self.read[notes.name])
                news = file.read()
            self.read[notes.name] += len(news)
            self.counts["answers"] += news.count(b'{"answers"')
        return self.counts["answers"]

    def await_answers(self, more: int) -> None:
        """Wait until the clients have been answered so many batches more."""
        enough = self.answered() + more
        for _ in range(LOOKS_MAX):
            if self.answered() >= enough:
                return
            assert all(client.poll() is None for client in self.running), "a client ended by itself"
            pause(0.05)
        pytest.fail("nothing is answered any more")

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Have the clients stand still: on a slow machine what they do meanwhile makes each look longer than the one before."""
        for client in self.running:
            client.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for client in self.running:
                client.send_signal(signal.SIGCONT)

    def end(self) -> None:
        (self.folder / "stop").touch()
        for client in self.running:
            assert client.wait(timeout=ANSWER_SECONDS_MAX) == 0

    def kill_all(self) -> None:
        for client in self.running:
            client.kill()
            client.wait()


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def kill_server(database: Database) -> None:
    """SIGKILL the postmaster and all its backends, as near to one instant as it goes."""
    server = database.server
    pid = server.running_pid()
    assert pid is not None
    children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    for process in (pid, *children):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < deadline:
        pause(0.005)


def check(load: Load) -> None:
    """Hold what the clients were told until now against the books as they are now."""
    sent = load.sent()
    books = audit(load.database.superuser_dsn)
    assert books.wrong == []
    for batch in sent:
        if batch.answers:
            check_answered(batch, books)
        elif batch.kind in ("plain", "holds"):
            there = {id_ in books.posted | books.failed for id_ in batch.ids}
            assert len(there) == 1, f"half of a batch is there: {batch}"


def check_answered(batch: Sent, books: Audit) -> None:
    assert not {R.OK, R.EXISTS} <= set(batch.answers), f"a batch was done by halves: {batch}"
    for chain in batch.chains():
        # A chain that is repeated says so with its first member.
        posted = chain[0][1] in (R.OK, R.EXISTS)
        for id_, answer in chain:
            assert posted == (id_ in books.posted), f"{id_} was answered {answer}"
            assert answer not in TRANSIENT or id_ in books.failed, f"{id_} was answered {answer}"


@pytest.fixture
def load(own_server: Database, tmp_path: Path) -> Iterator[Load]:
    folder = tmp_path / "notes"
    folder.mkdir()
    ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
    flags = [AccountFlags.NONE] + [AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS] * 30
    accounts = [NewAccount(new_id(), ledger, 1, flag) for flag in flags]
    assert set(api.create_accounts(accounts)) == {api.CreateAccountResult.OK}
    ids = [account.id for account in accounts]
    funds = [NewTransfer(new_id(), ids[0], id_, 1000, ledger, 1) for id_ in ids[1:]]
    assert set(api.create_transfers(funds)) == {R.OK}
    connection.close()
    made = Load(own_server, folder, ledger, ids)
    for _ in range(CLIENTS):
        made.begin_client()
    try:
        yield made
    finally:
        made.kill_all()


def test_killed_again_and_again_the_books_hold_what_was_acknowledged(load: Load) -> None:
    chance = random.Random(20)  # noqa: S311
    server = load.database.server
    for number in range(ROUNDS):
        load.await_answers(chance.randint(3, 25))
        pause(chance.random() / 5)
        if number % 3 == 1:
            with psycopg.connect(load.database.superuser_dsn, autocommit=True) as one:
                one.execute("CHECKPOINT")
        if number % 2:
            load.kill_client(chance)
        started = time.monotonic()
        kill_server(load.database)
        server.start(leashed=True)
        if number % 5 == 4:  # and again, while it recovers or has just done so
            kill_server(load.database)
            server.start(leashed=True)
            load.counts["killed while starting"] += 1
        load.counts["milliseconds away"] += int((time.monotonic() - started) * 1000)
        load.counts["servers killed"] += 1
        with load.standing_still():
            check(load)
    load.await_answers(5)
    load.end()
    check(load)
    sent = load.sent()
    chained = {id_ for batch in sent if batch.kind == "chains" for id_ in batch.ids}
    assert replay(load.database.superuser_dsn, chained) == []
    load.counts["batches"] = len(sent)
    load.counts["transfers"] = sum(len(batch.ids) for batch in sent)
    load.counts["posted and acknowledged"] = sum(batch.answers.count(R.OK) for batch in sent)
    load.counts["asked again"] = sum(batch.tries > 1 for batch in sent)
    load.counts["asked again, was there"] = sum(R.EXISTS in batch.answers for batch in sent)
    load.counts["never answered"] = sum(not batch.answers for batch in sent)
    print(dict(load.counts))
