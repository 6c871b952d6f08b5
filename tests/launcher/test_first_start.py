"""From nothing: a fresh clone, an empty home, an empty environment; as root and as a normal user.

This fetches the packages, so it runs only where RASEED_TEST_FIRST_START says so, as CI does.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.launcher.started import STOP_SECONDS_MAX, Running, all_end, descendants, free_ports

ROOT: Final = Path(__file__).parent.parent.parent
FIRST_SECONDS_MAX: Final = 300
AGAIN_SECONDS_MAX: Final = 60
STRANGER: Final = 54321
"""A user number without a name, as containers have."""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.environ.get("RASEED_TEST_FIRST_START") != "1",
        reason="the first start fetches packages: set RASEED_TEST_FIRST_START=1 to test it",
    ),
]


def users() -> dict[str, int | None]:
    """Return the users to try: who we are, and for root two that are not root (None: no change of user)."""
    if os.geteuid() != 0:
        return {"user": None}
    return {"root": None, "user": pwd.getpwnam("nobody").pw_uid, "nameless": STRANGER}


@pytest.fixture
def clone() -> Iterator[Path]:
    """A clone of this checkout as it is committed, in a folder that everyone may enter."""
    folder = Path(tempfile.mkdtemp(prefix="raseed-clone-"))
    folder.chmod(0o755)
    subprocess.run(["git", "clone", "--quiet", ROOT, folder / "raseed"], check=True)
    yield folder / "raseed"
    shutil.rmtree(folder)


@pytest.mark.parametrize("user", users())
def test_make_run_from_nothing_and_again(user: str, clone: Path) -> None:
    uid = users()[user]
    if uid is not None:
        for path in (clone.parent, *clone.parent.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)
    if not python_of(uid):
        pytest.skip("this user finds no Python 3.11 with venv on this machine")
    first = run(clone, uid)
    first.wait_for("Ctrl-C stops it", FIRST_SECONDS_MAX)
    assert first.page() == 200
    assert any("+" in line and "raseed |" in line for line in first.lines), "nobody who may sign in was named"
    stop(first)
    began = time.monotonic()
    again = run(clone, uid)
    again.wait_for("Ctrl-C stops it", AGAIN_SECONDS_MAX)
    assert time.monotonic() - began < AGAIN_SECONDS_MAX
    assert again.page() == 200
    assert not any("Planting" in line for line in again.lines), "the data was not there any more"
    stop(again)


def python_of(uid: int | None) -> bool:
    """Whether that user has a Python that will do on the path."""
    probe = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    command = ["python3", "-c", probe]
    return subprocess.run(
        command, env={"PATH": path_of(uid)}, user=uid, group=uid, extra_groups=None if uid is None else [],
        capture_output=True, check=False,
    ).returncode == 0  # fmt: skip


def path_of(uid: int | None) -> str:
    return os.environ["PATH"] if uid is None else "/usr/local/bin:/usr/bin:/bin"


def run(clone: Path, uid: int | None) -> Running:
    port = free_ports()
    command = ["make", "--no-print-directory", "run", f"ARGS=--port {port}"]
    return Running(command, {"PATH": path_of(uid), "HOME": str(clone.parent)}, port, cwd=clone, user=uid)


def stop(running: Running) -> None:
    """Stop the supervisor (make only waits for it) and see that nothing is left."""
    below = descendants(running.process.pid)
    watched = [os.pidfd_open(pid) for pid in below]
    os.kill(below[0], signal.SIGTERM)
    assert running.wait() == 0
    assert all_end(watched, STOP_SECONDS_MAX)
