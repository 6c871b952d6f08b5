"""Connections for what runs again and again: they are handed on, and what is prepared on them is planned once.

PostgreSQL plans a prepared statement anew for as long as it takes the values to matter, and each connection reads the catalogues,
and parses and plans for itself. For statements that carry some ids each time that costs more than running them: so those that
many threads run are run on one connection, with plans that serve whatever values come.
"""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import pq

if TYPE_CHECKING:
    import psycopg

_PLANNED_ONCE: Final = (
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)
"""Rows are found by index, also by plans that were made while the tables were small."""


def standing_connection() -> BaseDatabaseWrapper:
    """Return a connection of its own to the default database, not opened yet, which one thread may hand to another."""
    settings = connections.settings[DEFAULT_DB_ALIAS]
    made: BaseDatabaseWrapper = connections.create_connection(DEFAULT_DB_ALIAS)
    options: dict[str, Any] = settings.get("OPTIONS") or {}
    of_server = f"{options.get('options', '')} {_PLANNED_ONCE}".strip()
    made.settings_dict = {**settings, "OPTIONS": {**options, "options": of_server}, "CONN_HEALTH_CHECKS": False}
    made.inc_thread_sharing()
    return made


def stand_here() -> None:
    """Let this thread's default connection be such a one from now on: for a thread that does the same all its life."""
    connections[DEFAULT_DB_ALIAS].close()
    connections[DEFAULT_DB_ALIAS] = standing_connection()


class Desk:
    """One such connection, at which threads take turns; who takes turns sees to it that there is one at a time."""

    def __init__(self) -> None:
        self._kept: BaseDatabaseWrapper | None = None
        self._leads_to: dict[str, Any] = {}

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Let the thread's default connection be this one for the length of a ``with``."""
        own = connections[DEFAULT_DB_ALIAS]
        connections[DEFAULT_DB_ALIAS] = self._connection()
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = own

    def _connection(self) -> BaseDatabaseWrapper:
        """Return the connection, made anew where the database is another by now, and let go of where it is broken."""
        leads_to = connections.settings[DEFAULT_DB_ALIAS]
        if self._kept is None or leads_to != self._leads_to:
            if self._kept is not None:
                self._kept.close()
            self._kept, self._leads_to = standing_connection(), dict(leads_to)
        if _is_gone(self._kept):
            self._kept.close()
        self._kept.close_if_unusable_or_obsolete()
        return self._kept


def _is_gone(kept: BaseDatabaseWrapper) -> bool:
    """Whether the server has said goodbye on a connection that nobody was using, or is gone: then there is something to be read."""
    if kept.connection is None:
        return False
    server = cast("psycopg.Connection[Any]", kept.connection).pgconn
    if server.status == pq.ConnStatus.BAD:
        return True
    looking = select.poll()
    looking.register(server.socket, select.POLLIN)
    return bool(looking.poll(0))
