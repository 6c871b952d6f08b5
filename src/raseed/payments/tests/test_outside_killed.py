"""Killed at every step, the courier or the database: the payment still ends, once, the money once, and one id is heard.

The steps are enumerated below; each is the name of a function and whether death comes right before or right after it. A
courier is a real process that kills itself there with a real signal; the biller is another, over HTTP.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, Final

import pytest
from django.db import connection, connections

from raseed.banking.tests.town import NOON, build_town
from raseed.payments import api as payments
from raseed.payments import execution, services
from raseed.payments.api import Payment, PaymentState
from raseed.payments.outside import claiming, concluding, courier, ending
from raseed_testing import Database

from .outside import Biller, Route, World, registered, served

pytestmark = pytest.mark.slow

A: Final = "biller:a"
LEASE: Final = timedelta(seconds=40)
_PROGRAM = f"""
import django; django.setup()
import asyncio, importlib, os, signal, sys
from datetime import datetime, UTC
from raseed.kernel.clock import ManualClock
from raseed.payments import api as payments
from raseed.payments.tests import outside
what, port, point, minor = sys.argv[1:5]
name, function, nth, when = point.split(":")
holder = importlib.import_module("raseed.payments." + name)
if "." in function:
    kind, function = function.split(".")
    holder = getattr(holder, kind)
original, left = getattr(holder, function), int(nth)
def counted():
    global left
    left -= 1
    return left == 0
def die():
    os.kill(os.getpid(), signal.SIGKILL)
if asyncio.iscoroutinefunction(original):
    async def deadly(*args, **kwargs):
        mine = counted()
        if mine and when == "before": die()
        answer = await original(*args, **kwargs)
        if mine: die()
        return answer
else:
    def deadly(*args, **kwargs):
        mine = counted()
        if mine and when == "before": die()
        answer = original(*args, **kwargs)
        if mine: die()
        return answer
setattr(holder, function, deadly)
at = datetime({NOON.year}, {NOON.month}, {NOON.day}, {NOON.hour}, tzinfo=UTC)
clock = ManualClock(at)
from datetime import timedelta
clock.advance(timedelta(seconds=int(sys.argv[5])))
with outside.registered(outside.Route(None, ("127.0.0.1", int(port)))):
    if what == "carry":
        payments.carry_due(clock=clock)
    else:
        from uuid import UUID
        from raseed.banking import api as banking
        id_, account, owner = (UUID(each) for each in what.split(","))
        payments.send(
            id=id_, actor_customer_id=owner, from_account_id=account, to=banking.Alias(banking.AliasKind.BILL, id_.hex),
            amount=outside.Money(int(minor), outside.EGP), clock=clock,
        )
