"""A machine that blocks, wakes, closes, pays and waits at random, against a model that fits on a page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from raseed.banking import api as banking
from raseed.banking.api import AccountState, Alias, AliasKind, BankAccount, BlockReason, ProductKind
from raseed.banking.workdays import months_later
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.people import api as people

from .town import booked, build_town, by_owner

OPEN, BLOCKED, DORMANT, CLOSED = (
    AccountState.OPEN, AccountState.BLOCKED, AccountState.DORMANT, AccountState.CLOSED,
)  # fmt: skip
MONTHS = 2


@dataclass
class ModelAccount:
    """What the model knows of an account."""

    balance: int
    last_use: date
    state: AccountState = OPEN


class StatesMachine(RuleBasedStateMachine):
    """The system under test beside its model."""

    new_database: Callable[[], AbstractContextManager[object]]
    accounts = Bundle("accounts")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(type(self).new_database())
        self.town = build_town()
        banking.set_dormancy(
            product_id=self.town.product(ProductKind.CURRENT).id, months=MONTHS, valid_from=date(2026, 3, 1),
            by=people.SYSTEM, reason="test", clock=self.town.clock,
        )  # fmt: skip
        self.owner = self.town.person("منى", "+201001234567")
        self.model: dict[UUID, ModelAccount] = {}

    def teardown(self) -> None:
        self.stack.close()

    @initialize(target=accounts)
    def begin(self) -> object:
        return multiple(*(self.opened(money) for money in (0, 5_000, 5_000)))

    def opened(self, money: int) -> BankAccount:
        account = self.town.current(self.owner, money=money)
        self.model[account.id] = ModelAccount(money, self.today)
        return account

    @property
    def today(self) -> date:
        return banking.business_date(self.town.bank, self.town.clock.now())

    @rule(account=accounts, owner=st.booleans())
    def block(self, account: BankAccount, *, owner: bool) -> None:
        self.change(
            account, banking.block_account, {OPEN, DORMANT}, BLOCKED, owner=owner, code=BlockReason.LOST_OR_STOLEN
        )

    @rule(account=accounts)
    def unblock(self, account: BankAccount) -> None:
        self.change(account, banking.unblock_account, {BLOCKED}, OPEN)

    @rule(account=accounts, owner=st.booleans())
    def wake(self, account: BankAccount, *, owner: bool) -> None:
        if self.change(account, banking.reactivate_account, {DORMANT}, OPEN, owner=owner):
            self.model[account.id].last_use = self.today

    @rule(account=accounts)
    def reopen(self, account: BankAccount) -> None:
        if self.change(account, banking.reopen_account, {CLOSED}, OPEN):
            self.model[account.id].last_use = self.today

    @rule(account=accounts, other=st.one_of(st.none(), accounts))
    def close(self, account: BankAccount, other: BankAccount | None) -> None:
        model, to = self.model[account.id], self.model[other.id] if other else None
        asked: dict[str, Any] = {"pay_out_to": other.id} if other else {}
        if to is model:
            self.refused(account, banking.close_account, banking.PayOutImpossible, **asked)
            return
        if model.state in (OPEN, DORMANT) and to is not None and to.state in (BLOCKED, CLOSED):
            self.refused(account, banking.close_account, banking.PayOutImpossible, **asked)
            return
        if model.state in (OPEN, DORMANT) and model.balance and to is None:
            self.refused(account, banking.close_account, banking.AccountNotEmpty, **asked)
            return
        if self.change(account, banking.close_account, {OPEN, DORMANT}, CLOSED, **asked) and to is not None:
            to.balance, model.balance = to.balance + model.balance, 0

    @rule(payer=accounts, payee=accounts, amount=st.sampled_from((1, 2_000, 5_000)))
    def pay(self, payer: BankAccount, payee: BankAccount, amount: int) -> None:
        answer = payments.send(
            id=new_id(), actor_customer_id=self.owner.id, from_account_id=payer.id,
            to=Alias(AliasKind.NUMBER, payee.alias(AliasKind.NUMBER) or ""), amount=Money(amount, currency("EGP")),
            clock=self.town.clock,
        )  # fmt: skip
        source, target = self.model[payer.id], self.model[payee.id]
        assert answer.timeline[-1].reason_code == self.expected(source, target, amount)
        if answer.state is payments.PaymentState.SETTLED:
            source.balance -= amount
            target.balance += amount
            source.last_use = self.today

    @staticmethod
    def expected(source: ModelAccount, target: ModelAccount, amount: int) -> str | None:
        if source.state is not OPEN:
            return f"account_{source.state.value}"
        if source is target:
            return "self_transfer"
        if target.state in (BLOCKED, CLOSED):
            return f"recipient_{target.state.value}"
        return "not_enough_money" if amount > source.balance else None

    @rule(days=st.sampled_from((1, 20, 40)))
    def wait(self, days: int) -> None:
        self.town.clock.advance(timedelta(days=days))

    @rule()
    def look_for_the_unused(self) -> None:
        made = banking.make_dormant(clock=self.town.clock)
        cut_off = months_later(self.today, -MONTHS)
        unused = [each for each in self.model.values() if each.state is OPEN and each.last_use <= cut_off]
        assert made == len(unused)
        for each in unused:
            each.state = DORMANT

    @invariant()
    def states_and_balances_are_what_the_model_says(self) -> None:
        there = banking.accounts(self.model)
        for id_, model in self.model.items():
            assert there[id_].state is model.state
            assert booked(there[id_]) == model.balance
            assert model.state is not CLOSED or model.balance == 0
            assert (there[id_].block_reason is not None) == (model.state is BLOCKED)

    def change(
        self, account: BankAccount, verb: Callable[..., BankAccount], legal: set[AccountState], to: AccountState,
        *, owner: bool = False, **asked: Any,
    ) -> bool:  # fmt: skip
        """Do it, and return whether that changed anything; what is not legal must be refused."""
        model = self.model[account.id]
        by = by_owner(self.owner) if owner else people.SYSTEM
        try:
            changed = verb(account_id=account.id, by=by, reason="test", clock=self.town.clock, **asked)
        except banking.IllegalStateChange:
            assert model.state not in legal | {to}
            return False
        assert model.state in legal | {to}
        assert changed.state is to
        was, model.state = model.state, to
        return was is not to

    def refused(
        self, account: BankAccount, verb: Callable[..., BankAccount], error: type[Exception], **asked: Any
    ) -> None:
        try:
            verb(account_id=account.id, by=people.SYSTEM, reason="test", clock=self.town.clock, **asked)
        except error:
            return
        raise AssertionError(f"not refused with {error.__name__}")


def test_states_behave_like_the_model(new_database: Callable[[], AbstractContextManager[object]]) -> None:
    machine = type("Machine", (StatesMachine,), {"new_database": staticmethod(new_database)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            stateful_step_count=40, suppress_health_check=list(HealthCheck), parent=settings.default,
            max_examples=max(settings().max_examples // 2, 1),
        ),
    )  # fmt: skip
