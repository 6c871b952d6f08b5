"""A worker is killed at any instant, a real process with a real signal: the next one goes on, and nothing is done twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import suppress
from uuid import UUID

import pytest
from django.db import connection

from raseed.banking.api import AliasKind
from raseed.banking.tests.town import NOON, Town, build_town
from raseed.display import api as display
from raseed.payments import api as payments
from raseed.payments.api import Order, OrderState
from raseed.payments.orders import executing, receiving, validating

from .filing import Blk, File, Pay, send_file

COUNT = 10
_WORKER = f"""
import django; django.setup()
import importlib, os, signal, sys
from uuid import UUID
from raseed.kernel.clock import ManualClock
from raseed.payments.orders import executing, validating
from datetime import datetime, UTC
executing.PAYMENTS_AT_ONCE = validating.ENTRIES_AT_ONCE = int(sys.argv[2])
clock = ManualClock(datetime({NOON.year}, {NOON.month}, {NOON.day}, {NOON.hour}, tzinfo=UTC))
for point in sys.argv[3:]:
    name, function, nth, when = point.split(":")
    module = importlib.import_module(f"raseed.payments.{{name}}")
    original, left = getattr(module, function), int(nth)
    def deadly(*args, **kwargs):
        global left
        left -= 1
        if left == 0 and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = original(*args, **kwargs)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer
    setattr(module, function, deadly)
id_ = UUID(sys.argv[1])
validating.validate(id_, clock=clock)
print("read", flush=True)
while executing.execute(id_, clock=clock):
    pass
