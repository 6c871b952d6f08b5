"""What all providers share: the lines, what is remembered, the switch and the clock."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import Any

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from .lines import Line, Lines
from .manners import Switch
from .store import Store


@dataclass(slots=True)
class World:
    """The providers' common ground. ``wake`` is set when a webhook is owed something new; ``base`` is where they are."""

    lines: Lines
    store: Store
    switch: Switch = field(default_factory=Switch)
    clock: Clock = SYSTEM_CLOCK
    rng: Random = field(default_factory=Random)
    base: str = ""
    wake: Event = field(default_factory=Event)
    stopping: Event = field(default_factory=Event)

    def now_ms(self) -> int:
        """Return the time in milliseconds since 1970."""
        return int(self.clock.now().timestamp() * 1000)

    def owe(self, line: Line, item: Mapping[str, Any], *, after_ms: int = 0) -> None:
        """Promise a line's webhook an item, some time from now."""
        now = self.now_ms()
        self.store.owe(line.key, item, now_ms=now, due_ms=now + after_ms)
        self.wake.set()


def hex_name(length: int) -> str:
    """Return a fresh name in upper-case hex digits."""
    return secrets.token_hex((length + 1) // 2)[:length].upper()


def digits_name(length: int) -> str:
    """Return a fresh name in digits that does not begin with a nought."""
    return str(secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1))
