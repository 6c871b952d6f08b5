"""Teams: who answers now, for how much, who is in them, who leads them, and which lines they answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.web.desk.words import channel_words
from raseed.web.office.duty_words import (
    colleague_here,
    entered,
    entered_id,
    names_of_staff,
    staff_here,
    team_here,
)
from raseed.web.office.forms import ENTERED_MAX, Act, Choice, act_page, form_id, said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

duty = care.duty
TAB: Final = "care-teams"
ROUTE: Final = "care.lines.route"
DESK: Final = "care.conversations.view"
NAME_LANGUAGES: Final = ("ar", "he", "en")
SHIFTS_SHOWN: Final = timedelta(days=14)
DONE_WORDS: Final = frozenset({"team", "member", "head", "line", "shift", "shifts", "leave", "handed"})


@dataclass(frozen=True, slots=True)
class ShownHolder:
    """Somebody and what they are accountable for now."""

    name: str
    why: str
    waiting: care.duty.Waiting
    desk: str


@dataclass(frozen=True, slots=True)
class ShownTeam:
    """A team as a page shows it."""

    team: care.duty.Team
    name: str
    lead: str
    hours: str
    open_now: bool
    on_duty: tuple[str, ...]
    holders: tuple[ShownHolder, ...]
    next: str
    lines: tuple[str, ...]


def team_address(team_id: UUID, done: str = "") -> str:
    """Return where a team's page is."""
    return reverse("office:care-team", args=[team_id]) + (f"?{urlencode({'done': done})}" if done else "")


def shown_teams(request: StaffRequest, teams: tuple[care.duty.Team, ...]) -> list[ShownTeam]:
    """Return teams with who works now and who is accountable for what, all names looked up at once."""
    now, here, language = SYSTEM_CLOCK.now(), request.institution.id, request.reader.language
    calendars = {one.id: one for one in duty.calendars_of(here)}
    waiting = duty.waiting_now(here, at=now)
    working = {one.id: duty.on_duty(one.id, now) for one in teams}
    nexts = {one.id: duty.accountable_many([(one.id, None)], now)[0] for one in teams}
    ids = {one.lead for one in teams} | {one.staff_id for one in waiting} | {one.staff_id for one in nexts.values()}
    names = names_of_staff(ids | {who for found in working.values() for who in found}, request)
    lines = lines_by_team(request)
    found = []
    for one in teams:
        calendar = calendars[one.calendar_id]
        holders = tuple(
            ShownHolder(
                names[each.staff_id],
                gettext(duty.WHY_WORDS[each.why]),
                each,
                f"{reverse('office:inbox')}?{urlencode({'box': 'unanswered', 'team': str(one.id), 'whose': str(each.staff_id)})}",
            )
            for each in waiting
            if each.team_id == one.id
        )
        found.append(
            ShownTeam(
                one,
                name_in(one.names, language),
                names[one.lead],
                name_in(calendar.names, language),
                calendar.calendar.is_open(now),
                tuple(names[each] for each in working[one.id]),
                holders,
                names[nexts[one.id].staff_id],
                tuple(lines.get(one.id, ())),
            )
        )
    return found


def lines_by_team(request: StaffRequest) -> dict[UUID, list[str]]:
    """Return the names of the lines that each team answers; what was said of none is the default team's."""
    routes = care.routes(request.institution.id)
    default = next((one.id for one in duty.teams(request.institution.id) if one.is_default), None)
    found: dict[UUID, list[str]] = {}
    for line in channels.lines(request.institution.id):
        team_id = routes.get(line.id, default)
        if team_id is not None:
            found.setdefault(team_id, []).append(name_in(line.names, request.reader.language) or line.address)
    return found


@require_safe
@staff_only(duty.VIEW_DUTY)
def team_list(request: StaffRequest) -> HttpResponseBase:
    """List the teams: who works now, who is accountable for what, which lines are whose."""
    request.rights.require(duty.VIEW_DUTY)
    here = request.institution.id
    duty.default_team(here)
    head = duty.head_of(here)
    routes, language = care.routes(here), request.reader.language
    names = {one.id: name_in(one.names, language) for one in duty.teams(here)}
    default = next((one.id for one in duty.teams(here) if one.is_default), None)
    return render(
        request,
        "office/care_teams.html",
        tab=TAB,
        teams=shown_teams(request, duty.teams(here)),
        head=names_of_staff([head], request)[head] if head else "",
        lines=[
            (
                line,
                name_in(line.names, language) or line.address,
                channel_words(line.channel.value),
                names.get(routes.get(line.id) or default or line.id, ""),
                line.id in routes,
            )
            for line in channels.lines(here)
        ],
        may_edit=request.rights.may(duty.EDIT_DUTY),
        may_route=request.rights.may(ROUTE),
        may_desk=request.rights.may(DESK),
        done=request.GET.get("done", ""),
    )


