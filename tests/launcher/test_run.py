"""``run``: starts all, keeps it running, says what is wrong in one sentence, and leaves nothing behind however it ends."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from raseed.ledger.commit import CLOSE_SECONDS_MAX
from raseed.project import processes
from raseed.project.supervisor import WORKER_STOP_SECONDS_MAX
from tests.launcher.started import STOP_SECONDS_MAX, Running, all_end, command_line, descendants, free_ports, say, start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house") / "home"


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Running]:
    started = start(home, "--no-demo")
    started.wait_for("Ctrl-C stops it")
    yield started
    below = [os.pidfd_open(pid) for pid in descendants(started.process.pid)]
    assert started.stop() == 0
    assert started.lines[-2].endswith("Stopped.")
    assert all_end(below, STOP_SECONDS_MAX)


def test_it_prints_its_address_and_answers_there(running: Running) -> None:
    assert f"http://127.0.0.1:{running.port}/" in running.wait_for("Raseed runs")
    assert running.page() == 200


def test_whoever_stops_another_waits_longer_than_that_one_may_take() -> None:
    assert CLOSE_SECONDS_MAX < WORKER_STOP_SECONDS_MAX < processes.STOP_SECONDS_MAX


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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_nothing_survives_a_killed_supervisor_and_the_next_start_is_clean(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = start(home, "--no-demo")
    first.wait_for("Ctrl-C stops it")
    below = []
    for pid in descendants(first.process.pid):
        with contextlib.suppress(ProcessLookupError):  # one that came for a moment only
            below.append(os.pidfd_open(pid))
    assert len(below) >= 3
    first.stop(signal.SIGKILL)
    assert all_end(below, STOP_SECONDS_MAX), "a child outlived the supervisor"
    second = start(home)
    seconds = re.search(r"ready after ([\d.]+) s", second.wait_for("Raseed runs"))
    assert seconds is not None
    assert second.page() == 200
    assert second.stop(signal.SIGINT) == 0


def test_words_that_mean_nothing_are_told_apart(tmp_path: Path) -> None:
    assert "there is no command 'fly'" in say(tmp_path, "fly").stderr
    assert "is no port" in say(tmp_path, "run", "--port", "eighty").stderr
    assert say(tmp_path, "--help").returncode == 0
