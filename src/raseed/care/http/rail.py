"""``GET /care/v1/changes``: tells open desks at once that some conversation changed (server-sent events).

Public, and says one number only, which grows: not which conversation, nor whose. A desk that hears another number asks for
what it shows, as whoever is signed in there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from raseed.platform.rail.pool import Pool
from raseed.platform.rail.telling import Bounds, Telling

from ..cards.pulse import pulse

BOUNDS: Final = Bounds(listeners_max=1_000)


class CareChanges(Telling):
    """The stream of care's pulse."""

    def __init__(self, pool: Pool, *, when_asked_to_stop: Callable[[Callable[[], None]], None] | None = None) -> None:
        super().__init__(
            pool,
            "/care/v1/changes",
            "Tells at once when a conversation changed; which one is not told.",
            pulse,
            bounds=BOUNDS,
            when_asked_to_stop=when_asked_to_stop,
        )