@require_safe
@staff_only(duty.VIEW_DUTY)
def one(request: StaffRequest, team_id: UUID) -> HttpResponseBase:
    """Show a team: its members, its shifts of the next two weeks, who is away, what waits in whose hands."""
    request.rights.require(duty.VIEW_DUTY)
    team, now = team_here(team_id, request), SYSTEM_CLOCK.now()
    members = duty.members_of(team.id)
    shifts = [
        each
        for each in duty.shifts_of(team.institution_id, since=now, until=now + SHIFTS_SHOWN)
        if each.team_id == team.id and each.starts_at < each.ends_at
    ]
    names = names_of_staff([*(each.staff_id for each in members), *(each.staff_id for each in shifts)], request)
    inside = {each.staff_id for each in members}
    return render(
        request,
        "office/care_team.html",
        tab=TAB,
        one=shown_teams(request, (team,))[0],
        members=[(each, names[each.staff_id]) for each in members],
        shifts=[(each, names[each.staff_id], each.starts_at <= now) for each in shifts],
        others=[each for each in staff_here(request) if each[0] not in {str(who) for who in inside}],
        may_edit=request.rights.may(duty.EDIT_DUTY),
        may_records=request.rights.may(duty.VIEW_RECORDS),
        may_desk=request.rights.may(DESK),
        done=request.GET.get("done", ""),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_DUTY)
def new(request: StaffRequest) -> HttpResponseBase:
    """Make a team."""
    request.rights.require(duty.EDIT_DUTY)
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_DUTY)
def change(request: StaffRequest, team_id: UUID) -> HttpResponseBase:
    """Rename a team, or say who leads it, by which hours it goes, and whether what is somebody's stays theirs."""
    request.rights.require(duty.EDIT_DUTY)
    return _form(request, team_here(team_id, request))


def _form(request: StaffRequest, team: care.duty.Team | None) -> HttpResponseBase:
    here, language = request.institution.id, request.reader.language
    duty.default_team(here)
    fresh = {"slug": "", "lead": "", "calendar": "", "expected": ""}
    names = {code: team.names.get(code, "") if team else "" for code in NAME_LANGUAGES}
    filled = fresh if team is None else {
        "slug": team.slug, "lead": str(team.lead), "calendar": str(team.calendar_id), "expected": team.digest,
    }  # fmt: skip
    keeps = team.keeps_after_shift if team else False
    error: RaseedError | None = None
    if request.method == "POST":
        filled = {name: entered(request, name) for name in fresh}
        names = {code: entered(request, f"name_{code}") for code in NAME_LANGUAGES}
        keeps = "keeps" in request.POST
        try:
            made = _save(request, team, names, keeps=keeps)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(team_address(made.id, "team"), status=303)
    return render(
        request,
        "office/care_team_form.html",
        status=status_of(error),
        tab=TAB,
        team=team,
        id=form_id(request),
        name_fields=list(names.items()),
        entered=filled,
        keeps=keeps,
        staff_choices=staff_here(request),
        calendars=[(str(each.id), name_in(each.names, language)) for each in duty.calendars_of(here)],
        may_hours=team is None or request.rights.may(duty.EDIT_CLOCKS),
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=said(request, error, ("names", "slug", "lead", "calendar", "reason")),
        back=team_address(team.id) if team else reverse("office:care-teams"),
    )


