from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from raseed.care.clocks import api as clocks
from raseed.care.clocks.api import ClockKind, PauseReason, StopReason
from raseed.care.duty import api as duty
from raseed.care.models import ClockRow, HandOverRow, HoldingRow
from raseed.kernel.ids import new_id
from raseed.platform.models import EventRow

from .desk import BY, HOUR, MINUTE, NOON, WHY, Desk


def breaches() -> list[tuple[int, str]]:
    rows = EventRow.objects.filter(name="care.clock_breached").order_by("position")
    return [(row.payload["step"], row.payload["told"]) for row in rows]


def test_a_message_has_a_clock_and_somebody_who_answers_for_it(desk: Desk) -> None:
    subject = desk.message()
    first = desk.clock_of(subject)
    assert (first.kind, first.accountable) == (ClockKind.FIRST_ANSWER, desk.lead)
    assert (first.due_at, first.elapsed_s, first.left_s) == (NOON + HOUR, 0, 3600)
    desk.clock.advance(timedelta(minutes=10, seconds=1))
    assert (desk.clock_of(subject).elapsed_s, desk.clock_of(subject).left_s) == (601, 2999)


def test_the_clock_of_a_message_in_the_evening_goes_on_in_the_morning(desk: Desk) -> None:
    desk.clock.advance(5 * HOUR - timedelta(minutes=20, seconds=7))  # 16:39:53 in Muscat
    subject = desk.message()
    assert desk.clock_of(subject).due_at == NOON + 20 * HOUR + timedelta(minutes=39, seconds=53)


def test_messages_that_wait_have_one_clock_from_the_first_of_them(desk: Desk) -> None:
    subject = desk.message()
    desk.clock.advance(10 * MINUTE)
    desk.message(subject)
    desk.message(subject)
    assert desk.clock_of(subject).started_at == NOON
    assert ClockRow.objects.filter(subject_id=subject).count() == 2  # the answer's, and the resolution's


def test_an_answer_stops_the_clock_and_the_next_message_starts_the_next(desk: Desk) -> None:
    subject = desk.message()
    desk.clock.advance(5 * MINUTE)
    clocks.answered(subject_id=subject, by=desk.mona, at=desk.now, clock=desk.clock)
    assert [one.kind for one in clocks.clocks_of([subject], at=desk.now)[subject]] == [ClockKind.RESOLUTION]
    desk.clock.advance(5 * MINUTE)
    desk.message(subject)
    assert desk.clock_of(subject, "next-answer").started_at == NOON + 10 * MINUTE
    stopped = clocks.stopped_clocks(subject, clock=desk.clock)
    assert [(one.kind, one.elapsed_s) for one in stopped] == [(ClockKind.FIRST_ANSWER, 300)]


def test_a_conversation_that_is_closed_has_no_clock_and_begins_anew_when_it_is_reopened(desk: Desk) -> None:
    subject = desk.message()
    clocks.answered(subject_id=subject, by=desk.mona, at=desk.now, clock=desk.clock)
    desk.clock.advance(MINUTE)
    clocks.closed(subject_id=subject, by=f"staff:{desk.mona}", at=desk.now, clock=desk.clock)
    assert clocks.clocks_of([subject], at=desk.now) == {}
    desk.clock.advance(MINUTE)
    desk.message(subject)
    assert desk.clock_of(subject, "first-answer").started_at == desk.now


def test_an_answer_does_not_stop_the_clock_of_a_message_that_came_after_it(desk: Desk) -> None:
    subject = desk.message()
    written = desk.now - timedelta(seconds=1)
    clocks.answered(subject_id=subject, by=desk.mona, at=written, clock=desk.clock)
    assert desk.clock_of(subject).stopped_at is None


