"""A worker is killed at any instant of running autopays: the next one goes on, and no bill is paid twice or forgotten."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from raseed.banking.tests.town import NOON, booked
from raseed.bills.models import BillRow

from .habit import Household
from .street import Street

COUNT = 3
_WORKER = f"""
import django; django.setup()
import importlib, os, signal, sys
from datetime import datetime, UTC
from raseed.kernel.clock import ManualClock
from raseed.bills.habits import running
clock = ManualClock(datetime({NOON.year}, {NOON.month}, {NOON.day}, {NOON.hour}, tzinfo=UTC))
for point in sys.argv[1:]:
    name, function, nth, when = point.split(":")
    module = importlib.import_module(f"raseed.{{name}}")
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
running.run_autopays(clock=clock)
"""


def worker(*points: str) -> subprocess.Popen[bytes]:
    """Start a process that runs autopays, and is killed at the points named."""
    return subprocess.Popen([sys.executable, "-c", _WORKER, *points], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize(
    ("point", "paid_then"),
    [
        ("bills.habits.running:_claim:1:before", 0),
        ("bills.habits.running:_claim:1:after", 0),
        ("bills.habits.running:ask_biller:1:after", 0),
        ("bills.habits.paying:quote:1:after", 0),
        ("bills.habits.paying:order:1:before", 0),
        ("bills.habits.paying:order:1:after", 0),
        ("bills.habits.paying:pay:1:before", 0),
        ("bills.habits.paying:pay:1:after", 1),
        ("bills.habits.paying:run_of:1:after", 1),
        ("bills.habits.paying:order:2:after", 1),
        ("bills.habits.paying:pay:3:after", 3),
        ("bills.habits.running:_put_off:1:before", 3),
        ("bills.habits.running:_put_off:1:after", 3),
    ],
)
def test_killed_at_each_step_a_bill_is_paid_once(street: Street, point: str, paid_then: int) -> None:
    house = Household(street)
    owed = [house.bill(1_000 + number) for number in range(COUNT)]
    total = sum(each.amount.amount_minor for each in owed)
    house.give()
    killed = worker(point)
    _, errors = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, errors.decode()
    so_far = sum(each.amount.amount_minor for each in owed[:paid_then])
    assert booked(house.account) == 90_000, "held is not gone"
    assert sum(house_held(house)) == so_far
    for _ in range(4):
        house.clock.advance(timedelta(minutes=11))
        house.run()
    assert booked(house.account) == 90_000 - total
    assert [house.outcomes(each) for each in owed] == [["sent", "paid"]] * COUNT
    assert house.notices() == ["paid"] * COUNT


def house_held(house: Household) -> list[int]:
    """Return what is under way of each bill."""
    return list(BillRow.objects.filter(biller_id=house.nur.id).values_list("held_minor", flat=True))


def test_several_workers_at_once_pay_each_bill_once(street: Street) -> None:
    house = Household(street)
    owed = [house.bill(1_000 + number) for number in range(10)]
    house.give()
    workers = [worker() for _ in range(3)]
    for each in workers:
        _, errors = each.communicate(timeout=120)
        assert each.returncode == 0, errors.decode()
    house.pass_days(1)
    assert booked(house.account) == 90_000 - sum(each.amount.amount_minor for each in owed)
    assert {tuple(house.outcomes(each)) for each in owed} == {("sent", "paid")}
