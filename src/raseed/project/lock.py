"""``./raseed lock``: makes the requirement locks from pyproject.toml, with hashes and without addresses."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .bootstrap import BENCH_LOCK, DEV_LOCK, RUN_LOCK, UV_LOCK, installer
from .trouble import Trouble

# The order matters: each lock keeps to the versions of those before it.
_SOURCES: Final = {
    RUN_LOCK: ["pyproject.toml"],
    DEV_LOCK: ["pyproject.toml", "--group", "dev", "--constraint", RUN_LOCK],
    BENCH_LOCK: ["--group", "pyproject.toml:bench", "--constraint", DEV_LOCK],
    UV_LOCK: ["--group", "pyproject.toml:bootstrap"],
}
_FORM: Final = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate",
                "--no-emit-index-url", "--no-emit-find-links", "--no-python-downloads", "--quiet")  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Make all locks; ``--upgrade`` takes the newest versions that pyproject.toml allows."""
    parser = argparse.ArgumentParser(prog="raseed lock", description="Make the requirement locks anew.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions allowed, not those locked now")
    arguments = parser.parse_args(argv)
    root = Path(os.environ["RASEED_CHECKOUT"])
    bootstrap = root / ".bootstrap"
    bootstrap.mkdir(exist_ok=True)
    uv = str(installer(root, bootstrap))
    upgrade = ["--upgrade"] if arguments.upgrade else []
    for lock, source in _SOURCES.items():
        print(f"Locking {lock} …", flush=True)
        command = [uv, "pip", "compile", *source, *_FORM, *upgrade, "--output-file", lock]
        if subprocess.run(command, cwd=root, check=False).returncode != 0:
            raise Trouble(f"{lock} could not be made: what is above says why.")
    return 0