def test_waiting_for_the_customer_stops_only_the_clocks_whose_rule_counts_it(desk: Desk) -> None:
    subject = desk.message()
    due = desk.clock_of(subject, "resolution").due_at
    paused = clocks.pause_clock(
        subject_id=subject, reason=PauseReason.WAITING_FOR_CUSTOMER, by=f"staff:{desk.mona}", at=desk.now,
        clock=desk.clock,
    )  # fmt: skip
    assert paused == 1
    assert desk.clock_of(subject, "resolution").due_at is None
    assert desk.clock_of(subject).due_at == NOON + HOUR
    desk.pass_by(timedelta(days=2))
    desk.message(subject)
    assert due is not None
    assert desk.clock_of(subject, "resolution").due_at == due + timedelta(days=1)  # it stood still on Wednesday


def test_a_pause_that_does_not_count_is_refused_where_it_is_asked_for(desk: Desk) -> None:
    subject = desk.message()
    with pytest.raises(clocks.PauseDoesNotCount):
        clocks.pause_clock(
            subject_id=subject, rule="first-answer", reason=PauseReason.WAITING_FOR_OTHERS, by="staff:x", at=desk.now,
            clock=desk.clock,
        )  # fmt: skip
    with pytest.raises(clocks.UnknownClock):
        clocks.pause_clock(
            subject_id=subject, rule="nothing", reason=PauseReason.AGREED_LATER, by="staff:x", at=desk.now,
            clock=desk.clock,
        )  # fmt: skip


def test_pausing_costs_working_time_nothing_and_gives_none(desk: Desk) -> None:
    clocks.set_rule(
        institution_id=desk.institution_id, slug="settle", names={"en": "Settle"}, kind=ClockKind.RESOLUTION,
        unit=clocks.Unit.WORKING, amount=3600, ladder=(), pauses=frozenset(PauseReason), source=WHY, by=BY, reason=WHY,
        clock=desk.clock,
    )  # fmt: skip
    subject = desk.start("settle")
    for reason in PauseReason:
        desk.clock.advance(timedelta(minutes=7, microseconds=3))
        clocks.pause_clock(subject_id=subject, reason=reason, by="x", at=desk.now, clock=desk.clock)
        desk.pass_by(timedelta(minutes=11, microseconds=5))
        clocks.resume_clock(subject_id=subject, by="x", at=desk.now, clock=desk.clock)
    waited = 4 * timedelta(minutes=11, microseconds=5)
    assert desk.clock_of(subject, "settle").due_at == NOON + HOUR + waited
    history = [step.kind for step in clocks.history_of(desk.clock_of(subject, "settle").id)]
    assert history == ["started", *["paused", "resumed"] * 4]


def test_a_broken_promise_is_dated_by_when_it_was_due_however_late_the_worker_comes(desk: Desk) -> None:
    subject = desk.message()
    desk.pass_by(HOUR)
    assert desk.clock_of(subject).breached_at is None  # due is still in time
    desk.pass_by(timedelta(microseconds=1))
    assert desk.clock_of(subject).breached_at == NOON + HOUR
    assert breaches() == [(0, str(desk.lead)), (1, str(desk.lead))]
    desk.pass_by(timedelta(hours=3))
    steps = [(step.kind, step.at) for step in clocks.history_of(desk.clock_of(subject).id) if step.kind == "climbed"]
    assert steps == [
        ("climbed", NOON + HOUR),
        ("climbed", NOON + HOUR + 15 * MINUTE),
        ("climbed", NOON + 3 * HOUR),
    ]
    assert breaches()[2:] == [(2, str(desk.lead)), (3, str(desk.head))]
    clocks.move_clocks(clock=desk.clock)
    assert len(breaches()) == 4  # a worker that comes again tells nothing again


def test_what_a_worker_has_not_written_yet_is_read_as_it_is(desk: Desk) -> None:
    subject = desk.message()
    desk.clock.advance(2 * HOUR)
    read = desk.clock_of(subject)
    assert (read.breached_at, read.left_s, read.steps_climbed) == (NOON + HOUR, -3600, 2)
    assert ClockRow.objects.get(id=read.id).breached_at is None
    assert clocks.breached_subjects(desk.institution_id, at=desk.now) == (subject,)


