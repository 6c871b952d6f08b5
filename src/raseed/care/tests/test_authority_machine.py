"""Whatever is asked, decided and left to run out, in whatever order and pace, it follows a model of a few lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from raseed.banking.api import BankAccount
from raseed.care.api import authority
from raseed.care.authority.api import Request
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.people import api as people

from .mending import HOUR, Mending, bounds

ACT, DAY, CUSTOMER, WINDOW = 100, 250, 220, 5
"""Of everybody, by the role; the chain is the two supervisors, then nobody. The window is shorter than a circle's memory."""


@dataclass
class Grant:
    """That somebody's authority was used."""

    staff: int
    customer: int
    minor: int
    at: datetime


@dataclass
class Waiting:
    """A request that waits, as it should be."""

    id: UUID
    asker: int
    customer: int
    minor: int
    before: int
    due_at: datetime
    state: str = "awaiting"


@dataclass
class Model:
    """The rules, said again in the plainest way: lists, and sums over them."""

    grants: list[Grant] = field(default_factory=list)
    approvals: list[tuple[int, int, datetime]] = field(default_factory=list)
    bound: dict[int, int] = field(default_factory=dict)

    def beyond(self, staff: int, customer: int, minor: int, now: datetime) -> str | None:
        theirs = [each for each in self.grants if each.customer == customer]
        lately = sum(each.minor for each in theirs if each.at > now - timedelta(hours=72))
        today = sum(each.minor for each in self.grants if each.staff == staff and day_of(each.at) == day_of(now))
        window = sum(each.minor for each in theirs if each.at > now - timedelta(days=WINDOW))
        if minor > self.bound[staff]:
            return "per_act"
        if lately + minor > self.bound[staff]:
            return "split"
        if today + minor > DAY:
            return "per_day"
        return "per_customer" if window + minor > CUSTOMER else None

    def circle(self, asker: int, approver: int, now: datetime) -> bool:
        return any(
            (one, other) == (asker, approver) and at > now - timedelta(days=30) for one, other, at in self.approvals
        )


def day_of(at: datetime) -> object:
    """Return the bank's day: Cairo is two hours ahead in these months."""
    return (at + timedelta(hours=2)).date()


