"""Many at once, and workers that are killed: one clock, one breach, one credit, and somebody accountable throughout."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connections

from raseed.care.clocks import api as clocks
from raseed.care.duty import api as duty
from raseed.care.models import ClockRow, ClockStepRow, HandOverRow, HoldingRow
from raseed.kernel.ids import new_id
from raseed.platform.models import EventRow

from .desk import HOUR, MINUTE, NOON, Desk


def at_once(*verbs: Callable[[], object]) -> list[object]:
    """Do things in threads of their own that begin together; return what each returned or raised."""
    gate = Barrier(len(verbs))

    def run(verb: Callable[[], object]) -> object:
        try:
            gate.wait()
            return verb()
        except Exception as error:  # noqa: BLE001  (looked at by the test)
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


def sound(desk: Desk) -> None:
    """Every clock was held without a gap from its start to its end, by one person at a time, and was broken once at most."""
    for row in ClockRow.objects.all():
        held = list(HoldingRow.objects.filter(clock=row).order_by("since"))
        assert held[0].since == row.started_at
        assert all(one.until == other.since for one, other in pairwise(held))
        assert held[-1].until == row.stopped_at
        steps = [step.kind for step in ClockStepRow.objects.filter(clock=row)]
        assert steps.count("breached") - steps.count("breach_withdrawn") == (row.breached_at is not None)
        if row.breached_at is not None:
            before = [one for one in held if one.since < row.breached_at]
            assert row.blamed == before[-1].staff_id
        if row.stopped_at is None:
            assert row.accountable == held[-1].staff_id
            assert (
                duty.accountable(row.team_id, row.assignee, desk.now)
                == clocks.clock_of(row.id, at=desk.now).accountable
            )


def test_a_message_that_comes_eight_times_has_one_clock(desk: Desk) -> None:
    subject = new_id()
    assert not [one for one in at_once(*[lambda: desk.message(subject)] * 8) if isinstance(one, Exception)]
    assert sorted(ClockRow.objects.values_list("slug", flat=True)) == ["first-answer", "resolution"]
    sound(desk)


def test_of_four_who_answer_at_once_one_has_the_credit(desk: Desk) -> None:
    subject = desk.message()
    desk.clock.advance(MINUTE)
    who = [desk.mona, desk.omar, desk.lead, desk.head]
    done = at_once(
        *[lambda by=by: clocks.answered(subject_id=subject, by=by, at=desk.now, clock=desk.clock) for by in who]
    )
    assert done == [None] * 4
    assert ClockRow.objects.filter(kind="first_answer").exclude(stopped_at=None).count() == 1
    assert ClockStepRow.objects.filter(kind="stopped").count() == 1
    sound(desk)


@pytest.mark.parametrize("round_", range(4))
def test_a_hand_over_at_the_moment_of_the_breach_blames_whoever_held_it_to_its_end(desk: Desk, round_: int) -> None:
    desk.shift(desk.mona, timedelta(0), 8 * HOUR)
    desk.shift(desk.omar, timedelta(0), 8 * HOUR)
    subjects = [desk.message(assignee=desk.mona) for _ in range(3)]
    desk.clock.advance(HOUR + timedelta(microseconds=round_))
    done = at_once(
        *[lambda one=one: desk.hand_over(one, desk.omar) for one in subjects],
        lambda: clocks.move_clocks(clock=desk.clock),
        lambda: clocks.move_clocks(clock=desk.clock),
    )
    assert not [one for one in done if isinstance(one, Exception)]
    desk.pass_by(MINUTE)
    rows = ClockRow.objects.filter(subject_id__in=subjects, slug="first-answer")
    assert {(row.blamed, row.breached_at, row.accountable) for row in rows} == {(desk.mona, NOON + HOUR, desk.omar)}
    assert EventRow.objects.filter(name="care.clock_breached", payload__step=0).count() == 3
    sound(desk)


def test_an_answer_while_workers_move_clocks_is_counted_once(desk: Desk) -> None:
    subjects = [desk.message() for _ in range(4)]
    desk.clock.advance(HOUR + MINUTE)
    done = at_once(
        *[
            lambda one=one: clocks.answered(subject_id=one, by=desk.mona, at=NOON + HOUR, clock=desk.clock)
            for one in subjects
        ],
        *[lambda: clocks.move_clocks(clock=desk.clock)] * 3,
    )
    assert not [one for one in done if isinstance(one, Exception)]
    rows = ClockRow.objects.filter(slug="first-answer")
    assert {(row.breached_at, row.stopped_at) for row in rows} == {(None, NOON + HOUR)}
    sound(desk)


def test_shifts_that_are_planned_while_messages_come_leave_no_clock_with_the_wrong_person(desk: Desk) -> None:
    done = at_once(
        *[desk.message] * 4,
        lambda: desk.shift(desk.mona, timedelta(0), HOUR, on_duty=True),
        lambda: desk.shift(desk.omar, timedelta(0), HOUR),
        lambda: clocks.move_clocks(clock=desk.clock),
    )
    assert not [one for one in done if isinstance(one, Exception)]
    found = clocks.clocks_of([one for one in done if isinstance(one, UUID)], at=desk.now)
    assert len(found) == 4
    assert {one.accountable for each in found.values() for one in each} == {desk.mona}
    desk.pass_by(MINUTE)
    assert set(ClockRow.objects.values_list("accountable", flat=True)) == {desk.mona}
    sound(desk)


_WORKER = f"""
import django; django.setup()
import importlib, os, signal, sys
from datetime import UTC, datetime, timedelta
from raseed.kernel.clock import ManualClock
from raseed.care.clocks import climbing, keeping
clock = ManualClock(datetime({NOON.year}, {NOON.month}, {NOON.day}, {NOON.hour}, tzinfo=UTC) + timedelta(hours=4))
name, nth, when = sys.argv[1].split(":")
left = int(nth)
def deadly(original):
    def verb(*args, **kwargs):
        global left
        left -= 1
        if left == 0 and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = original(*args, **kwargs)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer
    return verb
