"""``./raseed check``: everything about the code that can be checked without running all tests."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .database import NOWHERE


@dataclass(frozen=True, slots=True)
class Step:
    """One check: what it makes sure of, and the command that does it."""

    name: str
    promise: str
    command: tuple[str, ...]


def steps(bin_folder: Path) -> list[Step]:
    """Return all checks, the longest first."""
    pytest = (sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider")
    return [
        Step("types", "mypy, strict", (sys.executable, "-m", "mypy")),
        Step("migrations", "the migrations say what the models say", (*pytest, "tests/test_migrations.py")),
        Step("imports", "packages import only from the floors below", (str(bin_folder / "lint-imports"), "--no-logo")),
        Step("tidy", "house rules and front doors", (*pytest, "tests/test_tidy.py", "tests/test_boundaries.py")),
        Step("docs", "settings, commands, codes and events are documented", (*pytest, "tests/test_docs.py")),
        Step("translations", "Arabic and Hebrew are complete", (*pytest, "tests/test_translations.py")),
        Step("lint", "ruff", (sys.executable, "-m", "ruff", "check")),
    ]


def main(argv: Sequence[str]) -> int:
    """Run the checks, two at a time; returns 1 where one fails."""
    root = Path(os.environ["RASEED_CHECKOUT"])
    every = steps(Path(sys.executable).parent)
    names = [step.name for step in every]
    parser = argparse.ArgumentParser(prog="raseed check", description="Check the code: " + ", ".join(names) + ".")
    parser.add_argument("only", nargs="*", metavar="CHECK", help="run only these")
    parser.add_argument("--write-docs", action="store_true", help="write docs/reference.md anew from the code first")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.only) - set(names):
        parser.error(f"there is no check {', '.join(sorted(unknown))}: choose from {', '.join(names)}")
    with tempfile.TemporaryDirectory(prefix="raseed-check-") as folder:
        os.environ.update(RASEED_HOME=folder, DATABASE_URL=NOWHERE, RASEED_DEMO="1")
        if arguments.write_docs:
            _write_docs(root)
        chosen = [step for step in every if not arguments.only or step.name in arguments.only]
        with ThreadPoolExecutor(max_workers=2) as pool:
            failed = [step.name for step, good in zip(chosen, pool.map(lambda s: _run(s, root), chosen), strict=True) if not good]
    if failed:
        print(f"raseed: {len(failed)} of {len(chosen)} checks failed: {', '.join(failed)}.", flush=True)
        return 1
    print(f"raseed: all {len(chosen)} checks passed.", flush=True)
    return 0


def _run(step: Step, root: Path) -> bool:
    began = time.monotonic()
    done = subprocess.run(step.command, cwd=root, capture_output=True, text=True, check=False)
    good = done.returncode == 0
    head = f"{'ok    ' if good else 'FAILED'} {step.name:<13} {step.promise} ({time.monotonic() - began:.1f} s)"
    print(head if good else f"{head}\n{done.stdout}{done.stderr}", flush=True)
    return good


def _write_docs(root: Path) -> None:
    import django  # noqa: PLC0415  (only needed here)

    django.setup()
    from .reference import write  # noqa: PLC0415  (needs what setup has made)

    write(root)
