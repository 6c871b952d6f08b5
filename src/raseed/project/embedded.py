"""Who uses the embedded server now: the supervisor, or commands that start it for as long as they need it.

Lock files under ``HOME/locks`` tell, and go with the process that holds them: ``supervisor`` (held by ``./raseed run``),
``users`` (shared, held by everyone who uses the server), ``start`` (held while one starts or stops it).
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from .database import embedded_server, is_embedded, make_embedded_database
from .machine import free_disk_bytes
from .migrate import migrate_if_changed
from .postgres import PostgresServer, locked
from .trouble import Trouble, disk_full

FREE_BYTES_MIN: Final = 200 << 20
RESTART_SECONDS_MAX: Final = 30
Tell = Callable[[str], None]


def tell_on_stderr(sentence: str) -> None:
    """Tell the person at the terminal; standard output stays the command's own."""
    print(f"raseed: {sentence}", file=sys.stderr, flush=True)


def start(home: Path, server: PostgresServer, *, leashed: bool, tell: Tell) -> None:
    """Start the server; where it is new, make its cluster, roles and database first."""
    if not server.exists:
        if free_disk_bytes(home) < FREE_BYTES_MIN:
            raise disk_full(home)
        tell("Making the database (a few seconds) …")
        server.prepare()
    tell("Starting the database …")
    server.start(leashed=leashed)
    made = server.folder / "made"
    if not made.exists():
        make_embedded_database(home, server)
        made.touch()


@contextlib.contextmanager
def database_in_use(home: Path, tell: Tell = tell_on_stderr) -> Iterator[None]:
    """Have a migrated database for the length of a ``with``: the one of ``DATABASE_URL``, or the embedded one.

    Where the embedded server does not run it is started, and stopped again by the last command that needs it.
    """
    if not is_embedded():
        yield
        return
    server = embedded_server(home)
    locks = home / "locks"
    held = contextlib.ExitStack()
    held.enter_context(locked(locks / "users", exclusive=False))
    try:
        _have_it_running(home, server, tell)
        yield
    finally:
        held.close()
        with locked(locks / "start"), locked(locks / "users", wait=False) as last:
            if last:
                server.stop()


def _have_it_running(home: Path, server: PostgresServer, tell: Tell) -> None:
    locks = home / "locks"
    deadline = time.monotonic() + RESTART_SECONDS_MAX
    while time.monotonic() < deadline:
        with locked(locks / "start"):
            if server.running_pid() is None:
                with locked(locks / "supervisor", wait=False) as mine:
                    if mine:
                        start(home, server, leashed=False, tell=tell)
            if server.running_pid() is not None:
                migrate_if_changed(home, tell)
                return
        time.sleep(0.2)  # the supervisor is about to start it again
    raise Trouble(f"The database does not run, although Raseed does: look into {server.folder / 'log'}.")


def start_again(home: Path, server: PostgresServer, tell: Tell) -> None:
    """Start a supervised server that has ended by itself; where that fails, say so and leave it to the next time."""
    with locked(home / "locks" / "start"):
        if server.running_pid() is not None:
            return
        tell("The database ended; starting it again …")
        try:
            server.start(leashed=True)
        except Trouble as trouble:
            tell(str(trouble))
        else:
            tell("The database runs again.")


@contextlib.contextmanager
def supervised_database(home: Path, tell: Tell = tell_on_stderr) -> Iterator[PostgresServer | None]:
    """Have the embedded server for as long as Raseed runs; it stops with the ``with``, and with the process.

    Yields:
        The server, or None where ``DATABASE_URL`` names another.

    Raises:
        Trouble: Raseed runs already from this folder, or a command uses its database.
    """
    if not is_embedded():
        yield None
        return
    server = embedded_server(home)
    locks = home / "locks"
    with contextlib.ExitStack() as held:
        if not held.enter_context(locked(locks / "supervisor", wait=False)):
            raise Trouble(f"Raseed already runs from {home}: stop it first, or choose another folder with RASEED_HOME.")
        with locked(locks / "start"):
            with locked(locks / "users", wait=False) as alone:
                if not alone:
                    raise Trouble("A raseed command is using the database: start again when it has finished.")
                server.stop()  # one that was left behind when the machine or a command was killed
            held.enter_context(locked(locks / "users", exclusive=False))
            start(home, server, leashed=True, tell=tell)
        try:
            yield server
        finally:
            server.stop()
