"""Progress of long work, on the terminal: rewritten in place there, a line every few seconds in a file."""

from __future__ import annotations

import sys
import time
from typing import Final, Protocol, TextIO

from django.utils.translation import gettext

TERMINAL_PAUSE_S: Final = 0.2
FILE_PAUSE_S: Final = 5.0


class Progress(Protocol):
    """Told how far a long piece of work is."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` are done of ``what`` (a message id)."""


def no_progress(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def progress_on(stream: TextIO = sys.stderr) -> Progress:
    """Return a progress line on ``stream``, in the language that is active when it is told."""
    terminal = stream.isatty()
    pause = TERMINAL_PAUSE_S if terminal else FILE_PAUSE_S
    last_at, last_what = 0.0, ""

    def show(what: str, done: int, total: int) -> None:
        nonlocal last_at, last_what
        now, whole = time.monotonic(), done >= total
        if not whole and what == last_what and now - last_at < pause:
            return
        last_at, last_what = now, what
        line = f"  {gettext(what)}: {done:,} / {total:,}"
        print(f"\r{line}" if terminal else line, end="\n" if whole or not terminal else "", file=stream, flush=True)

    return show
