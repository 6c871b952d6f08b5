"""What the launcher's tests share: a started ``run``, what it prints, and the processes below it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

START_SECONDS_MAX: Final = 120
STOP_SECONDS_MAX: Final = 60
PORTS: Final = 5
"""The pages', the rail's, and those of the demo's phone, billers and channels."""


def free_ports() -> int:
    """Return the first of ``PORTS`` neighbouring ports that are free and that no test beside this one is given.

    Each worker of a parallel run looks in a range of its own, below those the system gives out by itself: what is
    started binds its ports seconds later.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    lowest = 20_000 + worker % 6 * 2_000
    for number in range(200):
        first = lowest + (os.getpid() + number) % 200 * 10
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            for offset in range(PORTS):
                held.enter_context(closing(socket.socket())).bind(("127.0.0.1", first + offset))
            return first
    raise AssertionError(f"no {PORTS} neighbouring free ports")


class Running:
    """A started ``raseed run`` that listens on ``port``, and what it has printed."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        port: int,
        *,
        cwd: Path | None = None,
        user: int | None = None,
    ) -> None:
        self.port = port
        self.lines: list[str] = []
        self._heard = threading.Condition()
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd,
            user=user, group=user, extra_groups=None if user is None else [],
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._heard:
                self.lines.append(line.rstrip())
                self._heard.notify_all()
        with self._heard:
            self.lines.append("<end of output>")
            self._heard.notify_all()

    def wait_for(self, words: str, seconds: float = START_SECONDS_MAX) -> str:
        def found() -> str | None:
            return next((line for line in self.lines if words in line), None)

        with self._heard:
            self._heard.wait_for(lambda: found() or "<end of output>" in self.lines, timeout=seconds)
            line = found()
        assert line is not None, f"{words!r} did not come:\n" + "\n".join(self.lines)
        return line

    def page(self) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(STOP_SECONDS_MAX)
        self._reader.join(STOP_SECONDS_MAX)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "raseed.project.cli", *words]


def start(home: Path, *words: str) -> Running:
    """Start ``run`` from this checkout and environment, with a home of its own."""
    port = free_ports()
    return Running(command("run", "--port", str(port), "--workers", "1", *words), environment(home), port)


def environment(home: Path) -> dict[str, str]:
    names = ("DATABASE_URL", "RASEED_OWNER_DATABASE_URL", "RASEED_DEMO", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {**kept, "RASEED_HOME": str(home)}


def say(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), env=environment(home), capture_output=True, text=True, check=False, timeout=START_SECONDS_MAX
    )


def descendants(pid: int) -> list[int]:
    """Return all processes below ``pid``."""
    below = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text(encoding="ascii").split()):
            below += [child, *descendants(child)]
    return below


def all_end(watched: list[int], seconds: float) -> bool:
    """Whether all processes (by pidfd) end in time."""
    deadline = time.monotonic() + seconds
    while watched and time.monotonic() < deadline:
        ended, _, _ = select.select(watched, [], [], max(0.0, deadline - time.monotonic()))
        for descriptor in ended:
            os.close(descriptor)
            watched.remove(descriptor)
    return not watched


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
