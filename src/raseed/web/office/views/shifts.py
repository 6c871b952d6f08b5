"""Who works when and who is away: a week's pattern planned, shifts cut short, leave with who answers meanwhile, hand-overs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care import api as care
from raseed.kernel.calendars import met
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.people import api as people
from raseed.web.office.duty_words import (
    colleague_here,
    entered,
    entered_day,
    entered_id,
    first_weekday,
    names_of_staff,
    staff_here,
    team_here,
    week_fields,
    week_of,
)
from raseed.web.office.forms import ENTERED_MAX, Act, Choice, act_page, form_id, said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .teams import TAB, team_address

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

duty = care.duty
WORK: Final = "care.conversations.work"
ASSIGN: Final = "care.conversations.assign"
PLANNED_WEEKS: Final = 4
KIND_WORDS: Final = {
    duty.AbsenceKind.LEAVE: mark("On leave"),
    duty.AbsenceKind.SICK: mark("Ill"),
    duty.AbsenceKind.LOCKED: mark("Not let in"),
    duty.AbsenceKind.LEFT: mark("Has left"),
}
PLANNED: Final = (duty.AbsenceKind.LEAVE, duty.AbsenceKind.SICK)
QUEUE: Final = "queue"


@dataclass(frozen=True, slots=True)
class ShownHeir:
    """Who answers for how much of somebody's while they are away."""

    team: str
    name: str
    why: str
    unanswered: int
    others: int


def shown_heirs(staff_id: UUID, since: datetime, request: StaffRequest) -> list[ShownHeir]:
    """Return who would answer from an instant on for what is somebody's now, if they were away."""
    found = duty.heirs_of(staff_id, request.institution.id, since=since, at=SYSTEM_CLOCK.now())
    names = names_of_staff([each.staff_id for each in found], request)
    teams = {each.id: name_in(each.names, request.reader.language) for each in duty.teams(request.institution.id)}
    return [
        ShownHeir(
            teams[each.team_id], names[each.staff_id], gettext(duty.WHY_WORDS[each.why]), each.unanswered, each.others
        )
        for each in found
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_DUTY)
def plan(request: StaffRequest, team_id: UUID) -> HttpResponseBase:
    """Plan a colleague's shifts: a week's pattern, split days and nights, from one day to another."""
    request.rights.require(duty.EDIT_DUTY)
    team = team_here(team_id, request)
    zone = duty.hours_now(team.calendar_id, now := SYSTEM_CLOCK.now()).zone
    today = now.astimezone(ZoneInfo(zone)).date()
    filled = {
        "staff_id": request.GET.get("who", ""),
        "first": (today + timedelta(days=1)).isoformat(),
        "last": (today + timedelta(weeks=PLANNED_WEEKS)).isoformat(),
    }
    week, on_duty, error = [""] * 7, False, None
    if request.method == "POST":
        filled = {name: entered(request, name) for name in filled}
        week, on_duty = [entered(request, f"day{day}") for day in range(7)], "on_duty" in request.POST
        try:
            planned = duty.shifts_by_week(
                week=week_of(request, "day"), zone=zone, first=entered_day(request, "first"),
                last=_last_day(request), on_duty=on_duty,
            )  # fmt: skip
            if not planned:
                raise duty.InvalidShift(field="last")
            duty.plan_shifts(
                team_id=team.id, staff_id=entered_id(request, "staff_id"),
                shifts=[each for each in planned if each.starts_at >= SYSTEM_CLOCK.now()] or planned,
                by=request.author, reason=request.POST.get("reason", "")[:ENTERED_MAX],
            )  # fmt: skip
        except RaseedError as refused:
            error = _beside(refused)
        else:
            return HttpResponseRedirect(team_address(team.id, "shifts"), status=303)
    fields = ("staff_id", "first", "last", "reason", *(f"day{day}" for day in range(7)))
    errors = said(request, error, fields)
    return render(
        request,
        "office/care_shifts.html",
        status=status_of(error),
        tab=TAB,
        name=name_in(team.names, request.reader.language),
        staff_choices=_members(team, request),
        entered=filled,
        days=week_fields("day", week, errors, first_weekday(request.institution.country)),
        on_duty=on_duty,
        place=zone,
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=errors,
        back=team_address(team.id),
    )


