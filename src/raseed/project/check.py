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
from typing import Final

from .database import NOWHERE

RULES: Final = {
    "tidy": ("tests/test_tidy.py", "tests/test_boundaries.py"),
    "docs": ("tests/test_docs.py",),
    "migrations": ("tests/test_migrations.py",),
    "translations": ("tests/test_translations.py",),
}
"""Checks that are tests; they run in one process."""


@dataclass(frozen=True, slots=True)
class Step:
    """One check: what it makes sure of, and the command that does it."""

    name: str
    promise: str
    command: tuple[str, ...]


def steps(chosen: Sequence[str]) -> list[Step]:
    """Return the chosen checks (all, if none is named), the longest first."""
    python = sys.executable
    pytest = (python, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider")
    rules = [name for name in RULES if not chosen or name in chosen]
    files = [file for name in rules for file in RULES[name]]
    every = [
        Step("types", "mypy, strict", (python, "-m", "mypy")),
        Step("rules", ", ".join(rules), (*pytest, *files)),
        Step("imports", "a package imports only from the floors below it", (python, "-c", _LINT_IMPORTS)),
        Step("lint", "ruff", (python, "-m", "ruff", "check")),
        Step("format", "as ruff writes it", (python, "-m", "ruff", "format", "--check", "--quiet")),
    ]
    return [step for step in every if not chosen or step.name in chosen or (step.name == "rules" and rules)]


NAMES: Final = ("types", *RULES, "imports", "lint", "format")
_LINT_IMPORTS: Final = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"


def main(argv: Sequence[str]) -> int:
    """Run the checks, two at a time; returns 1 where one fails."""
    root = Path(os.environ["RASEED_CHECKOUT"])
    parser = argparse.ArgumentParser(prog="raseed check", description="Check the code: " + ", ".join(NAMES) + ".")
    parser.add_argument("only", nargs="*", metavar="CHECK", help="run only these")
    parser.add_argument("--write-docs", action="store_true", help="write docs/reference.md anew from the code first")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.only) - set(NAMES):
        parser.error(f"there is no check {', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="raseed-check-") as folder:
        os.environ.update(RASEED_HOME=folder, DATABASE_URL=NOWHERE, RASEED_DEMO="1")
        if arguments.write_docs:
            _write_docs(root)
        chosen = steps(arguments.only)
        print(f"Checking {', '.join(arguments.only or NAMES)} …", flush=True)
        with ThreadPoolExecutor(max_workers=2) as pool:
            good = list(pool.map(lambda step: _run(step, root), chosen))
    if not all(good):
        print(f"raseed: failed: {', '.join(s.name for s, g in zip(chosen, good, strict=True) if not g)}.", flush=True)
        return 1
    print("raseed: all checks passed.", flush=True)
    return 0


def _run(step: Step, root: Path) -> bool:
    began = time.monotonic()
    done = subprocess.run(step.command, cwd=root, capture_output=True, text=True, check=False)
    good = done.returncode == 0
    head = f"{'ok    ' if good else 'FAILED'} {step.name:<8} {step.promise} ({time.monotonic() - began:.1f} s)"
    print(head if good else f"{head}\n{done.stdout}{done.stderr}", flush=True)
    return good


def _write_docs(root: Path) -> None:
    import django  # noqa: PLC0415  (only needed here)

    django.setup()
    from .reference import write  # noqa: PLC0415  (needs what setup has made)

    write(root)
