"""Somebody's own work: shifts, leave, what is theirs now, and a record that is fair. One's own, or anybody's for who may look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.care import api as care
from raseed.kernel.calendars import met
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import mark
from raseed.people import api as people
from raseed.web.office.duty_words import colleague_here, names_of_staff, span_text
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .shifts import ASSIGN, KIND_WORDS, WORK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http.response import HttpResponseBase

clocks, duty = care.clocks, care.duty
MINE: Final = "care-mine"
PERIODS: Final = (
    (7, mark("7 days")),
    (30, mark("30 days")),
    (90, mark("90 days")),
)
SHIFTS_SHOWN: Final = timedelta(days=28)
BREACHES_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class ShownBreach:
    """A promise that was broken: when, by which rule, whose it was then, and who had held it how long before."""

    due_at: datetime
    rule: str
    whose: str
    held: str
    address: str


@require_safe
@staff_only(WORK)
def mine(request: StaffRequest) -> HttpResponseBase:
    """Show one's own shifts, leave and record."""
    request.rights.require(WORK)
    return _page(request, request.staff, tab=MINE)


@require_safe
@staff_only(duty.VIEW_RECORDS)
def record(request: StaffRequest, staff_id: UUID) -> HttpResponseBase:
    """Show a colleague's shifts, leave and record."""
    request.rights.require(duty.VIEW_RECORDS)
    return _page(request, colleague_here(staff_id, request), tab="care-teams")


def _page(request: StaffRequest, who: people.Staff, *, tab: str) -> HttpResponseBase:
    here, now, language = request.institution.id, SYSTEM_CLOCK.now(), request.reader.language
    days = next((days for days, _ in PERIODS if str(days) == request.GET.get("days", "")), PERIODS[1][0])
    place = ZoneInfo(request.institution.zone)
    since = met(now.astimezone(place).date() - timedelta(days=days - 1), 0, place)
    told = clocks.record_of(who.id, institution_id=here, since=since, until=now, by=request.author)
    teams = {each.id: name_in(each.names, language) for each in duty.teams(here)}
    shifts = [
        (each, teams[each.team_id], each.starts_at <= now)
        for each in duty.shifts_of(here, since=now, until=now + SHIFTS_SHOWN)
        if each.staff_id == who.id and each.starts_at < each.ends_at
    ]
    waiting = [each for each in duty.waiting_now(here, at=now) if each.staff_id == who.id]
    own = who.id == request.staff.id
    return render(
        request,
        "office/care_work.html",
        tab=tab,
        who=who,
        own=own,
        name=name_in(who.names, language),
        teams=[name_in(each.names, language) for each in duty.teams_of(who.id, here, at=now)],
        waiting=[(each, teams[each.team_id], gettext(duty.WHY_WORDS[each.why])) for each in waiting],
        shifts=shifts,
        absences=[
            (each, gettext(KIND_WORDS[each.kind]), each.since <= now)
            for each in duty.absences_of(here, at=now)
            if each.staff_id == who.id
        ],
        told=told,
        held=request.reader.text(span_text(told.working_s_held)),
        late=told.answered - told.answered_in_time,
        periods=[(value, gettext(words), value == days) for value, words in PERIODS],
        breaches=_breaches(told.breaches, request),
        touched=_breaches(told.breaches_touched, request),
        may_hand_over=request.rights.may(WORK) if own else request.rights.may(ASSIGN),
        may_desk=request.rights.may("care.conversations.view"),
        done=request.GET.get("done", ""),
        moved=_count(request, "moved"),
        left=_count(request, "left"),
    )


def _count(request: StaffRequest, name: str) -> int:
    text = request.GET.get(name, "")[:6]
    return int(text) if text.isascii() and text.isdigit() else 0


def _breaches(found: Sequence[care.clocks.Breach], request: StaffRequest) -> list[ShownBreach]:
    shown = found[:BREACHES_SHOWN]
    names = names_of_staff(
        [one.staff_id for each in shown for one in each.held] + [each.accountable for each in shown], request
    )
    rules = {
        each.slug: name_in(each.names, request.reader.language) for each in clocks.rules_decided(request.institution.id)
    }
    comma = "، " if request.reader.language == "ar" else ", "
    return [
        ShownBreach(
            each.due_at,
            rules.get(each.rule, each.rule),
            names[each.accountable],
            comma.join(f"{names[one.staff_id]} {request.reader.text(span_text(one.working_s))}" for one in each.held),
            reverse("office:conversation", args=[each.subject_id])
            if each.subject_kind is clocks.SubjectKind.CONVERSATION
            else reverse("office:case", args=[each.subject_id])
            if each.subject_kind is clocks.SubjectKind.CASE
            else "",
        )
        for each in shown
    ]
