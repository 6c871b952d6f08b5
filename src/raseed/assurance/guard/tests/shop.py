"""A system for tests: shown balances in two dictionaries, with what can go wrong at each question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest

from raseed.assurance.guard import subjects
from raseed.assurance.guard.api import (
    Chunk,
    DifferenceKind,
    Found,
    Look,
    Release,
    RunKind,
    System,
    SystemKind,
    Terms,
    register_release,
    register_system,
)
from raseed.assurance.guard.domain import Batch, batch_of
from raseed.assurance.guard.subjects import Told
from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import an_author

ISSUER = "nile"
ALL = ("assurance.guard.view", "assurance.guard.run", "assurance.guard.force.propose", "assurance.guard.force.confirm")


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Shop:
    """What is shown by whom, and what was asked of it."""

    true: dict[str, int] = field(default_factory=lambda: {f"account-{n}": 100 * n for n in range(1, 21)})
    wrong: dict[str, DifferenceKind] = field(default_factory=dict)
    shown: str = "old"
    moves: list[str] = field(default_factory=list)
    before_batch: Callable[[int], None] = lambda _position: None
    moves_inside: bool = True
    canary: int = 0
    issuer: str = ISSUER

    resumable = True
    shadows = (RunKind.SHADOW_TRUE,)

    def check(self) -> None:
        """Anything may be released."""

    def chunks(self, told: Told) -> Iterator[Chunk]:
        ids = [name.encode() for name in self.true]
        amounts = np.array(list(self.true.values()))
        told(len(ids), len(ids))
        yield Chunk(self.issuer, "EGP", 2, ids, amounts, np.zeros_like(amounts), "now")

    def compare(self, kind: RunKind, *, sample_permille: int, position: int, told: Told) -> Iterator[Batch]:
        del sample_permille
        accounts = list(self.true)
        for start in range(position, len(accounts), 5):
            self.before_batch(start)
            told(start, len(accounts))
            yield batch_of(5, self._found(kind, accounts[start : start + 5]), position=start + 5)

    def look(self, kind: RunKind, *, marker: str, accounts: int) -> Look:
        del accounts
        return Look(batch_of(2, self._found(kind, list(self.true)[:2])), f"{marker}.")

    def _found(self, kind: RunKind, accounts: Sequence[str]) -> list[Found]:
        if kind is RunKind.RESTORED:
            return []
        return [
            Found(name, self.issuer, self.wrong[name], self.true[name] * 2, self.true[name], "EGP")
            for name in accounts
            if name in self.wrong
        ]

    def begin_canary(self, *, percent: int, accounts: Sequence[UUID], actor: str, clock: Clock) -> None:
        del accounts, actor, clock
        self.canary = percent

    def cut_over(self, *, actor: str, reason: str, clock: Clock) -> None:
        del actor, reason, clock
        self.moves.append("new")
        self.shown, self.canary = "new", 0

    def roll_back(self, *, actor: str, reason: str, clock: Clock) -> None:
        del actor, reason, clock
        self.moves.append("old")
        self.shown, self.canary = "old", 0


@dataclass
class Town:
    """An institution with a system under guard, two people with all rights there, and a clock."""

    institution_id: UUID
    clock: ManualClock
    first: people.Author
    second: people.Author
    shop: Shop

    def release(self, candidate: str = "2") -> Release:
        return register_release(
            id=new_id(),
            system_code="shop",
            candidate=candidate,
            by=self.first,
            reason="a new version",
            clock=self.clock,
        )

    def pause(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


def build_town() -> UUID:
    """Register an institution, and return its id."""
    house = people.Institution(
        id=new_id(),
        slug="nile",
        names={"en": "Nile", "ar": "النيل", "he": "נילוס"},
        kind="issuer",
        country="EG",
        zone="Africa/Cairo",
        currency_code="EGP",
        default_region="EG",
    )
    return people.register_institution(house).id


def town_of(institution_id: UUID, monkeypatch: pytest.MonkeyPatch, *, terms: Terms | None = None) -> Town:
    """Put a system into an institution's care, and let the guard ask the shop instead of our projection."""
    clock, shop = ManualClock(SYSTEM_CLOCK.now()), Shop()
    monkeypatch.setitem(subjects._makers, SystemKind.GENERATION, lambda _release: shop)
    first, second = (an_author(institution_id, *ALL) for _ in range(2))
    wanted = System("shop", SystemKind.GENERATION, institution_id, "The shop", terms or Terms(watch_seconds=5))
    register_system(wanted, by=first, reason="begins to be guarded", clock=clock)
    return Town(institution_id, clock, first, second, shop)
