"""Before something changes that has no dates of its own, who was accountable until then is written for every clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from raseed.kernel.clock import Clock

_settlers: Final[list[Callable[[UUID, Clock], None]]] = []


def register_settler(settler: Callable[[UUID, Clock], None]) -> None:
    """Let ``settler`` be called, in the transaction that holds the roster alone, before such a change."""
    if settler not in _settlers:
        _settlers.append(settler)


def settle_all(institution_id: UUID, clock: Clock) -> None:
    """Write who was accountable at an institution until now."""
    for settler in _settlers:
        settler(institution_id, clock)