for module in (keeping, climbing):
    if hasattr(module, name):
        setattr(module, name, deadly(getattr(module, name)))
climbing.move_clocks(clock=clock)
"""


@pytest.mark.parametrize(
    "point",
    ["take_out:1:after", "switch_holder:1:after", "write_step:1:before", "write_step:2:after", "write_hand_over:1:after",
     "put_back:1:before", "put_back:3:after", "_move_together:1:after"],
)  # fmt: skip
def test_a_worker_that_is_killed_leaves_the_next_to_write_the_same(desk: Desk, point: str) -> None:
    desk.shift(desk.mona, timedelta(0), 30 * MINUTE)
    desk.shift(desk.head, timedelta(0), 8 * HOUR)
    for _ in range(3):
        desk.message(assignee=desk.mona)
    worker = subprocess.run([sys.executable, "-c", _WORKER, point], capture_output=True, check=False)
    assert worker.returncode == -signal.SIGKILL, worker.stderr.decode()
    done = ClockRow.objects.exclude(breached_at=None).count()
    assert done == (3 if point.startswith("_move_together") else 0)
    desk.pass_by(4 * HOUR)
    desk.pass_by(MINUTE)
    told = [
        (row.payload["subject_id"], row.payload["step"])
        for row in EventRow.objects.filter(name="care.clock_breached").order_by("position")
    ]
    assert len(told) == len(set(told)) == 3 * 4
    for row in ClockRow.objects.filter(slug="first-answer"):
        held = HoldingRow.objects.filter(clock=row).order_by("since")
        assert list(held.values_list("staff_id", "since")) == [
            (desk.mona, NOON),
            (desk.lead, NOON + 30 * MINUTE),
            (desk.head, NOON + 3 * HOUR),
        ]
        steps = ClockStepRow.objects.filter(clock=row).order_by("position").values_list("kind", "at")
        assert list(steps) == [
            ("started", NOON),
            ("breached", NOON + HOUR),
            ("climbed", NOON + HOUR),
            ("climbed", NOON + HOUR + 15 * MINUTE),
            ("climbed", NOON + 3 * HOUR),
        ]
    assert HandOverRow.objects.filter(giver=desk.lead, taker=desk.head, at=NOON + 3 * HOUR).count() == 3
    sound(desk)
