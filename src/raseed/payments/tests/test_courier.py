"""Couriers at work: lanes that leave each other alone, several couriers at once, waking, stopping, and payments gathered."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Self

import pytest
from django.db import connection

from raseed.banking.api import AccountUnknown, Alias, AliasKind
from raseed.banking.tests.town import at_once, booked, build_town
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.payments import gather, routes, services
from raseed.payments.api import Courier, Errand, Instruction, LaneTerms, No, Payment, PaymentState, Yes
from raseed.payments.outside import concluding
from raseed.payments.outside.domain import Asked, Claim, Heard
from raseed.people import api as people
from raseed_testing import Database

from .outside import EGP, Biller, Route, World, registered, served

A = "biller:a"
SECONDS_MAX = 30.0


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    biller = Biller()
    with registered(Route(biller)):
        yield World(build_town(), biller, database, money=1_000_000)


def pay_now(world: World, lane: str = A, amount_minor: int = 100) -> Payment:
    """Pay by the system's clock, which running couriers go by."""
    return payments.send_many([world.instruction(world.order(lane), amount_minor)])[0]


class Running:
    """A courier that runs in a thread until the end of the ``with``."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(SECONDS_MAX)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(SECONDS_MAX)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.run(self._carry())

    async def _carry(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await Courier().run(self._stop)


def until(true: Callable[[], bool], *, seconds: float = SECONDS_MAX) -> float:
    """Wait until something is so; return how many seconds that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not come to be so in time"
        threading.Event().wait(0.01)
    return time.monotonic() - began


def test_a_lane_that_hangs_slows_no_other(world: World) -> None:
    world.biller.moods["biller:sick"] = "hang"
    payments.send_many([world.instruction(world.order("biller:sick"), 100) for _ in range(100)])
    with Running():
        until(lambda: len(world.biller.heard) >= 32)
        well = [pay_now(world, f"biller:{n % 9}") for n in range(45)]
        assert until(lambda: all(world.state(each) is PaymentState.SETTLED for each in well)) < 8
        sick = payments.payments_open(world.town.bank, by=people.SYSTEM, lane="biller:sick").payments
        assert {each.payment.state for each in sick} <= {PaymentState.SENT, PaymentState.HELD, PaymentState.UNKNOWN}
    assert len(sick) == 50  # a page of the hundred: none has ended
    heard = world.biller.ids_heard() - {each.id.hex for each in well}
    assert 32 <= len(heard) < 50, "the sick lane's bound, and a probe or two of its breaker"


def test_a_courier_is_woken_and_concludes_what_is_in_the_air_before_it_stops(world: World) -> None:
    with Running() as running:
        payment = pay_now(world)
        assert until(lambda: world.state(payment) is PaymentState.SETTLED) < 5
        last = [pay_now(world) for _ in range(20)]
        until(lambda: len(world.biller.heard) > 1)
        running.stop()
    ended = [world.state(each) for each in last]
    assert set(ended) <= {PaymentState.SETTLED, PaymentState.HELD}
    assert PaymentState.SENT not in ended


def test_several_couriers_ask_once_each(database: Database) -> None:
    biller = Biller()
    with served(biller) as address, registered(Route(None, address)):
        world = World(build_town(), biller, database, money=1_000_000)
        sent = payments.send_many([world.instruction(world.order(f"biller:{n % 7}"), 100) for n in range(150)])
        with Running(), Running(), Running():
            until(lambda: all(not world.now(each).is_open for each in sent))
    paid = [id_ for what, id_ in biller.heard if what == "pay"]
    assert sorted(paid) == sorted(each.id.hex for each in sent)
    assert world.balances() == (985_000, 15_000)
    assert (world.held(), {world.order_state(each) for each in sent}) == (0, {"paid"})


def test_a_late_yes_counts_and_a_late_unknown_does_not(world: World) -> None:
    """A courier was so slow that another has taken its errand up meanwhile."""
    world.biller.moods[A] = "lose"
    payment = world.pay()
    payments.carry_due(clock=world.town.clock)
    errand = Errand(payment.id, A, payment.amount, 1, world.town.clock.now())
    claim = Claim(errand, Route.code, True, timedelta(seconds=10), 32)
    world.biller.moods[A] = "pending"
    world.biller.taken.clear()
    world.town.clock.advance(timedelta(seconds=2))
    payments.carry_due(clock=world.town.clock)
    (before,) = payments.payments_open(world.town.bank, by=people.SYSTEM).payments

    def late(answer: payments.Answer) -> None:
        concluding.conclude([Heard(claim, Asked.ASK, answer, world.town.clock.now(), 1)], clock=world.town.clock)

    late(payments.Unknown("timed_out"))
    assert payments.payments_open(world.town.bank, by=people.SYSTEM).payments == (before,)
    late(Yes("R-1"))
    assert (world.state(payment), world.balances()) == (PaymentState.SETTLED, (999_000, 1_000))
    late(No("test_no_such_bill"))
    late(Yes("R-1"))
    assert (world.state(payment), world.balances(), world.held()) == (PaymentState.SETTLED, (999_000, 1_000), 0)


def test_answers_that_contradict_each_other_in_one_batch_end_the_payment_once(world: World) -> None:
    payment = world.pay()
    world.biller.moods[A] = "pending"
    payments.carry_due(clock=world.town.clock)
    errand = Errand(payment.id, A, payment.amount, 1, world.town.clock.now())
    claim = Claim(errand, Route.code, True, timedelta(seconds=10), 32)
    now = world.town.clock.now()
    both = [Heard(claim, Asked.ASK, Yes("R-1"), now, 1), Heard(claim, Asked.ASK, No("test_no_such_bill"), now, 1)]
    concluding.conclude(both, clock=world.town.clock)
    assert (world.state(payment), world.balances()) == (PaymentState.SETTLED, (999_000, 1_000))


