"""The whole population of shown balances, built and compared with the books, in a process of its own.

What is measured is what production does: a generation is opened and built, then held against the ledger as it is there.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._display_world import Peak

if TYPE_CHECKING:
    from collections.abc import Mapping


def compare_apart(surroundings: Mapping[str, str]) -> dict[str, Any]:
    """Build a generation and compare all of it; return seconds of both, memory, and what it came to."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._display_population"],
        env=dict(surroundings), cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the comparison failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _measure() -> None:
    import django  # noqa: PLC0415

    django.setup()
    from raseed.display import api as display  # noqa: PLC0415
    from raseed.display.generations.projection import Building  # noqa: PLC0415

    number = display.open_generation(projector="fold-1", actor="system").number
    began = time.perf_counter()
    with closing(Building(display.open_connection)) as building:
        while display.generation(number).state is display.GenerationState.BUILDING:
            building.step()
    built = time.perf_counter() - began
    with Peak() as peak:
        began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        report = display.compare_population(display.open_connection, generation=number)
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    at = display.pointer()
    if at is not None and at.live != number:
        display.retire_generation(number, actor="system", reason="measured")
    print(json.dumps({
        "seconds": seconds,
        "compared": report.compared,
        "equal": report.equal,
        "build_seconds": round(built, 2),
        "own_memory_mb": peak.anonymous_kb // 1024,
        "own_cpu_seconds": round(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, 2),
    }))  # fmt: skip


if __name__ == "__main__":
    _measure()
