"""A machine that pays, repeats, blocks and closes at random, against a model that fits on a page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from raseed.banking import api as banking
from raseed.banking.api import AccountState, Alias, AliasKind, BankAccount
from raseed.banking.tests.town import LIMITS, build_town, pay_in
from raseed.display import api as display
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.payments.api import Instruction, Payment, PaymentState
from raseed.people import api as people

from .filing import Blk, File, Pay, send_file

EGP = currency("EGP")
ACCOUNTS_MAX = 5
NOBODY = "+201009999999"
# Near the limits of the town (100,000 a transfer, 250,000 a day) and in steps that add up to them.
amounts = st.sampled_from((1, 25_000, 49_999, 50_000, 75_000, 100_000, 100_001))


CHANGES: dict[str, tuple[Callable[..., BankAccount], AccountState, AccountState]] = {
    "block": (banking.block_account, AccountState.OPEN, AccountState.BLOCKED),
    "unblock": (banking.unblock_account, AccountState.BLOCKED, AccountState.OPEN),
    "close": (banking.close_account, AccountState.OPEN, AccountState.CLOSED),
    "reopen": (banking.reopen_account, AccountState.CLOSED, AccountState.OPEN),
}


@dataclass
class ModelAccount:
    """What the model knows of an account."""

    balance: int = 0
    state: AccountState = AccountState.OPEN
    used: dict[date, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """An instruction and the first answer to it."""

    instruction: Instruction
    answer: Payment


class PaymentsMachine(RuleBasedStateMachine):
    """The system under test beside its model."""

    new_database: Callable[[], AbstractContextManager[object]]
    accounts = Bundle("accounts")
    sent = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(type(self).new_database())
        self.town = build_town()
        self.model: dict[UUID, ModelAccount] = {}
        self.till = 0
        self.files = 0

    def teardown(self) -> None:
        self.stack.close()

    @initialize(target=accounts)
    def begin(self) -> object:
        return multiple(self.open_with(1_000_000), self.open_with(150_000), self.open_with(1_000_000))

    @precondition(lambda self: len(self.model) < ACCOUNTS_MAX)
    @rule(target=accounts, money=st.sampled_from((0, 150_000, 1_000_000)))
    def open(self, money: int) -> BankAccount:
        return self.open_with(money)

    def open_with(self, money: int) -> BankAccount:
        place = len(self.model)
        wallet = self.town.wallet(self.town.person("س", f"+2010{place:08d}"), money=money)
        self.model[wallet.id] = ModelAccount(money)
        self.till += money
        return wallet

    @rule(target=sent, payer=accounts, payee=accounts, amount=amounts)
    def pay(self, payer: BankAccount, payee: BankAccount, amount: int) -> Sent:
        instruction = self.instruction(payer, payee.alias(AliasKind.PHONE) or "", amount)
        expected = self.expected(payer, payee, amount)
        return self.carry_out(instruction, expected)

    @rule(target=sent, payer=accounts, amount=amounts)
    def pay_nobody(self, payer: BankAccount, amount: int) -> Sent:
        return self.carry_out(self.instruction(payer, NOBODY, amount), "recipient_unknown")

    @rule(target=sent, ends=st.lists(st.tuples(accounts, accounts, amounts), min_size=2, max_size=8))
    def pay_many(self, ends: list[tuple[BankAccount, BankAccount, int]]) -> object:
        batch = [self.instruction(payer, payee.alias(AliasKind.PHONE) or "", amount) for payer, payee, amount in ends]
        answers = payments.send_many(batch, clock=self.town.clock)
        # The books decide what they refuse in one go with everything before it, and so does the model: a refusal for
        # want of money takes nothing from the day's limit.
        for (payer, payee, amount), answer in zip(ends, answers, strict=True):
            assert answer.timeline[-1].reason_code == self.expected(payer, payee, amount)
        return multiple(*(Sent(*pair) for pair in zip(batch, answers, strict=True)))

    @rule(payer=accounts, ends=st.lists(st.tuples(accounts, amounts), min_size=1, max_size=5), again=st.booleans())
    def order_by_file(self, payer: BankAccount, ends: list[tuple[BankAccount, int]], again: bool) -> None:  # noqa: FBT001
        self.files += 1
        pays = [Pay(payee.alias(AliasKind.PHONE) or "", f"{amount / 100:.2f}") for payee, amount in ends]
        today = banking.business_date(payer.institution_id, self.town.clock.now())
        block = Blk(payer.alias(AliasKind.PHONE) or "", pays, on=f"<Dt>{today}</Dt>")
        file = File([block], message_id=f"M{self.files}")
        order = send_file(file, payer.owner_id, self.town.clock)
        state = self.model[payer.id].state
        if state is not AccountState.OPEN:
            (problem,) = payments.order_errors(order.id)
            assert problem.error.code == f"account_{state.value}"
            return
        expected = [self.expected(payer, payee, amount) for payee, amount in ends]
        for _ in range(2 if again else 1):
            payments.confirm_order(order_id=order.id, actor_customer_id=payer.owner_id, clock=self.town.clock)
            assert not payments.execute_order(order.id, clock=self.town.clock)
            assert send_file(file, payer.owner_id, self.town.clock).id == order.id
        ended = payments.order(order.id)
        assert (ended.settled, ended.refused) == (expected.count(None), len(expected) - expected.count(None))
        newest_first = payments.payments_of(payer.owner_id, limit=len(ends)).payments
        assert [payment.timeline[-1].reason_code for payment in newest_first] == expected[::-1]

    @rule(before=sent)
    def repeat(self, before: Sent) -> None:
        assert self.send(before.instruction) == before.answer

    @rule(before=sent, more=st.integers(1, 5))
    def repeat_with_other_content(self, before: Sent, more: int) -> None:
        asked = before.instruction
        other = Money(asked.amount.amount_minor + more, EGP)
        try:
            payments.send(
                id=asked.id, actor_customer_id=asked.actor_customer_id, from_account_id=asked.from_account_id,
                to=asked.to, amount=other, clock=self.town.clock,
            )  # fmt: skip
        except payments.PaymentIdTaken:
            return
        raise AssertionError("an id was taken twice")

    @rule(account=accounts, verb=st.sampled_from(("block", "close", "unblock", "unblock", "reopen", "reopen")))
    def change_state(self, account: BankAccount, verb: str) -> None:
        if verb == "close" and self.model[account.id].state is AccountState.OPEN and self.model[account.id].balance:
            try:
                banking.close_account(account_id=account.id, by=people.SYSTEM, reason="test", clock=self.town.clock)
            except banking.AccountNotEmpty:
                return
            raise AssertionError("closed with money in it")
        self.change(account, *CHANGES[verb])

    @rule(hours=st.sampled_from((1, 5, 24)))
    def wait(self, hours: int) -> None:
        self.town.clock.advance(timedelta(hours=hours))

    @rule(account=accounts, money=st.integers(1, 50_000))
    def deposit(self, account: BankAccount, money: int) -> None:
        if self.model[account.id].state is not AccountState.CLOSED:
            pay_in(account, money)
            self.model[account.id].balance += money
            self.till += money

    @invariant()
    def what_is_shown_is_what_the_model_says(self) -> None:
        shown = display.shown_balances(self.model)
        assert {id_: balance.booked.amount_minor for id_, balance in shown.items()} == {
            id_: account.balance for id_, account in self.model.items()
        }
        assert sum(account.balance for account in self.model.values()) == self.till

    @invariant()
    def states_are_what_the_model_says(self) -> None:
        there = banking.accounts(self.model)
        assert {id_: account.state for id_, account in there.items()} == {
            id_: account.state for id_, account in self.model.items()
        }

    def instruction(self, payer: BankAccount, phone: str, amount: int) -> Instruction:
        return Instruction(new_id(), payer.owner_id, payer.id, Alias(AliasKind.PHONE, phone), Money(amount, EGP))

    def send(self, asked: Instruction) -> Payment:
        return payments.send(
            id=asked.id, actor_customer_id=asked.actor_customer_id, from_account_id=asked.from_account_id,
            to=asked.to, amount=asked.amount, note=asked.note, clock=self.town.clock,
        )  # fmt: skip

    def carry_out(self, instruction: Instruction, expected: str | None) -> Sent:
        answer = self.send(instruction)
        assert answer.timeline[-1].reason_code == expected
        assert answer.state is (PaymentState.REFUSED if expected else PaymentState.SETTLED)
        assert payments.payment(answer.id, answer.actor_customer_id) == answer
        return Sent(instruction, answer)

    def expected(self, payer: BankAccount, payee: BankAccount, amount: int) -> str | None:
        """Move the money in the model, or say why not."""
        source, target = self.model[payer.id], self.model[payee.id]
        day = banking.business_date(payer.institution_id, self.town.clock.now())
        refusal = self.by_state(source, target, same=payer.id == payee.id) or self.by_limit(source, day, amount)
        if refusal is None and amount > source.balance:
            refusal = "not_enough_money"
        if refusal is None:
            source.balance -= amount
            target.balance += amount
            source.used[day] = source.used.get(day, 0) + amount
        return refusal

    @staticmethod
    def by_state(source: ModelAccount, target: ModelAccount, *, same: bool) -> str | None:
        if source.state is not AccountState.OPEN:
            return f"account_{source.state.value}"
        if same:
            return "self_transfer"
        return None if target.state is AccountState.OPEN else f"recipient_{target.state.value}"

    @staticmethod
    def by_limit(source: ModelAccount, day: date, amount: int) -> str | None:
        assert LIMITS.per_transfer_minor is not None
        assert LIMITS.per_day_minor is not None
        if amount > LIMITS.per_transfer_minor:
            return "limit_per_transfer"
        return "limit_per_day" if source.used.get(day, 0) + amount > LIMITS.per_day_minor else None

    def change(
        self, account: BankAccount, verb: Callable[..., BankAccount], legal: AccountState, to: AccountState
    ) -> None:
        model = self.model[account.id]
        try:
            changed = verb(account_id=account.id, by=people.SYSTEM, reason="test", clock=self.town.clock)
        except banking.IllegalStateChange:
            assert model.state not in (legal, to)
        else:
            assert model.state in (legal, to)
            assert changed.state is to
            model.state = to


def test_payments_behave_like_the_model(new_database: Callable[[], AbstractContextManager[object]]) -> None:
    machine = type("Machine", (PaymentsMachine,), {"new_database": staticmethod(new_database)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            stateful_step_count=40, suppress_health_check=list(HealthCheck), parent=settings.default,
            max_examples=max(settings().max_examples // 2, 1),
        ),
    )  # fmt: skip