def test_one_payment_that_can_not_be_concluded_keeps_no_other_from_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [world.pay() for _ in range(9)]
    settle = Route.settle

    def fussy(self: Route, settled: list[tuple[Payment, Yes]]) -> None:
        assert sent[4].id not in {payment.id for payment, _ in settled}
        settle(self, settled)

    monkeypatch.setattr(Route, "settle", fussy)
    payments.carry_due(clock=world.town.clock)
    states = [world.state(each).value for each in sent]
    assert states == ["settled"] * 4 + ["unknown"] + ["settled"] * 4
    monkeypatch.undo()
    world.town.clock.advance(timedelta(seconds=2))
    payments.carry_due(clock=world.town.clock)
    assert world.state(sent[4]) is PaymentState.SETTLED
    assert world.biller.asked(sent[4].id) == ["pay", "status"]


def test_a_lanes_bound_holds_for_one_courier(world: World) -> None:
    world.pay()
    terms = LaneTerms(in_flight_max=2)
    payments.set_lane_terms(A, terms=terms, by=people.SYSTEM, reason="a small biller", clock=world.town.clock)
    at_a_time: list[int] = []
    running = 0

    class Counting(Route):
        async def ask(self, errand: Errand) -> payments.Answer:
            nonlocal running
            running += 1
            at_a_time.append(running)
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.005)
            running -= 1
            return await super().ask(errand)

    with registered(Counting(world.biller)):
        for _ in range(9):
            world.pay()
        payments.carry_due(clock=world.town.clock)
    assert (max(at_a_time), len(at_a_time)) == (2, 10)
    assert world.balances() == (990_000, 10_000)


def test_a_route_that_is_gone_leaves_payments_unknown(world: World) -> None:
    payment = world.pay()
    with registered(Route(world.biller)):
        routes._routes[:] = [each for each in routes._routes if each.code != Route.code]
        payments.carry_due(clock=world.town.clock)
    assert world.state(payment) is PaymentState.UNKNOWN
    world.town.clock.advance(timedelta(seconds=2))
    payments.carry_due(clock=world.town.clock)
    assert world.state(payment) is PaymentState.SETTLED


def test_payments_sent_at_once_are_gathered_and_each_gets_its_own_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    original = services.send_many

    def counting(instructions: list[Instruction], **more: object) -> list[Payment]:
        batches.append(len(instructions))
        return original(instructions, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(gather, "send_many", counting)
    well = [world.instruction(world.order(), 10) for _ in range(40)]
    stranger = Instruction(new_id(), new_id(), world.payer.id, Alias(AliasKind.NUMBER, "1"), Money(5, EGP))
    unknown = Instruction(new_id(), world.payer.owner_id, world.payer.id, Alias(AliasKind.NUMBER, "77"), Money(5, EGP))
    poor = world.instruction(world.order(), 99_999_999)
    wanted = [*well, stranger, unknown, poor, well[0], well[0]]
    answers = at_once([partial(payments.send_together, one) for one in wanted])
    assert all(isinstance(each, Payment) and each.state is PaymentState.HELD for each in answers[:40])
    assert isinstance(answers[40], AccountUnknown)
    refused = [each.timeline[-1].reason_code for each in answers[41:43] if isinstance(each, Payment)]
    assert refused[0] == "recipient_unknown"
    assert refused[1] in ("not_enough_money", "limit_per_transfer")
    assert [each.id for each in answers[43:] if isinstance(each, Payment)] == [well[0].id] * 2
    assert world.held() == 400
    assert len(batches) < len(wanted)


def test_a_gathered_payment_alone_goes_at_once_and_bad_input_never_reaches_the_others(world: World) -> None:
    one = world.instruction(world.order())
    assert payments.send_together(one, clock=SYSTEM_CLOCK).state is PaymentState.HELD
    assert payments.send_together(one).id == one.id
    with pytest.raises(payments.AmountNotPositive):
        payments.send_together(Instruction(one.id, one.actor_customer_id, one.from_account_id, one.to, Money(0, EGP)))
    with pytest.raises(payments.PaymentIdTaken):
        payments.send_together(Instruction(one.id, one.actor_customer_id, one.from_account_id, one.to, Money(7, EGP)))


def test_a_courier_and_payers_at_once_lose_nothing(world: World) -> None:
    world.biller.moods["biller:no"] = "no"
    world.biller.moods["biller:lose"] = "lose"
    lanes = ["biller:yes", "biller:no", "biller:lose"]
    with Running(), Running():
        wanted = [world.instruction(world.order(lanes[n % 3]), 100) for n in range(30)]
        answers = at_once([partial(payments.send_together, one) for one in wanted])
        sent = [each for each in answers if isinstance(each, Payment)]
        assert len(sent) == 30
        until(lambda: all(not world.now(each).is_open for each in sent))
    assert world.balances() == (998_000, 2_000)
    assert (world.held(), booked(world.collects)) == (0, 2_000)
    assert world.biller.ids_heard() == {each.id.hex for each in sent}
    connection.close()


def test_the_program_carries_and_ends_politely_when_it_is_told_to(world: World) -> None:
    """Nobody has registered the tests' route there, so what it takes up is unknown."""
    payment = pay_now(world)
    program = subprocess.Popen([sys.executable, "-m", "raseed.project.courier"], stderr=subprocess.PIPE)
    try:
        until(lambda: world.state(payment) is PaymentState.UNKNOWN)
        program.send_signal(signal.SIGTERM)
        _, errors = program.communicate(timeout=SECONDS_MAX)
    finally:
        program.kill()
    assert program.returncode == 0, errors.decode()