"""


@pytest.fixture
def biller() -> Iterator[tuple[Biller, tuple[str, int]]]:
    made = Biller()
    with served(made) as address:
        yield made, address


def program(what: str, port: int, point: str, *, after_s: int = 0) -> None:
    """Run a process that pays, or carries what is due, and is killed at a point."""
    killed = subprocess.run(
        [sys.executable, "-c", _PROGRAM, what, str(port), point, "1000", str(after_s)],
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()


def finish(world: World, payment: Payment, most: int = 8) -> Payment:
    """Do what the next couriers do, as time goes on."""
    for _ in range(most):
        payments.carry_due(clock=world.town.clock)
        if not world.now(payment).is_open:
            break
        world.town.clock.advance(LEASE)
    return world.now(payment)


def check_once(world: World, payment: Payment, state: PaymentState) -> None:
    """The payment has ended, once; the money moved once; the other side heard one id, and took it once."""
    now = world.now(payment)
    assert now.state is state
    assert [step.state for step in now.timeline].count(state) == 1
    assert world.biller.ids_heard() <= {payment.id.hex}
    paid = state is PaymentState.SETTLED
    assert world.balances() == ((99_000, 1_000) if paid else (100_000, 0))
    assert (world.held(), world.held_for_collection()) == (0, 0)
    assert world.order_state(payment) == ("paid" if paid else "let_go")
    assert sum(world.biller.taken.values()) == (1 if paid else 0)
    assert payments.carry_due(clock=world.town.clock) == 0


ACCEPTING: Final = (
    ("execution:reserve:1:before", False),
    ("execution:reserve:1:after", False),
    ("execution:_decide:1:after", False),
    ("execution:write:1:after", False),
    ("execution:send_out:1:after", False),
    ("execution:post:1:after", False),
    ("services:carry_out:1:after", True),
)
"""Where the process that accepts a payment dies, and whether the payment is there afterwards."""

CARRYING: Final = (
    "outside.courier:claim_due:1:before",
    "outside.claiming:move:1:before",
    "outside.claiming:move:1:after",
    "tests.outside:Route.brief:1:after",
    "outside.courier:claim_due:1:after",
    "tests.outside:Route.ask:1:before",
    "tests.outside:Route.ask:1:after",
    "outside.courier:_concluded:1:before",
    "outside.concluding:note_answers:1:after",
    "outside.concluding:_keep_attempts:1:after",
    "outside.ending:_tell_routes:1:after",
    "outside.ending:move:1:after",
    "outside.ending:post_ends:1:before",
    "outside.ending:post_ends:1:after",
    "outside.courier:_concluded:1:after",
)
"""Where a courier dies while it carries a payment for the first time."""

FINDING_OUT: Final = (
    "outside.concluding:_put_off:1:after",
    "outside.courier:_concluded:1:after",
)
"""Where a courier dies that has no answer."""

ASKING_AGAIN: Final = (
    "outside.courier:claim_due:1:after",
    "tests.outside:Route.ask_again:1:before",
    "tests.outside:Route.ask_again:1:after",
    "tests.outside:Route.ask:1:before",
    "tests.outside:Route.ask:1:after",
    "outside.ending:post_ends:1:after",
    "outside.courier:_concluded:1:after",
)
"""Where a courier dies that asks what became of a payment, hears that it was never seen, and sends it again."""


@pytest.mark.parametrize(("point", "is_there"), ACCEPTING)
def test_killed_while_accepting_the_payment_is_there_whole_or_not_at_all(
    database: Database,
    biller: tuple[Biller, tuple[str, int]],
    point: str,
    is_there: bool,  # noqa: FBT001
) -> None:
    other, address = biller
    world = World(build_town(), other, database)
    id_ = world.order()
    program(f"{id_},{world.payer.id},{world.payer.owner_id}", address[1], point)
    assert world.held() == (1_000 if is_there else 0)
    assert other.heard == []
    with registered(Route(None, address)):
        payment = world.pay(id_=id_)
        assert payment.state is PaymentState.HELD
        finish(world, payment)
        check_once(world, payment, PaymentState.SETTLED)
    assert other.asked(id_) == ["pay"]


@pytest.mark.parametrize(
    ("point", "mood"), [*((point, "yes") for point in CARRYING), *((point, "no") for point in CARRYING[-6:])]
)
def test_killed_while_carrying_the_next_courier_ends_it(
    database: Database, biller: tuple[Biller, tuple[str, int]], point: str, mood: str
) -> None:
    other, address = biller
    world = World(build_town(), other, database)
    other.moods[A] = mood
    with registered(Route(None, address)):
        payment = world.pay()
        program("carry", address[1], point)
        assert world.held() == (0 if point == CARRYING[-1] else 1_000)
        finish(world, payment)
        check_once(world, payment, PaymentState.SETTLED if mood == "yes" else PaymentState.RETURNED)
    blind = [place for place, what in enumerate(other.asked(payment.id)) if what == "pay"]
    assert all(other.asked(payment.id)[place - 1] == "status" for place in blind if place), "never asked blindly again"


@pytest.mark.parametrize("point", FINDING_OUT)
def test_killed_without_an_answer_it_is_found_out_later(
    database: Database, biller: tuple[Biller, tuple[str, int]], point: str
) -> None:
    other, address = biller
    world = World(build_town(), other, database)
    other.moods[A] = "lose"
    with registered(Route(None, address)):
        payment = world.pay()
        program("carry", address[1], point)
        assert world.held() == 1_000
        finish(world, payment)
        check_once(world, payment, PaymentState.SETTLED)
    assert other.asked(payment.id) == ["pay", "status"]


@pytest.mark.parametrize("point", ASKING_AGAIN)
def test_killed_while_asking_again_it_ends_all_the_same(
    database: Database, biller: tuple[Biller, tuple[str, int]], point: str
) -> None:
    other, address = biller
    world = World(build_town(), other, database)
    other.moods[A] = "broken"
    with registered(Route(None, address)):
        payment = world.pay()
        payments.carry_due(clock=world.town.clock)
        assert world.state(payment) is PaymentState.UNKNOWN
        other.moods[A] = "yes"
        program("carry", address[1], point, after_s=2)
        world.town.clock.advance(timedelta(seconds=2))
        finish(world, payment)
        check_once(world, payment, PaymentState.SETTLED)


STARTER: Final = ThreadPoolExecutor(1)
"""A thread that outlives the courier's: a server is leashed to the thread that has started it."""
DATABASE_STEPS: Final[tuple[tuple[Any, str], ...]] = (
    (courier, "claim_due"),
    (claiming, "move"),
    (concluding, "note_answers"),
    (concluding, "_keep_attempts"),
    (ending, "move"),
    (ending, "post_ends"),
    (courier, "_concluded"),
)
"""Before and after which the database dies under a courier that lives on."""


