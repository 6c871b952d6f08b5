"""Killed at each step of telling, everyone who asked is told once."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from raseed.care.promises.api import join_gap
from raseed.care.promises.telling import tell_due
from raseed.kernel.ids import new_id

from .asking import Desk, heard

ASKED = 4
_WORKER = """
import django; django.setup()
import importlib, os, signal, sys
from datetime import datetime, UTC
from raseed.kernel.clock import ManualClock
from raseed.care.promises import saying, telling
from raseed.care.promises.tests.asking import write_down, NOON
saying.tell = write_down
name, nth, when = sys.argv[1:]
left = int(nth)
if name == "voice":
    original = write_down
else:
    original = getattr(telling, name)
def deadly(*args, **kwargs):
    global left
    left -= 1
    if left == 0 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = original(*args, **kwargs)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
if name == "voice":
    saying.tell = deadly
else:
    setattr(telling, name, deadly)
telling.tell_due(clock=ManualClock(NOON))
"""


@pytest.mark.parametrize(
    ("point", "nth", "when", "told"),
    [
        ("tell_one", 1, "before", 0), ("voice", 1, "before", 0), ("voice", 1, "after", 0), ("step", 1, "after", 0),
        ("tell_one", 1, "after", 1), ("voice", 3, "after", 2), ("step", 4, "before", 3), ("tell_one", 4, "after", 4),
    ],
)  # fmt: skip
def test_killed_at_each_step_everyone_is_told_once(desk: Desk, point, nth, when, told):
    asked = desk.ask()
    for _ in range(ASKED - 1):
        join_gap(asked.id, conversation_id=new_id(), language="ar", by=desk.by, clock=desk.clock)
    desk.answer(asked)
    killed = subprocess.run(
        [sys.executable, "-c", _WORKER, point, str(nth), when], capture_output=True, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert len(heard()) == told
    tell_due(clock=desk.clock)
    desk.clock.advance(timedelta(hours=1))
    tell_due(clock=desk.clock)
    assert len(heard()) == ASKED
    assert set(heard().values()) == {1}
