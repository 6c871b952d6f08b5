"""The office's pages of teams, shifts, leave, working hours and time limits in a browser: three languages, narrow and wide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from raseed.web.tests.office.house import NILE, House
from raseed.web.tests.visitor import Visit
from tests.browser.test_looks import SIGHTS, wrong_with
from tests.browser.test_office import LANGUAGES, house, sign_in

pytestmark = pytest.mark.browser
__all__ = ["house"]


def made(house: House) -> dict[str, str]:
    """Let messages wait, somebody be on leave, shifts and hours be planned; return the pages."""
    from raseed.care import api as care  # noqa: PLC0415  (models need Django set up)
    from raseed.kernel.clock import SYSTEM_CLOCK  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415
    from raseed.web.tests.desk.bureau import Bureau  # noqa: PLC0415
    from raseed.web.tests.office.test_channels import a_line  # noqa: PLC0415

    duty, now, by = care.duty, SYSTEM_CLOCK.now(), people.SYSTEM
    salma, hoda = house.salma.staff.id, house.hoda.staff.id
    team = duty.default_team(NILE)
    bureau = Bureau(house, a_line())
    first, _ = bureau.write(), bureau.write(phone="+201001234568", name="Omar (synthetic)")
    care.take(first, by=people.author_of_staff(salma))
    shift = duty.PlannedShift(now + timedelta(hours=3), now + timedelta(hours=11), on_duty=True)
    duty.plan_shifts(team_id=team.id, staff_id=salma, shifts=[shift], by=by, reason="a test")
    away = duty.note_absence(
        id=new_id(), institution_id=NILE, staff_id=hoda, kind=duty.AbsenceKind.LEAVE, since=now + timedelta(minutes=1),
        until=now + timedelta(days=9), by=by, reason="told two weeks ago",
    )  # fmt: skip
    day = team_day = (now + timedelta(days=5)).date()
    duty.set_days(
        calendar_id=team.calendar_id, first=day, last=team_day + timedelta(days=1), openings=(), by=by, reason="holiday"
    )
    care.clocks.adopt_preset(institution_id=NILE, slug="cbe-answer", by=by, reason="the law")
    at, hours = f"/office/care/teams/{team.id}", f"/office/care/calendars/{team.calendar_id}"
    return {
        "teams": "/office/care/teams",
        "team": at,
        "team-change": f"{at}/change",
        "member": f"{at}/members",
        "shifts": f"{at}/shifts",
        "leave": "/office/care/leave",
        "leave-new": f"/office/care/leave/new?who={salma}",
        "leave-end": f"/office/care/leave/{away.id}/end",
        "calendars": "/office/care/calendars",
        "calendar": hours,
        "hours": f"{hours}/hours",
        "days": f"{hours}/days?day={day.isoformat()}",
        "ramadan": f"{hours}/ramadan/{care_year(now)}",
        "rules": "/office/care/rules",
        "rule": "/office/care/rules/first-answer",
        "rule-on": "/office/care/rules/disp-final/on",
        "record": f"/office/care/people/{salma}",
        "mine": "/office/care/mine",
        "hand-over": f"/office/care/people/{salma}/hand-over",
    }


def care_year(now: Any) -> int:
    """Return the Hijri year of the next Ramadan or of the one that is."""
    from raseed.kernel.hijri import year_near  # noqa: PLC0415

    return year_near(now.date())


LOOKED_AT_FIRST = {"leave-new": "Who answers", "hours": "", "days": "", "ramadan": "", "rule": ""}
"""Forms that show what they do before they do it."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_duty_fit_are_read_tapped_and_named(house: House, visit: Visit, language: str) -> None:
    found: dict[str, Any] = {}
    pages = made(house)
    with visit(language, reduced_motion="reduce") as visitor:
        sign_in(visitor, house.hoda)
        for name, address in pages.items():
            visitor.go(address)
            if name in LOOKED_AT_FIRST:
                if name == "hours":
                    visitor.page.fill("#day3", "10:00-13:00, 18:00-02:00")
                visitor.press("button[value=look]")
                visitor.page.wait_for_selector("section.preview")
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.picture(f"{language}-{width}-{scheme}-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, found
