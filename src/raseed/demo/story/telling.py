"""Tells the story day by day: each day's scenes in the order of their hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import time

from raseed.banking import api as banking

from . import care, salaries, terms
from .lending import Lending
from .stage import Scene, Stage

_CREDITING: time = time(3, 20)


class Story:
    """All scenes of a world. The institutions, their staff, the people and their accounts are there before it begins."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._lending = Lending(stage)
        self._scenes: dict[int, list[Scene]] = defaultdict(list)
        for scene in self._all():
            self._scenes[scene.day].append(scene)

    def _all(self) -> Iterator[Scene]:
        yield from terms.scenes(self._stage)
        yield from care.scenes(self._stage)
        yield from salaries.scenes(self._stage)

    def scenes(self, day: int) -> list[Scene]:
        """Return what is played on a day, the earliest first."""
        found = [*self._scenes[day], *self._lending.scenes(day)]
        if self._stage.on(day).day == 1:
            found.append(Scene(day, _CREDITING, lambda clock: banking.credit_interest(clock=clock)))
        return sorted(found, key=lambda scene: scene.at)

    def tell(self, day: int) -> None:
        """Play a day's scenes."""
        for scene in self.scenes(day):
            scene.play(self._stage.clock(scene))
