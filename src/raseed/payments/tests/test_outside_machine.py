"""A machine that pays, answers, hangs, loses, dies, refers and decides at random, against a model that fits on a page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from raseed.banking import api as banking
from raseed.banking.api import InternalRole
from raseed.banking.tests.town import build_town
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.payments.api import Payment, PaymentState
from raseed.payments.domain import LEGAL_STEPS
from raseed.payments.outside.claiming import claim_due
from raseed.people import api as people
from raseed_testing import Database

from .outside import Biller, Route, World, registered

LANES = ("biller:a", "biller:b")
MOODS = ("yes", "no", "pending", "broken", "lose", "rubbish")
MONEY = 30_000
amounts = st.sampled_from((1, 999, 10_000, 20_000))


@dataclass
class Model:
    """What the model knows of a payment."""

    payment: Payment
    lane: str


class OutsideMachine(RuleBasedStateMachine):
    """The system under test: its laws are looked at after every step."""

    new_database: Callable[[], AbstractContextManager[Database]]
    sent = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        database = self.stack.enter_context(type(self).new_database())
        self.biller = Biller()
        self.stack.enter_context(registered(Route(self.biller)))
        self.world = World(build_town(), self.biller, database, money=MONEY)
        self.model: dict[UUID, Model] = {}
        self.ended: dict[UUID, PaymentState] = {}

    def teardown(self) -> None:
        self.stack.close()

    @rule(target=sent, lane=st.sampled_from(LANES), amount=amounts)
    def pay(self, lane: str, amount: int) -> Payment:
        payment = self.world.pay(lane, amount)
        self.model[payment.id] = Model(payment, lane)
        return payment

    @rule(payment=sent)
    def pay_again(self, payment: Payment) -> None:
        one = self.world.instruction(payment.id, payment.amount.amount_minor)
        (answer,) = payments.send_many([one], clock=self.world.town.clock)
        assert answer == self.world.now(payment)

    @rule(lane=st.sampled_from(LANES), mood=st.sampled_from(MOODS), status=st.booleans())
    def behave(self, lane: str, mood: str, status: bool) -> None:  # noqa: FBT001
        self.biller.moods[lane] = mood
        self.biller.status_works = status

    @rule()
    def carry(self) -> None:
        payments.carry_due(clock=self.world.town.clock)

    @rule(most=st.integers(1, 3))
    def a_courier_takes_some_and_dies(self, most: int) -> None:
        claim_due(most=most, busy={}, clock=self.world.town.clock)

    @rule(minutes=st.sampled_from((1, 20, 60, 24 * 60)))
    def time_goes_by(self, minutes: int) -> None:
        self.world.town.clock.advance(timedelta(minutes=minutes))

    @rule(lane=st.sampled_from(LANES), closes=st.booleans())
    def close_or_open(self, lane: str, closes: bool) -> None:  # noqa: FBT001
        act = payments.close_lane if closes else payments.open_lane
        try:
            act(lane, by=people.SYSTEM, reason="the machine", clock=self.world.town.clock)
        except payments.LaneUnknown:
            held = [each for each in self.model.values() if self.world.state(each.payment) is not PaymentState.REFUSED]
            assert all(each.lane != lane for each in held)

    @rule(payment=sent)
    def withdraw(self, payment: Payment) -> None:
        before = self.world.state(payment)
        try:
            payments.withdraw_payment(
                payment_id=payment.id, actor_customer_id=self.world.payer.owner_id, clock=self.world.town.clock
            )
        except payments.OnItsWay:
            assert before is not PaymentState.HELD
        else:
            assert before in (PaymentState.HELD, PaymentState.RETURNED)

    @rule(payment=sent, settles=st.booleans())
    def two_persons_decide(self, payment: Payment, settles: bool) -> None:  # noqa: FBT001
        before, town = self.world.state(payment), self.world.town
        outcome = PaymentState.SETTLED if settles else PaymentState.RETURNED
        try:
            change = payments.propose_outcome(
                id=new_id(), payment_id=payment.id, outcome=outcome, reason="found out",
                by=town.staff("payments.outcome.propose"), clock=town.clock,
            )  # fmt: skip
        except payments.OutcomeNotOpen:
            assert before not in (PaymentState.UNKNOWN, PaymentState.REFERRED)
        else:
            people.confirm_change(change.id, by=town.staff("payments.outcome.confirm"), clock=town.clock)
            assert self.world.state(payment) is outcome

    @invariant()
    def money_is_conserved_and_what_is_held_is_what_is_open(self) -> None:
        now = [self.world.now(each.payment) for each in self.model.values()]
        open_minor = sum(each.amount.amount_minor for each in now if each.is_open)
        settled_minor = sum(each.amount.amount_minor for each in now if each.state is PaymentState.SETTLED)
        assert (self.world.held(), self.world.held_for_collection()) == (open_minor, open_minor)
        assert self.world.balances() == (MONEY - settled_minor, settled_minor)
        till = banking.internal_account(self.world.town.bank, InternalRole.CASH).id
        ids = [till, self.world.payer.id, self.world.collects.id]
        sums = [each.balances for each in ledger.look_up_accounts(ids).values()]
        assert sum(each.debits_posted - each.credits_posted for each in sums) == 0
        assert sum(each.debits_pending - each.credits_pending for each in sums) == 0

    @invariant()
    def timelines_are_legal_and_an_end_is_the_end(self) -> None:
        for each in self.model.values():
            now = self.world.now(each.payment)
            steps = [None, *(step.state for step in now.timeline)]
            assert all(after in LEGAL_STEPS[before] for before, after in pairwise(steps))
            assert self.ended.get(now.id, now.state) is now.state
            if not now.is_open:
                self.ended[now.id] = now.state
            order = {"settled": "paid", "returned": "let_go", "refused": "open"}
            assert self.world.order_state(now) == order.get(now.state.value, "reserved")

    @invariant()
    def the_other_side_hears_each_id_and_is_never_asked_blindly_twice(self) -> None:
        assert self.biller.ids_heard() <= {id_.hex for id_ in self.model}
        for id_ in self.model:
            asked = self.biller.asked(id_)
            assert all(asked[place - 1] == "status" for place, what in enumerate(asked) if what == "pay" and place)

    @invariant()
    def what_staff_see_is_what_is_open(self) -> None:
        page = payments.payments_open(self.world.town.bank, by=people.SYSTEM)
        seen = {each.payment.id for each in page.payments}
        still_open = {id_ for id_, each in self.model.items() if self.world.now(each.payment).is_open}
        assert seen == still_open or page.next is not None


def test_whatever_happens_outside_the_money_is_once(
    new_database: Callable[[], AbstractContextManager[Database]],
) -> None:
    machine = type("Machine", (OutsideMachine,), {"new_database": staticmethod(new_database)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            parent=settings.default,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
            max_examples=max(settings().max_examples // 2, 1),
        ),
    )
