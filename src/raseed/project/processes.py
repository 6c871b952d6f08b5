"""Children of one process: started, listened to, started again when they die, stopped in order.

One thread does it all (a selector), so a child can be forked at any time, and Linux ends each child when this process
is killed, since the thread that made it is gone then.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

PAUSE_SECONDS_MIN: Final = 0.5
PAUSE_SECONDS_MAX: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""A child that ran so long before it died starts with the shortest pause again."""
STOP_SECONDS_MAX: Final = 25.0
LINE_BYTES_MAX: Final = 16 << 10
TICK_SECONDS: Final = 0.25
_PR_SET_PDEATHSIG: Final = 1
_PR_GET_PDEATHSIG: Final = 2
_LIBC: Final = ctypes.CDLL(None)


def end_with_parent() -> None:
    """Ask Linux to send this process SIGTERM when its parent dies, however that happens."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def outlive_parent_no_longer_than(seconds: float) -> None:
    """Have this process killed so long after its parent, if it asked to end with it: nobody else would be there to do it.

    For children that wait for what has gone with the parent, such as the database.
    """
    asked = ctypes.c_int()
    if sys.platform != "linux" or _LIBC.prctl(_PR_GET_PDEATHSIG, ctypes.byref(asked)) or not asked.value:
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(TICK_SECONDS)
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="orphan", daemon=True).start()


@dataclass(slots=True)
class Child:
    """One child, and how often it died.

    Attributes:
        name: what stands before each line it prints.
        command: what is run.
        environment: what is set beside this process's own environment.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    pause: float = PAUSE_SECONDS_MIN
    started_at: float = 0.0
    start_at: float | None = 0.0
    _rest: bytes = b""

    def start(self) -> None:
        """Start it now."""
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C at the terminal is for the supervisor, which stops its children in order
            preexec_fn=end_with_parent,  # noqa: PLW1509  (this process has one thread)
        )
        assert self.process.stdout is not None, "a pipe was asked for"
        os.set_blocking(self.process.stdout.fileno(), False)
        self.started_at, self.start_at, self._rest = time.monotonic(), None, b""

    def read_lines(self) -> list[str] | None:
        """Return the whole lines that have come, or None at the end of its output."""
        assert self.process is not None
        assert self.process.stdout is not None
        try:
            chunk = os.read(self.process.stdout.fileno(), LINE_BYTES_MAX)
        except BlockingIOError:
            return []
        if not chunk:
            last, self._rest = self._rest, b""
            return [last.decode(errors="replace")] if last else None
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LINE_BYTES_MAX:
            lines, self._rest = [*lines, self._rest], b""
        return [line.decode(errors="replace").rstrip("\r") for line in lines]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the child."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def sweep(self) -> None:
        """End what the child may have left behind in its session, after it has ended itself."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Household:
    """The children, watched together until somebody asks to stop."""

    def __init__(self, say: Callable[[str, str], None]) -> None:
        self.children: list[Child] = []
        self.stop_requests = 0
        self._say = say
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def take_signals(self) -> None:
        """From here on Ctrl-C and SIGTERM ask for an orderly stop; a second one hurries it."""

        def ask(_number: int, _frame: FrameType | None) -> None:
            self.stop_requests += 1

        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, ask)

    def add(self, child: Child) -> None:
        """Start a child and keep it running."""
        self.children.append(child)
        self._start(child)

    def _start(self, child: Child) -> None:
        child.start()
        assert child.process is not None
        assert child.process.stdout is not None
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def run_once(self, command: Sequence[str]) -> tuple[int, str]:
        """Run a command to its end, which a request to stop brings near; return its status and standard output."""
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509  (this process has one thread)
        ) as process:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output, _ = process.communicate(timeout=TICK_SECONDS)
                    return process.returncode, output
                if self.stop_requests:
                    process.terminate()

    def tick(self) -> None:
        """Pass on what was printed, start again what died; returns after a quarter of a second at most."""
        self._listen(TICK_SECONDS)
        if self.stop_requests:
            return
        now = time.monotonic()
        for child in self.children:
            if child.start_at is not None:
                if now >= child.start_at:
                    self._start(child)
            elif child.process is not None and (status := child.process.poll()) is not None:
                self._bury(child, status, now)

    def _bury(self, child: Child, status: int, now: float) -> None:
        child.sweep()
        self._drain(child)
        if now - child.started_at > STEADY_SECONDS:
            child.pause = PAUSE_SECONDS_MIN
        child.start_at = now + child.pause
        self._say("raseed", f"{child.name} ended ({_status_words(status)}); it starts again in {child.pause:g} s")
        child.pause = min(2 * child.pause, PAUSE_SECONDS_MAX)

    def _listen(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._woken:
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(64)
            else:
                self._pass_on(key.data)

    def _pass_on(self, child: Child) -> bool:
        lines = child.read_lines()
        for line in lines or ():
            self._say(child.name, line)
        if lines is None and child.process is not None and child.process.stdout is not None:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(child.process.stdout)
        return bool(lines)

    def _drain(self, child: Child) -> None:
        while self._pass_on(child):
            pass
        if child.process is not None and child.process.stdout is not None:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(child.process.stdout)
            child.process.stdout.close()

    def stop(self) -> None:
        """Stop the children one after the other, the last started first: what takes work in stops before what does it."""
        for child in reversed(self.children):
            if child.process is None or child.start_at is not None:
                continue
            hurried = self.stop_requests
            child.send(signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS_MAX
            while (
                child.process.poll() is None and time.monotonic() < deadline and self.stop_requests <= max(hurried, 1)
            ):
                self._listen(0.05)
            if child.process.poll() is None:
                self._say("raseed", f"{child.name} does not stop by itself and is ended")
                child.send(signal.SIGKILL)
                child.process.wait()
            child.sweep()
            self._drain(child)


def _status_words(status: int) -> str:
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"
