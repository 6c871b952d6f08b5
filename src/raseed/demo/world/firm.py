"""What moves on the accounts that only the story knows: the firm's takings, week by week, and the deposit that is forgotten."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from .cast import STORY_STREAM, Cast
from .history import DAYS, Event
from .people import SeededIds, draw
from .places import Deed

if TYPE_CHECKING:
    from uuid import UUID

_POUND: Final = 100
_FIRM_OPENING_MINOR: Final = 800_000 * _POUND
_RESTING_MINOR: Final = 3_200 * _POUND
_SUNDAY: Final = 6
_NOON_S: Final = 12 * 3600
ROBBED_ON: Final = -12
"""The day on which a bag is stolen: from then on nothing is bought from the account that is blocked."""


def side_events(seed: int, cast: Cast, planted_on: date) -> dict[int, list[Event]]:
    """Return the movements by day: more comes in on the firm's account than its salaries take."""
    rng = draw(seed, "firm", 0)
    ids = SeededIds(rng, 0, STORY_STREAM)
    found: dict[int, list[Event]] = defaultdict(list)

    def comes_in(day: int, deed: Deed, account_id: UUID, amount_minor: int) -> None:
        found[day].append(Event(ids.next(), day, _NOON_S, deed, account_id, amount_minor))

    comes_in(-DAYS, Deed.OPENING, cast.firm.account_id, _FIRM_OPENING_MINOR)
    comes_in(-DAYS, Deed.OPENING, cast.resting_id, _RESTING_MINOR)
    for day in range(1 - DAYS, 0):
        if (planted_on + timedelta(days=day)).weekday() == _SUNDAY:
            comes_in(day, Deed.TAKINGS, cast.firm.account_id, rng.randrange(90_000, 140_000) * _POUND)
    return found


def stopped(cast: Cast) -> dict[UUID, int]:
    """Return from which day on nothing is spent from an account."""
    return {cast.robbed.foreign[0].id: ROBBED_ON} if cast.robbed.foreign else {}
