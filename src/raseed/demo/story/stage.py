"""What scenes need: who and where everyone is, the calendar, ids from the seed, and in whose name something is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.banking import api as banking
from raseed.demo.world.cast import STORY_STREAM, Cast
from raseed.demo.world.people import SeededIds, draw
from raseed.demo.world.places import BANK, CURRENCY, ZONE, Place
from raseed.demo.world.staff import colleagues
from raseed.kernel.clock import Clock, ManualClock
from raseed.people import api as people

if TYPE_CHECKING:
    from raseed.demo.world.people import Person

PROPOSER, CONFIRMER, AGENT, AUDITOR = range(4)
"""The places of an institution's colleagues in ``world.staff``."""
HOLIDAY_SAVINGS: Final = "savings-holiday"
_ZONE: Final = ZoneInfo(ZONE)


@dataclass(frozen=True, slots=True)
class Scene:
    """Something that is done on ``day``, counted back from the planting day, at an hour of the world's zone."""

    day: int
    at: time
    play: Callable[[Clock], object]


@dataclass(frozen=True, slots=True)
class Stage:
    """The world as scenes see it. ``places`` are the institutions' ids by their short names."""

    seed: int
    planted_on: date
    places: dict[str, UUID]
    cast: Cast
    _authors: dict[UUID, people.Author] = field(default_factory=dict)

    def id_of(self, what: str) -> UUID:
        """Return the id of something that the story makes: the same for the same seed."""
        return SeededIds(draw(self.seed, f"story {what}", 0), 0, STORY_STREAM).next()

    def on(self, day: int) -> date:
        """Return the date of a day that is counted back from the planting day."""
        return self.planted_on + timedelta(days=day)

    def clock(self, scene: Scene) -> Clock:
        """Return a clock that stands at a scene's hour."""
        return ManualClock(datetime.combine(self.on(scene.day), scene.at, _ZONE))

    def staff(self, number: int, place: Place = BANK) -> people.Author:
        """Return one of an institution's colleagues as the author of a deed, with what they may do."""
        at_place = [one for one in colleagues(self.seed) if one.place.slug == place.slug]
        staff_id = at_place[number].id
        if staff_id not in self._authors:
            self._authors[staff_id] = people.author_of_staff(staff_id)
        return self._authors[staff_id]

    def product(self, kind: banking.ProductKind, code: str | None = None) -> banking.Product:
        """Return a product of the bank in the country's currency."""
        return next(
            one
            for one in banking.products_of(self.places[BANK.slug])
            if (one.kind, one.code, one.currency.code) == (kind, code or kind.value, CURRENCY)
        )


def themself(person: Person) -> people.Author:
    """Return somebody as the author of what they do for themselves."""
    return people.Author(f"customer:{person.id}")
