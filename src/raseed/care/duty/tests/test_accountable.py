from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from raseed.care.clocks import api as clocks
from raseed.care.clocks.tests.desk import BY, HOUR, MINUTE, NOON, WHY, Desk, someone
from raseed.care.duty import api as duty
from raseed.care.duty.api import Absence, AbsenceKind, Member, Roster, Shift, Team, Why
from raseed.care.duty.departures import notice_departures
from raseed.care.models import AbsenceRow, HandOverRow, HoldingRow
from raseed.kernel.calendars import Calendar, Hours, Version, opening, week
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import an_author
from raseed.people.tests.world import an_institution


def holders(subject: UUID) -> list[tuple[UUID, datetime, datetime | None]]:
    rows = HoldingRow.objects.filter(clock__subject_id=subject, clock__slug="first-answer").order_by("since")
    return [(row.staff_id, row.since, row.until) for row in rows]


def test_whoever_has_it_answers_while_they_work_and_then_the_duty_the_team_the_lead(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 2 * HOUR)
    desk.shift(desk.omar, HOUR, 3 * HOUR, on_duty=True)
    subject = desk.message(assignee=desk.mona)
    due = desk.message()
    assert desk.clock_of(subject).accountable == desk.mona
    assert desk.clock_of(due).accountable == desk.mona
    desk.clock.advance(HOUR)
    assert desk.clock_of(due).accountable == desk.omar  # who has the duty goes before who is there
    desk.clock.advance(HOUR)
    assert duty.accountable(desk.team.id, desk.mona, desk.now) == desk.omar
    assert duty.accountable_many([(desk.team.id, desk.mona)], desk.now)[0].why is Why.ON_DUTY
    desk.clock.advance(HOUR)
    assert duty.accountable(desk.team.id, desk.mona, desk.now) == desk.lead


def test_the_end_of_a_shift_is_written_at_its_instant_however_late_the_worker_comes(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 20 * MINUTE)
    desk.shift(desk.omar, 20 * MINUTE, 30 * MINUTE)
    subject = desk.message(assignee=desk.mona)
    desk.pass_by(3 * HOUR)
    assert holders(subject)[:3] == [
        (desk.mona, NOON, NOON + 20 * MINUTE),
        (desk.omar, NOON + 20 * MINUTE, NOON + 30 * MINUTE),
        (desk.lead, NOON + 30 * MINUTE, None),
    ]


def test_a_team_may_let_everybody_keep_what_is_theirs(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 20 * MINUTE)
    subject = desk.message(assignee=desk.mona)
    desk.clock.advance(10 * MINUTE)
    duty.change_team(team_id=desk.team.id, lead=desk.lead, keeps_after_shift=True, by=BY, reason=WHY, clock=desk.clock)
    desk.pass_by(20 * MINUTE)
    assert desk.clock_of(subject).accountable == desk.mona
    desk.clock.advance(MINUTE)
    leave(desk, desk.mona, timedelta(0), HOUR)
    assert desk.clock_of(subject).accountable == desk.lead


def leave(desk: Desk, who: UUID, starts: timedelta, ends: timedelta) -> UUID:
    made = new_id()
    duty.note_absence(
        id=made, institution_id=desk.institution_id, staff_id=who, kind=AbsenceKind.LEAVE, since=desk.now + starts,
        until=desk.now + ends, by=BY, reason=WHY, clock=desk.clock,
    )  # fmt: skip
    return made


def test_leave_that_is_noted_while_a_clock_runs_hands_it_on_and_its_end_hands_it_back(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 5 * HOUR)
    subject = desk.message(assignee=desk.mona)
    desk.clock.advance(5 * MINUTE)
    made = leave(desk, desk.mona, timedelta(0), 2 * HOUR)
    assert desk.clock_of(subject).accountable == desk.lead
    desk.clock.advance(5 * MINUTE)
    duty.end_absence(absence_id=made, by=BY, reason="feels better", clock=desk.clock)
    desk.pass_by(MINUTE)
    assert holders(subject) == [
        (desk.mona, NOON, NOON + 5 * MINUTE),
        (desk.lead, NOON + 5 * MINUTE, NOON + 10 * MINUTE),
        (desk.mona, NOON + 10 * MINUTE, None),
    ]


