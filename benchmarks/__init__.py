"""Measurements: one file a subject, ``./raseed bench NAME``, each claim with its goal and its peers beside it.

A benchmark is a module with ``run(context: Context) -> list[Claim]``. It starts from a context: a folder of its own for
servers and files (removed afterwards), whether the run is only a smoke test, and a way to tell how far it is. What it
measures goes through the doors that Raseed's own code uses (decision 16).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from raseed.project.database import ROLES, make_database
from raseed.project.machine import free_disk_bytes, ledger_settings, memory_bytes
from raseed.project.postgres import PostgresServer, find_binaries


@dataclass(frozen=True, slots=True)
class Claim:
    """One measured figure.

    Attributes:
        claim: dotted name, e.g. ``ledger.post.batch_8190.uniform.conns_1``.
        value: what was measured (the median of the runs, unless the name says otherwise).
        unit: e.g. ``transfers/s`` or ``ms``.
        goal: what was promised, or None where nothing was.
        better: which side of the goal is good.
        peers: what others reach on this machine, in the same run and unit.
        notes: whatever explains the figure: spread, CPU, what was running beside it.
    """

    claim: str
    value: float
    unit: str
    goal: float | None = None
    better: Literal["higher", "lower"] = "higher"
    peers: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, object] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the goal was reached, or None where there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.better == "higher" else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class BenchDatabase:
    """A database on a durable server of the benchmark's own: libpq connection strings by role."""

    server: PostgresServer
    dsn: str
    owner_dsn: str
    superuser_dsn: str


@dataclass(slots=True)
class Context:
    """What a benchmark is given.

    Attributes:
        folder: an empty folder that goes away afterwards (the servers' data lies in it: on a real disk).
        quick: a smoke run: small numbers, no warm-up, claims nothing.
        options: words after ``--``, as ``name=value``: e.g. the path of a peer.
    """

    folder: Path
    quick: bool
    options: Mapping[str, str] = field(default_factory=dict)
    _servers: list[PostgresServer] = field(default_factory=list)

    def tell(self, sentence: str) -> None:
        """Say how far the benchmark is, on standard error."""
        print(f"bench: {sentence}", file=sys.stderr, flush=True)

    def option(self, name: str, default: str = "") -> str:
        """Return an option's value."""
        return self.options.get(name, default)

    def database(self, *, settings: Mapping[str, str] | None = None) -> BenchDatabase:
        """Start a durable server (fsync, synchronous_commit, full_page_writes on) with a migrated database in it.

        Django's ``default`` connection, in every thread, leads to it as the app. The settings are those of the real
        one, with checkpoints as there; ``settings`` changes some.
        """
        from django.core.management import call_command  # noqa: PLC0415  (after the harness has set Django up)

        server = PostgresServer(
            folder=self.folder / f"postgres-{len(self._servers) + 1}",
            password="bench",  # noqa: S106  (in a private folder, for as long as the benchmark runs)
            settings={**ledger_settings(memory_bytes(), free_disk_bytes(self.folder)), **(settings or {})},
            binaries=find_binaries(),
        )
        self.tell("starting a database …")
        server.start(leashed=True)
        self._servers.append(server)
        make_database(server.dsn(), dict.fromkeys(ROLES, server.password))
        by_role = {role: server.dsn(user=user, database="raseed") for role, user in ROLES.items()}
        point_django_at(server, ROLES["owner"])
        call_command("migrate", verbosity=0, interactive=False)
        point_django_at(server, ROLES["app"])
        return BenchDatabase(server, by_role["app"], by_role["owner"], server.dsn(database="raseed"))

    def close(self) -> None:
        """Stop the servers."""
        for server in self._servers:
            server.stop(immediately=True)


def point_django_at(server: PostgresServer, user: str) -> None:
    """Let Django's ``default`` connection, in every thread, lead to this server's database, as this role."""
    from django.db import connections  # noqa: PLC0415

    connections.close_all()
    connections.settings["default"].update(
        NAME="raseed", USER=user, PASSWORD=server.password, HOST=str(server.socket_folder), PORT="5432", OPTIONS={}
    )


def rates(work: Callable[[], int], *, warm_up: int, runs: int) -> Sequence[float]:
    """Return the rates (things done a second) of ``runs`` runs of ``work``, which returns how many it did."""
    for _ in range(warm_up):
        work()
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        done = work()
        found.append(done / (time.perf_counter() - began))
    return found


def median_rate(work: Callable[[], int], *, warm_up: int = 1, runs: int = 5) -> float:
    """Return the median rate of ``runs`` runs, after a warm-up."""
    return statistics.median(rates(work, warm_up=warm_up, runs=runs))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0…1) of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
