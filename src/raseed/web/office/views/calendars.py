"""Working hours: weeks with split days and nights, holidays, Ramadan, from an instant on; each change is looked at before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care import api as care
from raseed.kernel.calendars import Calendar, Day, Hours, InvalidCalendar, Version, week, weekend_of
from raseed.kernel.calendars import opening as opening_of
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError
from raseed.kernel.hijri import Days, ramadan, year_near
from raseed.web.office.duty_words import (
    calendar_here,
    due_words,
    entered,
    entered_day,
    entered_moment,
    first_weekday,
    number_of,
    openings_of,
    openings_words,
    week_fields,
    week_of,
    week_rows,
)
from raseed.web.office.forms import ENTERED_MAX, form_id, said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

clocks, duty = care.clocks, care.duty
TAB: Final = "care-calendars"
NAME_LANGUAGES: Final = ("ar", "he", "en")
OWN_DAYS_SHOWN: Final = 120
RAMADANS_SHOWN: Final = 3
THURSDAY: Final = 3
SAMPLE_AT: Final = timedelta(hours=16, minutes=50)
NEW_DAY: Final = (opening_of("08:00", "17:00"),)


@dataclass(frozen=True, slots=True)
class ShownDue:
    """When something would be due, as it is and as it would be, in words."""

    name: str
    was: str
    would_be: str
    changes: bool


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """What a change would do, in words."""

    sample: str
    dues: tuple[ShownDue, ...]
    running: int
    moved: int
    sooner: int
    later: int
    more: bool


def address_of(calendar_id: UUID, done: str = "") -> str:
    """Return where a calendar's page is."""
    return reverse("office:care-calendar", args=[calendar_id]) + (f"?{urlencode({'done': done})}" if done else "")


@require_safe
@staff_only(duty.VIEW_DUTY)
def calendar_list(request: StaffRequest) -> HttpResponseBase:
    """List the calendars, with whether they are open now and which teams go by them."""
    request.rights.require(duty.VIEW_DUTY)
    here, now, language = request.institution.id, SYSTEM_CLOCK.now(), request.reader.language
    duty.default_team(here)
    teams = duty.teams(here)
    return render(
        request,
        "office/care_calendars.html",
        tab=TAB,
        calendars=[
            (
                each,
                name_in(each.names, language),
                each.calendar.is_open(now),
                duty.hours_now(each.id, now).zone,
                [name_in(one.names, language) for one in teams if one.calendar_id == each.id],
            )
            for each in duty.calendars_of(here)
        ],
        may_edit=request.rights.may(duty.EDIT_CLOCKS),
    )


@require_safe
@staff_only(duty.VIEW_DUTY)
def one(request: StaffRequest, calendar_id: UUID) -> HttpResponseBase:
    """Show a calendar: its hours now, what is planned, its days of their own, and Ramadan."""
    request.rights.require(duty.VIEW_DUTY)
    named, now = calendar_here(calendar_id, request), SYSTEM_CLOCK.now()
    hours = duty.hours_now(named.id, now)
    today, first = named.calendar.day_of(now), first_weekday(request.institution.country)
    coming = [(day, openings_words(own, request)) for day, own in sorted(hours.days.items()) if day >= today]
    return render(
        request,
        "office/care_calendar.html",
        tab=TAB,
        one=named,
        name=name_in(named.names, request.reader.language),
        hours=hours,
        open_now=named.calendar.is_open(now),
        week=week_rows(hours.week, first, request),
        ramadan_week=week_rows(hours.ramadan_week, first, request) if hours.ramadan_week is not None else [],
        ramadans=_ramadans(hours, today),
        own_days=coming[:OWN_DAYS_SHOWN],
        planned=[
            (each.valid_from, each.hours.zone, week_rows(each.hours.week, first, request))
            for each in named.calendar.versions[1:]
            if each.valid_from > now
        ],
        place=hours.zone,
        teams=_teams(named, request),
        may_edit=request.rights.may(duty.EDIT_CLOCKS),
        done=request.GET.get("done", ""),
    )


def _teams(named: care.duty.NamedCalendar, request: StaffRequest) -> list[str]:
    return [
        name_in(each.names, request.reader.language)
        for each in duty.teams(named.institution_id)
        if each.calendar_id == named.id
    ]


def _ramadans(hours: Hours, today: date) -> list[tuple[int, Days, bool]]:
    """Return the coming months of Ramadan: the Hijri year, its days, and whether they are as announced."""
    years = range(year_near(today) - 1, year_near(today) + RAMADANS_SHOWN + 1)
    found = [(year, hours.announced.get(year, ramadan(year)), year in hours.announced) for year in years]
    return [each for each in found if each[1].last >= today][:RAMADANS_SHOWN]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_CLOCKS)
