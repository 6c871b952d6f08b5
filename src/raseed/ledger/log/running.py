"""The sealer as a process: its own connection, a loop that outlives a restart of the database, a clean stop."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from raseed.kernel.errors import RaseedError

from .sealer import Sealer

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_MS_MIN: Final = 500
PAUSE_MS_MAX: Final = 30_000


def open_connection() -> psycopg.Connection[Any]:
    """Open a connection of one's own, in autocommit, to the database that Django's settings name."""
    from django.db import connection  # noqa: PLC0415 - the settings may be made just before

    address = connection.settings_dict
    return psycopg.connect(
        dbname=address["NAME"], user=address["USER"], password=address["PASSWORD"], host=address["HOST"],
        port=address["PORT"] or None, application_name="raseed-log", autocommit=True, **address.get("OPTIONS", {}),
    )  # fmt: skip


def seal_until(
    stop: threading.Event,
    home: Path,
    *,
    connect: Callable[[], psycopg.Connection[Any]] = open_connection,
    say: Callable[[str], None] = print,
) -> None:
    """Seal until asked to stop; what goes wrong is told once, and tried again after growing pauses."""
    pause_ms, told = PAUSE_MS_MIN, ""
    while not stop.is_set():
        try:
            with connect() as connection:
                sealer = Sealer(connection, home)
                while not stop.is_set():
                    wait_ms = sealer.step()
                    pause_ms, told = PAUSE_MS_MIN, ""
                    stop.wait(wait_ms / 1000)
        except (psycopg.Error, RaseedError, OSError) as error:
            sentence = str(error).strip().partition("\n")[0]
            if sentence != told:
                say(f"Nothing is sealed at present: {sentence}")
                told = sentence
            stop.wait(pause_ms / 1000)
            pause_ms = min(2 * pause_ms, PAUSE_MS_MAX)


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
    import django  # noqa: PLC0415 - after the environment is set

    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after the setup

    seal_until(stop, Path(settings.HOME), say=lambda sentence: print(sentence, flush=True))
