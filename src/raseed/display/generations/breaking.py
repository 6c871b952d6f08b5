"""Where a projector's own mistakes are told from trouble with the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import django.db
import psycopg

TROUBLE: Final = (
    psycopg.OperationalError, psycopg.InterfaceError, django.db.OperationalError, django.db.InterfaceError,
)  # fmt: skip
"""The database is away, full, shut down or chose us to give way: nobody's mistake, and tried again."""
REASON_LENGTH_MAX: Final = 300


class ProjectorBroke(Exception):
    """A projector raised, or made rows that can't be."""

    def __init__(self, error: Exception) -> None:
        self.reason = f"{type(error).__name__}: {error}".partition("\n")[0][:REASON_LENGTH_MAX]
        super().__init__(self.reason)


@contextmanager
def of_projector() -> Iterator[None]:
    """Let what is raised within be the projector's breaking, unless it is the database's trouble."""
    try:
        yield
    except TROUBLE:
        raise
    except Exception as error:
        raise ProjectorBroke(error) from error
