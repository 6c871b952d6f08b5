"""Whatever people do with their codes, in whatever order and pace, signing in follows a model of a few lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError
from raseed.people.api import Customer, confirm_code, request_code
from raseed.people.domain import Limit
from raseed.people.sign_in import by_code
from raseed.people.sign_in.codes import CODE_LIFE, LOCKS, LOCKS_FORGOTTEN_AFTER, TRIES_MAX

from .world import a_customer, an_institution, latest_code

PLENTY = Limit(10_000, timedelta(days=1))


@dataclass
class Model:
    """What should be true of one phone number."""

    code: str | None = None
    dies_at: datetime | None = None
    tries_left: int = 0
    locks: int = 0
    locked_at: datetime | None = None
    locked_until: datetime | None = None


class SigningIn(RuleBasedStateMachine):
    """One customer, one clock, and every verb in any order."""

    people = 0
    institution_id: UUID

    @initialize()
    def begin(self) -> None:
        type(self).people += 1
        self.clock = ManualClock(SYSTEM_CLOCK.now())
        self.phone = f"+2010{type(self).people:08}"
        self.customer = a_customer(self.institution_id, phone=self.phone)
        self.model = Model()
        self.used: list[str] = []

    @property
    def locked(self) -> bool:
        return self.model.locked_until is not None and self.clock.now() < self.model.locked_until

    @rule()
    def request(self) -> None:
        if self.locked:
            assert self.outcome(lambda: request_code(phone=self.phone, clock=self.clock)) == "too_many_tries"
            return
        self.clock.advance(timedelta(milliseconds=1))
        request_code(phone=self.phone, clock=self.clock)
        if self.model.code is not None:
            self.used.append(self.model.code)
        self.model.code, self.model.tries_left = latest_code(self.phone), TRIES_MAX
        self.model.dies_at = self.clock.now() + CODE_LIFE

    @rule(seconds=st.sampled_from([1, 59, 61, 299, 301, 3599, 3601, 86_401]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @precondition(lambda self: self.model.code is not None)
    @rule()
    def enter_the_right_code(self) -> None:
        code = self.model.code
        assert code is not None
        assert self.confirm(code) == self.expected(right=True)

    @rule(code=st.sampled_from(["", "x", "12345", "1234567"]))
    def enter_no_code(self, code: str) -> None:
        assert self.confirm(code) == self.expected(right=False)

    @precondition(lambda self: self.used)
    @rule(data=st.data())
    def enter_an_earlier_code(self, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from(self.used))
        if code != self.model.code:
            assert self.confirm(code) == self.expected(right=False)

    def confirm(self, code: str) -> str:
        return self.outcome(lambda: confirm_code(phone=self.phone, code=code, clock=self.clock))

    def outcome(self, verb: Any) -> str:
        try:
            result = verb()
        except RaseedError as error:
            return error.code
        assert isinstance(result, Customer)
        assert result == self.customer
        return "in"

    def expected(self, *, right: bool) -> str:
        model, now = self.model, self.clock.now()
        if self.locked:
            return "too_many_tries"
        if model.code is None or model.dies_at is None or now >= model.dies_at:
            return "code_expired"
        if right:
            self.used.append(model.code)
            self.model = Model()
            return "in"
        model.tries_left -= 1
        if model.tries_left:
            return "wrong_code"
        if model.locked_at is not None and now - model.locked_at > LOCKS_FORGOTTEN_AFTER:
            model.locks = 0
        self.used.append(model.code)
        model.code, model.locked_at = None, now
        model.locked_until = now + LOCKS[min(model.locks, len(LOCKS) - 1)]
        model.locks += 1
        return "too_many_tries"


def test_signing_in_follows_its_model(database: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(SigningIn, "institution_id", an_institution().id, raising=False)
    for name in ("PER_PHONE_SHORT", "PER_PHONE_DAY"):
        monkeypatch.setattr(by_code, name, PLENTY)
    run_state_machine_as_test(
        SigningIn,
        settings=settings(
            settings.default, suppress_health_check=list(HealthCheck), max_examples=15, stateful_step_count=30
        ),
    )
