"""Raseed's own processes beside a benchmark, started as ``./raseed run`` starts them, and the CPU that they use."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks import BenchDatabase

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_START_SECONDS_MAX: Final = 60.0


def environment(database: BenchDatabase, **more: str) -> dict[str, str]:
    """Return the environment of a process that works on the benchmark's database."""
    server = database.server
    url = f"postgresql://raseed_app:{server.password}@/raseed?host={server.socket_folder}&port=5432"
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "raseed.project.settings", **more}


@contextlib.contextmanager
def serving(name: str, database: BenchDatabase, home: Path) -> Iterator[tuple[int, int]]:
    """Run a serving process (``pages`` or ``rail``) as ``./raseed run`` does; yields its port and the process's number."""
    from raseed.project.supervisor import Plan, household  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    workers = min(os.cpu_count() or 1, 4)
    ports = {"port": port, "rail_port": port, "phone_port": port, "billers_port": port, "channels_port": port}
    plan = Plan(host="127.0.0.1", **ports, workers=workers, demo=False)
    command = next(child.command for child in household(plan) if child.name == name)
    process = subprocess.Popen(command, env=environment(database, RASEED_HOME=str(home)))
    try:
        deadline = time.monotonic() + _START_SECONDS_MAX
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the process {name!r} did not start")
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def cpu_of_server(database: BenchDatabase) -> float:
    """Return the CPU (seconds) that the database server has used so far."""
    pid = database.server.running_pid()
    return 0.0 if pid is None else cpu_seconds(pid)


def cpu_seconds(pid: int) -> float:
    """Return the CPU that a process, its children and those that have ended have used so far (Linux)."""
    used, parents = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
                own, ended = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
                used[int(entry.name)] = own + ended
    family: set[int] = set()
    found = {pid}
    while found:
        family |= found
        found = {child for child, parent in parents.items() if parent in family} - family
    return sum(used.get(member, 0) for member in family) / _TICKS
