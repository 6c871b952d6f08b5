"""Teams, shifts, leave, hours and time limits as the head of care runs them: what is shown, done, refused, and told apart."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from raseed.care import api as care
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.hijri import ramadan, year_near
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform.api import audit_trail
from raseed.web.tests.desk.bureau import NILE, Bureau, at_desk
from raseed.web.tests.office.house import DELTA
from raseed.web.tests.street import hidden, words_of

REASON = "decided in this week's meeting"
duty, clocks = care.duty, care.clocks


@pytest.fixture
def hoda(bureau: Bureau) -> Client:
    """The head of care at her desk."""
    return at_desk(bureau.house.hoda)


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, words_of(answer.content.decode())[:400]
    return words_of(answer.content.decode())


def week(text: str = "08:00-17:00") -> dict[str, str]:
    return {f"day{day}": "" if day in (4, 5) else text for day in range(7)}


def test_a_team_is_made_given_members_and_a_line_and_is_told_with_what_waits(bureau: Bureau, hoda: Client) -> None:
    salma = bureau.house.salma.staff
    conversation = bureau.write()
    page = shown(hoda, "/office/care/teams")
    assert "Customer care" in page
    assert re.search(r"Unanswered:\s*1", page), page
    calendar = duty.default_team(NILE).calendar_id
    form = {
        "id": str(new_id()), "slug": "night-shift", "name_en": "Nights", "name_ar": "الليل", "lead": str(salma.id),
        "calendar": str(calendar), "reason": REASON,
    }  # fmt: skip
    for _ in range(2):  # sent twice, it is made once
        done = hoda.post("/office/care/teams/new", form)
        assert done.status_code == 303, words_of(done.content.decode())
    (team,) = (one for one in duty.teams(NILE) if one.slug == "night-shift")
    at = f"/office/care/teams/{team.id}"
    assert hoda.post(f"{at}/members", {"staff_id": str(salma.id), "by": "shifts", "reason": REASON}).status_code == 303
    assert "Salma Fouad" in shown(hoda, at)
    assert (
        hoda.post(f"/office/care/lines/{bureau.line.id}", {"team_id": str(team.id), "reason": REASON}).status_code
        == 303
    )
    assert care.routes(NILE)[bureau.line.id] == team.id
    assert hoda.post(f"{at}/members/{salma.id}/end", {"reason": REASON}).status_code == 303
    assert duty.members_of(team.id) == ()
    care.take(conversation, by=care_author(bureau))
    narrowed = hoda.get(
        re.findall(r'href="(/office/desk/\?box=unanswered[^"]*)"', hoda.get("/office/care/teams").content.decode())[
            0
        ].replace("&amp;", "&")
    )
    assert "Only of" in words_of(narrowed.content.decode())


def care_author(bureau: Bureau) -> people.Author:
    return people.author_of_staff(bureau.house.salma.staff.id)


def test_what_can_not_be_is_said_beside_its_field_and_changes_nothing(hoda: Client) -> None:
    team = duty.default_team(NILE)
    form = {
        "id": str(new_id()), "slug": "x", "name_en": "X", "lead": str(team.lead), "calendar": str(team.calendar_id),
        "reason": REASON,
    }  # fmt: skip
    for wrong, field in (
        ({"slug": "Two Words"}, "slug"),
        ({"name_en": ""}, "names"),
        ({"name_en": "a\u202eb"}, "names"),
        ({"name_en": "x" * 900}, "names"),
        ({"lead": str(new_id())}, "lead"),
        ({"lead": ""}, "lead"),
        ({"calendar": str(new_id())}, "calendar"),
        ({"reason": ""}, "reason"),
    ):
        refused = hoda.post("/office/care/teams/new", form | wrong)
        assert refused.status_code in (400, 404, 422), (wrong, refused.status_code)
        assert f'id="{field}-error"' in refused.content.decode(), (wrong, field)
    assert len(duty.teams(NILE)) == 1


def test_the_second_of_two_who_change_a_team_is_told(hoda: Client) -> None:
    team = duty.default_team(NILE)
    address = f"/office/care/teams/{team.id}/change"
    seen = hidden(hoda.get(address).content.decode(), "expected")
    form = {
        "name_en": "First", "lead": str(team.lead), "calendar": str(team.calendar_id), "expected": seen, "reason": REASON,
    }  # fmt: skip
    assert hoda.post(address, form).status_code == 303
    second = hoda.post(address, form | {"name_en": "Second"})
    assert second.status_code == 409
    assert "Somebody else changed this" in words_of(second.content.decode())
    assert duty.team(team.id).names == {"en": "First"}


def test_shifts_are_planned_by_the_week_split_and_over_night_and_one_is_called_off(
    bureau: Bureau, hoda: Client
) -> None:
    team, salma = duty.default_team(NILE), bureau.house.salma.staff.id
    at, today = f"/office/care/teams/{team.id}", SYSTEM_CLOCK.now().date()
    form = {
        "staff_id": str(salma), "first": (today + timedelta(days=2)).isoformat(),
        "last": (today + timedelta(days=8)).isoformat(), "on_duty": "1", "reason": REASON,
        **dict.fromkeys((f"day{day}" for day in range(7)), "٠٨:٠٠-١٢:٠٠، 22:00–02:00"),
    }  # fmt: skip
    for wrong, field in (
        ({"day2": "8 to 5"}, "day2"),
        ({"day2": "08:00-12:00, 11:00-13:00"}, "day2"),
        ({"last": "x"}, "last"),
    ):
        refused = hoda.post(f"{at}/shifts", form | wrong)
        assert refused.status_code in (400, 422)
        assert f'id="{field}-error"' in refused.content.decode()
    assert hoda.post(f"{at}/shifts", form).status_code == 303
    now = SYSTEM_CLOCK.now()
    planned = duty.shifts_of(NILE, since=now, until=now + timedelta(days=20))
    assert len(planned) == 14
    assert all(each.on_duty and each.ends_at - each.starts_at == timedelta(hours=4) for each in planned)
    address = f"/office/care/shifts/{planned[0].id}/end"
    assert "Call off the shift" in shown(hoda, address)
    assert hoda.post(address, {"reason": REASON}).status_code == 303
    assert hoda.post(address, {"reason": REASON}).status_code == 303  # called off already: nothing changes
    assert "Salma Fouad" in shown(at_desk(bureau.house.salma), "/office/care/mine")


def test_who_goes_on_leave_is_shown_with_who_answers_then_and_nothing_stays_theirs(
    bureau: Bureau, hoda: Client
) -> None:
    salma, conversation = bureau.house.salma.staff.id, bureau.write()
    care.take(conversation, by=care_author(bureau))
    now = SYSTEM_CLOCK.now()
    day = now.date().isoformat()
    form = {
        "id": str(new_id()),
        "staff_id": str(salma),
        "first": day,
        "last": day,
        "kind": "sick",
        "reason": "a note",
        "do": "look",
    }
    looked = hoda.post("/office/care/leave/new", form)
    assert looked.status_code == 200
    assert "Who answers then for what is theirs now" in words_of(looked.content.decode())
    assert duty.absences_of(NILE, at=now) == ()
    for _ in range(2):
        assert hoda.post("/office/care/leave/new", form | {"do": "save"}).status_code in (303, 409)
    (away,) = duty.absences_of(NILE, at=now)
    assert all(one.staff_id != salma for one in duty.waiting_now(NILE, at=SYSTEM_CLOCK.now()))
    assert "a note" in shown(hoda, "/office/care/leave")
    others = shown(at_desk(bureau.house.tamer), "/office/care/leave")
    assert "a note" not in others
    assert "Ill" not in others
    assert hoda.post(f"/office/care/leave/{away.id}/end", {"reason": REASON}).status_code == 303
    assert duty.absences_of(NILE, at=SYSTEM_CLOCK.now()) == ()
    past = hoda.post("/office/care/leave/new", form | {"first": "2020-01-01", "last": "2020-01-02"})
    assert 'id="first-error"' in past.content.decode()


def test_hours_are_looked_at_before_they_are_set_and_the_second_head_is_told(bureau: Bureau, hoda: Client) -> None:
    bureau.write()
    calendar = duty.default_team(NILE).calendar_id
    address = f"/office/care/calendars/{calendar}/hours"
    page = hoda.get(address).content.decode()
    seen = hidden(page, "expected")
    form = {
        "zone": "Africa/Cairo", "expected": seen, "sample": "2031-05-15T16:50", "valid_from": "", "reason": REASON, **week("08:00-12:00, 16:00-20:00"),
    }  # fmt: skip
    looked = hoda.post(address, form | {"do": "look"})
    told = words_of(looked.content.decode())
    assert looked.status_code == 200, told[:300]
    assert "A message that arrives" in told
    assert "Running clocks that are due at another time" in told
    assert str(duty.named_calendar(calendar).version) == seen
    assert hoda.post(address, form | {"do": "save"}).status_code == 303
    assert duty.day_text(duty.hours_now(calendar, SYSTEM_CLOCK.now()).week[0]) == "08:00-12:00, 16:00-20:00"
    second = hoda.post(address, form | week("09:00-10:00") | {"do": "save"})
    assert second.status_code == 409
    assert "Somebody else changed this" in words_of(second.content.decode())
    (record, *_) = audit_trail(f"calendar:{calendar}", limit=1)
    assert record.reason == REASON
    assert record.before is not None
    assert record.before["week"] != record.after["week"]  # type: ignore[index]
    for wrong, field in (
        ({"zone": "Mars/Base"}, "zone"),
        ({"day0": "25:00-26:00"}, "day0"),
        ({"valid_from": "2020-01-01T00:00"}, "valid_from"),
    ):
        refused = hoda.post(address, form | wrong | {"do": "save"})
        assert f'id="{field}-error"' in refused.content.decode(), field
    shut = hoda.post(address, form | dict.fromkeys((f"day{day}" for day in range(7)), "") | {"do": "look"})
    assert shut.status_code in (400, 422), words_of(shut.content.decode())


def test_holidays_and_ramadan_are_entered_from_to_and_taken_back(hoda: Client) -> None:
    calendar, today = duty.default_team(NILE).calendar_id, SYSTEM_CLOCK.now().date()
    address, first = f"/office/care/calendars/{calendar}", today + timedelta(days=30)

    def expected() -> str:
        return str(duty.named_calendar(calendar).version)

    form = {
        "first": first.isoformat(), "last": (first + timedelta(days=2)).isoformat(), "how": "closed", "openings": "",
        "sample": "2031-05-15T16:50", "reason": REASON, "do": "save",
    }  # fmt: skip
    assert hoda.post(f"{address}/days", form | {"expected": expected()}).status_code == 303
    assert len(duty.hours_now(calendar, SYSTEM_CLOCK.now()).days) == 3
    own = form | {"how": "own", "openings": "09:00-12:00", "last": form["first"], "expected": expected()}
    assert hoda.post(f"{address}/days", own).status_code == 303
    assert duty.day_text(duty.hours_now(calendar, SYSTEM_CLOCK.now()).days[first]) == "09:00-12:00"
    assert hoda.post(f"{address}/days", form | {"how": "week", "expected": expected()}).status_code == 303
    assert duty.hours_now(calendar, SYSTEM_CLOCK.now()).days == {}
    for wrong in ({"last": today.isoformat()}, {"first": "2020-01-01"}, {"how": "own"}, {"last": "2090-01-01"}):
        assert hoda.post(f"{address}/days", form | wrong | {"expected": expected()}).status_code in (400, 422)
    year = year_near(today) + 1
    table = ramadan(year)
    said = form | {
        "how": "announced", "first": (table.first + timedelta(days=1)).isoformat(),
        "last": (table.last + timedelta(days=1)).isoformat(),
    }  # fmt: skip
    assert hoda.post(f"{address}/ramadan/{year}", said | {"expected": expected()}).status_code == 303
    assert year in duty.hours_now(calendar, SYSTEM_CLOCK.now()).announced
    assert "as announced" in shown(hoda, address)
    assert hoda.get(f"{address}/ramadan/1200").status_code in (400, 422)


def test_a_rule_is_changed_with_a_reason_and_regulators_are_switched_on_and_off(hoda: Client) -> None:
    assert "Central Bank of Egypt" in shown(hoda, "/office/care/rules")
    page = hoda.get("/office/care/rules/first-answer").content.decode()
    form = {
        "expected": hidden(page, "expected"), "steps": "5", "name_en": "The first answer", "amount": "0:30", "unit": "working",
        "extended": "", "source": "our own", "valid_from": "", "sample": "2031-05-15T16:50", "after1": "0:00",
        "whom1": "lead", "reason": REASON, "pause": "waiting_for_customer",
    }  # fmt: skip
    looked = hoda.post("/office/care/rules/first-answer", form | {"do": "look"})
    assert "is due" in words_of(looked.content.decode())
    assert hoda.post("/office/care/rules/first-answer", form | {"do": "save"}).status_code == 303
    known = next(one for one in clocks.rules_decided(NILE) if one.slug == "first-answer")
    assert (known.amount, [step.whom.value for step in known.ladder], len(known.pauses)) == (1800, ["lead"], 1)
    again = hoda.post("/office/care/rules/first-answer", form | {"do": "save", "amount": "0:45"})
    assert again.status_code == 409
    for wrong, field in (
        ({"amount": "soon"}, "amount"),
        ({"after1": "x"}, "ladder"),
        ({"unit": "weeks"}, "unit"),
        ({"amount": "0:00"}, "amount"),
    ):
        refused = hoda.post("/office/care/rules/first-answer", form | wrong | {"do": "save"})
        assert f'id="{field}-error"' in refused.content.decode(), field
    new = form | {
        "slug": "fraud", "kind": "resolution", "unit": "working_days", "amount": "1", "category": "fraud", "team_id": "",
        "expected": "0", "do": "save",
    }  # fmt: skip
    assert hoda.post("/office/care/rules/new", new).status_code == 303
    assert hoda.post("/office/care/rules/new", new).status_code == 409
    for verb, state in (("on", False), ("off", True), ("on", False)):
        assert hoda.post(f"/office/care/rules/cbe-answer/{verb}", {"reason": REASON}).status_code == 303
        now = next(one for one in clocks.rules_decided(NILE) if one.slug == "cbe-answer")
        assert (now.retired, now.with_cases) == (state, True)
    assert hoda.post("/office/care/rules/first-answer/off", {"reason": REASON}).status_code == 404


def test_one_sees_ones_own_record_and_hands_over_and_a_colleagues_only_who_may(bureau: Bureau, hoda: Client) -> None:
    salma, hodas = bureau.house.salma.staff.id, bureau.house.hoda.staff.id
    conversation = bureau.write()
    care.take(conversation, by=care_author(bureau))
    desk = at_desk(bureau.house.salma)
    assert "Credit is for whoever answered" in shown(desk, "/office/care/mine?days=7")
    assert desk.get(f"/office/care/people/{hodas}").status_code == 403
    assert desk.post(f"/office/care/people/{hodas}/hand-over", {"to": "queue", "reason": REASON}).status_code == 403
    done = desk.post(f"/office/care/people/{salma}/hand-over", {"to": str(hodas), "reason": REASON})
    assert done.status_code == 303, words_of(done.content.decode())[:300]
    assert "Conversations: 1" in shown(desk, done["Location"])
    assert care.conversation(conversation, by=care_author(bureau)).assignee == hodas
    assert "Handed over to others" in shown(hoda, f"/office/care/people/{salma}")


def test_what_is_another_institutions_is_as_if_it_were_not_there(bureau: Bureau, hoda: Client) -> None:
    del bureau
    elsewhere = an_elsewhere()
    for address in (
        f"/office/care/teams/{elsewhere.id}", f"/office/care/teams/{elsewhere.id}/change",
        f"/office/care/teams/{elsewhere.id}/shifts", f"/office/care/calendars/{elsewhere.calendar_id}",
        f"/office/care/calendars/{elsewhere.calendar_id}/hours", f"/office/care/people/{elsewhere.lead}",
    ):  # fmt: skip
        assert hoda.get(address).status_code == 404, address
        if not address.endswith(str(elsewhere.lead)):
            assert hoda.post(address, {"reason": REASON}).status_code in (404, 405), address


def an_elsewhere() -> care.duty.Team:
    from raseed.web.tests.office.house import enrolled  # noqa: PLC0415

    enrolled("zaki", {"en": "Zaki (synthetic)"}, "supervisor", at=DELTA)
    return duty.default_team(DELTA)