def test_who_leaves_the_company_is_followed_from_that_instant(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 5 * HOUR)
    subject = desk.message(assignee=desk.mona)
    desk.clock.advance(10 * MINUTE)
    people.end_staff(desk.mona, by=BY, reason="a better offer", clock=desk.clock)
    desk.clock.advance(30 * timedelta(seconds=1))
    clocks.look_after_clocks(clock=desk.clock)
    assert holders(subject) == [(desk.mona, NOON, NOON + 10 * MINUTE), (desk.lead, NOON + 10 * MINUTE, None)]
    assert notice_departures(clock=desk.clock) == 0
    with pytest.raises(duty.NotAtWork):
        desk.join(desk.mona)


def test_nobody_is_made_accountable_for_what_no_role_lets_them_see(desk: Desk) -> None:
    clerk = someone(desk.institution_id, "clerk", "back-office")
    for refused in (
        lambda: desk.join(clerk),
        lambda: desk.shift(clerk, timedelta(0), HOUR),
        lambda: duty.set_head(institution_id=desk.institution_id, staff_id=clerk, by=BY, reason=WHY, clock=desk.clock),
    ):
        with pytest.raises(duty.NotAtWork):
            refused()
    assert desk.clock_of(desk.message()).accountable == desk.lead


def test_who_was_locked_out_and_is_let_in_again_is_back(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 5 * HOUR)
    subject = desk.message(assignee=desk.mona)
    desk.clock.advance(MINUTE)
    people.lock_staff(desk.mona, by=BY, reason="lost a phone", clock=desk.clock)
    clocks.look_after_clocks(clock=desk.clock)
    assert desk.clock_of(subject).accountable == desk.lead
    desk.clock.advance(MINUTE)
    people.unlock_staff(desk.mona, by=BY, reason="found it", clock=desk.clock)
    clocks.look_after_clocks(clock=desk.clock)
    assert desk.clock_of(subject).accountable == desk.mona
    assert AbsenceRow.objects.filter(until=None).count() == 0


def test_when_lead_and_head_are_away_another_lead_answers_and_then_whoever_is_left(desk: Desk) -> None:
    leave(desk, desk.lead, timedelta(0), HOUR)
    assert duty.accountable(desk.team.id, None, desk.now) == desk.head
    leave(desk, desk.head, timedelta(0), HOUR)
    assert duty.accountable_many([(desk.team.id, None)], desk.now)[0] == duty.Accountable(desk.head, Why.LAST)
    other = someone(desk.institution_id, "noor", "supervisor")
    duty.make_team(
        id=new_id(), institution_id=desk.institution_id, slug="loans", names={"en": "Loans"},
        calendar_id=desk.calendar_id, lead=other, keeps_after_shift=False, by=BY, reason=WHY, clock=desk.clock,
    )  # fmt: skip
    assert duty.accountable(desk.team.id, None, desk.now) == other


def test_a_shift_that_is_called_off_or_cut_short_leaves_nothing_with_nobody(desk: Desk) -> None:
    now_on = desk.shift(desk.mona, timedelta(0), 5 * HOUR)
    later = desk.shift(desk.omar, HOUR, 2 * HOUR, on_duty=True)
    subject = desk.message(assignee=desk.mona)
    desk.clock.advance(10 * MINUTE)
    duty.end_shift(shift_id=now_on.id, by=BY, reason="went home ill", clock=desk.clock)
    duty.end_shift(shift_id=later.id, by=BY, reason="not needed", clock=desk.clock)
    assert desk.clock_of(subject).accountable == desk.lead
    desk.clock.advance(HOUR)
    assert duty.on_duty(desk.team.id, desk.now) == ()
    with pytest.raises(duty.PastIsOver):
        duty.end_shift(shift_id=now_on.id, by=BY, reason=WHY, clock=desk.clock)


def test_shifts_lie_ahead_and_are_no_longer_than_a_day(desk: Desk) -> None:
    with pytest.raises(duty.PastIsOver):
        desk.shift(desk.mona, -MINUTE, HOUR)
    with pytest.raises(duty.InvalidShift):
        desk.shift(desk.mona, HOUR, 26 * HOUR)
    with pytest.raises(duty.InvalidShift):
        desk.shift(desk.mona, HOUR, HOUR)
    with pytest.raises(duty.InvalidShift):
        desk.shift(desk.mona, timedelta(days=500), timedelta(days=500, hours=1))
    first = desk.shift(desk.mona, HOUR, 2 * HOUR)
    again = duty.plan_shifts(
        team_id=desk.team.id, staff_id=desk.mona, by=BY, reason=WHY, clock=desk.clock,
        shifts=[duty.PlannedShift(first.starts_at, first.ends_at)],
    )  # fmt: skip
    assert again == ()


