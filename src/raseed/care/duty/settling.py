"""Before something changes that has no dates of its own, what was so until then is written for every clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from raseed.kernel.clock import Clock

_settlers: Final[list[Callable[[UUID, Clock], None]]] = []
_counters: Final[list[Callable[[UUID, Clock], None]]] = []


def register_settler(settler: Callable[[UUID, Clock], None]) -> None:
    """Let ``settler`` be called, in the transaction that holds the roster alone, before such a change."""
    if settler not in _settlers:
        _settlers.append(settler)


def settle_all(institution_id: UUID, clock: Clock) -> None:
    """Write who was accountable at an institution until now."""
    for settler in _settlers:
        settler(institution_id, clock)


def register_counter(counter: Callable[[UUID, Clock], None]) -> None:
    """Let ``counter`` be called, in the transaction that holds the roster alone, before a team goes by other hours."""
    if counter not in _counters:
        _counters.append(counter)


def count_used(team_id: UUID, clock: Clock) -> None:
    """Write what the clocks of a team have used until now, by the hours that held until now."""
    for counter in _counters:
        counter(team_id, clock)