def _save(request: StaffRequest, team: care.duty.Team | None, names: dict[str, str], *, keeps: bool) -> care.duty.Team:
    try:
        if team is None:
            return duty.make_team(
                id=form_id(request), institution_id=request.institution.id, slug=entered(request, "slug"), names=names,
                calendar_id=entered_id(request, "calendar"), lead=entered_id(request, "lead"), keeps_after_shift=keeps,
                by=request.author, reason=request.POST.get("reason", "")[:ENTERED_MAX],
            )  # fmt: skip
        may_hours = request.rights.may(duty.EDIT_CLOCKS)
        return duty.change_team(
            team_id=team.id, names=names, lead=entered_id(request, "lead"), keeps_after_shift=keeps,
            calendar_id=entered_id(request, "calendar") if may_hours else None,
            expected=entered(request, "expected"), by=request.author,
            reason=request.POST.get("reason", "")[:ENTERED_MAX],
        )  # fmt: skip
    except duty.NotAtWork:
        raise duty.NotAtWork(field="lead") from None
    except duty.UnknownCalendar:
        raise duty.UnknownCalendar(field="calendar") from None


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_DUTY)
def add_member(request: StaffRequest, team_id: UUID) -> HttpResponseBase:
    """Take somebody into a team, by shifts or whenever its hours are open."""
    request.rights.require(duty.EDIT_DUTY)
    team = team_here(team_id, request)
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            duty.add_member(
                team_id=team.id, staff_id=entered_id(request, "staff_id"), by_shifts=entered(request, "by") == "shifts",
                by=request.author, reason=request.POST.get("reason", "")[:ENTERED_MAX],
            )  # fmt: skip
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(team_address(team.id, "member"), status=303)
    return render(
        request,
        "office/care_member.html",
        status=status_of(error),
        tab=TAB,
        team=team,
        name=name_in(team.names, request.reader.language),
        staff_choices=staff_here(request),
        chosen=entered(request, "staff_id") or request.GET.get("who", ""),
        by_shifts=(entered(request, "by") or request.GET.get("by", "shifts")) == "shifts",
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=said(request, error, ("staff_id", "reason")),
        back=team_address(team.id),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_DUTY)
def end_member(request: StaffRequest, team_id: UUID, staff_id: UUID) -> HttpResponseBase:
    """Let somebody out of a team."""
    request.rights.require(duty.EDIT_DUTY)
    team = team_here(team_id, request)
    who = colleague_here(staff_id, request)
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            duty.end_member(
                team_id=team.id, staff_id=who.id, by=request.author, reason=request.POST.get("reason", "")[:ENTERED_MAX]
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(team_address(team.id, "member"), status=303)
    act = Act(
        gettext("Let out of the team"),
        gettext(
            "From now on nothing new of this team comes to them. What is theirs already stays with them while they work."
        ),
        gettext("Let out of the team"),
        danger=True,
    )
    return act_page(
        request, act, back=team_address(team.id), subject=name_in(who.names, request.reader.language), tab=TAB,
        reason=request.POST.get("reason", "")[:ENTERED_MAX], error=error,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_DUTY)
def head(request: StaffRequest) -> HttpResponseBase:
    """Name the head of care."""
    request.rights.require(duty.EDIT_DUTY)
    here, error = request.institution.id, None
    if request.method == "POST":
        try:
            duty.set_head(
                institution_id=here, staff_id=entered_id(request, "staff_id"), by=request.author,
                reason=request.POST.get("reason", "")[:ENTERED_MAX],
            )  # fmt: skip
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:care-teams')}?done=head", status=303)
    act = Act(
        gettext("Name the head of care"),
        gettext("Whoever it is answers for what nobody else can, and is told of what stays overdue."),
        gettext("Name the head of care"),
    )
    chosen = entered(request, "staff_id") or str(duty.head_of(here) or "")
    return act_page(
        request, act, back=reverse("office:care-teams"), subject="", tab=TAB,
        choice=Choice("staff_id", gettext("Head of care"), tuple(staff_here(request)), chosen),
        reason=request.POST.get("reason", "")[:ENTERED_MAX], error=error,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(ROUTE)
def route(request: StaffRequest, line_id: UUID) -> HttpResponseBase:
    """Say which team answers a line."""
    request.rights.require(ROUTE)
    line, here = channels.line(line_id), request.institution.id
    if line.institution_id != here:
        raise channels.LineUnknown(field="line_id")
    default = duty.default_team(here)
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            care.route_line(
                line.id, team_id=entered_id(request, "team_id"), by=request.author,
                reason=request.POST.get("reason", "")[:ENTERED_MAX],
            )  # fmt: skip
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:care-teams')}?done=line", status=303)
    teams = tuple((str(each.id), name_in(each.names, request.reader.language)) for each in duty.teams(here))
    chosen = entered(request, "team_id") or str(care.routes(here).get(line.id, default.id))
    act = Act(
        gettext("Which team answers this line"),
        gettext("New conversations of this line are the team's from now on; those that are open stay where they are."),
        gettext("Give the line to the team"),
    )
    return act_page(
        request, act, back=reverse("office:care-teams"), subject=name_in(line.names, request.reader.language) or line.address,
        tab=TAB, choice=Choice("team_id", gettext("Team"), teams, chosen),
        reason=request.POST.get("reason", "")[:ENTERED_MAX], error=error,
    )  # fmt: skip