def new(request: StaffRequest) -> HttpResponseBase:
    """Make a calendar: its name, its zone and a first week, which is edited like any other afterwards."""
    request.rights.require(duty.EDIT_CLOCKS)
    country = request.institution.country
    first = week(NEW_DAY, weekend=weekend_of(country))
    filled = {"slug": "", "zone": request.institution.zone}
    names = dict.fromkeys(NAME_LANGUAGES, "")
    days, error = [duty.day_text(day) for day in first], None
    if request.method == "POST":
        filled = {name: entered(request, name) for name in filled}
        names = {code: entered(request, f"name_{code}") for code in NAME_LANGUAGES}
        days = [entered(request, f"day{day}") for day in range(7)]
        try:
            made = duty.make_calendar(
                id=form_id(request), institution_id=request.institution.id, slug=filled["slug"], names=names,
                hours=Hours(filled["zone"], week_of(request, "day")), by=request.author,
                reason=request.POST.get("reason", "")[:ENTERED_MAX],
            )  # fmt: skip
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(address_of(made.id, "hours"), status=303)
    errors = said(request, error, _FIELDS)
    return render(
        request,
        "office/care_hours_form.html",
        status=status_of(error),
        tab=TAB,
        is_new=True,
        id=form_id(request),
        entered=filled,
        name_fields=list(names.items()),
        days=week_fields("day", days, errors, first_weekday(country)),
        zones=sorted(available_timezones()),
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=errors,
        back=reverse("office:care-calendars"),
    )


_FIELDS: Final = (
    "names", "slug", "zone", "reason", "sample", "valid_from", "first", "last", "openings", "announced",
    *(f"day{day}" for day in range(7)), *(f"fast{day}" for day in range(7)),
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_CLOCKS, weighty=True)
def hours(request: StaffRequest, calendar_id: UUID) -> HttpResponseBase:
    """Change the hours of a week, and those of Ramadan, from now or a later instant on; first what it does is shown."""
    request.rights.require(duty.EDIT_CLOCKS)
    named, now = calendar_here(calendar_id, request), SYSTEM_CLOCK.now()
    held = duty.hours_now(named.id, now)
    filled = {
        "zone": held.zone,
        "valid_from": "",
        "expected": str(named.version),
        "sample": _sample_text(held.zone, now),
    }
    days = [duty.day_text(day) for day in held.week]
    fasts = [duty.day_text(day) for day in held.ramadan_week or held.week]
    has_fasts, error, preview = held.ramadan_week is not None, None, None
    if request.method == "POST":
        filled = {name: entered(request, name) for name in filled}
        days, fasts = ([entered(request, f"{kind}{day}") for day in range(7)] for kind in ("day", "fast"))
        has_fasts = "has_fasts" in request.POST
        try:
            fresh = replace(
                held, zone=filled["zone"], week=week_of(request, "day"),
                ramadan_week=week_of(request, "fast") if has_fasts else None,
            )  # fmt: skip
            begins = entered_moment(request, "valid_from", fresh.zone)
            if begins is not None and begins < now:
                raise duty.PastIsOver(field="valid_from")
            candidate = duty.with_versions(named.calendar, [Version(begins or now, fresh)])
            preview = shown_preview(named, candidate, request)
            if entered(request, "do") == "save":
                duty.change_hours(
                    calendar_id=named.id, hours=fresh, valid_from=begins, by=request.author,
                    expected=number_of(filled["expected"], "expected"),
                    reason=request.POST.get("reason", "")[:ENTERED_MAX],
                )  # fmt: skip
                return HttpResponseRedirect(address_of(named.id, "hours"), status=303)
        except RaseedError as refused:
            error = refused
    errors = said(request, error, _FIELDS)
    first = first_weekday(request.institution.country)
    return render(
        request,
        "office/care_hours_form.html",
        status=status_of(error),
        tab=TAB,
        is_new=False,
        name=name_in(named.names, request.reader.language),
        entered=filled,
        days=week_fields("day", days, errors, first),
        fasts=week_fields("fast", fasts, errors, first),
        has_fasts=has_fasts,
        zones=sorted(available_timezones()),
        planned=[each.valid_from for each in named.calendar.versions[1:] if each.valid_from > now],
        place=held.zone,
        preview=preview,
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=errors,
        back=address_of(named.id),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_CLOCKS, weighty=True)
def days(request: StaffRequest, calendar_id: UUID) -> HttpResponseBase:
    """Give days hours of their own: a holiday, half a day, from one day to another; or those of the week again."""
    request.rights.require(duty.EDIT_CLOCKS)
    named, now = calendar_here(calendar_id, request), SYSTEM_CLOCK.now()
    zone, given = duty.hours_now(named.id, now).zone, request.GET.get("day", "")[:10]
    filled = {
        "first": given, "last": given, "how": "closed", "openings": "", "expected": str(named.version),
        "sample": _sample_text(zone, now),
    }  # fmt: skip

    def edit() -> Callable[[Hours], Hours]:
        return duty.days_edit(entered_day(request, "first"), entered_day(request, "last"), _own_day(request))

    def save(expected: int) -> None:
        duty.set_days(
            calendar_id=named.id, first=entered_day(request, "first"), last=entered_day(request, "last"),
            openings=_own_day(request), expected=expected, by=request.author,
            reason=request.POST.get("reason", "")[:ENTERED_MAX],
        )  # fmt: skip

    return _amending(request, named, "office/care_days_form.html", "days", filled, edit, save)