def _last_day(request: StaffRequest) -> Any:
    first, last = entered_day(request, "first"), entered_day(request, "last")
    if not 0 <= (last - first).days <= 400:  # noqa: PLR2004  (as far ahead as shifts are planned)
        raise duty.InvalidShift(field="last")
    return last


def _beside(error: RaseedError) -> RaseedError:
    """Return a refusal of a shift as one of the field that it stands beside."""
    beside = {"starts_at": "first", "ends_at": "last", "shifts": "last"}
    if error.field in beside and isinstance(error, duty.InvalidShift | duty.PastIsOver):
        return type(error)(field=beside[error.field])
    return error


def _members(team: care.duty.Team, request: StaffRequest) -> list[tuple[str, str]]:
    ids = [each.staff_id for each in duty.members_of(team.id)]
    names = names_of_staff(ids, request)
    return sorted(((str(each), names[each]) for each in ids), key=lambda one: one[1])


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_DUTY)
def end_shift(request: StaffRequest, shift_id: UUID) -> HttpResponseBase:
    """Let a shift end now, or call off one that has not begun."""
    request.rights.require(duty.EDIT_DUTY)
    shift = duty.shift(shift_id)
    team = team_here(shift.team_id, request)
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            duty.end_shift(shift_id=shift.id, by=request.author, reason=request.POST.get("reason", "")[:ENTERED_MAX])
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(team_address(team.id, "shift"), status=303)
    began = shift.starts_at <= SYSTEM_CLOCK.now()
    act = Act(
        gettext("End the shift now") if began else gettext("Call off the shift"),
        gettext("What they are accountable for has somebody else's name on it at that instant."),
        gettext("End the shift now") if began else gettext("Call off the shift"),
        danger=True,
    )
    who = names_of_staff([shift.staff_id], request)[shift.staff_id]
    starts = request.reader.moment(shift.starts_at, zone=request.institution.zone, country=request.institution.country)
    return act_page(
        request, act, back=team_address(team.id), subject=f"{who} · {starts}", tab=TAB,
        reason=request.POST.get("reason", "")[:ENTERED_MAX], error=error,
    )  # fmt: skip


@require_safe
@staff_only(duty.VIEW_DUTY)
def leave_list(request: StaffRequest) -> HttpResponseBase:
    """List who is away, or will be, and until when; why is shown to those who plan, and to whom it is about."""
    request.rights.require(duty.VIEW_DUTY)
    now, may_edit = SYSTEM_CLOCK.now(), request.rights.may(duty.EDIT_DUTY)
    found = duty.absences_of(request.institution.id, at=now)
    names = names_of_staff([each.staff_id for each in found], request)
    return render(
        request,
        "office/care_leave.html",
        tab=TAB,
        absences=[
            (
                each,
                names[each.staff_id],
                gettext(KIND_WORDS[each.kind]) if may_edit or each.staff_id == request.staff.id else gettext("Away"),
                each.since <= now,
                each.kind in PLANNED,
            )
            for each in found
        ],
        may_edit=may_edit,
        done=request.GET.get("done", ""),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_DUTY)
def leave_new(request: StaffRequest) -> HttpResponseBase:
    """Note that somebody is away from one day to another; first it is shown who answers for what is theirs."""
    request.rights.require(duty.EDIT_DUTY)
    zone, now = request.institution.zone, SYSTEM_CLOCK.now()
    today = now.astimezone(ZoneInfo(zone)).date()
    filled = {
        "staff_id": request.GET.get("who", ""),
        "first": today.isoformat(),
        "last": today.isoformat(),
        "kind": "leave",
    }
    error, heirs, looked = None, [], False
    if request.method == "POST":
        filled = {name: entered(request, name) for name in filled}
        try:
            who, since, until = entered_id(request, "staff_id"), *_days_away(request, zone)
            colleague_here(who, request)
            heirs, looked = shown_heirs(who, since, request), True
            if entered(request, "do") == "save":
                kind = duty.AbsenceKind.SICK if filled["kind"] == "sick" else duty.AbsenceKind.LEAVE
                duty.note_absence(
                    id=form_id(request), institution_id=request.institution.id, staff_id=who, kind=kind,
                    since=None if since <= SYSTEM_CLOCK.now() else since, until=until, by=request.author,
                    reason=request.POST.get("reason", "")[:ENTERED_MAX],
                )  # fmt: skip
                address = f"{reverse('office:care-leave')}?{urlencode({'done': 'leave'})}"
                return HttpResponseRedirect(address, status=303)
        except RaseedError as refused:
            error = _beside_days(refused)
    return render(
        request,
        "office/care_leave_form.html",
        status=status_of(error),
        tab=TAB,
        id=form_id(request),
        staff_choices=staff_here(request, permission=""),
        entered=filled,
        heirs=heirs,
        looked=looked and error is None,
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=said(request, error, ("staff_id", "first", "last", "reason")),
    )


