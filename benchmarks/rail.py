"""Single calls: group commit in process, and single HTTP requests to the rail, all-in.

"All-in" (decision 16): durable, results after the commit, two in a hundred accounts near their limit, with the ledger's own
process (sealer, expiry) running beside it. Group commit is called from asyncio tasks on uvloop, each waiting for its answer
before it asks again. HTTP requests come from ``benchmarks/load/generator.py``, a process of its own on the same machine, over
keep-alive connections with one request outstanding on each; its CPU, the rail's and PostgreSQL's are in the notes. Each case
is warmed up and measured in windows; figures are medians over the windows.

Options: ``accounts=1000000``, ``seconds=10``, ``windows=6``, ``only=`` the start of a case's name after ``rail.``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from benchmarks import Claim, _ledger_load, percentile
from benchmarks._ledger_load import Load, Maker
from benchmarks._processes import cpu_of_server, cpu_seconds, environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from uuid import UUID

    from benchmarks import BenchDatabase, Context

ROOT: Final = Path(__file__).parent.parent
KEY: Final = "bench-" + "0" * 40
SWITCH_SECONDS: Final = 0.001


@dataclass(frozen=True, slots=True)
class Calls:
    """A case of group commit: so many callers at once, over so many lanes."""

    callers: int
    spread: Any = "uniform"
    lanes: int | None = None
    goal: int | None = None
    p99_goal: float | None = None


_CALLS: Final = {
    "group_commit.callers_64.uniform": Calls(64, goal=20_000, p99_goal=10.0),
    "group_commit.callers_64.zipf": Calls(64, "zipf"),
    "group_commit.callers_64.hot": Calls(64, "hot"),
    "group_commit.callers_256.uniform": Calls(256),
    "group_commit.callers_1.uniform": Calls(1),
    "group_commit.callers_64.uniform.lanes_1": Calls(64, lanes=1),
    "group_commit.callers_64.uniform.lanes_2": Calls(64, lanes=2),
    "group_commit.callers_64.hot.lanes_1": Calls(64, "hot", lanes=1),
    "group_commit.callers_64.hot.lanes_2": Calls(64, "hot", lanes=2),
}
_HTTP: Final = {
    "http.single.conns_64": (64, 10_000),
    "http.single.conns_256": (256, 10_000),
    "http.single.conns_1": (1, None),
}


def run(context: Context) -> list[Claim]:
    """Measure every case."""
    return _Rail(context).run()


class _Rail:
    def __init__(self, context: Context) -> None:
        self.context = context
        quick = context.quick
        self.accounts = int(context.option("accounts", "5000" if quick else "1000000"))
        self.seconds = float(context.option("seconds", "0.5" if quick else "10"))
        self.windows = int(context.option("windows", "1" if quick else "6"))
        self.only = context.option("only")
        self.database = context.database()
        self.ids: list[UUID] = []
        self.ledger = 0

    def run(self) -> list[Claim]:
        from raseed.kernel.ids import new_id  # noqa: PLC0415  (after Django is set up)
        from raseed.kernel.money import currency  # noqa: PLC0415
        from raseed.ledger import api  # noqa: PLC0415

        self.ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
        self.context.tell(f"opening and funding {self.accounts:,} accounts …")
        self.ids = _ledger_load.open_accounts(self.accounts, self.ledger)
        with psycopg.connect(self.database.superuser_dsn, autocommit=True) as admin:
            admin.execute("VACUUM ANALYZE")
            admin.execute("CHECKPOINT")
        claims: list[Claim] = []
        with _ledger_process(self.database):
            for name, calls in _CALLS.items():
                if name.startswith(self.only):
                    claims += self._calls(name, calls)
            if any(name.startswith(self.only) for name in _HTTP):
                claims += self._http()
        return claims

    def _calls(self, name: str, calls: Calls) -> list[Claim]:
        self.context.tell(f"{name} …")
        here, there = multiprocessing.get_context("fork").Pipe()
        process = multiprocessing.get_context("fork").Process(
            target=_call, args=(there, self.ids, self.ledger, calls, self.seconds, self.windows)
        )
        before = cpu_of_server(self.database)
        process.start()
        there.close()
        try:
            windows = here.recv()
        finally:
            process.join(30)
            if process.is_alive():
                process.terminate()
        server = cpu_of_server(self.database) - before
        rate = round(statistics.median(window["calls"] / window["seconds"] for window in windows))
        p99 = statistics.median(window["p99_ms"] for window in windows)
        total = sum(window["calls"] for window in windows)
        notes = {
            "batch": round(statistics.median(window["batch"] for window in windows), 1),
            "caller_cpu_us": round(1e6 * sum(window["cpu_seconds"] for window in windows) / total, 1),
            "postgresql_cpu_us": round(1e6 * server / total, 1),
            "p50_ms": round(statistics.median(window["p50_ms"] for window in windows), 2),
            "spread": [round(window["calls"] / window["seconds"]) for window in windows],
            "refused": sum(window["refused"] for window in windows),
            "beside": "sealer, expiry",
        }
        self.context.tell(f"{name}: {rate:,}/s, p99 {p99:.2f} ms; {notes}")
        claims = [Claim(f"rail.{name}", rate, "calls/s", calls.goal, notes=notes)]
        return [*claims, Claim(f"rail.{name}.p99", round(p99, 2), "ms", calls.p99_goal, "lower")]

    def _http(self) -> list[Claim]:
        home = self.context.folder / "rail-home"
        (home / "keys").mkdir(parents=True)
        (home / "keys" / "ledger-api").write_text(KEY, encoding="ascii")
        accounts = self.context.folder / "accounts"
        accounts.write_bytes(b"".join(id_.bytes for id_ in self.ids))
        claims = []
        with serving("rail", self.database, home) as (port, pid):
            for name, (connections, goal) in _HTTP.items():
                if name.startswith(self.only):
                    self.context.tell(f"{name} …")
                    claims += self._requests(name, connections, goal, port, pid, accounts)
        return claims

    def _requests(
        self, name: str, connections: int, goal: int | None, port: int, rail: int, accounts: Path
    ) -> list[Claim]:
        orders = {
            "host": "127.0.0.1", "port": port, "key": KEY, "ledger": self.ledger, "accounts": str(accounts),
            "connections": connections, "seconds": self.seconds, "windows": self.windows,
            "expected": 2_000 if self.context.quick else 15_000,
        }  # fmt: skip
        server, served = cpu_of_server(self.database), cpu_seconds(rail)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load.generator"],
            input=json.dumps(orders), capture_output=True, text=True, cwd=ROOT, check=False,
            timeout=120 + 4 * self.seconds * (self.windows + 1),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"the load generator failed: {done.stderr[-2000:]}")
        windows = json.loads(done.stdout)
        total = sum(window["requests"] for window in windows)
        warmed = total * (1 + min(2.0, self.seconds) / (self.seconds * self.windows))
        rates = [window["statuses"].get("201", 0) / window["seconds"] for window in windows]
        notes = {
            "generator": "benchmarks/load/generator.py (Python, epoll), same machine",
            "generator_cpu_us": round(1e6 * sum(window["cpu_seconds"] for window in windows) / total, 1),
            "rail_cpu_us": round(1e6 * (cpu_seconds(rail) - served) / warmed, 1),
            "postgresql_cpu_us": round(1e6 * (cpu_of_server(self.database) - server) / warmed, 1),
            "p50_ms": statistics.median(window["ms"]["p50"] for window in windows),
            "p999_ms": statistics.median(window["ms"]["p999"] for window in windows),
            "statuses": _sum_up(windows),
            "spread": [round(rate) for rate in rates],
            "beside": "sealer, expiry",
        }
        rate, p99 = round(statistics.median(rates)), statistics.median(window["ms"]["p99"] for window in windows)
        self.context.tell(f"{name}: {rate:,} posted/s, p99 {p99} ms; {notes}")
        return [
            Claim(f"rail.{name}", rate, "transfers/s", goal, notes=notes),
            Claim(f"rail.{name}.p99", p99, "ms", better="lower"),
        ]


def _sum_up(windows: Sequence[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for window in windows:
        for status, count in window["statuses"].items():
            found[status] = found.get(status, 0) + count
    return found


def _call(pipe: Connection, ids: Sequence[UUID], ledger: int, calls: Calls, seconds: float, windows: int) -> None:
    """Call group commit from this process, as a rail's handlers would; what is asked is made while the clock stands."""
    import uvloop  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    from raseed.ledger.commit import LANES, GroupCommit  # noqa: PLC0415

    connections.close_all()
    sys.setswitchinterval(SWITCH_SECONDS)
    maker = Maker(Load(1000, calls.spread), ids, ledger, seed=os.getpid())
    commit = GroupCommit(lanes=calls.lanes or LANES)
    commit.start()
    expected = 4_000.0 if seconds < 1 else 25_000.0
    found = []
    for number in range(windows + 1):
        long = seconds if number else min(2.0, seconds)
        asked = [transfer for _ in range(int(expected * long * 1.3 / 1000) + 1) for transfer in maker.batch()]
        gc.collect()
        gc.freeze()
        window = uvloop.run(_window(commit, asked, calls.callers, long))
        gc.unfreeze()
        expected = window["calls"] / window["seconds"]
        if number:
            found.append(window)
    commit.close()
    pipe.send(found)
    pipe.close()


