"""``run``: starts all, keeps it running, says what is wrong in one sentence, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

START_SECONDS_MAX: Final = 120
STOP_SECONDS_MAX: Final = 60
pytestmark = [pytest.mark.xdist_group("run"), pytest.mark.slow]


def free_ports() -> int:
    """Return the first of three neighbouring ports that are free."""
    for first in range(20000 + os.getpid() % 5000, 60000, 7):
        try:
            with closing(socket.socket()) as one, closing(socket.socket()) as two, closing(socket.socket()) as three:
                for offset, each in enumerate((one, two, three)):
                    each.bind(("127.0.0.1", first + offset))
                return first
        except OSError:
            continue
    raise AssertionError("no three free ports")


class Running:
    """A started ``raseed run``, and what it has printed."""

    def __init__(self, home: Path, *words: str) -> None:
        self.port = free_ports()
        self.lines: list[str] = []
        self._heard = threading.Condition()
        self.process = subprocess.Popen(
            command("run", "--port", str(self.port), "--workers", "1", *words),
            env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
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
        status = self.process.wait(STOP_SECONDS_MAX)
        self._reader.join(STOP_SECONDS_MAX)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "raseed.project.cli", *words]


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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house") / "home"


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Running]:
    started = Running(home, "--no-demo")
    started.wait_for("Ctrl-C stops it")
    yield started
    below = [os.pidfd_open(pid) for pid in descendants(started.process.pid)]
    assert started.stop() == 0
    assert started.lines[-2].endswith("Stopped.")
    assert all_end(below, STOP_SECONDS_MAX)


def test_it_prints_its_address_and_answers_there(running: Running) -> None:
    assert f"http://127.0.0.1:{running.port}/" in running.wait_for("Raseed runs")
    assert running.page() == 200


def test_a_second_one_from_the_same_folder_is_refused(running: Running, home: Path) -> None:
    done = say(home, "run", "--port", str(free_ports()))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "Raseed already runs from" in done.stderr


def test_a_taken_port_is_said_before_anything_is_started(running: Running, tmp_path: Path) -> None:
    done = say(tmp_path / "other", "run", "--port", str(running.port))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"Port {running.port} can't be had (Address already in use): choose another with --port." in done.stderr
    assert not (tmp_path / "other" / "postgres").exists()


def test_commands_use_the_running_database(running: Running, home: Path) -> None:
    done = say(home, "postgres", "psql", "-At", "-c", "SELECT current_user")
    assert (done.stdout, done.returncode) == ("raseed_read\n", 0), done.stderr
    assert running.page() == 200


def test_a_dead_child_starts_again(running: Running) -> None:
    [worker] = [pid for pid in descendants(running.process.pid) if b"raseed.project.worker" in command_line(pid)]
    os.kill(worker, signal.SIGKILL)
    running.wait_for("worker ended (killed by SIGKILL); it starts again in 0.5 s", 30)


def test_a_dead_database_starts_again(running: Running, home: Path) -> None:
    pid = int((home / "postgres" / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])
    os.kill(pid, signal.SIGKILL)
    running.wait_for("The database runs again.", 30)
    assert say(home, "postgres", "psql", "-At", "-c", "SELECT 1").stdout == "1\n"
    assert running.page() == 200


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_nothing_survives_a_killed_supervisor_and_the_next_start_is_clean(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = Running(home, "--no-demo")
    first.wait_for("Ctrl-C stops it")
    below = [os.pidfd_open(pid) for pid in descendants(first.process.pid)]
    assert len(below) >= 3
    first.stop(signal.SIGKILL)
    assert all_end(below, STOP_SECONDS_MAX), "a child outlived the supervisor"
    second = Running(home)
    seconds = re.search(r"ready after ([\d.]+) s", second.wait_for("Raseed runs"))
    assert seconds is not None
    assert second.page() == 200
    assert second.stop(signal.SIGINT) == 0


def test_words_that_mean_nothing_are_told_apart(tmp_path: Path) -> None:
    assert "there is no command 'fly'" in say(tmp_path, "fly").stderr
    assert "is no port" in say(tmp_path, "run", "--port", "eighty").stderr
    assert say(tmp_path, "--help").returncode == 0
