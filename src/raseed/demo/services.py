"""Planting: the world's people, accounts and history, through the same doors that everyone uses, in bulk.

The first block of people has a full history, with payments and their timelines; the blocks beyond it, for very large
worlds, a thin one that goes straight to the ledger. Each block is marked when it is done, and everything in it has ids
from the seed, so a planting that was interrupted goes on and changes nothing that is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.errors import mark
from raseed.ledger import api as ledger
from raseed.platform.api import Progress, no_progress

from .errors import NumberOfPeopleRefused, OtherWorld
from .houses import Houses, plant_houses
from .models import WorldRow
from .payroll import NAME as PAYROLL_FILE
from .payroll import write_payroll
from .posting import LEDGER_BATCH, Poster
from .registering import REGISTERED, register
from .staff import plant_staff
from .staff_file import NAME as STAFF_FILE
from .story.salaries import payroll_of
from .story.stage import Stage
from .story.telling import Story
from .world.cast import cast_of
from .world.firm import side_events, stopped
from .world.history import DAYS, full_history, thin_history
from .world.people import NAMED_PER_LANGUAGE, PEOPLE_MAX, SEED, people_of_block
from .world.places import ZONE

if TYPE_CHECKING:
    from pathlib import Path

FIRST_BLOCK: Final = 2_000
BLOCK: Final = 20_000
PEOPLE_MIN: Final = sum(NAMED_PER_LANGUAGE.values())
_FOUNDED, _HIRED, _JOINED, _NIGHT, _EVENING = time(7), time(7, 30), time(8), time(0, 5), time(23, 59)
"""Hours of the first day, and of every day when the books of the last ones are written."""
_ZONE: Final = ZoneInfo(ZONE)
PLANTING: Final = mark("planting the demo world: people")


@dataclass(frozen=True, slots=True)
class World:
    """What was planted. ``transfers`` counts what this planting posted, which is nothing where all was there."""

    people: int
    seed: int
    planted_on: date
    transfers: int


def plant_world(
    *,
    people: int = FIRST_BLOCK,
    seed: int = SEED,
    home: Path | None = None,
    progress: Progress = no_progress,
    clock: Clock = SYSTEM_CLOCK,
) -> World:
    """Plant the world, or what is missing of it; a finished one is left as it is.

    ``home`` is the folder for what staff sign in with and for the firm's payroll; without it there are no staff, and so
    nothing is told of what they did (``story``).

    Raises:
        NumberOfPeopleRefused: fewer than have names in the demo, or more than there are phone numbers for.
        OtherWorld: one with another seed is there, or one that can't grow to this number.
    """
    if not PEOPLE_MIN <= people <= PEOPLE_MAX:
        raise NumberOfPeopleRefused(field="people", least=PEOPLE_MIN, most=PEOPLE_MAX)
    world = _world(people, seed, clock)
    houses = plant_houses(_at(world.planted_on, -DAYS, _FOUNDED))
    transfers, blocks = 0, list(_blocks(people))
    progress(PLANTING, 0, people)
    if home is not None:
        plant_staff(seed=seed, file=home / STAFF_FILE, since=_at(world.planted_on, -DAYS, _HIRED).now(), clock=clock)
    for block, first, count in blocks:
        if block >= world.blocks_done:
            planting = _Planting(world, houses, block, first, count, progress)
            transfers += planting.first_block(home) if block == 0 else planting.further_block()
            world.blocks_done = block + 1
            world.save(update_fields=["blocks_done"])
        progress(PLANTING, first + count, people)
    if home is not None:
        cast = cast_of(seed, people_of_block(seed, 0, 0, min(world.people, FIRST_BLOCK)))
        payroll = payroll_of(cast)
        if payroll.iban:  # a world that was planted before there was a firm has none
            write_payroll(home / PAYROLL_FILE, payroll)
    return World(people=people, seed=seed, planted_on=world.planted_on, transfers=transfers)


def _blocks(people: int) -> Iterator[tuple[int, int, int]]:
    """Yield (number, first place, people) of each block."""
    yield 0, 0, min(people, FIRST_BLOCK)
    for block, first in enumerate(range(FIRST_BLOCK, people, BLOCK), 1):
        yield block, first, min(BLOCK, people - first)


@transaction.atomic
def _world(people: int, seed: int, clock: Clock) -> WorldRow:
    """Return the world's row, begun today if it is not there; a larger number of people lets it grow."""
    today = clock.now().astimezone(_ZONE).date()
    WorldRow.objects.get_or_create(id=1, defaults={"seed": seed, "planted_on": today, "people": people})
    world = WorldRow.objects.select_for_update().get(id=1)
    whole_blocks = world.people >= FIRST_BLOCK and (world.people - FIRST_BLOCK) % BLOCK == 0
    if world.seed != seed or people < world.people or (people > world.people and not whole_blocks):
        raise OtherWorld(people=world.people, seed=world.seed)
    if people != world.people:
        world.people = people
        world.save(update_fields=["people"])
    return world


def _at(planted_on: date, day: int, hour: time) -> Clock:
    """Return a clock that stands at an hour of a day that is counted back from the planting day."""
    return ManualClock(datetime.combine(planted_on + timedelta(days=day), hour, _ZONE))


class _Planting:
    """Plants one block of people with their accounts and history; its verbs return how many transfers were posted."""

    def __init__(self, world: WorldRow, houses: Houses, block: int, first: int, count: int, progress: Progress) -> None:
        self._world, self._houses, self._block = world, houses, block
        self._first, self._count, self._progress = first, count, progress
        self._people = people_of_block(world.seed, block, first, count)
        self._poster = Poster(houses, self._people, world.planted_on)

    def further_block(self) -> int:
        """Plant people with a thin history, at the present."""
        began = _at(self._world.planted_on, -DAYS, _JOINED)
        register(self._people, None, self._houses, began, SYSTEM_CLOCK, self._so_far)
        events = thin_history(self._world.seed, self._block, self._people, self._world.planted_on)
        return self._poster.post([self._poster.transfer(event) for event in events], SYSTEM_CLOCK)

    def first_block(self, home: Path | None) -> int:
        """Plant people day by day, with payments and, where there are staff, with the story of what they did."""
        seed, planted_on = self._world.seed, self._world.planted_on
        cast, poster, posted = cast_of(seed, self._people), self._poster, 0
        began = _at(planted_on, -DAYS, _JOINED)
        register(self._people, cast, self._houses, began, began, self._so_far)
        story = None if home is None else Story(Stage(seed, planted_on, self._houses.ids, cast))
        aside, waiting = side_events(seed, cast, planted_on), list[ledger.NewTransfer]()
        history = full_history(seed, 0, self._people, planted_on, stopped(cast))
        for day, today in enumerate(history, -DAYS):
            if story is not None and story.scenes(day):
                posted += poster.post(waiting, _at(planted_on, day, _NIGHT))
                waiting.clear()
                story.tell(day)
            waiting += [poster.transfer(event) for event in (*aside[day], *today) if not event.is_payment]
            sends = [event for event in today if event.is_payment]
            if sends or len(waiting) >= LEDGER_BATCH:
                evening = _at(planted_on, day, _EVENING)
                posted += poster.post(waiting, evening) + poster.send(sends, evening)
                waiting.clear()
            self._so_far(REGISTERED + (99 - REGISTERED) * (DAYS + day) // DAYS)
        return posted + poster.post(waiting, _at(planted_on, -1, _EVENING))

    def _so_far(self, hundredths: int) -> None:
        self._progress(PLANTING, self._first + self._count * hundredths // 100, self._world.people)
