"""Which lines take deliveries, and by what each is proven: remembered for moments, so that a delivery costs no look-up."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import NotFound
from raseed.kernel.ids import InvalidId, parse_id
from raseed.platform.rail.pool import Pool

from ..domain import Channel
from ..lines.domain import PROVING, Line
from ..lines.secrets import accepted_secrets, line_secret
from ..lines.services import line
from .errors import HookUnknown
from .splitting import DELIVERED

REMEMBERED_SECONDS: Final = 5.0
REMEMBERED_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Door:
    """A line that takes deliveries. ``accepted``: what proves them, now first; ``verify_token`` is WhatsApp's, else empty."""

    line: Line
    accepted: tuple[str, ...]
    verify_token: str

    @property
    def secret(self) -> str:
        """The present secret, by which we prove ourselves where a provider asks."""
        return self.accepted[0]


class Doors:
    """The doors that were asked for lately, those that there are not included."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[tuple[str, str], tuple[float, Door | None]] = {}

    async def find(self, channel: str, line_id: str) -> Door:
        """Return the door at an address.

        Raises:
            HookUnknown: no active line with a secret is there.
        """
        now = time.monotonic()
        there = self._known.get((channel, line_id))
        if there is None or now - there[0] > REMEMBERED_SECONDS:
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            there = (now, await self._pool.run(look_up, channel, line_id))
            self._known[channel, line_id] = there
        if there[1] is None:
            raise HookUnknown
        return there[1]


def look_up(channel: str, line_id: str) -> Door | None:
    """Return the door at an address, if there is one."""
    if channel not in {one.value for one in DELIVERED}:
        return None
    try:
        found = line(parse_id(line_id))
        if found.channel.value != channel or not found.active:
            return None
        accepted = accepted_secrets(found.id, PROVING[found.channel], now=SYSTEM_CLOCK.now())
    except (NotFound, InvalidId):
        return None
    return Door(found, accepted, _verify_token(found))


def _verify_token(found: Line) -> str:
    if found.channel is not Channel.WHATSAPP:
        return ""
    try:
        return line_secret(found.id, "verify_token")
    except NotFound:
        return ""