def _own_day(request: StaffRequest) -> Day | None:
    how = entered(request, "how")
    if how == "week":
        return None
    own = openings_of(entered(request, "openings"), "openings") if how == "own" else ()
    if how == "own" and not own:
        raise InvalidCalendar(field="openings")
    return own


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_CLOCKS, weighty=True)
def fasting(request: StaffRequest, calendar_id: UUID, year: int) -> HttpResponseBase:
    """Enter the days of Ramadan as they were announced, or go by the table again."""
    request.rights.require(duty.EDIT_CLOCKS)
    named, now = calendar_here(calendar_id, request), SYSTEM_CLOCK.now()
    if abs(year - year_near(now.date())) > RAMADANS_SHOWN + 1:
        raise InputError(field="year")
    held = duty.hours_now(named.id, now)
    shown = held.announced.get(year, ramadan(year))
    filled = {
        "first": shown.first.isoformat(), "last": shown.last.isoformat(), "how": "announced",
        "expected": str(named.version), "sample": _sample_text(held.zone, now),
    }  # fmt: skip

    def announced() -> Days | None:
        if entered(request, "how") == "table":
            return None
        first, last = entered_day(request, "first"), entered_day(request, "last")
        if last < first:
            raise InvalidCalendar(field="last")
        return Days(first, last)

    def edit() -> Callable[[Hours], Hours]:
        return duty.ramadan_edit(year, announced())

    def save(expected: int) -> None:
        duty.announce_ramadan(
            calendar_id=named.id, year=year, days=announced(), expected=expected, by=request.author,
            reason=request.POST.get("reason", "")[:ENTERED_MAX],
        )  # fmt: skip

    computed = ramadan(year)
    return _amending(
        request, named, "office/care_ramadan_form.html", "ramadan", filled, edit, save, year=year, computed=computed
    )


def _amending(
    request: StaffRequest,
    named: care.duty.NamedCalendar,
    template: str,
    done: str,
    filled: dict[str, str],
    edit: Callable[[], Callable[[Hours], Hours]],
    save: Callable[[int], None],
    **more: object,
) -> HttpResponse | HttpResponseRedirect:
    """Show what an edit would do, and let it be done when that was asked for."""
    error, preview = None, None
    if request.method == "POST":
        filled = {name: entered(request, name) for name in filled}
        try:
            now = SYSTEM_CLOCK.now()
            added = duty.amended_versions(named.calendar, edit(), now)
            preview = shown_preview(named, duty.with_versions(named.calendar, added), request)
            if entered(request, "do") == "save":
                save(number_of(filled["expected"], "expected"))
                return HttpResponseRedirect(address_of(named.id, done), status=303)
        except RaseedError as refused:
            error = refused
    return render(
        request,
        template,
        status=status_of(error),
        tab=TAB,
        name=name_in(named.names, request.reader.language),
        entered=filled,
        preview=preview,
        most_days=duty.DAYS_AT_ONCE_MAX,
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=said(request, error, _FIELDS),
        back=address_of(named.id),
        **more,
    )


def _sample_text(zone: str, now: datetime) -> str:
    """Return the next Thursday, ten to five, where a calendar is: near the end of a week, where hours matter most."""
    today = now.astimezone(ZoneInfo(zone)).date()
    day = today + timedelta(days=(THURSDAY - today.weekday()) % 7 or 7)
    return f"{datetime(day.year, day.month, day.day) + SAMPLE_AT:%Y-%m-%dT%H:%M}"  # noqa: DTZ001  (a wall's clock)


def shown_preview(named: care.duty.NamedCalendar, candidate: Calendar, request: StaffRequest) -> ShownPreview:
    """Return what another calendar would do, for the sample that was entered, and to the clocks that run."""
    now = SYSTEM_CLOCK.now()
    zone = candidate.versions[-1].hours.zone
    sample = entered_moment(request, "sample", zone)
    if sample is None:
        raise InputError(field="sample")
    clocks.ensure_rules(named.institution_id, at=now, clock=SYSTEM_CLOCK)
    told = clocks.preview_calendar(named.id, candidate, sample=sample, at=now)
    language = request.reader.language
    return ShownPreview(
        due_words(sample, sample, zone, request),
        tuple(
            ShownDue(
                name_in(each.rule.names, language),
                due_words(each.was, sample, zone, request),
                due_words(each.would_be, sample, zone, request),
                each.was != each.would_be,
            )
            for each in told.samples
        ),
        told.running, len(told.moved), told.sooner, told.later, told.more,
    )  # fmt: skip
