"""The ledger under load: set-based posting, all-in, with pgledger, pgbench and TigerBeetle beside it.

"All-in" (decision 16): through ``ledger.api.post`` in a transaction of the caller's, durable, results after the commit, two
in a hundred accounts near their limit, with the sealer running, and a reader of histories and as-of balances beside it; the
sealer's lag at the end is noted. History is written by posting itself and can't lag. "Alone" is the same without them.
A case is posted for six windows of ten seconds; the figure is the median window.

Options: ``accounts=1000000``, ``seconds=10``, ``windows=6``, ``fill=20000000``, ``pgledger=PATH`` of its SQL file,
``tigerbeetle=ADDRESS``, ``only=`` the starts of cases' names, with commas.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from benchmarks import Claim, _ledger_load, _ledger_peers, percentile, point_django_at
from benchmarks._ledger_load import Load, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from benchmarks import BenchDatabase, Context

_READS_A_SECOND: Final = 20
_LAG_MAX_SECONDS: Final = 60.0
_CASES: Final = (
    ("batch_8190.uniform.conns_1", Load(8190), 50_000),
    ("batch_8190.uniform.conns_2", Load(8190, connections=2), 80_000),
    ("batch_8190.zipf.conns_1", Load(8190, "zipf"), 50_000),
    ("batch_8190.zipf.conns_2", Load(8190, "zipf", connections=2), 80_000),
    ("batch_8190.hot.conns_1", Load(8190, "hot"), None),
    ("batch_8190.v4.conns_1", Load(8190, kind="v4"), None),
    ("batch_100.uniform.conns_1", Load(100), 30_000),
    ("batch_100.uniform.conns_2", Load(100, connections=2), 50_000),
    ("batch_100.zipf.conns_1", Load(100, "zipf"), 30_000),
    ("batch_100.zipf.conns_2", Load(100, "zipf", connections=2), 50_000),
    ("batch_8190.pending.conns_1", Load(8190, kind="pending"), 25_000),
    ("batch_8190.pending.conns_2", Load(8190, kind="pending", connections=2), 40_000),
    ("batch_8190.linked.conns_1", Load(8190, kind="linked"), 25_000),
    ("batch_8190.linked.conns_2", Load(8190, kind="linked", connections=2), 40_000),
    ("batch_1.uniform.conns_1", Load(1), None),
)


def run(context: Context) -> list[Claim]:
    """Measure every case, then the same at twenty million transfers, and the peers."""
    return _Ledger(context).run()


class _Ledger:
    def __init__(self, context: Context) -> None:
        self.context = context
        quick = context.quick
        self.accounts = int(context.option("accounts", "5000" if quick else "1000000"))
        self.seconds = float(context.option("seconds", "0.5" if quick else "10"))
        self.windows = int(context.option("windows", "1" if quick else "6"))
        self.fill = int(context.option("fill", "0" if quick else "20000000"))
        self.only = tuple(context.option("only").split(","))
        self.database = context.database()
        self.ids: list[UUID] = []
        self.ledger = 0
        self.huge_pages = "unknown"

    def run(self) -> list[Claim]:
        from raseed.kernel.ids import new_id  # noqa: PLC0415
        from raseed.kernel.money import currency  # noqa: PLC0415
        from raseed.ledger import api  # noqa: PLC0415

        self.ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
        self.context.tell(f"opening and funding {self.accounts:,} accounts …")
        self.ids = _ledger_load.open_accounts(self.accounts, self.ledger)
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as owner:
            # docs/operations.md, "Large books": accounts are loaded with half a page free, then pages may fill.
            owner.execute("ALTER TABLE ledger_balance SET (fillfactor = 100)")
        with psycopg.connect(self.database.superuser_dsn, autocommit=True) as admin:
            admin.execute("VACUUM ANALYZE ledger_balance")
            admin.execute("CHECKPOINT")
            # Before PostgreSQL 17 the server does not say.
            (status,) = admin.execute("SELECT current_setting('huge_pages_status', true)").fetchone() or (None,)
            self.huge_pages = status or "unknown"
        claims = []
        peers = self._peers()
        for name, load, goal in _CASES:
            if name.startswith(self.only):
                claims.append(self._case(f"ledger.post.{name}", load, goal, peers))
        if self.only == ("",):
            claims.append(self._alone("ledger.post_alone.batch_8190.uniform.conns_1", Load(8190), peers))
            claims.append(self._alone("ledger.post_alone.batch_8190.uniform.conns_2", Load(8190, connections=2), peers))
            claims += self._at_size(claims[0])
        return claims

    def _peers(self) -> dict[str, float]:
        found: dict[str, float] = {}
        seconds = 1.0 if self.context.quick else 15.0
        if path := self.context.option("pgledger"):
            found |= _ledger_peers.pgledger(self.context, self.database, Path(path), seconds)
        found |= _ledger_peers.pgbench(self.context, self.database, seconds)
        if address := self.context.option("tigerbeetle"):
            found |= _ledger_peers.tigerbeetle(self.context, address, seconds)
        point_django_at(self.database.server, "raseed_app")
        return found

    def _sized(self, load: Load, goal: int | None) -> Load:
        """What nobody promised is measured more shortly."""
        windows = self.windows if goal else min(self.windows, 2)
        return Load(load.batch, load.spread, load.kind, load.connections, self.seconds, windows)

    def _case(self, name: str, load: Load, goal: int | None, peers: Mapping[str, float]) -> Claim:
        self.context.tell(f"{name} …")
        reads = _Reads(self.database, self.ids)
        with _sealer(self.database) as lag, reads:
            windows = _ledger_load.run(self.database.dsn, self.ledger, self.ids, self._sized(load, goal))
            behind = lag()
        claim = _claim(
            name, windows, goal, peers, {"sealer_lag_seconds": behind, "huge_pages": self.huge_pages, **reads.figures()}
        )
        self.context.tell(f"{name}: {claim.value:,} transfers/s; {claim.notes}")
        return claim

    def _alone(self, name: str, load: Load, peers: Mapping[str, float]) -> Claim:
        self.context.tell(f"{name} …")
        windows = _ledger_load.run(self.database.dsn, self.ledger, self.ids, self._sized(load, None))
        claim = _claim(name, windows, None, peers, {})
        self.context.tell(f"{name}: {claim.value:,} transfers/s")
        return claim

    def _at_size(self, first: Claim) -> list[Claim]:
        """Fill the books to their size, then measure the first case again, and pages of statements."""
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as owner:
            count = int(owner.execute("SELECT count(*) FROM ledger_transfer").fetchone()[0])  # type: ignore[index]
            while count < self.fill:
                self.context.tell(f"filling: {count:,} of {self.fill:,} …")
                _ledger_load.run(
                    self.database.dsn, self.ledger, self.ids, Load(8190, connections=2, seconds=self.seconds, windows=3)
                )
                count = int(owner.execute("SELECT count(*) FROM ledger_transfer").fetchone()[0])  # type: ignore[index]
        name = "ledger.post.batch_8190.uniform.conns_1.at_20m"
        again = self._case(name, Load(8190), None, {})
        ratio = round(first.value / again.value, 2) if again.value else 0.0
        pages = _statement_pages(self.ids, 20 if self.context.quick else 400)
        return [
            again,
            Claim(
                "ledger.cost_ratio.at_20m_to_1m", ratio, "×", 1.3, "lower",
                notes={"transfers": count, "at_1m": first.value, "at_20m": again.value},
            ),
            Claim(
                "ledger.statement_page_50.at_20m.p50", round(statistics.median(pages), 2), "ms", 10, "lower",
                notes={"p99_ms": round(percentile(pages, 0.99), 2), "transfers": count},
            ),
        ]  # fmt: skip


def _claim(
    name: str,
    windows: Sequence[Sequence[Window]],
    goal: int | None,
    peers: Mapping[str, float],
    notes: Mapping[str, object],
) -> Claim:
    rates = [sum(part.transfers / part.seconds for part in window) for window in windows]
    posted = sum(part.transfers for window in windows for part in window)
    refused = sum(part.refused for window in windows for part in window)
    spread = {"windows": [round(rate) for rate in rates], "refused_share": round(refused / max(posted, 1), 5)}
    return Claim(name, round(statistics.median(rates)), "transfers/s", goal, peers=peers, notes={**spread, **notes})


@contextlib.contextmanager
def _sealer(database: BenchDatabase) -> Iterator[Any]:
    """Run the ledger's own loops (sealer, expiry) beside the load, as in production; yields a way to ask how far behind it is, in seconds."""
    environment = {**os.environ, "DATABASE_URL": _url(database), "DJANGO_SETTINGS_MODULE": "raseed.project.settings"}
    process = subprocess.Popen(
        [sys.executable, "-m", "raseed.ledger.worker"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield lambda: _lag(database)
        if process.poll() is not None:
            raise RuntimeError(f"the sealer stopped: {(process.stderr.read() if process.stderr else b'').decode()}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _url(database: BenchDatabase) -> str:
    server = database.server
    return f"postgresql://raseed_app:{server.password}@/raseed?host={server.socket_folder}&port=5432"


def _lag(database: BenchDatabase) -> float:
    """Return how long the latest batch of now takes until it is sealed."""
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        latest = connection.execute("SELECT max(number) FROM ledger_batch").fetchone()[0]  # type: ignore[index]
        began = time.perf_counter()
        while time.perf_counter() - began < _LAG_MAX_SECONDS:
            sealed = connection.execute("SELECT max(batch) FROM ledger_leaf").fetchone()[0]  # type: ignore[index]
            if latest is None or (sealed is not None and sealed >= latest):
                return round(time.perf_counter() - began, 2)
            time.sleep(0.02)
    return _LAG_MAX_SECONDS


class _Reads:
    """A reader beside the load: a page of history and an as-of balance, twenty times a second."""

    def __init__(self, database: BenchDatabase, ids: Sequence[UUID]) -> None:
        self._ids = ids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._history: list[float] = []
        self._as_of: list[float] = []
        del database

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(timeout=30)

    def _read(self) -> None:
        from django.db import connection  # noqa: PLC0415

        from raseed.ledger import api  # noqa: PLC0415

        picked = random.Random(3)
        while not self._stop.wait(1 / _READS_A_SECOND):
            account = picked.choice(self._ids)
            began = time.perf_counter()
            page = api.account_history(account, limit=50)
            self._history.append((time.perf_counter() - began) * 1000)
            if page:
                began = time.perf_counter()
                api.balances_at([account], seq=page[-1].transfer.seq)
                self._as_of.append((time.perf_counter() - began) * 1000)
        connection.close()

    def figures(self) -> dict[str, float]:
        return {
            f"{name}_p50_ms": round(statistics.median(times), 2)
            for name, times in (("history", self._history), ("as_of", self._as_of))
            if times
        }


def _statement_pages(ids: Sequence[UUID], count: int) -> list[float]:
    """Return the milliseconds of pages of 50, each of another account."""
    from raseed.ledger import api  # noqa: PLC0415

    picked = random.Random(5)
    times = []
    for _ in range(count):
        account = picked.choice(ids)
        began = time.perf_counter()
        api.account_history(account, limit=50)
        times.append((time.perf_counter() - began) * 1000)
    return times
