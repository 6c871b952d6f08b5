"""``./raseed test``: pytest with this project's settings; what is not an option of ours goes to pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str]) -> int:
    """Run the tests, on all cores unless ``-n`` says otherwise; returns pytest's exit status."""
    if any(word in ("--help", "-h") for word in argv):
        print("usage: ./raseed test [PYTEST ARGUMENT …]\n\nRuns all tests on all cores, or what the arguments say, e.g.\n"
              "  ./raseed test src/raseed/kernel -x      ./raseed test -n 0 -k ledger      ./raseed test -m 'not slow'")  # fmt: skip
        return 0
    root = Path(os.environ["RASEED_CHECKOUT"])
    cores = min(os.cpu_count() or 1, 8)
    spread = [] if cores == 1 or any(word.startswith("-n") for word in argv) else ["-n", str(cores)]
    # A file stays with one worker: what its tests share (a running house, a browser) is started once.
    spread += ["--dist", "loadfile", "--no-loadscope-reorder"]
    environment = {name: value for name, value in os.environ.items() if name not in ("RASEED_HOME", "DATABASE_URL")}
    command = [sys.executable, "-m", "pytest", *spread, *argv]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode
