"""What heads of care change: hours and what they do to clocks, teams, who would answer if somebody went away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from raseed.care.clocks import api as clocks
from raseed.care.clocks.tests.desk import BY, HOUR, MINUTE, NOON, WHY, Desk
from raseed.care.duty import api as duty
from raseed.care.duty.hours import follow_declared_holidays
from raseed.kernel.calendars import InvalidCalendar, Version, opening, week
from raseed.kernel.errors import InputError
from raseed.kernel.hijri import Days, ramadan
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people import api as people
from raseed.people.tests.office import an_author
from raseed.platform import api as platform

MUSCAT = ZoneInfo("Asia/Muscat")
SPLIT = (opening("08:00", "12:00"), opening("16:00", "20:00"))


def latest(subject: str) -> platform.AuditRecord:
    return platform.audit_trail(subject, limit=1)[0]


def here(desk: Desk) -> duty.NamedCalendar:
    return duty.named_calendar(desk.calendar_id)


def test_a_holiday_does_not_undo_the_hours_that_are_planned(desk: Desk) -> None:
    now = duty.hours_now(desk.calendar_id, desk.now)
    later = desk.now + timedelta(days=10)
    split = replace(now, week=week(SPLIT))
    duty.change_hours(calendar_id=desk.calendar_id, hours=split, valid_from=later, by=BY, reason=WHY, clock=desk.clock)
    holiday = date(2026, 1, 20)
    duty.set_days(
        calendar_id=desk.calendar_id, first=holiday, last=holiday + timedelta(days=1), openings=(), by=BY, reason=WHY,
        clock=desk.clock,
    )  # fmt: skip
    calendar = here(desk).calendar
    assert [version.valid_from for version in calendar.versions][-1] == later
    assert calendar.versions[-1].hours.week == split.week
    assert not calendar.is_open(datetime(2026, 1, 20, 9, tzinfo=MUSCAT))
    assert not calendar.is_open(datetime(2026, 1, 21, 17, tzinfo=MUSCAT))
    assert calendar.is_open(datetime(2026, 1, 22, 17, tzinfo=MUSCAT))
    duty.set_days(
        calendar_id=desk.calendar_id, first=holiday, last=holiday, openings=None, by=BY, reason=WHY, clock=desk.clock
    )
    assert here(desk).calendar.is_open(datetime(2026, 1, 20, 17, tzinfo=MUSCAT))


def test_what_changes_nothing_is_not_written_and_what_does_says_what_was_before(desk: Desk) -> None:
    before = here(desk).version
    duty.change_hours(
        calendar_id=desk.calendar_id, hours=duty.hours_now(desk.calendar_id, desk.now), by=BY, reason=WHY, clock=desk.clock
    )  # fmt: skip
    assert here(desk).version == before
    for _ in range(2):
        duty.set_day(
            calendar_id=desk.calendar_id, day=date(2026, 1, 20), openings=SPLIT, by=BY, reason=WHY, clock=desk.clock
        )
    record = latest(f"calendar:{desk.calendar_id}")
    assert record.before == {"own_days": []}
    assert record.after == {
        "own_days": ["2026-01-20: 08:00-12:00, 16:00-20:00"], "valid_from": desk.now.isoformat(),
    }  # fmt: skip
    assert len(platform.audit_trail(f"calendar:{desk.calendar_id}", limit=9)) == 2  # made, and one day set


def test_whoever_edits_hours_that_somebody_else_has_changed_is_told_and_changes_nothing(desk: Desk) -> None:
    seen = here(desk)
    hours = duty.hours_now(desk.calendar_id, desk.now)
    duty.set_day(calendar_id=desk.calendar_id, day=date(2026, 1, 20), openings=(), by=BY, reason=WHY, clock=desk.clock)
    after = here(desk)
    assert after.version > seen.version
    with pytest.raises(duty.ChangedMeanwhile):
        duty.change_hours(
            calendar_id=desk.calendar_id, hours=replace(hours, zone="Africa/Cairo"), expected=seen.version, by=BY,
            reason=WHY, clock=desk.clock,
        )  # fmt: skip
    with pytest.raises(duty.ChangedMeanwhile):
        duty.set_days(
            calendar_id=desk.calendar_id, first=date(2026, 2, 1), last=date(2026, 2, 1), openings=(),
            expected=seen.version, by=BY, reason=WHY, clock=desk.clock,
        )  # fmt: skip
    assert here(desk) == after


def test_days_that_can_not_be_are_refused(desk: Desk) -> None:
    for first, last, error in (
        (date(2026, 1, 5), date(2026, 1, 5), duty.PastIsOver),
        (date(2026, 2, 2), date(2026, 2, 1), InvalidCalendar),
        (date(2026, 2, 1), date(2026, 4, 2), InvalidCalendar),
    ):
        with pytest.raises(error):
            duty.set_days(
                calendar_id=desk.calendar_id, first=first, last=last, openings=(), by=BY, reason=WHY, clock=desk.clock
            )
    with pytest.raises(platform.SameIdOtherContent):
        duty.make_calendar(
            id=new_id(), institution_id=desk.institution_id, slug="muscat", names={"en": "Another"},
            hours=duty.hours_now(desk.calendar_id, desk.now), by=BY, reason=WHY, clock=desk.clock,
        )  # fmt: skip


def test_ramadan_is_as_announced_until_that_is_taken_back(desk: Desk) -> None:
    hours = duty.hours_now(desk.calendar_id, desk.now)
    duty.change_hours(
        calendar_id=desk.calendar_id, hours=replace(hours, ramadan_week=week((opening("10:00", "14:00"),))), by=BY,
        reason=WHY, clock=desk.clock,
    )  # fmt: skip
    computed = ramadan(1447)
    seen = Days(computed.first + timedelta(days=1), computed.last + timedelta(days=1))

    def eve_is_short() -> bool:
        return duty.hours_now(desk.calendar_id, desk.now).is_ramadan(computed.first)

    assert eve_is_short()
    duty.announce_ramadan(calendar_id=desk.calendar_id, year=1447, days=seen, by=BY, reason=WHY, clock=desk.clock)
    assert not eve_is_short()
    assert duty.hours_now(desk.calendar_id, desk.now).is_ramadan(seen.last)
    duty.announce_ramadan(calendar_id=desk.calendar_id, year=1447, days=None, by=BY, reason=WHY, clock=desk.clock)
    assert eve_is_short()
    for wrong in (
        Days(computed.first + timedelta(days=20), computed.last + timedelta(days=20)),
        Days(computed.first, computed.first),
    ):
        with pytest.raises(InvalidCalendar):
            duty.announce_ramadan(
                calendar_id=desk.calendar_id, year=1447, days=wrong, by=BY, reason=WHY, clock=desk.clock
            )


def test_a_declared_holiday_does_not_undo_the_hours_that_are_planned(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from raseed.banking import api as banking  # noqa: PLC0415  (the door that is stood in for)
    from raseed.care.models import CalendarRow  # noqa: PLC0415

    CalendarRow.objects.filter(id=desk.calendar_id).update(slug="office")
    later = desk.now + timedelta(days=10)
    split = replace(duty.hours_now(desk.calendar_id, desk.now), week=week(SPLIT))
    duty.change_hours(calendar_id=desk.calendar_id, hours=split, valid_from=later, by=BY, reason=WHY, clock=desk.clock)
    monkeypatch.setattr(banking, "holidays", lambda *_, **__: [date(2026, 1, 20)])
    assert follow_declared_holidays(clock=desk.clock) == 1
    calendar = here(desk).calendar
    assert calendar.versions[-1].hours.week == split.week
    assert calendar.versions[-1].hours.days == {date(2026, 1, 20): ()}


def test_a_preview_says_what_the_change_then_does_to_the_clocks_that_run(desk: Desk) -> None:
    subject = desk.message()
    paused = desk.message()
    clocks.pause_clock(
        subject_id=paused, reason=clocks.PauseReason.WAITING_FOR_CUSTOMER, by="system", at=desk.now, clock=desk.clock
    )
    calendar = here(desk).calendar
    short = replace(duty.hours_now(desk.calendar_id, desk.now), week=week((opening("08:00", "12:10"),)))
    candidate = duty.with_versions(calendar, [Version(desk.now, short)])
    sample = datetime(2026, 1, 8, 16, 50, tzinfo=MUSCAT)  # a Thursday
    told = clocks.preview_calendar(desk.calendar_id, candidate, sample=sample, at=desk.now)
    first = next(one for one in told.samples if one.rule.slug == "first-answer")
    assert first.was == datetime(2026, 1, 11, 8, 50, tzinfo=MUSCAT)
    assert first.would_be == datetime(2026, 1, 9, 9, tzinfo=MUSCAT)
    assert (told.running, told.more) == (3, False)
    assert {one.subject_id for one in told.moved} == {subject, paused}
    assert (told.sooner, told.later) == (
        1,
        2,
    )  # the settling of one ends earlier in the day; both answers wait for morning
    duty.change_hours(calendar_id=desk.calendar_id, hours=short, by=BY, reason=WHY, clock=desk.clock)
    for one in told.moved:
        assert desk.clock_of(one.subject_id, one.rule).due_at == one.would_be


def test_a_team_is_renamed_and_goes_by_other_hours_from_now_on_what_was_used_stays_used(desk: Desk) -> None:
    night = duty.make_calendar(
        id=new_id(), institution_id=desk.institution_id, slug="night", names={"en": "Night"},
        hours=replace(duty.hours_now(desk.calendar_id, desk.now), week=week((opening("20:00", "04:00"),))),
        by=BY, reason=WHY, clock=desk.clock,
    )  # fmt: skip
    subject = desk.message()
    desk.clock.advance(40 * MINUTE)
    seen = duty.team(desk.team.id)
    changed = duty.change_team(
        team_id=desk.team.id, lead=desk.omar, keeps_after_shift=True, names={"en": "Nights", "ar": "الليل", "he": ""},
        calendar_id=night.id, expected=seen.digest, by=BY, reason="nights from today", clock=desk.clock,
    )  # fmt: skip
    assert (changed.names, changed.lead, changed.calendar_id) == (
        {"en": "Nights", "ar": "الليل"}, desk.omar, night.id,
    )  # fmt: skip
    moved = desk.clock_of(subject)
    assert (moved.elapsed_s, moved.due_at, moved.accountable) == (2400, NOON + 8 * HOUR + 20 * MINUTE, desk.omar)
    record = latest(f"team:{desk.team.id}")
    assert record.before is not None
    assert record.before["names"] == ["Cards"]
    assert record.after is not None
    assert record.after["lead"] == str(desk.omar)
    with pytest.raises(duty.ChangedMeanwhile):
        duty.change_team(
            team_id=desk.team.id, lead=desk.mona, keeps_after_shift=False, expected=seen.digest, by=BY, reason=WHY,
            clock=desk.clock,
        )  # fmt: skip
    assert duty.team(desk.team.id) == changed


def test_other_hours_for_a_team_need_the_right_to_change_clocks_and_a_team_a_name_that_can_be(desk: Desk) -> None:
    editor = an_author(desk.institution_id, "care.duty.edit")
    other = duty.make_calendar(
        id=new_id(), institution_id=desk.institution_id, slug="other", names={"en": "Other"},
        hours=duty.hours_now(desk.calendar_id, desk.now), by=BY, reason=WHY, clock=desk.clock,
    )  # fmt: skip
    kept: dict[str, Any] = {
        "team_id": desk.team.id,
        "lead": desk.lead,
        "keeps_after_shift": False,
        "reason": WHY,
        "clock": desk.clock,
    }
    with pytest.raises(people.NotPermitted):
        duty.change_team(**kept, calendar_id=other.id, by=editor)
    with pytest.raises(duty.UnknownCalendar):
        duty.change_team(**kept, calendar_id=new_id(), by=BY)
    for names in ({}, {"ar": " "}, {"en": "x" * 500}, {"en": "a\u202eb"}):
        with pytest.raises(UnacceptableText):
            duty.change_team(**kept, names=names, by=editor)
    for slug in ("Cards 2", "a--b", "-a", "كروت"):
        with pytest.raises(InputError):
            duty.make_team(
                id=new_id(), institution_id=desk.institution_id, slug=slug, names={"en": "x"}, calendar_id=other.id,
                lead=desk.lead, keeps_after_shift=False, by=BY, reason=WHY, clock=desk.clock,
            )  # fmt: skip


def test_the_page_of_now_says_who_has_how_much_and_who_would_have_it(desk: Desk) -> None:
    desk.shift(desk.mona, timedelta(0), 4 * HOUR)
    desk.shift(desk.omar, timedelta(0), 4 * HOUR)
    given, free = desk.message(assignee=desk.omar), desk.message()
    answered = desk.message(assignee=desk.omar)
    clocks.answered(subject_id=answered, by=desk.omar, at=desk.now, clock=desk.clock)
    del given, free

    def told(at: datetime) -> dict[UUID, tuple[int, int, int]]:
        found = duty.waiting_now(desk.institution_id, at=at)
        return {one.staff_id: (one.unanswered, one.late, one.others) for one in found}

    assert sum(unanswered for unanswered, _, _ in told(desk.now).values()) == 2
    assert told(desk.now)[desk.omar][2] == 1
    assert sum(late for _, late, _ in told(desk.now + 2 * HOUR).values()) == 2
    heirs = duty.heirs_of(desk.omar, desk.institution_id, since=desk.now + HOUR, at=desk.now)
    assert {(one.staff_id, one.why) for one in heirs} == {(desk.mona, duty.Why.ON_SHIFT)}
    duty.note_absence(
        id=new_id(), institution_id=desk.institution_id, staff_id=desk.omar, kind=duty.AbsenceKind.LEAVE,
        since=desk.now, until=desk.now + timedelta(days=2), by=BY, reason="a note", clock=desk.clock,
    )  # fmt: skip
    assert set(told(desk.now)) == {desk.mona}
    assert duty.heirs_of(desk.omar, desk.institution_id, since=desk.now, at=desk.now) == ()
    (away,) = duty.absences_of(desk.institution_id, at=desk.now)
    assert away.id is not None
    assert (away.note, duty.absence(away.id)) == ("a note", (desk.institution_id, away))
    assert [one.id for one in duty.teams_of(desk.mona, desk.institution_id, at=desk.now)] == [desk.team.id]
    assert [one.id for one in duty.teams_of(desk.lead, desk.institution_id, at=desk.now)] == [desk.team.id]
    assert duty.teams_of(desk.head, desk.institution_id, at=desk.now) == ()
