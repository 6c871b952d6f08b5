"""Whatever several people do to proposals about several taps, in whatever order and pace, it follows a model of a few lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.people.api import (
    Author,
    change,
    change_history,
    changes,
    confirm_change,
    propose_change,
    reject_change,
    withdraw_change,
)
from raseed.people.changes.deciding import expire_changes
from raseed.people.changes.domain import CHANGE_LIFE
from raseed.people.models import RateRow
from raseed.platform.api import audit_records

from .office import an_author
from .tap import CONFIRM, PROPOSE, let_taps_be
from .world import an_institution

TAPS = (1, 2)
ENDS = ("applied", "rejected", "withdrawn", "expired")


@dataclass
class Proposal:
    """What should be true of one proposal."""

    id: UUID
    tap: int
    level: int
    before: int
    proposer: int
    dies_at: datetime
    state: str = "open"


class Deciding(RuleBasedStateMachine):
    """Three people, two taps, one clock, and every verb in any order."""

    proposals = Bundle("proposals")
    institution_id: UUID

    @initialize()
    def begin(self) -> None:
        self.clock = ManualClock(SYSTEM_CLOCK.now())
        expire_changes(clock=ManualClock(self.clock.now() + 100 * CHANGE_LIFE))  # what earlier examples left open
        self.people = [
            an_author(self.institution_id, PROPOSE, CONFIRM),
            an_author(self.institution_id, PROPOSE, CONFIRM),
            an_author(self.institution_id, PROPOSE),
        ]
        self.subjects = {tap: f"tap:{new_id()}" for tap in TAPS}
        self.levels = dict.fromkeys(TAPS, 0)
        self.made: list[Proposal] = []

    @rule(target=proposals, who=st.integers(0, 2), tap=st.sampled_from(TAPS), level=st.integers(0, 10))
    def propose(self, who: int, tap: int, level: int) -> Proposal:
        made = Proposal(new_id(), tap, level, self.levels[tap], who, self.clock.now() + CHANGE_LIFE)
        assert self.send(made) == "open"
        self.made.append(made)
        return made

    @rule(one=proposals)
    def propose_again(self, one: Proposal) -> None:
        assert self.send(one) == self.now_is(one)

    def send(self, one: Proposal) -> str:
        return propose_change(
            id=one.id, kind="people.tap", institution_id=self.institution_id, subject=self.subjects[one.tap],
            payload={"level": one.level}, reason="as agreed", by=self.people[one.proposer], clock=self.clock,
        ).state.value  # fmt: skip

    @rule(days=st.sampled_from([0, 1, 6, 13, 14]), seconds=st.integers(0, 1))
    def wait(self, days: int, seconds: int) -> None:
        self.clock.advance(timedelta(days=days, seconds=seconds))

    @rule()
    def sweep(self) -> None:
        over = [one for one in self.made if one.state == "open" and self.now_is(one) == "expired"]
        assert expire_changes(clock=self.clock) == len(over)
        for one in over:
            one.state = "expired"

    @rule(one=proposals, who=st.integers(0, 2))
    def confirm(self, one: Proposal, who: int) -> None:
        expected = self.refusal(one, who)
        if expected is None and self.levels[one.tap] != one.before:
            expected = "change_outdated"
        if expected is None and one.level > 9:
            expected = "test_tap_is_shut"
        if expected is None:
            one.state, self.levels[one.tap], expected = "applied", one.level, "applied"
        assert self.outcome(confirm_change, one, who) == expected

    @rule(one=proposals, who=st.integers(0, 2))
    def reject(self, one: Proposal, who: int) -> None:
        expected = self.refusal(one, who)
        if expected is None:
            one.state = expected = "rejected"
        assert self.outcome(reject_change, one, who, note="no use") == expected

    @rule(one=consumes(proposals), who=st.integers(0, 2))
    def withdraw(self, one: Proposal, who: int) -> None:
        if who != one.proposer:
            expected = "not_the_proposer"
        elif self.now_is(one) != "open":
            expected = "change_not_open"
        else:
            one.state = expected = "withdrawn"
        assert self.outcome(withdraw_change, one, who) == expected

    def refusal(self, one: Proposal, who: int) -> str | None:
        if who == 2:
            return "not_permitted"
        if who == one.proposer:
            return "second_person_needed"
        return None if self.now_is(one) == "open" else "change_not_open"

    def now_is(self, one: Proposal) -> str:
        return "expired" if one.state == "open" and self.clock.now() >= one.dies_at else one.state

    def outcome(self, verb: Any, one: Proposal, who: int, **more: Any) -> str:
        try:
            return str(verb(one.id, by=self.people[who], clock=self.clock, **more).state)
        except RaseedError as error:
            return error.code

    @invariant()
    def taps_are_as_the_model_says(self) -> None:
        for tap, level in getattr(self, "levels", {}).items():
            found = RateRow.objects.filter(bucket=self.subjects[tap].encode()).values_list("count", flat=True).first()
            assert (found or 0) == level

    @invariant()
    def proposals_are_as_the_model_says(self) -> None:
        for one in getattr(self, "made", []):
            assert change(one.id, clock=self.clock).state.value == self.now_is(one)
            told = [step.state.value for step in change_history(one.id)]
            assert told == ["open"] if one.state == "open" else ["open", one.state]

    def teardown(self) -> None:
        for tap in TAPS:
            mine = [one for one in self.made if one.tap == tap]
            records = audit_records(subject=self.subjects[tap], limit=200).records
            assert len(records) == len(mine) + sum(one.state in ENDS for one in mine)
            assert all(one.intact for one in records)
            listed = changes(
                institution_id=self.institution_id, subject=self.subjects[tap], limit=200, clock=self.clock
            )
            assert {one.id: one.state.value for one in listed.changes} == {one.id: self.now_is(one) for one in mine}


def test_deciding_follows_its_model(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    let_taps_be(monkeypatch)
    monkeypatch.setattr(Deciding, "institution_id", an_institution().id, raising=False)
    run_state_machine_as_test(
        Deciding,
        settings=settings(
            settings.default, suppress_health_check=list(HealthCheck), max_examples=20, stateful_step_count=40
        ),
    )


def test_an_author_is_what_the_model_thinks(database: Any) -> None:
    author: Author = an_author(bank := an_institution().id, PROPOSE)
    assert author.may(PROPOSE, bank)
    assert not author.may(CONFIRM, bank)
