from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from raseed.care.clocks import api as clocks
from raseed.care.clocks.api import HeldBy, StaffRecord
from raseed.care.clocks.record import WorkedHours
from raseed.care.models import ClockRow
from raseed.kernel.calendars import Calendar, Hours, Version, opening, week
from raseed.people.tests.office import an_author

from .desk import BY, HOUR, MINUTE, NOON, WHY, Desk


def record(desk: Desk, who: UUID) -> StaffRecord:
    return clocks.record_of(who, institution_id=desk.institution_id, since=NOON, until=NOON + timedelta(days=1), by=BY)


def test_credit_is_for_who_did_the_work_and_hand_overs_are_seen(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 5 * HOUR)
    desk.shift(desk.omar, timedelta(0), 5 * HOUR)
    subject = desk.message(assignee=desk.mona)
    desk.clock.advance(10 * MINUTE)
    desk.hand_over(subject, desk.omar, by=f"staff:{desk.mona}")
    desk.clock.advance(10 * MINUTE)
    clocks.answered(subject_id=subject, by=desk.mona, at=desk.now, clock=desk.clock)
    clocks.closed(subject_id=subject, by=f"staff:{desk.mona}", at=desk.now, clock=desk.clock)
    mona, omar = record(desk, desk.mona), record(desk, desk.omar)
    assert (mona.answered, mona.answered_in_time, mona.answered_for_others) == (1, 1, 1)
    assert omar.answered == 0
    assert (mona.given, mona.taken, omar.given, omar.taken) == (
        2,
        0,
        0,
        2,
    )  # two clocks: the answer's, the resolution's
    assert mona.seconds_held == omar.seconds_held == 2 * 600


def test_a_breach_is_theirs_who_held_it_then_and_says_how_long_each_did(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 55 * MINUTE)
    desk.shift(desk.omar, 55 * MINUTE, 5 * HOUR)
    desk.message(assignee=desk.mona)
    desk.pass_by(timedelta(minutes=61))
    mona, omar = record(desk, desk.mona), record(desk, desk.omar)
    (breach,) = omar.breaches
    assert (breach.accountable, breach.due_at, breach.rule) == (desk.omar, NOON + HOUR, "first-answer")
    assert breach.held == (HeldBy(desk.mona, 3300, 3300), HeldBy(desk.omar, 300, 300))
    assert (mona.breaches, mona.breaches_touched) == ((), (breach,))
    assert clocks.breaches_of(desk.institution_id, since=NOON, until=desk.now) == (breach,)


def test_hours_in_which_nobody_works_are_not_held_against_anybody(desk: Desk) -> None:
    desk.clock.advance(5 * HOUR - 10 * MINUTE)
    desk.message()
    desk.pass_by(timedelta(hours=17))
    (breach,) = record(desk, desk.lead).breaches
    assert breach.held == (HeldBy(desk.lead, 15 * 3600 + 3600, 3600),)


def test_the_breach_is_not_theirs_who_take_over_at_that_very_instant(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), HOUR)
    desk.shift(desk.omar, HOUR, 5 * HOUR)
    desk.message(assignee=desk.mona)
    desk.pass_by(HOUR)  # a worker comes exactly then, and writes that Omar has it
    desk.pass_by(MINUTE)
    assert len(record(desk, desk.mona).breaches) == 1
    assert record(desk, desk.omar).breaches == ()


def test_nobody_is_handed_a_breach_after_the_fact(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 5 * HOUR)
    desk.shift(desk.omar, timedelta(0), 5 * HOUR)
    subject = desk.message(assignee=desk.mona)
    before = desk.now
    desk.clock.advance(timedelta(minutes=61))  # no worker has come yet
    clocks.handed_over(
        subject_id=subject, team_id=desk.team.id, to=desk.omar, by=f"staff:{desk.mona}", reason=WHY, at=before,
        clock=desk.clock,
    )  # fmt: skip
    assert len(record(desk, desk.mona).breaches) == 1
    assert record(desk, desk.omar).breaches == ()
    assert desk.clock_of(subject).accountable == desk.omar


def test_everybody_sees_their_own_record(desk: Desk) -> None:
    own = an_author(desk.institution_id, staff_id=desk.mona)
    clocks.record_of(desk.mona, institution_id=desk.institution_id, since=NOON, until=NOON + HOUR, by=own)
    with pytest.raises(clocks.InvalidRule):
        clocks.record_of(desk.mona, institution_id=desk.institution_id, since=NOON, until=NOON, by=own)


def test_a_clock_that_counts_days_keeps_the_working_seconds_that_it_ran_without_its_pauses(desk: Desk) -> None:
    """From Tuesday noon to Wednesday noon a day's nine hours are worked, of which it stood still for two."""
    subject = desk.start("resolution")
    desk.pass_by(HOUR)
    clocks.pause_clock(
        subject_id=subject, reason=clocks.PauseReason.WAITING_FOR_CUSTOMER, by=WHY, at=desk.now, clock=desk.clock
    )
    desk.pass_by(2 * HOUR)
    clocks.resume_clock(subject_id=subject, by=WHY, at=desk.now, clock=desk.clock)
    desk.pass_by(21 * HOUR)
    clocks.closed(subject_id=subject, by=f"staff:{desk.mona}", at=desk.now, clock=desk.clock)
    assert list(ClockRow.objects.filter(subject_id=subject).values_list("worked_s", flat=True)) == [7 * 3600]


def test_a_clock_of_working_time_keeps_what_it_used(desk: Desk) -> None:
    subject = desk.message()
    desk.pass_by(HOUR / 2)
    clocks.answered(subject_id=subject, by=desk.mona, at=desk.now, clock=desk.clock)
    assert ClockRow.objects.get(subject_id=subject, kind="first_answer").worked_s == 1800


def test_hours_walked_once_are_those_of_each_span() -> None:
    numbers, first = random.Random(7), datetime(2026, 10, 20, 3, tzinfo=UTC)  # noqa: S311  (repeatable, not secret)
    hours = Hours("Africa/Cairo", week((opening("09:00", "13:00"), opening("22:00", "02:00"))))
    calendar = Calendar((Version(first - timedelta(days=9), hours),))
    walked = WorkedHours(calendar, first, first + timedelta(days=20))
    for _ in range(200):
        start, end = (first + timedelta(minutes=numbers.randrange(20 * 1440)) for _ in range(2))
        assert walked.between(start, end) == calendar.working_between(start, end)