class Deciding(RuleBasedStateMachine):
    """Two agents (up to 100 an act), two supervisors (up to 200), three customers, one clock, and every verb in any order."""

    requests = Bundle("requests")
    mending: Mending
    staff: tuple[UUID, ...]
    accounts: tuple[BankAccount, ...]
    model: Model
    held: dict[int, int]

    @initialize()
    def begin(self) -> None:
        self.clock = self.mending.street.town.clock
        self.clock.advance(timedelta(days=31))  # what earlier examples did no longer counts
        authority.climb(clock=self.clock)
        self.clock.advance(timedelta(hours=3))
        authority.climb(clock=self.clock)
        self.model.grants.clear()
        self.model.approvals.clear()
        self.open: list[Waiting] = []

    @rule(
        target=requests,
        who=st.integers(0, 3),
        customer=st.integers(0, 2),
        minor=st.sampled_from([1, 60, 100, 150, 201]),
    )
    def ask(self, who: int, customer: int, minor: int) -> Waiting | None:
        now, id_ = self.clock.now(), new_id()
        over = self.model.beyond(who, customer, minor, now)
        able = [
            each for each in (2, 3)
            if each != who and minor <= self.model.bound[each] and not self.model.circle(who, each, now)
        ]  # fmt: skip
        answer = self.outcome(lambda: self.mending.credit(self.staff[who], self.accounts[customer], minor, id_=id_))
        if over is None:
            assert answer == "done"
            self.give(who, customer, minor, now)
            return None
        if not able:
            assert answer == "authority_nobody_may_approve"
            return None
        assert answer == "awaiting"
        assert self.last is not None
        assert self.last.split is (over == "split")
        before = self.staff.index(self.last.assigned_to)
        assert before == able[0], "the first step that somebody is able at"
        made = Waiting(id_, who, customer, minor, before, now + timedelta(seconds=HOUR))
        self.open.append(made)
        return made

    @rule(one=requests, who=st.integers(0, 3))
    def approve(self, one: Waiting | None, who: int) -> None:
        if one is None:
            return
        now = self.clock.now()
        expected = self.refused(one, who)
        if expected is None and self.model.circle(one.asker, who, now):
            expected = "authority_circle"
        if expected is None and self.model.beyond(who, one.customer, one.minor, now):
            expected = "authority_beyond_approver"
        answer = self.outcome(lambda: authority.approve(one.id, by=self.author(who), clock=self.clock))
        assert answer == (expected or "done")
        if expected is None:
            one.state = "done"
            self.model.approvals.append((who, one.asker, now))
            self.give(who, one.customer, one.minor, now)

    @rule(one=requests, who=st.integers(0, 3))
    def decline(self, one: Waiting | None, who: int) -> None:
        if one is None:
            return
        expected = self.refused(one, who)
        answer = self.outcome(
            lambda: authority.decline(one.id, by=self.author(who), note="not our fault", clock=self.clock)
        )
        assert answer == (expected or "refused")
        if expected is None:
            one.state = "refused"

    @rule(seconds=st.sampled_from([0, 60, HOUR, 20 * HOUR, 73 * HOUR]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        now, moved = self.clock.now(), 0
        for one in self.open:
            if one.state == "awaiting" and one.due_at <= now:
                moved += 1
                up = one.before == 2 and one.asker != 3 and one.minor <= self.model.bound[3]
                if up and not self.model.circle(one.asker, 3, now):
                    one.before, one.due_at = 3, now + timedelta(seconds=HOUR)
                else:
                    one.state = "expired"
        assert authority.climb(clock=self.clock) == moved

    @invariant()
    def nobody_is_above_a_limit_and_the_money_is_there(self) -> None:
        for customer, account in enumerate(self.accounts):
            assert self.mending.held(account) == self.held[customer]
        for one in self.open:
            assert authority.request(one.id, by=self.author(0)).state.value == one.state

    def refused(self, one: Waiting, who: int) -> str | None:
        """Say what stands in the way of who would decide, before any limit."""
        if who < 2:
            return "not_permitted"
        if one.state != "awaiting":
            return "authority_not_awaiting"
        if who == one.asker:
            return "authority_own_request"
        return "authority_not_yours" if who < one.before else None

    def author(self, who: int) -> people.Author:
        return self.mending.author(self.staff[who])

    def give(self, staff: int, customer: int, minor: int, now: datetime) -> None:
        self.model.grants.append(Grant(staff, customer, minor, now))
        self.held[customer] += minor

    last: Request | None = None

    def outcome(self, act: Any) -> str:
        try:
            self.last = act()
        except RaseedError as refusal:
            return refusal.code
        assert self.last is not None
        return self.last.state.value


def test_authority_follows_its_model(mending: Mending) -> None:
    from raseed.care.authority.api import ChainStep, HolderKind  # noqa: PLC0415

    staff = (mending.staff(), mending.staff(), mending.staff("supervisor"), mending.staff("supervisor"))
    for who, act in enumerate((ACT, ACT, 2 * ACT, 2 * ACT)):
        mending.limit(staff[who], bounds(act, day=DAY, customer=CUSTOMER, window_days=WINDOW))
    mending.chain_of([ChainStep(HolderKind.STAFF, staff[2], HOUR), ChainStep(HolderKind.STAFF, staff[3], HOUR)])
    Deciding.mending, Deciding.staff = mending, staff
    Deciding.accounts = tuple(mending.street.person(money=0)[1] for _ in range(3))
    Deciding.model = Model(bound=dict(enumerate((ACT, ACT, 2 * ACT, 2 * ACT))))
    Deciding.held = dict.fromkeys(range(3), 0)
    run_state_machine_as_test(
        Deciding,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("hour", [0, 21, 22, 23])
def test_the_model_s_day_is_the_bank_s(hour: int) -> None:
    from raseed.banking.tests.town import NOON  # noqa: PLC0415

    at = NOON.replace(hour=hour)
    assert (day_of(at) != day_of(NOON)) is (hour >= 22)
