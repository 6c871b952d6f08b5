"""The stage of the bad upgrade: who plays, what is guarded, a candidate that is ready, and everything put away again.

All of it goes through the front doors of guard, display, people and banking, as the demo's staff. Whatever an earlier play
left behind, wherever it was interrupted, is put away before the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from raseed.assurance.guard import api as guard
from raseed.assurance.guard.api import ReleaseState, SystemKind
from raseed.demo.errors import HouseNotRunning, StoryStuck
from raseed.demo.models import WorldRow
from raseed.demo.services import FIRST_BLOCK
from raseed.demo.story.stage import CONFIRMER, PROPOSER
from raseed.demo.world.cast import cast_of
from raseed.demo.world.people import Person, people_of_block
from raseed.demo.world.places import BANK
from raseed.demo.world.staff import Colleague, colleagues
from raseed.display import api as display
from raseed.ledger import api as ledger
from raseed.people import api as people

from .projector import NAME as PROJECTOR
from .trial_accounts import plant_trial_accounts

SYSTEM: Final = "demo-upgrade"
SYSTEM_NAME: Final = "Shown balances (demo)"
WATCH_SECONDS: Final = 60
"""A release that shows nothing wrong would be watched for so long; the bad one does not last."""
TRIAL_MINOR: Final = 100
AGAIN: Final = "a new version of the shown balances, for the demo"
PUT_AWAY: Final = "left over from an earlier play of the demo"
DONE: Final = "the demo was played"
BUILD_SECONDS_MAX: Final = 600
FOLLOW_SECONDS_MAX: Final = 60
END_SECONDS_MAX: Final = 600
"""The whole population is compared within these, which takes seconds in the demo's first block."""
LOOK_EVERY_S: Final = 0.1
_S = ReleaseState


@dataclass(frozen=True, slots=True)
class Stage:
    """Who plays: the two of the bank's staff, and the first block's people, those who may sign in first."""

    first: Colleague
    second: Colleague
    everyone: Sequence[Person]
    bank_id: UUID

    @property
    def proposer(self) -> people.Author:
        """Who takes the release from step to step, and proposes to force it."""
        return people.author_of_staff(self.first.id)

    @property
    def confirmer(self) -> people.Author:
        """Who confirms that."""
        return people.author_of_staff(self.second.id)


def set_stage() -> Stage | None:
    """Return who plays, with everything put away that an earlier play left; ``None``: no demo world is planted.

    Raises:
        HouseNotRunning: nothing keeps shown balances up. NotPermitted: the staff's roles don't let them.
        CanaryRunning: another release is shown to some, and a cut-over would end that.
    """
    world = WorldRow.objects.first()
    if world is None or not world.blocks_done:
        return None
    if not _is_running():
        raise HouseNotRunning
    at_bank = [one for one in colleagues(world.seed) if one.place.slug == BANK.slug]
    everyone = people_of_block(world.seed, 0, 0, min(world.people, FIRST_BLOCK))
    named = cast_of(world.seed, everyone).named
    stage = Stage(
        at_bank[PROPOSER],
        at_bank[CONFIRMER],
        [*named, *(one for one in everyone if not one.named)],
        people.institution_by_slug(BANK.slug).id,
    )
    _guarded(stage)
    put_away(stage, reason=PUT_AWAY)
    at = display.pointer()
    if at is not None and at.canary is not None:
        raise display.CanaryRunning(generation=at.canary)
    return stage


def _is_running() -> bool:
    """Whether somebody keeps shown balances up: the projection's connections say who they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'raseed-display'"
            " AND datname = current_database())"
        )
        return bool(cursor.fetchone()[0]) and display.pointer() is not None


def _guarded(stage: Stage) -> None:
    """Let our shown balances be guarded for the demo, with test accounts of their own."""
    payer, payee = plant_trial_accounts(stage.bank_id)
    terms = guard.Terms(
        watch_seconds=WATCH_SECONDS, trial_payer=str(payer), trial_payee=str(payee), trial_minor=TRIAL_MINOR
    )
    system = guard.System(SYSTEM, SystemKind.GENERATION, stage.bank_id, SYSTEM_NAME, terms)
    guard.register_system(system, by=stage.proposer, reason="the demo's bad upgrade")


def candidate(stage: Stage) -> display.Generation:
    """Open a generation that the bad projector writes, and wait until it is a candidate.

    Raises:
        StoryStuck: it was not built in time. TooManyGenerations: others have not been given up.
    """
    opened = display.open_generation(projector=PROJECTOR, actor=stage.proposer.actor)
    wait_until(
        lambda: display.generation(opened.number).state is not display.GenerationState.BUILDING,
        BUILD_SECONDS_MAX,
        "building",
    )
    return display.generation(opened.number)


def caught_up(number: int) -> None:
    """Wait until a generation has come to what is in the books now.

    Raises:
        StoryStuck: it did not.
    """
    horizon = ledger.Horizon()
    with closing(display.open_connection()) as books:

        def final() -> bool:
            horizon.advance(books)
            return not horizon.waits

        wait_until(final, FOLLOW_SECONDS_MAX, "following")
    wait_until(lambda: display.generation(number).built_to >= horizon.final, FOLLOW_SECONDS_MAX, "following")


def put_away(stage: Stage, *, reason: str) -> None:
    """End the release that is on its way, taken back where somebody sees it, and give the bad generations up.

    Raises:
        StoryStuck: what was shown before did not come back in time.
    """
    of = guard.open_release(SYSTEM)
    if of is not None:
        if of.state in guard.OUT:
            guard.roll_back(of.id, by=stage.proposer, reason=reason)
        elif of.state is not _S.ROLLING_BACK:
            guard.abandon(of.id, by=stage.proposer, reason=reason)
        guard.go_on(of.id)
        wait_until(lambda: not guard.release(of.id).is_open, END_SECONDS_MAX, "rolling_back")
    for each in display.generations():
        if each.projector == PROJECTOR and each.state is not display.GenerationState.RETIRED:
            display.retire_generation(each.number, actor=stage.proposer.actor, reason=reason)


def wait_until(done: Callable[[], bool], seconds: int, step: str) -> None:
    """Look again and again until something is so.

    Raises:
        StoryStuck: it was not within so many seconds; ``step`` says at what.
    """
    ends_at = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= ends_at:
            raise StoryStuck(step=step)
        time.sleep(LOOK_EVERY_S)