def test_the_database_is_killed_at_every_step_and_each_payment_ends_once(
    own_server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    biller = Biller()
    world = World(build_town(), biller, own_server)
    monkeypatch.setattr(courier, "FIRST_PAUSE", timedelta(milliseconds=1))
    monkeypatch.setattr(concluding, "BUSY_MAX", 3)
    ended = 0
    with registered(Route(biller)):
        for module, name in DATABASE_STEPS:
            for before in (True, False):
                payment = world.pay()
                with monkeypatch.context() as patch:
                    patch.setattr(module, name, dying(own_server, getattr(module, name), before=before))
                    payments.carry_due(clock=world.town.clock)
                connections.close_all()
                finish(world, payment)
                ended += 1
                assert world.state(payment) is PaymentState.SETTLED
                assert world.balances() == (100_000 - 1_000 * ended, 1_000 * ended)
                assert (world.held(), world.order_state(payment)) == (0, "paid")
                assert biller.asked(payment.id).count("pay") == 1
        for module, name in ((execution, "write"), (execution, "post"), (services, "carry_out")):
            for before in (True, False):
                id_ = world.order()
                with monkeypatch.context() as patch:
                    patch.setattr(module, name, dying(own_server, getattr(module, name), before=before, says_so=True))
                    with pytest.raises(concluding.AWAY):
                        world.pay(id_=id_)
                connections.close_all()
                payment = world.pay(id_=id_)
                finish(world, payment)
                ended += 1
                assert world.balances() == (100_000 - 1_000 * ended, 1_000 * ended)
                assert biller.asked(id_) == ["pay"]


def dying(database: Database, act: Callable[..., Any], *, before: bool, says_so: bool = False) -> Callable[..., Any]:
    """Return an act with which the database dies, the first time; it is started again at once."""
    done = False

    def die() -> None:
        nonlocal done
        done = True
        database.server.kill()
        STARTER.submit(partial(database.server.start, leashed=True)).result()

    def acting(*args: Any, **kwargs: Any) -> Any:
        first = not done
        if first and before:
            die()
        answer = act(*args, **kwargs)
        if first and not before:
            die()
            if says_so:
                connection.cursor().execute("SELECT 1")
        return answer

    return acting