def test_a_weeks_shifts_are_planned_by_the_clock_on_the_wall() -> None:
    night = duty.shifts_by_week(
        week=week((opening("22:00", "06:00"),)), zone="Africa/Cairo", first=date(2026, 4, 22), last=date(2026, 4, 24)
    )
    assert [each.ends_at - each.starts_at for each in night] == [8 * HOUR, 7 * HOUR, 8 * HOUR]


def test_hand_overs_are_recorded_with_who_had_it_and_who_has_it(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 5 * HOUR)
    desk.shift(desk.omar, timedelta(0), 5 * HOUR)
    subject = desk.message(assignee=desk.mona)
    desk.clock.advance(10 * MINUTE)
    desk.hand_over(subject, desk.omar, by=f"staff:{desk.mona}")
    desk.hand_over(subject, desk.omar, by=f"staff:{desk.mona}")  # again: nothing
    desk.clock.advance(10 * MINUTE)
    desk.hand_over(subject, None, by=f"staff:{desk.omar}")
    given = HandOverRow.objects.filter(clock__slug="first-answer").order_by("position")
    assert next((row.giver, row.taker) for row in given) == (desk.mona, desk.omar)
    assert desk.clock_of(subject).assignee is None
    assert desk.clock_of(subject).accountable in {desk.mona, desk.omar}


def test_another_teams_hours_count_from_the_hand_over_on(desk: Desk) -> None:
    night = duty.make_calendar(
        id=new_id(), institution_id=desk.institution_id, slug="night", names={"en": "Night"},
        hours=Hours("Asia/Muscat", week((opening("20:00", "04:00"),))), by=BY, reason=WHY, clock=desk.clock,
    )  # fmt: skip
    team = duty.make_team(
        id=new_id(), institution_id=desk.institution_id, slug="night", names={"en": "Night"}, calendar_id=night.id,
        lead=desk.omar, keeps_after_shift=False, by=BY, reason=WHY, clock=desk.clock,
    )  # fmt: skip
    subject = desk.message()
    desk.clock.advance(40 * MINUTE)
    desk.hand_over(subject, None, team_id=team.id)
    moved = desk.clock_of(subject)
    assert (moved.accountable, moved.elapsed_s, moved.due_at) == (desk.omar, 2400, NOON + 8 * HOUR + 20 * MINUTE)


def test_an_institution_where_nothing_was_set_up_has_somebody_all_the_same(database: object) -> None:
    institution_id = an_institution().id
    with pytest.raises(duty.NobodyWorksHere):
        duty.default_team(institution_id)
    agent, boss = someone(institution_id, "agent"), someone(institution_id, "boss", "supervisor")
    team = duty.default_team(institution_id)
    assert (team.lead, team.is_default, duty.head_of(institution_id)) == (boss, True, boss)
    assert {member.staff_id for member in duty.members_of(team.id)} == {agent, boss}
    assert duty.default_team(institution_id) == team


def test_who_may_not_edit_duty_may_not(desk: Desk) -> None:
    nobody = an_author(desk.institution_id, "care.duty.view")
    for verb in (
        lambda: duty.set_head(institution_id=desk.institution_id, staff_id=desk.mona, by=nobody, reason=WHY),
        lambda: duty.change_team(
            team_id=desk.team.id, lead=desk.mona, keeps_after_shift=True, by=nobody, reason=WHY
        ),
        lambda: duty.plan_shifts(team_id=desk.team.id, staff_id=desk.mona, shifts=[], by=nobody, reason=WHY),
        lambda: duty.set_day(
            calendar_id=desk.calendar_id, day=NOON.date(), openings=(), by=nobody, reason=WHY
        ),
        lambda: clocks.adopt_preset(
            institution_id=desk.institution_id, slug="gap", by=nobody, reason=WHY
        ),
        lambda: clocks.record_of(
            desk.mona, institution_id=desk.institution_id, since=NOON, until=NOON + HOUR, by=nobody
        ),
    ):  # fmt: skip
        with pytest.raises(people.NotPermitted):
            verb()


