"""The environment comes from the lock; what can go wrong on a machine is one clear sentence, never a traceback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from raseed.project import bootstrap

ROOT: Final = Path(__file__).parent.parent.parent
LOCKS: Final = (bootstrap.RUN_LOCK, bootstrap.DEV_LOCK, bootstrap.BENCH_LOCK, bootstrap.UV_LOCK)
NO_INDEX: Final = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "UV_DEFAULT_INDEX": "http://127.0.0.1:9/", "PIP_NO_INDEX": "1",
                   "PIP_CONFIG_FILE": "/dev/null", "PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0", "UV_NO_CACHE": "1"}  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the launcher needs, without an environment."""
    for name in ("raseed", *LOCKS):
        shutil.copy2(ROOT / name, tmp_path / name)
    package = tmp_path / "src" / "raseed" / "project"
    package.mkdir(parents=True)
    shutil.copy2(ROOT / "src/raseed/project/bootstrap.py", package)
    return tmp_path


def launch(checkout: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(checkout), **more}
    command = [sys.executable, str(checkout / "raseed"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.slow
def test_no_network_at_the_first_start(checkout: Path) -> None:
    assert "the first start needs the network" in one_sentence(launch(checkout, "run", **NO_INDEX))


def test_a_missing_lock(checkout: Path) -> None:
    (checkout / bootstrap.RUN_LOCK).unlink()
    assert "requirements.lock is missing" in one_sentence(launch(checkout, "run"))


@pytest.mark.parametrize("said", [
    "error: Failed to read `polib`\n  cause: Hash mismatch for `polib==1.2.0`",
    "error: Couldn't parse requirement in `requirements.lock` at position 0",
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
    "error: In `--require-hashes` mode, all requirements must have a hash, but none were provided for: polib==1.2.0",
])  # fmt: skip
def test_a_broken_lock(said: str, tmp_path: Path) -> None:
    sentence = str(bootstrap._reason(said, tmp_path, tmp_path / "log"))
    assert sentence.startswith("The lock is broken")
    assert "git checkout" in sentence


@pytest.mark.parametrize("said", ["OSError: [Errno 28] No space left on device", "error: write failed (os error 28)"])
def test_a_full_disk(said: str, tmp_path: Path) -> None:
    sentence = str(bootstrap._reason(said, tmp_path, tmp_path / "log"))
    assert sentence.startswith(f"The disk that holds {tmp_path} is full")


def test_an_unsupported_python(checkout: Path) -> None:
    old = next((path for path in ("python3.10", "python3.9", "python3.8") if shutil.which(path) and runs(path)), None)
    if old is None:
        pytest.skip("there is no older Python on this machine to be refused")
    path = shutil.which(old)
    assert path is not None
    environment = {"PATH": "/nonexistent", "HOME": str(checkout)}
    done = subprocess.run(
        [path, str(checkout / "raseed"), "run"], env=environment, capture_output=True, text=True, check=False
    )
    assert "is too old: install Python 3.11 or newer" in one_sentence(done)


def runs(program: str) -> bool:
    return subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0


def test_a_made_environment_is_taken_as_it_is(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    stamp = {"root": str(checkout), "locks": {bootstrap.DEV_LOCK: bootstrap._digest(checkout / bootstrap.DEV_LOCK)}}
    (checkout / ".venv" / "raseed.json").write_text(json.dumps(stamp), encoding="utf-8")
    assert bootstrap.ready_python(checkout, "run") == python
    assert bootstrap.ready_python(checkout, "test") == python
    (checkout / bootstrap.DEV_LOCK).write_text("# changed\n", encoding="utf-8")
    assert not bootstrap._has(
        checkout / ".venv" / "raseed.json",
        checkout,
        python,
        {bootstrap.DEV_LOCK: bootstrap._digest(checkout / bootstrap.DEV_LOCK)},
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_have_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(
        r"https?://|file:|--(extra-)?index|--find-links|^-e |/(root|home|opt|work|tmp)/", text, re.MULTILINE
    )
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in requirement for requirement in requirements if not requirement.startswith("#"))


def versions(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9_.-]+==[^ ;\\]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))


def test_the_developers_lock_is_a_superset() -> None:
    assert versions(bootstrap.RUN_LOCK) < versions(bootstrap.DEV_LOCK)


def test_the_locks_hold_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {
        bootstrap.RUN_LOCK: project["project"]["dependencies"],
        bootstrap.DEV_LOCK: project["project"]["dependencies"] + project["dependency-groups"]["dev"],
        bootstrap.BENCH_LOCK: project["dependency-groups"]["bench"],
        bootstrap.UV_LOCK: project["dependency-groups"]["bootstrap"],
    }
    for lock, requirements in asked.items():
        locked = {version.partition("==")[0] for version in versions(lock)}
        names = {re.split(r"[\[<>=;~! ]", requirement)[0].lower() for requirement in requirements}
        assert names <= locked, f"./raseed lock: {names - locked} is not in {lock}"
