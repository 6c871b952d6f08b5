"""Whatever is done to a release, in any order and cut off anywhere: customers see the candidate only where the timeline says so."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from raseed.assurance.guard import api as guard
from raseed.assurance.guard.api import DifferenceKind, ReleaseState
from raseed.assurance.guard.domain import BEFORE_GREEN, NEEDS_GREEN, may_go
from raseed.assurance.guard.tests.shop import Killed, Town, build_town, town_of
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.people import api as people

S = ReleaseState
SHOWN_TO_ALL = {S.LIVE, S.VERIFYING, S.VERIFIED}


class Releases(RuleBasedStateMachine):
    """One release after another of one system."""

    town: Town
    patch: pytest.MonkeyPatch
    of: guard.Release | None = None
    forced: bool = False

    @property
    def id(self) -> UUID:
        assert self.of
        return self.of.id

    def _do(self, deed: Any) -> None:
        """Do something; what is refused changes nothing, what is killed is gone on with later."""
        assert self.of
        before = guard.release(self.of.id)
        try:
            deed()
        except RaseedError:
            assert guard.release(before.id).state is before.state
        except Killed:
            pass
        self.of = guard.release(before.id)
        for earlier, later in zip(before.timeline, self.of.timeline, strict=False):
            assert earlier == later, "a step that was taken stays"

    @precondition(lambda self: self.of is None or not self.of.is_open)
    @rule()
    def register(self) -> None:
        self.of, self.forced = self.town.release(), False
        self.town.shop.shown = "old"

    @precondition(lambda self: self.of)
    @rule(wrong=st.booleans(), dies_at=st.sampled_from([-1, 0, 10]))
    def weather(self, *, wrong: bool, dies_at: int) -> None:
        self.town.shop.wrong = {"account-7": DifferenceKind.STALE} if wrong else {}

        def perhaps(position: int) -> None:
            if position == dies_at:
                self.town.shop.before_batch = lambda _position: None
                raise Killed

        self.town.shop.before_batch = perhaps

    @precondition(lambda self: self.of)
    @rule()
    def baseline(self) -> None:
        self._do(lambda: guard.take_baseline(self.id, by=self.town.first, clock=self.town.clock))

    @precondition(lambda self: self.of)
    @rule()
    def shadow(self) -> None:
        self._do(lambda: guard.run_shadow(self.id, by=self.town.first, clock=self.town.clock))

    @precondition(lambda self: self.of)
    @rule()
    def canary(self) -> None:
        self._do(
            lambda: guard.begin_canary(self.id, percent=1, by=self.town.first, reason="try", clock=self.town.clock)
        )

    @precondition(lambda self: self.of)
    @rule(killed=st.booleans())
    def cut_over(self, *, killed: bool) -> None:
        plain = self.town.shop.cut_over
        with contextlib.ExitStack() as stack:
            if killed:
                self.town.shop.cut_over = _dying  # type: ignore[method-assign]
                stack.callback(setattr, self.town.shop, "cut_over", plain)
            self._do(lambda: guard.cut_over(self.id, by=self.town.first, reason="now", clock=self.town.clock))

    @precondition(lambda self: self.of)
    @rule()
    def roll_back(self) -> None:
        self._do(lambda: guard.roll_back(self.id, by=self.town.first, reason="back", clock=self.town.clock))

    @precondition(lambda self: self.of)
    @rule()
    def force(self) -> None:
        def both() -> None:
            change = guard.propose_force(id=new_id(), release_id=self.id, reason="all the same", by=self.town.first)
            people.confirm_change(change.id, by=self.town.second)
            self.forced = True

        self._do(both)

    @precondition(lambda self: self.of)
    @rule(refuses=st.booleans())
    def give_up(self, *, refuses: bool) -> None:
        verb = guard.refuse if refuses else guard.abandon
        self._do(lambda: verb(self.id, by=self.town.first, reason="no more", clock=self.town.clock))

    @precondition(lambda self: self.of)
    @rule()
    def go_on(self) -> None:
        self._do(lambda: guard.go_on(self.id, clock=self.town.clock, pause=self.town.pause))

    @invariant()
    def who_sees_what(self) -> None:
        if self.of is None:
            return
        state, shop = self.of.state, self.town.shop
        still = state is S.ROLLING_BACK and self.of.was_live
        assert (shop.shown == "new") == (state in SHOWN_TO_ALL or still)
        assert state in (S.CANARY, S.ROLLING_BACK, S.CUTTING_OVER) or not shop.canary

    @invariant()
    def nobody_sees_what_was_not_green_or_forced(self) -> None:
        if self.of is None:
            return
        for before, after in zip(self.of.timeline, self.of.timeline[1:], strict=False):
            if after.state in NEEDS_GREEN and before.state in BEFORE_GREEN:
                assert self.forced
            assert may_go(before.state, after.state, forced=self.forced)


def _dying(**told: object) -> None:
    raise Killed


def test_customers_see_the_candidate_only_where_the_timeline_says_so(new_database: Any) -> None:
    with new_database(build_town) as database:

        class Here(Releases):
            def __init__(self) -> None:
                super().__init__()
                self.patch = pytest.MonkeyPatch()
                self.home = tempfile.TemporaryDirectory()
                self.patch.setattr(settings, "HOME", Path(self.home.name))
                self.town = town_of(database.built, self.patch)
                self.town.shop.shown = "old"
                open_ = guard.open_release("shop")
                if open_ is not None:
                    _end(open_, self.town)

            def teardown(self) -> None:
                self.patch.undo()
                self.home.cleanup()

        Here.TestCase.settings = hypothesis_settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        )
        Here.TestCase("runTest").runTest()


def _end(of: guard.Release, town: Town) -> None:
    """Bring the release of an earlier example to its end."""
    verb = guard.roll_back if of.state in guard.OUT or of.state is S.ROLLING_BACK else guard.abandon
    verb(of.id, by=town.first, reason="another example", clock=town.clock)
    town.shop.shown, town.shop.moves = "old", []
