"""What a courier does not get to: held and overdue, unknown and overdue, slept over; and who may decide meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from raseed.banking.api import BooksBusy
from raseed.banking.tests.town import build_town
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.payments import api as payments
from raseed.payments.api import Courier, No, Payment, PaymentState
from raseed.payments.outside import claiming
from raseed.payments.outside.claiming import claim_due
from raseed.payments.outside.domain import LEASE_MARGIN, Claim
from raseed.people import api as people
from raseed_testing import Database

from .outside import Biller, Route, World, registered

A = "biller:a"
PROPOSE = "payments.outcome.propose"
CONFIRM = "payments.outcome.confirm"


@pytest.fixture
def route() -> Route:
    return Route(Biller())


@pytest.fixture
def world(database: Database, route: Route) -> Iterator[World]:
    assert route.biller is not None
    with registered(route):
        yield World(build_town(), route.biller, database)


def carry(world: World) -> int:
    return payments.carry_due(clock=world.town.clock)


def test_one_payment_that_can_not_be_given_back_ends_no_courier_and_keeps_no_other_from_it(
    world: World, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, well = world.pay(), world.pay()
    original = route.give_back

    def refusing(returned: Sequence[tuple[Payment, No]]) -> None:
        if any(payment.id == stuck.id for payment, _ in returned):
            raise LookupError("its order is gone")
        original(returned)

    monkeypatch.setattr(route, "give_back", refusing)
    payments.close_lane(A, by=people.SYSTEM, reason="they are bankrupt", clock=world.town.clock)
    other = world.pay("biller:b")
    carry(world)
    assert [world.state(each) for each in (stuck, well, other)] == [
        PaymentState.HELD,
        PaymentState.RETURNED,
        PaymentState.SETTLED,
    ]
    assert world.held() == 1_000


def test_what_an_open_breaker_keeps_from_being_asked_about_is_a_persons_when_its_time_is_over(world: World) -> None:
    world.biller.moods[A] = "broken"
    sent = [world.pay() for _ in range(20)]
    carry(world)
    assert {world.state(each) for each in sent} == {PaymentState.UNKNOWN}
    world.town.clock.advance(timedelta(hours=24))
    carry(world)
    assert {world.state(each) for each in sent} == {PaymentState.UNKNOWN, PaymentState.REFERRED}
    world.town.clock.advance(timedelta(minutes=15))
    carry(world)
    assert {world.state(each) for each in sent} == {PaymentState.REFERRED}
    assert (world.held(), carry(world)) == (20_000, 0)


def test_nobody_decides_while_a_courier_is_asking_for_it_might_send_it_once_more(world: World) -> None:
    world.biller.moods[A] = "broken"
    payment = payments.send_many([world.instruction(world.order(), 1_000)])[0]
    payments.carry_due()
    change = payments.propose_outcome(
        id=new_id(), payment_id=payment.id, outcome=PaymentState.RETURNED, reason="they say so",
        by=world.town.staff(PROPOSE),
    )  # fmt: skip
    confirmer = world.town.staff(CONFIRM)

    class Later:
        def now(self) -> object:
            return SYSTEM_CLOCK.now() + timedelta(seconds=3)

    (claim,) = claim_due(most=9, busy={}, clock=Later())  # type: ignore[arg-type]
    assert not claim.blind
    with pytest.raises(BooksBusy):
        people.confirm_change(change.id, by=confirmer)
    assert (world.state(payment), world.held()) == (PaymentState.UNKNOWN, 1_000)


def test_what_a_courier_has_slept_over_is_not_asked_by_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.biller.moods[A] = "yes"
    payment = world.pay()

    def sleeping(**more: object) -> list[Claim]:
        claims = claim_due(**more)  # type: ignore[arg-type]
        for claim in claims:
            world.town.clock.advance(claim.deadline + LEASE_MARGIN + timedelta(seconds=1))
        return claims

    monkeypatch.setattr("raseed.payments.outside.courier.claim_due", sleeping)
    asyncio.run(Courier(clock=world.town.clock).run_due())
    assert (world.biller.heard, world.state(payment)) == ([], PaymentState.SENT)
    monkeypatch.setattr("raseed.payments.outside.courier.claim_due", claiming.claim_due)
    world.town.clock.advance(timedelta(minutes=1))
    carry(world)
    assert (world.biller.asked(payment.id), world.state(payment)) == (["status", "pay"], PaymentState.SETTLED)
    assert world.balances() == (99_000, 1_000)
