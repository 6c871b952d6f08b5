"""A worker is killed at any instant of running standing orders: the next one goes on, and no date is paid twice or lost."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from raseed.banking.tests.town import NOON, booked
from raseed.payments import api as payments
from raseed.payments.api import RunOutcome

from .test_standing import House

COUNT = 9
_WORKER = f"""
import django; django.setup()
import importlib, os, signal, sys
from datetime import datetime, UTC
from raseed.kernel.clock import ManualClock
from raseed.payments.standing import running
running.ORDERS_AT_ONCE = 4
clock = ManualClock(datetime({NOON.year}, {NOON.month}, {NOON.day}, {NOON.hour}, tzinfo=UTC))
for point in sys.argv[1:]:
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
running.run_standing_orders(clock=clock)
"""


def worker(*points: str) -> subprocess.Popen[bytes]:
    """Start a process that runs standing orders, and is killed at the points named."""
    return subprocess.Popen([sys.executable, "-c", _WORKER, *points], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize(
    ("point", "paid_then"),
    [
        ("standing.running:_due:1:after", 0),
        ("standing.running:carry_out:1:before", 0),
        ("execution:write:1:after", 0),
        ("execution:post:1:after", 0),
        ("standing.running:carry_out:1:after", 4),
        ("execution:post:2:after", 4),
        ("standing.running:put_next:6:after", 4),
        ("standing.running:carry_out:3:after", 9),
    ],
)
def test_killed_at_each_step_a_date_is_paid_and_moved_past_or_neither(
    database: object, point: str, paid_then: int
) -> None:
    del database
    house = House()
    orders = [house.give(amount=100) for _ in range(COUNT)]
    killed = worker(point)
    _, errors = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, errors.decode()
    runs = [run for order in orders for run in payments.runs_of(order.id).runs]
    assert (len(runs), booked(house.payee)) == (paid_then, 100 * paid_then)
    assert house.run() == COUNT - paid_then
    assert booked(house.payee) == 100 * COUNT
    assert all(house.runs(order) == [(1, RunOutcome.PAID, None)] for order in orders)


def test_several_workers_of_their_own_pay_each_date_once(database: object) -> None:
    del database
    house = House()
    orders = [house.give(amount=100) for _ in range(40)]
    workers = [worker() for _ in range(3)]
    for each in workers:
        _, errors = each.communicate(timeout=120)
        assert each.returncode == 0, errors.decode()
    while house.run():
        pass
    assert booked(house.payee) == 100 * len(orders)
    assert all(house.runs(order) == [(1, RunOutcome.PAID, None)] for order in orders)
