"""``./raseed bench NAME``: runs a benchmark of ``benchmarks/`` and prints what it found, for people or as one JSON object."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .database import NOWHERE
from .machine import memory_bytes
from .postgres import find_binaries
from .trouble import Trouble

if TYPE_CHECKING:
    from benchmarks import Claim


def names(root: Path) -> list[str]:
    """Return the benchmarks there are."""
    return sorted(path.stem for path in (root / "benchmarks").glob("*.py") if not path.stem.startswith("_"))


def main(argv: Sequence[str]) -> int:
    """Run one; returns 1 where a goal was missed."""
    root = Path(os.environ["RASEED_CHECKOUT"])
    parser = argparse.ArgumentParser(prog="raseed bench", description="Measure, beside peers, on this machine.")
    parser.add_argument("name", choices=names(root), help="which: %(choices)s")
    parser.add_argument("--json", action="store_true", help="print exactly one JSON object on standard output")
    parser.add_argument("--quick", action="store_true", help="a smoke run of seconds, which claims nothing")
    parser.add_argument(
        "--folder", type=Path, help="where the data lies meanwhile: on the disk to be measured (default: here)"
    )
    parser.add_argument("options", nargs="*", metavar="NAME=VALUE", help="passed to the benchmark, e.g. pgledger=PATH")
    words = parser.parse_intermixed_args(argv)
    wrong = [option for option in words.options if "=" not in option]
    if wrong:
        parser.error(f"{wrong[0]!r} is not NAME=VALUE")
    options = dict(option.split("=", 1) for option in words.options)
    with redirect_stdout(sys.stderr):  # whatever prints, standard output holds the result and nothing else
        claims = _measure(root, words.name, words.folder or root, quick=words.quick, options=options)
    result = {
        "bench": words.name,
        **({"quick": True} if words.quick else {}),
        "machine": machine(),
        "claims": [] if words.quick else [_as_json(claim) for claim in claims],
    }
    print(json.dumps(result, ensure_ascii=False) if words.json else _as_table(claims, quick=words.quick), flush=True)
    return 0 if words.quick or all(claim.met is not False for claim in claims) else 1


def _measure(root: Path, name: str, place: Path, *, quick: bool, options: Mapping[str, str]) -> list[Claim]:
    sys.path.insert(0, str(root))
    with tempfile.TemporaryDirectory(prefix=".raseed-bench-", dir=place) as folder:
        os.environ.update(RASEED_HOME=f"{folder}/home", DATABASE_URL=NOWHERE, RASEED_DEMO="1")
        import django  # noqa: PLC0415  (after the environment is set)

        django.setup()
        from benchmarks import Context  # noqa: PLC0415  (found through the path just set)

        context = Context(Path(folder), quick, options)
        try:
            found: list[Claim] = importlib.import_module(f"benchmarks.{name}").run(context)
        finally:
            context.close()
    if not found:
        raise Trouble(f"The benchmark {name} measured nothing.")
    return found


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, memory, system, Python, PostgreSQL."""
    model = platform.machine()
    if (information := Path("/proc/cpuinfo")).exists():
        lines = information.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    version = subprocess.run([find_binaries() / "postgres", "--version"], capture_output=True, text=True, check=False)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory_bytes() / (1 << 30), 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": version.stdout.strip(),
    }


def _as_json(claim: Claim) -> dict[str, Any]:
    shown = {"claim": claim.claim, "value": claim.value, "unit": claim.unit, "goal": claim.goal, "met": claim.met}
    return {**shown, "peers": dict(claim.peers), **({"notes": dict(claim.notes)} if claim.notes else {})}


def _as_table(claims: Sequence[Claim], *, quick: bool) -> str:
    if quick:
        return f"A smoke run: {len(claims)} figures were measured and none is claimed."
    wide = max(len(claim.claim) for claim in claims)
    lines = []
    for claim in claims:
        goal = "" if claim.goal is None else f"  goal {claim.goal:,g} {'met' if claim.met else 'MISSED'}"
        peers = "".join(f"  {name} {value:,g}" for name, value in claim.peers.items())
        lines.append(f"{claim.claim:<{wide}}  {claim.value:>12,.10g} {claim.unit}{goal}{peers}")
    return "\n".join(lines)