"""


def worker(order: Order, *points: str, at_once: int = 3) -> subprocess.Popen[bytes]:
    """Start a process that reads and carries out an order, and is killed at the points named."""
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(order.id), str(at_once), *points],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def town_and_file(count: int) -> tuple[Town, UUID, UUID, File]:
    """Return a town with a payer and a payee, and a file of payments of one pound from one to the other."""
    town = build_town()
    payer = town.current(town.person("شركة", "+201001234567"), money=200_000)
    payee = town.current(town.person("منى", "+201001234568"))
    ends = [account.alias(AliasKind.IBAN) or "" for account in (payer, payee)]
    return town, payer.owner_id, payee.id, File([Blk(ends[0], [Pay(ends[1])] * count)])


def booked(account_id: UUID) -> int:
    return display.shown_balance(account_id).booked.amount_minor


def finish(order: Order, town: Town) -> Order:
    """Do what the next worker does."""
    payments.validate_order(order.id, clock=town.clock)
    if payments.order(order.id).state is OrderState.ACCEPTED:
        payments.confirm_order(order_id=order.id, actor_customer_id=order.actor_customer_id, clock=town.clock)
    while payments.execute_order(order.id, clock=town.clock):
        pass
    return payments.order(order.id)


@pytest.mark.parametrize(
    "point",
    [
        "orders.validating:_begin:1:after",
        "orders.validating:_write:1:after",
        "orders.validating:_write:4:after",
        "orders.validating:_accept:1:after",
    ],
)
def test_killed_while_reading_the_next_reading_begins_again(
    database: object, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr(receiving, "READ_AT_ONCE_BYTES_MAX", 0)
    town, payer, payee, file = town_and_file(COUNT)
    order = send_file(file, payer, town.clock)
    killed = worker(order, point)
    _, errors = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, errors.decode()
    assert payments.order(order.id).state is OrderState.VALIDATING
    done = finish(order, town)
    assert (done.state, done.settled, done.refused) == (OrderState.DONE, COUNT, 0)
    assert booked(payee) == 100 * COUNT


@pytest.mark.parametrize(
    ("point", "settled_then"),
    [
        ("orders.executing:carry_out:1:before", 0),
        ("execution:post:1:after", 0),
        ("orders.executing:carry_out:1:after", 3),
        ("execution:post:2:after", 3),
        ("execution:post:4:after", 9),
        ("orders.executing:carry_out:4:after", 10),
    ],
)
def test_killed_while_carrying_out_each_payment_is_done_and_counted_or_neither(
    database: object, point: str, settled_then: int
) -> None:
    town, payer, payee, file = town_and_file(COUNT)
    order = send_file(file, payer, town.clock)
    payments.confirm_order(order_id=order.id, actor_customer_id=payer, clock=town.clock)
    killed = worker(order, point)
    _, errors = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, errors.decode()
    then = payments.order(order.id)
    assert (then.settled, booked(payee)) == (settled_then, 100 * settled_then)
    done = finish(order, town)
    assert (done.state, done.settled, done.refused) == (OrderState.DONE, COUNT, 0)
    assert booked(payee) == 100 * COUNT


def test_killed_from_outside_somewhere_in_the_middle(database: object) -> None:
    town, payer, payee, file = town_and_file(400)
    order = send_file(file, payer, town.clock)
    payments.confirm_order(order_id=order.id, actor_customer_id=payer, clock=town.clock)
    seen = set()
    for kill_after in (1, 100, 200):
        running = worker(order, at_once=5)
        while (now := payments.order(order.id)).settled < kill_after and running.poll() is None:
            pass
        running.kill()
        running.communicate(timeout=60)
        seen.add(payments.order(order.id).settled)
        assert booked(payee) == 100 * payments.order(order.id).settled
        assert now.settled <= payments.order(order.id).settled
    assert seen != {400}
    assert finish(order, town).settled == 400
    assert booked(payee) == 40_000


def test_several_workers_at_once_do_no_payment_twice(database: object) -> None:
    town, payer, payee, file = town_and_file(120)
    order = send_file(file, payer, town.clock)
    payments.confirm_order(order_id=order.id, actor_customer_id=payer, clock=town.clock)
    workers = [worker(order, at_once=2) for _ in range(3)]
    for each in workers:
        _, errors = each.communicate(timeout=120)
        assert each.returncode == 0, errors.decode()
    done = finish(order, town)
    assert (done.state, done.settled) == (OrderState.DONE, 120)
    assert booked(payee) == 12_000


def test_withdrawing_and_carrying_out_at_once_end_in_one_of_the_two_orders(
    database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing, "PAYMENTS_AT_ONCE", 2)
    town, payer, payee, file = town_and_file(60)
    order = send_file(file, payer, town.clock)
    payments.confirm_order(order_id=order.id, actor_customer_id=payer, clock=town.clock)
    begun = threading.Event()
    original = executing._carry_out_some

    def telling(*args: object) -> None:
        original(*args)  # type: ignore[arg-type]
        begun.set()

    monkeypatch.setattr(executing, "_carry_out_some", telling)

    def work() -> None:
        try:
            payments.execute_order(order.id, clock=town.clock)
        finally:
            begun.set()
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(30)
    with suppress(payments.OrderNotWaiting):
        payments.withdraw_order(order_id=order.id, actor_customer_id=payer, clock=town.clock)
    thread.join()
    ended = payments.order(order.id)
    assert ended.state in (OrderState.WITHDRAWN, OrderState.DONE)
    assert booked(payee) == 100 * ended.settled


def test_the_same_file_from_several_threads_is_one_order(database: object) -> None:
    town, payer, _, file = town_and_file(COUNT)
    gate = threading.Barrier(4)
    ids = []

    def send() -> None:
        try:
            gate.wait()
            ids.append(send_file(file, payer, town.clock).id)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4
    assert len(set(ids)) == 1
    assert payments.order(ids[0]).state is OrderState.ACCEPTED


def test_a_reader_that_finds_somebody_reading_leaves_it_to_them(
    database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "READ_AT_ONCE_BYTES_MAX", 0)
    town, payer, _, file = town_and_file(COUNT)
    order = send_file(file, payer, town.clock)
    entered, leave = threading.Event(), threading.Event()
    original = validating._read

    def slowly(*args: object) -> None:
        entered.set()
        leave.wait(30)
        original(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(validating, "_read", slowly)

    def read() -> None:
        try:
            payments.validate_order(order.id, clock=town.clock)
        finally:
            connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    assert entered.wait(30)
    payments.validate_order(order.id, clock=town.clock)
    assert payments.order(order.id).state is OrderState.VALIDATING
    leave.set()
    thread.join()
    assert payments.order(order.id).state is OrderState.ACCEPTED