async def _window(commit: Any, asked: list[Any], callers: int, seconds: float) -> dict[str, Any]:
    clock = time.perf_counter
    took: list[float] = []
    refused = 0
    queue = iter(asked)
    batches = sum(tally.batches for tally in commit.tallies)
    cpu = time.process_time()
    began = clock()
    last = began + seconds

    async def caller() -> None:
        nonlocal refused
        for transfer in queue:
            start = clock()
            [result] = await commit.create_transfers((transfer,))
            end = clock()
            took.append(end - start)
            refused += result != 0
            if end >= last:
                return

    await asyncio.gather(*[caller() for _ in range(callers)])
    passed = clock() - began
    used = time.process_time() - cpu
    return {
        "calls": len(took),
        "seconds": passed,
        "refused": refused,
        "cpu_seconds": used,
        "batch": len(took) / max(sum(tally.batches for tally in commit.tallies) - batches, 1),
        "p50_ms": percentile(took, 0.5) * 1000,
        "p99_ms": percentile(took, 0.99) * 1000,
    }


@contextlib.contextmanager
def _ledger_process(database: BenchDatabase) -> Iterator[None]:
    """Run the ledger's own process (sealer and expiry) beside the load, as ``./raseed run`` does."""
    process = subprocess.Popen([sys.executable, "-m", "raseed.ledger.worker"], env=environment(database))
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError("the ledger's process ended by itself")
    finally:
        process.terminate()
        process.wait(timeout=30)
