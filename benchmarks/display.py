"""What is proven of shown balances: how soon, how many certificates a second, how long a tree takes to be worked out again.

Certificates are late by: the seal (twice a second), the prover's round, and whoever reads them. For ``latency`` two thousand
transfers a second are posted, through the ledger's door, with the sealer and the prover running as in production; twenty
times a second a transfer to an account of its own is watched until its certificate, checked, shows it. Rebuilds are done at
each size as the prover does them, from the ledger, in a process of their own; a quarter of the accounts is funded.

Options: ``accounts=100000`` of latency and certificates, ``seconds=20``, ``sizes=100000,1000000`` of the curve (4000000 and
16300000 need some 12 GB of disk and half an hour), ``only=`` the starts of cases' names, with commas.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import random
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from benchmarks import Claim, _display_browser, _display_population, _display_world, percentile
from benchmarks._display_world import Growing
from benchmarks._processes import cpu_seconds, environment, serving
from raseed.kernel.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from benchmarks import BenchDatabase, Context

ROOT: Final = Path(__file__).parent.parent
KEY: Final = "bench-" + "0" * 40
RATE: Final = 2_000
PROBES_A_SECOND: Final = 20
LATE_SECONDS_MAX: Final = 30.0
HTTP_CONNECTIONS: Final = 16
COUNTRY: Final = 16_300_000
"""Wallets for whose number the goals were set."""


def run(context: Context) -> list[Claim]:
    """Measure every case that was asked for."""
    only = tuple(context.option("only").split(","))
    world = _Display(context)
    claims: list[Claim] = []
    for name, case in world.cases().items():
        if name.startswith(only):
            context.tell(f"{name} …")
            for claim in case():
                context.tell(f"{claim.claim}: {claim.value:,} {claim.unit}; {claim.notes}")
                claims.append(claim)
    return claims


class _Display:
    def __init__(self, context: Context) -> None:
        self.context = context
        quick = context.quick
        self.accounts = int(context.option("accounts", "2000" if quick else "100000"))
        self.seconds = float(context.option("seconds", "1" if quick else "20"))
        sizes = context.option("sizes", "2000,5000" if quick else "100000,1000000")
        self.sizes = sorted(int(size) for size in sizes.split(","))
        self.home = context.folder / "home"
        self.database = context.database()
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as owner:
            owner.execute("ALTER TABLE ledger_balance SET (fillfactor = 100)")  # docs/operations.md, "Large books"
        from django.conf import settings  # noqa: PLC0415  (after Django is set up)

        settings.HOME = self.home
        (self.home / "keys").mkdir(parents=True, exist_ok=True)
        (self.home / "keys" / "certificates").write_text(KEY, encoding="ascii")
        self.growing = Growing()

    def cases(self) -> Mapping[str, Callable[[], list[Claim]]]:
        """Return the cases, in the order in which they are measured."""
        return {
            "latency": self._latency,
            "certificates": self._certificates,
            "verify": self._verify,
            "http": self._http,
            "browser": lambda: _display_browser.verification(self.context),
            "curve": self._curve,
        }

    @contextlib.contextmanager
    def _beside(self, *modules: str) -> Iterator[list[int]]:
        """Run Raseed's own processes, as ``./raseed run`` does; yields their numbers."""
        surroundings = environment(self.database, RASEED_HOME=str(self.home))
        processes = [subprocess.Popen([sys.executable, "-m", module], env=surroundings) for module in modules]
        try:
            yield [process.pid for process in processes]
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(timeout=60)

    @contextlib.contextmanager
    def _proven(self) -> Iterator[list[int]]:
        """Have accounts, all of them proven, for as long as the ``with`` lasts."""
        self.growing.to(self.accounts)
        with self._beside("raseed.ledger.worker", "raseed.display.prover") as pids:
            _until_certified(self.growing.ids[-1])
            yield pids

    # How soon

    def _latency(self) -> list[Claim]:
        with self._proven() as (_, prover):
            stop = threading.Event()
            poster = multiprocessing.get_context("spawn").Process(
                target=_display_world.post_steadily,
                args=(environment(self.database, RASEED_HOME=str(self.home)), self.growing.ledger,
                      [id_.bytes for id_ in self.growing.ids[: self.accounts]], RATE, self.seconds + 3),
            )  # fmt: skip
            poster.start()
            time.sleep(2.0)  # it starts, and gets into step
            before, began = cpu_seconds(prover), time.perf_counter()
            late, most_late = self._probes(stop)
            cpu = (cpu_seconds(prover) - before) / (time.perf_counter() - began)
            poster.join(60)
        notes = {
            "rate": RATE, "accounts": self.accounts, "probes": len(late), "prover_cpu_share": round(cpu, 2),
            "poster": poster.exitcode,
        }  # fmt: skip
        return [
            Claim("display.certificate_latency.p50", round(percentile(late, 0.5), 3), "s", None, "lower", notes=notes),
            Claim("display.certificate_latency.p99", round(percentile(late, 0.99), 3), "s", 1.0, "lower"),
            Claim("display.certificate_latency.max", round(most_late, 3), "s", None, "lower"),
        ]

    def _probes(self, stop: threading.Event) -> tuple[list[float], float]:
        """Post to one account after the other, and return how long each took until it was certified."""
        watched: dict[UUID, tuple[int, float]] = {}
        late: list[float] = []

        def watch() -> None:
            from raseed.display.prover.certificates import certificates_of, checked  # noqa: PLC0415

            while not stop.is_set() or watched:
                for account, (expected, posted) in list(watched.items()):
                    certificate = certificates_of([account]).get(account)
                    if certificate is not None and certificate.booked_minor == expected:
                        checked(certificate, now=SYSTEM_CLOCK.now(), account_id=account, booked_minor=expected)
                        late.append(time.perf_counter() - posted)
                        del watched[account]
                    elif time.perf_counter() - posted > LATE_SECONDS_MAX:
                        raise TimeoutError("a certificate does not come")
                time.sleep(0.002)

        thread = threading.Thread(target=watch)
        thread.start()
        end = time.perf_counter() + self.seconds
        for account in self.growing.open_more(int(self.seconds * PROBES_A_SECOND)):
            self.growing.pay(account, 77)
            watched[account] = 77, time.perf_counter()
            time.sleep(1 / PROBES_A_SECOND)
            if time.perf_counter() > end:
                break
        stop.set()
        thread.join(2 * LATE_SECONDS_MAX)
        return late, max(late)

    # How many

    def _certificates(self) -> list[Claim]:
        from raseed.display.prover.certificates import proofs  # noqa: PLC0415

        with self._proven():
            picked = random.Random(3)
            mine, rates, size = proofs(), [], 0
            for _ in range(5):
                asked = [picked.choice(self.growing.ids) for _ in range(2_000 if self.context.quick else 20_000)]
                began = time.perf_counter()
                for account in asked:
                    size = len(mine.certificate(account).to_json())  # type: ignore[union-attr]
                rates.append(len(asked) / (time.perf_counter() - began))
        notes = {"accounts": len(self.growing.ids), "bytes": size, "spread": [round(rate) for rate in rates]}
        rate = round(statistics.median(rates))
        return [Claim("display.certificates.in_process.cores_1", rate, "certificates/s", 20_000, notes=notes)]

    def _verify(self) -> list[Claim]:
        from raseed.display.proof.certificate import Certificate  # noqa: PLC0415
        from raseed.display.proof.verify import check  # noqa: PLC0415
        from raseed.display.prover.certificates import certificates_of, proofs  # noqa: PLC0415

        with self._proven():
            raw = [found.to_json() for found in certificates_of(self.growing.ids[:200]).values()]
            keys, times, levels = proofs().trusted(), [], 0
            for one in raw:
                began = time.perf_counter()
                certificate = Certificate.parse(one)
                check(certificate, keys, now=certificate.as_of)
                times.append((time.perf_counter() - began) * 1000)
                levels = certificate.root.capacity.bit_length() - 1
        notes = {"p99_ms": round(percentile(times, 0.99), 3), "levels": levels}
        return [Claim("display.verify.server.p50", round(percentile(times, 0.5), 3), "ms", None, "lower", notes=notes)]

    def _http(self) -> list[Claim]:
        accounts = self.context.folder / "accounts"
        with self._proven(), serving("rail", self.database, self.home) as (port, pid):
            accounts.write_bytes(b"".join(id_.bytes for id_ in self.growing.ids))
            orders = {
                "host": "127.0.0.1", "port": port, "key": KEY, "accounts": str(accounts), "seconds": self.seconds / 4,
                "connections": HTTP_CONNECTIONS, "windows": 3, "expected": 5_000, "get": "/display/v1/certificates/",
            }  # fmt: skip
            used = cpu_seconds(pid)
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.load.generator"], input=json.dumps(orders), capture_output=True,
                text=True, cwd=ROOT, check=True, timeout=120 + 4 * self.seconds,
            )  # fmt: skip
            windows = json.loads(done.stdout)
            total = sum(window["requests"] for window in windows) * 4 / 3
            notes = {
                "rail_cpu_us": round(1e6 * (cpu_seconds(pid) - used) / total, 1),
                "p99_ms": statistics.median(window["ms"]["p99"] for window in windows),
                "statuses": [window["statuses"] for window in windows],
            }
        rate = round(statistics.median(window["requests"] / window["seconds"] for window in windows))
        return [Claim("display.certificates.http", rate, "certificates/s", notes=notes)]

    # All of it: built anew, and compared, at each size

    def _curve(self) -> list[Claim]:
        """Build the tree anew, and compare what is shown with the books, at each size: two curves that should be lines."""
        claims = []
        for size in self.sizes:
            self.growing.to(size, self.context.tell)
            with psycopg.connect(self.database.superuser_dsn, autocommit=True) as admin:
                admin.execute("CHECKPOINT")
            claims += [self._rebuilt(size), self._compared(size)]
        return claims

    def _rebuilt(self, size: int) -> Claim:
        with self._beside("raseed.ledger.worker"):
            _until_sealed(self.database)
        notes = _display_world.rebuild_apart(environment(self.database), self.context.folder / f"rebuilt-{size}")
        if notes["accounts"] < size:
            raise RuntimeError(f"{notes['accounts']} accounts were proven of {size}")
        return _of_all("rebuild", size, notes, goal=120.0)

    def _compared(self, size: int) -> Claim:
        notes = _display_population.compare_apart(environment(self.database))
        if not notes["compared"] == notes["equal"] >= size:
            raise RuntimeError(f"of {size} accounts {notes['equal']} are equal")
        return _of_all("population", size, notes, goal=60.0)


def _of_all(name: str, size: int, notes: dict[str, Any], *, goal: float) -> Claim:
    """Return the claim of a size; the goal is that of a country's wallets."""
    seconds = notes.pop("seconds")
    notes["us_an_account"] = round(1e6 * seconds / size, 2)
    met_at = goal if size >= COUNTRY else None
    return Claim(f"display.{name}.at_{size}", round(seconds, 2), "s", met_at, "lower", notes=notes)


def _until_certified(account: UUID) -> None:
    from raseed.display.prover.certificates import certificates_of  # noqa: PLC0415

    deadline = time.perf_counter() + 60
    while not certificates_of([account]):
        if time.perf_counter() > deadline:
            raise TimeoutError("the prover proves nothing")
        time.sleep(0.05)


def _until_sealed(database: BenchDatabase) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        while True:
            row = connection.execute(
                "SELECT coalesce((SELECT max(number) FROM ledger_batch), 0) <= "
                "coalesce((SELECT batch FROM ledger_checkpoint ORDER BY number DESC LIMIT 1), -1)"
            ).fetchone()
            if row is not None and row[0]:
                return
            time.sleep(0.1)