def test_an_answer_in_time_that_is_written_late_takes_the_breach_back(desk: Desk) -> None:
    subject = desk.message()
    answered_at = desk.now + 59 * MINUTE
    desk.pass_by(timedelta(minutes=61))
    assert breaches()
    clocks.answered(subject_id=subject, by=desk.mona, at=answered_at, clock=desk.clock)
    (stopped,) = clocks.stopped_clocks(subject, clock=desk.clock)
    assert (stopped.breached_at, stopped.stopped_at) == (None, answered_at)
    assert EventRow.objects.filter(name="care.breach_withdrawn").count() == 1
    assert HoldingRow.objects.get(clock_id=stopped.id).until == answered_at


def test_the_head_takes_over_at_the_end_of_the_ladder_at_the_exact_time(desk: Desk) -> None:
    desk.shift(desk.mona, MINUTE, 8 * HOUR)
    desk.shift(desk.head, MINUTE, 8 * HOUR)
    desk.clock.advance(MINUTE)
    subject = desk.message(assignee=desk.mona)
    assert desk.clock_of(subject).accountable == desk.mona
    desk.pass_by(4 * HOUR)
    taken = HandOverRow.objects.get()
    assert (taken.giver, taken.taker, taken.by, taken.at) == (desk.mona, desk.head, "system", NOON + MINUTE + 3 * HOUR)
    assert desk.clock_of(subject).accountable == desk.head


def test_a_clock_that_was_stopped_can_not_be_changed_not_even_in_the_database(desk: Desk) -> None:
    subject = desk.message()
    clocks.answered(subject_id=subject, by=desk.mona, at=desk.now, clock=desk.clock)
    row = ClockRow.objects.get(subject_id=subject, kind="first_answer")
    for statement in (
        "UPDATE care_clock SET stopped_by = 'staff:x' WHERE id = %s",
        "DELETE FROM care_clock WHERE id = %s",
        "UPDATE care_holding SET until = NULL WHERE clock_id = %s",
        "DELETE FROM care_holding WHERE clock_id = %s",
        "UPDATE care_clock_step SET by = 'x' WHERE clock_id = %s",
    ):
        if "holding" in statement:
            desk.clock.advance(MINUTE)
            other = desk.message()
            desk.clock.advance(MINUTE)
            clocks.answered(subject_id=other, by=desk.mona, at=desk.now, clock=desk.clock)
            row = ClockRow.objects.get(subject_id=other, kind="first_answer")
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [row.id])


def test_an_institution_that_says_nothing_has_clocks_all_the_same_and_may_change_them_from_now_on(desk: Desk) -> None:
    before = desk.message()
    clocks.set_rule(
        institution_id=desk.institution_id, slug="first-answer", names={"en": "First"}, kind=ClockKind.FIRST_ANSWER,
        unit=clocks.Unit.ELAPSED, amount=60, ladder=(), source=WHY, by=BY, reason=WHY, clock=desk.clock,
    )  # fmt: skip
    after = desk.message()
    assert desk.clock_of(before).due_at == NOON + HOUR
    assert desk.clock_of(after).due_at == NOON + MINUTE
    assert len(clocks.rule_history(desk.institution_id, "first-answer")) == 2


@pytest.mark.parametrize(
    ("slug", "due"),
    [
        ("cbe-reference", "2026-01-08T13:00:00"),
        ("cbe-answer", "2026-01-27T13:00:00"),
        ("disp-final", "2026-03-03T20:00:00"),
        ("dora-initial", "2026-01-06T12:00:00"),
        ("dora-final", "2026-02-06T20:00:00"),
        ("ntra-answer", "2026-01-13T13:00:00"),
    ],
)
def test_the_presets_of_regulators_are_due_when_their_rule_says(desk: Desk, slug: str, due: str) -> None:
    clocks.adopt_preset(institution_id=desk.institution_id, slug=slug, by=BY, reason=WHY, clock=desk.clock)
    subject = desk.start(slug)
    told = desk.clock_of(subject, slug).due_at
    assert told is not None
    assert told.isoformat() == f"{due}+00:00"


