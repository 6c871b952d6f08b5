"""``GET /display/v1/changes``: tells open pages at once that another generation of balances is shown (server-sent events).

Public, and says one thing only: how often the pointer has moved. However many listen, the database is asked once every half
second, and not at all while nobody does. Pages that find no place here ask every while instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from raseed.platform.rail.pool import Pool
from raseed.platform.rail.telling import Bounds, Telling

from ..generations.reading import pointer

LISTENERS_MAX: Final = 2_000
LOOK_SECONDS: Final = 0.5
HEARTBEAT_SECONDS: Final = 15.0
STREAM_SECONDS_MAX: Final = 600.0


def _epoch() -> int:
    found = pointer()
    return found.epoch if found else 0


class Changes(Telling):
    """The stream of the pointer's moves."""

    def __init__(self, pool: Pool, *, when_asked_to_stop: Callable[[Callable[[], None]], None] | None = None) -> None:
        super().__init__(
            pool,
            "/display/v1/changes",
            "Tells at once when another generation of balances is shown.",
            _epoch,
            bounds=Bounds(LISTENERS_MAX, LOOK_SECONDS, HEARTBEAT_SECONDS, STREAM_SECONDS_MAX),
            when_asked_to_stop=when_asked_to_stop,
        )