def _days_away(request: StaffRequest, zone: str) -> tuple[datetime, datetime]:
    """Return the instants between which somebody is away: from the first day's midnight, now at the earliest, to the last's.

    Raises:
        InputError: they are no days. InvalidShift: the last one comes before the first. PastIsOver: all are over.
    """
    first, last = entered_day(request, "first"), entered_day(request, "last")
    place, now = ZoneInfo(zone), SYSTEM_CLOCK.now()
    since, until = met(first, 0, place), met(last, 86_400, place)
    if until <= since:
        raise duty.InvalidShift(field="last")
    if first < now.astimezone(place).date():
        raise duty.PastIsOver(field="first")
    return max(since, now).astimezone(UTC), until


def _beside_days(error: RaseedError) -> RaseedError:
    beside = {"since": "first", "until": "last"}
    if error.field in beside and isinstance(error, duty.InvalidShift | duty.PastIsOver):
        return type(error)(field=beside[error.field])
    return InputError(field="staff_id") if isinstance(error, people.UnknownStaff) else error


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_DUTY)
def leave_end(request: StaffRequest, absence_id: UUID) -> HttpResponseBase:
    """Say that somebody is back, or does not go away after all."""
    request.rights.require(duty.EDIT_DUTY)
    institution_id, absence = duty.absence(absence_id)
    if institution_id != request.institution.id:
        raise duty.UnknownShift(field="absence_id")
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            duty.end_absence(
                absence_id=absence_id, by=request.author, reason=request.POST.get("reason", "")[:ENTERED_MAX]
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:care-leave')}?done=back", status=303)
    began = absence.since <= SYSTEM_CLOCK.now()
    act = Act(
        gettext("Back again") if began else gettext("Stays after all"),
        gettext("From now on they are accountable again for what was given to them, while they work."),
        gettext("Back again") if began else gettext("Stays after all"),
    )
    return act_page(
        request, act, back=reverse("office:care-leave"),
        subject=names_of_staff([absence.staff_id], request)[absence.staff_id], tab=TAB,
        reason=request.POST.get("reason", "")[:ENTERED_MAX], error=error,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(WORK)
def hand_over(request: StaffRequest, staff_id: UUID) -> HttpResponseBase:
    """Give all that is somebody's to a colleague or back to the queues: one's own, or anybody's for who may assign."""
    request.rights.require(WORK)
    who = colleague_here(staff_id, request)
    if who.id != request.staff.id:
        request.rights.require(ASSIGN)
    here, error = request.institution.id, None
    back = reverse("office:care-mine") if who.id == request.staff.id else reverse("office:care-record", args=[who.id])
    to = entered(request, "to")
    if request.method == "POST":
        try:
            done = care.hand_over(
                institution_id=here, giver=who.id, to=None if to == QUEUE else entered_id(request, "to"),
                by=request.author, reason=request.POST.get("reason", "")[:ENTERED_MAX],
            )  # fmt: skip
        except RaseedError as refused:
            error = refused
        else:
            query = urlencode({"done": "handed", "moved": done.moved, "left": done.left})
            return HttpResponseRedirect(f"{back}?{query}", status=303)
    others = tuple(each for each in staff_here(request) if each[0] != str(who.id))
    act = Act(
        gettext("Hand over"),
        gettext(
            "All open conversations that are theirs go to whom you choose; each says so, and the record of both counts it."
        ),
        gettext("Hand over"),
    )
    return act_page(
        request, act, back=back, subject=name_in(who.names, request.reader.language), tab=TAB,
        choice=Choice("to", gettext("To whom"), ((QUEUE, gettext("Back to the queue of its team")), *others), to),
        reason=request.POST.get("reason", "")[:ENTERED_MAX], error=error,
    )  # fmt: skip