def test_more_time_is_given_once_with_a_reason_and_only_in_time(desk: Desk) -> None:
    clocks.adopt_preset(institution_id=desk.institution_id, slug="disp-payments", by=BY, reason=WHY, clock=desk.clock)
    subject = desk.start("disp-payments")
    first = desk.clock_of(subject, "disp-payments").due_at
    clocks.extend_clock(
        subject_id=subject, rule="disp-payments", by=BY, reason="the other bank is silent", clock=desk.clock
    )
    second = desk.clock_of(subject, "disp-payments").due_at
    assert first is not None
    assert second == first + timedelta(days=28)
    with pytest.raises(clocks.NotExtendable):
        clocks.extend_clock(subject_id=subject, rule="disp-payments", by=BY, reason=WHY, clock=desk.clock)
    with pytest.raises(clocks.NotExtendable):
        clocks.extend_clock(subject_id=desk.message(), rule="first-answer", by=BY, reason=WHY, clock=desk.clock)


def reopen(desk: Desk, subject: UUID) -> None:
    clocks.reopened(
        subject_kind=clocks.SubjectKind.CASE, subject_id=subject, institution_id=desk.institution_id,
        team_id=desk.team.id, assignee=desk.mona, by=f"staff:{desk.lead}", at=desk.now, clock=desk.clock,
    )  # fmt: skip


def test_a_regulators_time_goes_on_with_what_was_used_when_a_case_is_opened_again(desk: Desk) -> None:
    clocks.adopt_preset(institution_id=desk.institution_id, slug="cbe-answer", by=BY, reason=WHY, clock=desk.clock)
    subject = desk.start("cbe-answer")
    desk.pass_by(timedelta(days=7))  # four working days were over
    clocks.closed(subject_id=subject, by=f"staff:{desk.mona}", at=desk.now, clock=desk.clock)
    desk.pass_by(timedelta(days=28))
    for _ in range(2):
        reopen(desk, subject)
    one = desk.clock_of(subject, "cbe-answer")
    assert one.started_at == NOON
    assert one.due_at == datetime(2026, 2, 24, 13, tzinfo=UTC)  # eleven more, that of the reopening the first
    assert desk.clock_of(subject, "resolution").started_at == desk.now
    assert len(clocks.clocks_of([subject], at=desk.now)[subject]) == 2
    clocks.closed(subject_id=subject, by=f"staff:{desk.mona}", at=desk.now, clock=desk.clock)
    desk.pass_by(timedelta(days=1))
    reopen(desk, subject)
    assert desk.clock_of(subject, "cbe-answer").due_at == datetime(2026, 2, 25, 13, tzinfo=UTC)


def test_what_was_answered_to_the_regulator_does_not_run_again(desk: Desk) -> None:
    clocks.adopt_preset(institution_id=desk.institution_id, slug="cbe-reference", by=BY, reason=WHY, clock=desk.clock)
    subject = desk.start("cbe-reference")
    clocks.stop_clock(
        subject_id=subject, rule="cbe-reference", by="system", reason=StopReason.DONE, at=desk.now, clock=desk.clock
    )
    reopen(desk, subject)
    assert [one.rule for one in clocks.clocks_of([subject], at=desk.now)[subject]] == ["resolution"]


def test_a_regulators_time_that_was_over_is_over_still_and_broken_once(desk: Desk) -> None:
    clocks.adopt_preset(institution_id=desk.institution_id, slug="cbe-reference", by=BY, reason=WHY, clock=desk.clock)
    subject = desk.start("cbe-reference")
    desk.pass_by(timedelta(days=3))
    broken = desk.clock_of(subject, "cbe-reference")
    clocks.closed(subject_id=subject, by=f"staff:{desk.mona}", at=desk.now, clock=desk.clock)
    desk.pass_by(timedelta(days=1))
    reopen(desk, subject)
    desk.pass_by(MINUTE)
    again = desk.clock_of(subject, "cbe-reference")
    assert (again.breached_at, again.steps_climbed) == (broken.breached_at, 2)
    assert again.assignee == desk.head  # by the ladder's last step, a day after it was broken
    breaches = clocks.breaches_of(desk.institution_id, since=NOON, until=desk.now)
    assert [(one.rule, one.due_at) for one in breaches] == [("cbe-reference", broken.breached_at)]


