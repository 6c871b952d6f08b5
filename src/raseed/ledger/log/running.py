"""The sealer as a process: its own connection, a loop that outlives a restart of the database, a clean stop."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from raseed.kernel.errors import RaseedError
from raseed.platform import connecting
from raseed.platform.loops import Step, keep_at, stop_when_signalled

from .sealer import Sealer

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator


def open_connection() -> psycopg.Connection[Any]:
    """Open a connection of one's own, in autocommit, to the database that Django's settings name."""
    return connecting.open_connection("raseed-log")


def seal_until(
    stop: threading.Event,
    home: Path,
    *,
    connect: Callable[[], psycopg.Connection[Any]] = open_connection,
    say: Callable[[str], None] = print,
) -> None:
    """Seal until asked to stop; what goes wrong is told once, and tried again after growing pauses."""

    @contextlib.contextmanager
    def begin() -> Iterator[Step]:
        with connect() as connection:
            yield Sealer(connection, home).step

    keep_at(
        stop,
        begin,
        hindered_by=(psycopg.Error, RaseedError, OSError),
        complaint="Nothing is sealed at present",
        say=say,
    )


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    stop = stop_when_signalled()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
    import django  # noqa: PLC0415 - after the environment is set

    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after the setup

    seal_until(stop, Path(settings.HOME), say=lambda sentence: print(sentence, flush=True))
