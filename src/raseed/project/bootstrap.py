"""Makes ``.venv`` from the lock and runs the command line in it; needs the standard library only.

``.bootstrap`` holds uv, installed by pip; uv installs what the lock names, by hash, and never fetches a Python. Where uv
can't reach the index that this machine's pip is set up for, pip does it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

RUN_LOCK: Final = "requirements.lock"
DEV_LOCK: Final = "requirements-dev.lock"
BENCH_LOCK: Final = "requirements-bench.lock"
UV_LOCK: Final = "requirements-bootstrap.lock"
LOCKS_OF_COMMANDS: Final = {
    "test": (DEV_LOCK,),
    "check": (DEV_LOCK,),
    "lock": (DEV_LOCK,),
    "bench": (RUN_LOCK, BENCH_LOCK),
}
NOTICE_SECONDS: Final = 5
FREE_BYTES_MIN: Final = 600 << 20
_DISK_FULL: Final = ("No space left on device", "os error 28", "Disk quota exceeded")
_UNREACHABLE: Final = (
    "Failed to fetch",
    "error sending request",
    "Could not find a version",
    "Connection",
    "resolve host",
)
_LOCK_BROKEN: Final = ("ash mismatch", "DO NOT MATCH", "Couldn't parse", "Invalid requirement", "--require-hashes", "missing a hash",
                       "require-hashes mode", "Unexpected '")  # fmt: skip


class Refused(Exception):
    """One sentence for the person at the terminal."""


def main(root: str, argv: Sequence[str]) -> NoReturn:
    """Make the environment where it is not there or not that of the lock, then become ``raseed.project.cli``."""
    try:
        python = ready_python(Path(root), argv[0] if argv else "")
    except Refused as refused:
        sys.stderr.write(f"raseed: {refused}\n")
        sys.exit(1)
    except OSError as error:
        sys.stderr.write(f"raseed: {_disk_full(Path(root)) if error.errno == 28 else error}\n")  # noqa: PLR2004  (ENOSPC)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("\nraseed: stopped; start again and it goes on from here.\n")
        sys.exit(130)
    os.environ.setdefault("RASEED_HOME", str(Path(root) / ".raseed"))
    os.environ["RASEED_CHECKOUT"] = root
    os.execv(python, [str(python), "-m", "raseed.project.cli", *argv])


def ready_python(root: Path, command: str) -> Path:
    """Return the Python of an environment that has what ``command`` needs.

    Raises:
        Refused: it can't be made; the sentence says why and what to do.
    """
    python = root / ".venv" / "bin" / "python"
    wanted = {name: _digest(root / name) for name in LOCKS_OF_COMMANDS.get(command, (RUN_LOCK,))}
    stamp = root / ".venv" / "raseed.json"
    if _has(stamp, root, python, wanted):
        return python
    bootstrap = root / ".bootstrap"
    bootstrap.mkdir(exist_ok=True)
    with _alone(bootstrap / "one-at-a-time"):
        if _has(stamp, root, python, wanted):
            return python
        _make(root, bootstrap, python, stamp, wanted)
    return python


def _has(stamp: Path, root: Path, python: Path, wanted: dict[str, str]) -> bool:
    held = _held(stamp, root) if python.exists() else {}
    if RUN_LOCK in wanted and DEV_LOCK in held and held.get(DEV_LOCK) == _digest(root / DEV_LOCK):
        wanted = {name: digest for name, digest in wanted.items() if name != RUN_LOCK}  # the superset is there
    return bool(held) and all(held.get(name) == digest for name, digest in wanted.items())


def _held(stamp: Path, root: Path) -> dict[str, str]:
    try:
        kept = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(kept["locks"]) if kept.get("root") == str(root) else {}


def _digest(lock: Path) -> str:
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except OSError:
        raise Refused(
            f"{lock.name} is missing or can't be read: restore it with 'git checkout -- {lock.name}'."
        ) from None


def _make(root: Path, bootstrap: Path, python: Path, stamp: Path, wanted: dict[str, str]) -> None:
    if shutil.disk_usage(root).free < FREE_BYTES_MIN:
        raise Refused(_disk_full(root))
    held = _held(stamp, root) if python.exists() else {}
    names = sorted({*wanted, *held})
    if DEV_LOCK in names and RUN_LOCK in names:
        names.remove(RUN_LOCK)
    uv = installer(root, bootstrap)
    stamp.unlink(missing_ok=True)
    if not held:
        _do([uv, "venv", "--clear", "--no-python-downloads", "--python", sys.executable, python.parent.parent],
            "Making the environment .venv", bootstrap)  # fmt: skip
    locks = [root / name for name in names]
    count = sum(line[:1].isalpha() for lock in locks for line in lock.read_text(encoding="utf-8").splitlines())
    _install(uv, python, locks, f"Installing {count} packages from {', '.join(names)}", bootstrap)
    [packages] = (python.parent.parent / "lib").glob("python*/site-packages")
    (packages / "raseed.pth").write_text(f"{root / 'src'}\n", encoding="utf-8")
    digests = {name: _digest(root / name) for name in names}
    stamp.write_text(json.dumps({"root": str(root), "locks": digests}), encoding="utf-8")


def installer(root: Path, bootstrap: Path) -> Path:
    """Return uv, installed into ``bootstrap`` where it is not there yet."""
    lock = root / UV_LOCK
    digest, stamp, uv = _digest(lock), bootstrap / "uv.stamp", bootstrap / "bin" / "uv"
    if uv.exists() and (bootstrap / "bin" / "python").exists() and stamp.exists() and stamp.read_text() == digest:
        return uv
    has_pip = importlib.util.find_spec("pip") is not None
    if not importlib.util.find_spec("venv") or not (has_pip or importlib.util.find_spec("ensurepip")):
        raise Refused("Python's venv module is missing: install it (Debian and Ubuntu: 'apt install python3-venv').")
    # This Python's own pip can fill the venv too, and a venv without pip is made in no time.
    options = ["--without-pip"] if has_pip else []
    _do([sys.executable, "-m", "venv", *options, bootstrap], "Making a place for the installer", bootstrap)
    _do([*_pip(bootstrap, bootstrap / "bin" / "python"), "--only-binary=:all:", "-r", lock],
        "Fetching the installer (uv)", bootstrap)  # fmt: skip
    stamp.write_text(digest)
    return uv


def _pip(bootstrap: Path, target: Path) -> list[str | Path]:
    """Return the words that install into ``target``, with this Python's pip or the bootstrap venv's."""
    python = sys.executable if importlib.util.find_spec("pip") else bootstrap / "bin" / "python"
    return [python, "-m", "pip", "--python", target, "install", "--quiet", "--require-hashes"]


def _install(uv: Path, python: Path, locks: list[Path], what: str, bootstrap: Path) -> None:
    files: list[str | Path] = []
    for lock in locks:
        files += ["-r", lock]
    try:
        _do(
            [uv, "pip", "sync", "--require-hashes", "--no-python-downloads", "--python", python, *locks],
            what,
            bootstrap,
        )
    except Unreachable:
        _do([*_pip(bootstrap, python), *files], f"{what} (with pip)", bootstrap)


class Unreachable(Refused):
    """The package index could not be reached, or lacks a package."""


def _do(command: Sequence[str | Path], what: str, bootstrap: Path) -> None:
    """Run a command, telling what is done and for how long; its output goes to ``.bootstrap/log``."""
    log = bootstrap.parent / ".bootstrap.log"
    environment = {**os.environ, "UV_SYSTEM_CERTS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_NO_PROGRESS": "1"}
    environment.pop("VIRTUAL_ENV", None)
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command], stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        try:
            _tell(process, what, began)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if process.returncode == 0:
        return
    said = log.read_text(encoding="utf-8", errors="replace")
    raise _reason(said, bootstrap.parent, log)


def _tell(process: subprocess.Popen[bytes], what: str, began: float) -> None:
    live = sys.stderr.isatty()
    sys.stderr.write(f"raseed: {what} …" + ("" if live else "\n"))
    sys.stderr.flush()
    told = began
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
            break
        now = time.monotonic()
        if live:
            sys.stderr.write(f"\rraseed: {what} … {now - began:.0f} s")
        elif now - told > NOTICE_SECONDS:
            told = now
            sys.stderr.write(f"raseed: … {now - began:.0f} s\n")
        sys.stderr.flush()
    if live:
        sys.stderr.write(f"\rraseed: {what} … {time.monotonic() - began:.1f} s\n")


def _reason(said: str, root: Path, log: Path) -> Refused:
    if any(sign in said for sign in _DISK_FULL):
        return Refused(_disk_full(root))
    if any(sign in said for sign in _LOCK_BROKEN):
        lines = [line.strip() for line in said.splitlines() if any(sign in line for sign in _LOCK_BROKEN)]
        return Refused(
            f"The lock is broken ({lines[0].rstrip(':.')}): restore it with 'git checkout -- requirements*.lock'."
        )
    if any(sign in said for sign in _UNREACHABLE):
        return Unreachable(
            "The packages could not be fetched: the first start needs the network (or this machine's own package index); "
            f"connect and start again. What was said is in {log}."
        )
    last = (said.strip().splitlines() or ["it said nothing"])[-1]
    return Refused(f"The environment could not be made: {last.strip()} The whole of it is in {log}.")


def _disk_full(root: Path) -> str:
    return f"The disk that holds {root} is full: free some space (1 GB is enough to start) and try again."


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("raseed: Waiting for another start that makes the environment …\n")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