def test_a_rule_nobody_has_is_refused(desk: Desk) -> None:
    with pytest.raises(clocks.UnknownRule):
        desk.start("nothing")
    with pytest.raises(clocks.UnknownRule):
        clocks.adopt_preset(institution_id=desk.institution_id, slug="x", by=BY, reason=WHY, clock=desk.clock)
    with pytest.raises(clocks.InvalidRule):
        clocks.set_rule(
            institution_id=desk.institution_id, slug="x", names={"en": "x"}, kind=ClockKind.GAP,
            unit=clocks.Unit.WORKING, amount=0, ladder=(), source=WHY, by=BY, reason=WHY, clock=desk.clock,
        )  # fmt: skip


def test_starting_again_is_the_same_clock(desk: Desk) -> None:
    subject = desk.start("gap")
    first = desk.clock_of(subject, "gap")
    desk.clock.advance(MINUTE)
    again = clocks.start_clock(
        subject_kind=clocks.SubjectKind.CASE, subject_id=subject, rule="gap", institution_id=desk.institution_id,
        team_id=desk.team.id, assignee=None, at=desk.now, clock=desk.clock,
    )  # fmt: skip
    assert (again.id, again.started_at) == (first.id, first.started_at)
    clocks.stop_clock(
        subject_id=subject, rule="gap", by="system", reason=StopReason.DONE, at=desk.now, clock=desk.clock
    )
    clocks.stop_clock(
        subject_id=subject, rule="gap", by="system", reason=StopReason.DONE, at=desk.now, clock=desk.clock
    )
    assert clocks.clocks_of([subject, new_id()], at=desk.now) == {}


def test_hours_that_are_edited_count_for_running_clocks_from_then_on(desk: Desk) -> None:
    subject = desk.message()
    desk.clock.advance(30 * MINUTE)
    hours = duty.hours_now(desk.calendar_id, desk.now)
    today = NOON.date()
    duty.set_day(
        calendar_id=desk.calendar_id,
        day=today,
        openings=(),
        by=BY,
        reason="the office is under water",
        clock=desk.clock,
    )
    assert (
        desk.clock_of(subject).due_at == NOON + 20 * HOUR + 30 * MINUTE
    )  # half of it was used; the rest is tomorrow's
    assert desk.clock_of(subject).elapsed_s == 1800
    desk.pass_by(MINUTE)
    assert ClockRow.objects.get(id=desk.clock_of(subject).id).due_at == NOON + 20 * HOUR + 30 * MINUTE
    with pytest.raises(duty.PastIsOver):
        duty.change_hours(
            calendar_id=desk.calendar_id, hours=hours, by=BY, reason=WHY, valid_from=desk.now - HOUR, clock=desk.clock
        )
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO care_calendar_version (calendar_id, is_first, valid_from, hours, made_at, made_by, reason) "
            "SELECT calendar_id, false, valid_from - interval '1 day', hours, made_at, 'x', 'x' "
            "FROM care_calendar_version WHERE NOT is_first"
        )


def test_thirty_conversations_are_read_in_as_many_queries_as_three(desk: Desk) -> None:
    subjects = [desk.message() for _ in range(30)]
    desk.clock.advance(2 * HOUR)
    with CaptureQueriesContext(connection) as few:
        clocks.clocks_of(subjects[:3], at=desk.now)
    with CaptureQueriesContext(connection) as many:
        found = clocks.clocks_of(subjects, at=desk.now)
    assert len(found) == 30
    assert len(many) == len(few) <= 12
