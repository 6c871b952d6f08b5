"""Loops that run for as long as their process: step after step, begun anew when something breaks, ended when asked to."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

PAUSE_MS_MIN: Final = 500
PAUSE_MS_MAX: Final = 30_000

Step = Callable[[], int]
"""Does what there is to do; returns after how many milliseconds to look again."""


def stop_when_signalled() -> threading.Event:
    """Return what is set once this process gets SIGTERM or Ctrl-C; call it in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def keep_at(
    stop: threading.Event,
    begin: Callable[[], AbstractContextManager[Step]],
    *,
    hindered_by: tuple[type[Exception], ...],
    complaint: str,
    say: Callable[[str], None],
) -> None:
    """Take steps until asked to stop; what hinders them is told once, and all is begun anew after growing pauses.

    ``complaint``: what does not happen meanwhile ("Nothing is sealed at present"); the error's first line follows it.
    """
    pause_ms, told = PAUSE_MS_MIN, ""
    while not stop.is_set():
        try:
            with begin() as step:
                while not stop.is_set():
                    wait_ms = step()
                    pause_ms, told = PAUSE_MS_MIN, ""
                    stop.wait(wait_ms / 1000)
        except hindered_by as error:
            sentence = str(error).strip().partition("\n")[0]
            if sentence != told:
                say(f"{complaint}: {sentence}")
                told = sentence
            stop.wait(pause_ms / 1000)
            pause_ms = min(2 * pause_ms, PAUSE_MS_MAX)