# Never nobody, never two, never a gap: over rosters of all shapes.

PEOPLE = [UUID(int=number) for number in range(1, 6)]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = st.integers(0, 200).map(lambda hours: BEGIN + timedelta(hours=hours))
SPANS = st.tuples(HOURS, HOURS).filter(lambda pair: pair[0] < pair[1])


@st.composite
def rosters(draw) -> Roster:
    team = Team(
        UUID(int=99), UUID(int=98), "t", {}, UUID(int=97), draw(st.sampled_from(PEOPLE)), draw(st.booleans()), True
    )
    shifts = [
        Shift(UUID(int=1000 + number), team.id, who, span[0], span[1], duty_)
        for number, (who, span, duty_) in enumerate(
            draw(st.lists(st.tuples(st.sampled_from(PEOPLE), SPANS, st.booleans()), max_size=6))
        )
    ]
    members = [
        Member(who, BEGIN, None, by_shifts)
        for who, by_shifts in draw(st.dictionaries(st.sampled_from(PEOPLE), st.booleans(), max_size=5)).items()
    ]
    absences: dict[UUID, tuple[Absence, ...]] = {}
    for who, kind, (since, until) in draw(
        st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(AbsenceKind), SPANS), max_size=5)
    ):
        ends = None if kind is AbsenceKind.LEFT else until
        absences[who] = (*absences.get(who, ()), Absence(who, kind, since, ends))
    office = Calendar((Version(BEGIN, Hours("Asia/Muscat", week((opening("08:00", "17:00"),)))),))
    return Roster(team, office, draw(st.sampled_from(PEOPLE)), (team.lead,), tuple(members), tuple(shifts), absences)


@given(rosters(), st.none() | st.sampled_from(PEOPLE), SPANS)
def test_somebody_is_accountable_at_every_instant_and_it_is_whoever_the_stretches_say(
    roster: Roster, assignee: UUID | None, span: tuple[datetime, datetime]
) -> None:
    since, until = span
    held = roster.held(assignee, since, until)
    assert held[0].since == since
    assert held[-1].until == until
    assert all(one.until == other.since for one, other in pairwise(held))
    at = since
    while at < until:
        (holder,) = (one for one in held if one.since <= at < one.until)
        assert roster.accountable(assignee, at).staff_id == holder.staff_id in PEOPLE
        at += timedelta(minutes=97)


@given(rosters(), st.none() | st.sampled_from(PEOPLE), HOURS)
def test_nobody_who_is_away_is_accountable_while_somebody_works(
    roster: Roster, assignee: UUID | None, at: datetime
) -> None:
    one = roster.accountable(assignee, at)
    if roster.on_duty(at):
        assert roster.is_here(one.staff_id, at)
    if assignee is not None and roster.works(assignee, at):
        assert one.staff_id == assignee


def test_the_teams_of_somebody_are_those_they_are_in_now_or_lead_asked_once(desk: Desk) -> None:
    desk.clock.advance(MINUTE)
    others = [
        duty.make_team(
            id=new_id(), institution_id=desk.institution_id, slug=f"team-{n}", names={"en": f"Team {n}"},
            calendar_id=desk.calendar_id, lead=desk.omar if n == 1 else desk.lead, keeps_after_shift=False, by=BY,
            reason=WHY, clock=desk.clock,
        )
        for n in range(3)
    ]  # fmt: skip
    duty.add_member(team_id=others[0].id, staff_id=desk.omar, by_shifts=True, by=BY, reason=WHY, clock=desk.clock)
    before = desk.now
    desk.clock.advance(MINUTE)
    duty.end_member(team_id=others[0].id, staff_id=desk.omar, by=BY, reason=WHY, clock=desk.clock)
    with CaptureQueriesContext(connection) as asked:
        now = duty.teams_of(desk.omar, desk.institution_id, at=desk.now)
    assert len(asked) == 1
    assert {team.id for team in now} == {desk.team.id, others[1].id}
    then = duty.teams_of(desk.omar, desk.institution_id, at=before)
    assert {team.id for team in then} == {desk.team.id, others[0].id, others[1].id}
    assert duty.teams_of(new_id(), desk.institution_id, at=desk.now) == ()
    assert duty.teams_of(desk.omar, new_id(), at=desk.now) == ()
