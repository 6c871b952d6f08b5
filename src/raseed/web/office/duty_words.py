"""Hours, shifts and time limits in words, and how they are entered: the pages of teams, calendars and rules share it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext, ngettext

from raseed.care import api as care
from raseed.kernel.calendars import Day, InvalidCalendar, Opening, Week, opening, weekend_of
from raseed.kernel.errors import InputError, mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.people import api as people

from .forms import ENTERED_MAX
from .naming import name_in

if TYPE_CHECKING:
    from uuid import UUID

    from .requests import StaffRequest

clocks, duty = care.clocks, care.duty
REASON_LENGTH_MAX: Final = 500
STAFF_MAX: Final = 400
"""Colleagues among whom one can be chosen on a page."""
DAY_LENGTH_MAX: Final = 200
_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_SPAN: Final = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d{2}))?")
_BETWEEN: Final = re.compile(r"[,،;؛+\n]+")
_HOUR_S, _MINUTE_S, _DAY_S = 3600, 60, 86_400

UNIT_WORDS: Final = {
    clocks.Unit.WORKING: mark("working hours"),
    clocks.Unit.ELAPSED: mark("hours, day and night"),
    clocks.Unit.WORKING_DAYS: mark("working days"),
    clocks.Unit.CALENDAR_DAYS: mark("calendar days"),
    clocks.Unit.MONTHS: mark("months"),
}
IN_SECONDS: Final = frozenset({clocks.Unit.WORKING, clocks.Unit.ELAPSED})


@dataclass(frozen=True, slots=True)
class DayField:
    """One day of a week on a form: what it is called, the field's name, what was entered, what is wrong with it."""

    words: str
    name: str
    entered: str
    error: object = None


def weekday_words(weekday: int) -> str:
    """Return what a day of the week is called; Monday is 0."""
    return str(WEEKDAYS[weekday])


def entered(request: StaffRequest, name: str) -> str:
    """Return what was entered in a field, without the space around it."""
    return request.POST.get(name, "")[:ENTERED_MAX].strip()


def entered_id(request: StaffRequest, name: str) -> UUID:
    """Return the id that was chosen in a field.

    Raises:
        InputError: none was.
    """
    try:
        return parse_id(entered(request, name))
    except InvalidId:
        raise InputError(field=name) from None


def entered_day(request: StaffRequest, name: str) -> date:
    """Return the day that was entered in a field.

    Raises:
        InputError: it is none.
    """
    try:
        return date.fromisoformat(entered(request, name).translate(_DIGITS))
    except ValueError:
        raise InputError(field=name) from None


def entered_moment(request: StaffRequest, name: str, zone: str) -> datetime | None:
    """Return the instant that was entered in a field as the clock on the wall shows it in ``zone``; ``None`` if nothing was.

    Raises:
        InputError: it is none.
    """
    text = entered(request, name).translate(_DIGITS)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(field=name) from None
    return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if at.tzinfo is None else at.astimezone(UTC)


def openings_of(text: str, field: str) -> Day:
    """Return the openings that a text says: ``08:00-12:00, 16:00-20:00``, ``22-6`` over midnight; nothing: closed.

    Raises:
        InvalidCalendar: it says none, or they overlap.
    """
    found: list[Opening] = []
    for part in _BETWEEN.split(text.translate(_DIGITS)):
        if not part.strip():
            continue
        said = _SPAN.fullmatch(part.strip())
        if said is None:
            raise InvalidCalendar(field=field)
        first, first_m, last, last_m = said.groups(default="00")
        try:
            found.append(opening(f"{first}:{first_m}", f"{last}:{last_m}"))
        except InvalidCalendar:
            raise InvalidCalendar(field=field) from None
    found.sort()
    if any(after.start_s < before.end_s for before, after in pairwise(found)):
        raise InvalidCalendar(field=field)
    return tuple(found)


def week_of(request: StaffRequest, prefix: str) -> Week:
    """Return the week that was entered, Monday first; ``prefix`` begins the names of its fields.

    Raises:
        InvalidCalendar: a day can't be; ``field`` says which.
    """
    return tuple(
        openings_of(request.POST.get(f"{prefix}{day}", "")[:DAY_LENGTH_MAX], f"{prefix}{day}") for day in range(7)
    )


def week_fields(prefix: str, values: Sequence[str], errors: Mapping[str, object], first: int) -> list[DayField]:
    """Return the fields of a week's form, from the weekday on which a week begins here."""
    days = [(first + offset) % 7 for offset in range(7)]
    return [DayField(weekday_words(day), f"{prefix}{day}", values[day], errors.get(f"{prefix}{day}")) for day in days]


def first_weekday(country: str) -> int:
    """Return the day on which a week begins in a country: the one after its weekend."""
    weekend = weekend_of(country)
    return next((day + 1) % 7 for day in weekend if (day + 1) % 7 not in weekend)


def week_rows(week: Week, first: int, request: StaffRequest) -> list[tuple[str, str]]:
    """Return the days of a week with their openings, in words."""
    days = [(first + offset) % 7 for offset in range(7)]
    return [(weekday_words(day), openings_words(week[day], request)) for day in days]


def openings_words(openings: Day, request: StaffRequest) -> str:
    """Return openings in the reader's digits."""
    return request.reader.text(duty.day_text(openings)) if openings else gettext("Closed")


def amount_words(unit: clocks.Unit, amount: int, request: StaffRequest) -> str:
    """Return how much time a rule gives: ``2:30 working hours``, ``3 working days``."""
    if unit not in IN_SECONDS:
        return days_words(unit, amount) % {"count": request.reader.number(amount)}
    return f"{request.reader.text(span_text(amount))} {gettext(UNIT_WORDS[unit])}"


def days_words(unit: clocks.Unit, amount: int) -> str:
    """Return the words for so many days or months, with a place for the number."""
    if unit is clocks.Unit.WORKING_DAYS:
        return ngettext("%(count)s working day", "%(count)s working days", amount)
    if unit is clocks.Unit.CALENDAR_DAYS:
        return ngettext("%(count)s calendar day", "%(count)s calendar days", amount)
    return ngettext("%(count)s month", "%(count)s months", amount)


def span_text(seconds: int) -> str:
    """Return seconds as hours and minutes, ``2:30``."""
    return f"{seconds // _HOUR_S}:{seconds % _HOUR_S // _MINUTE_S:02}"


def seconds_of(text: str, field: str) -> int:
    """Return how long ``2:30`` (or ``2``, in hours) is.

    Raises:
        InputError: it is no time.
    """
    said = re.fullmatch(r"(\d{1,4})(?:[:.](\d{2}))?", text.strip().translate(_DIGITS))
    if said is None or int(said[2] or 0) >= _MINUTE_S:
        raise InputError(field=field)
    return int(said[1]) * _HOUR_S + int(said[2] or 0) * _MINUTE_S


def number_of(text: str, field: str) -> int:
    """Return the whole number that was entered.

    Raises:
        InputError: it is none.
    """
    said = text.strip().translate(_DIGITS)
    if not re.fullmatch(r"\d{1,6}", said):
        raise InputError(field=field)
    return int(said)


def due_words(at: datetime | None, sample: datetime, zone: str, request: StaffRequest) -> str:
    """Return when something is due, with the day of the week: ``Sunday 08:50``; with its date where it is further away."""
    if at is None:
        return "—"
    local = at.astimezone(ZoneInfo(zone))
    day = weekday_words(local.weekday())
    if at - sample > timedelta(days=6):
        when = request.reader.moment(at, zone=zone, country=request.institution.country)
        return gettext("%(day)s, %(when)s") % {"day": day, "when": when}
    return f"{day} {request.reader.time(at, zone=zone)}"


def staff_here(request: StaffRequest, *, permission: str = care.duty.SEE) -> list[tuple[str, str]]:
    """Return the colleagues who may be chosen, by name: (id, name).

    By default those who can see what they would be accountable for; with no permission, whoever holds a role here.
    """
    here = request.institution.id
    fitting = {(here, each.id) for each in people.roles(here) if not permission or permission in each.permissions}
    found: list[people.Staff] = []
    after: str | None = None
    while len(found) < STAFF_MAX:
        page = people.staff_of(here, after=after, limit=200)
        found += [one for one in page.staff if one.state is people.StaffState.ACTIVE and fitting & set(one.grants)]
        after = page.next
        if after is None:
            break
    return sorted(((str(one.id), name_in(one.names, request.reader.language)) for one in found), key=lambda one: one[1])


def names_of_staff(ids: Iterable[UUID], request: StaffRequest) -> dict[UUID, str]:
    """Return colleagues' names."""
    found = {}
    for id_ in set(ids):
        try:
            found[id_] = name_in(people.staff(id_).names, request.reader.language)
        except people.UnknownStaff:
            found[id_] = "—"
    return found


def team_here(team_id: UUID, request: StaffRequest) -> care.duty.Team:
    """Return a team of the institution that is looked at.

    Raises:
        UnknownTeam: there is none, or it is another institution's.
    """
    found = duty.team(team_id)
    if found.institution_id != request.institution.id:
        raise duty.UnknownTeam(field="team_id")
    return found


def calendar_here(calendar_id: UUID, request: StaffRequest) -> care.duty.NamedCalendar:
    """Return a calendar of the institution that is looked at.

    Raises:
        UnknownCalendar: there is none, or it is another institution's.
    """
    found = duty.named_calendar(calendar_id)
    if found.institution_id != request.institution.id:
        raise duty.UnknownCalendar(field="calendar_id")
    return found


def colleague_here(staff_id: UUID, request: StaffRequest) -> people.Staff:
    """Return somebody who works at the institution that is looked at, or did.

    Raises:
        UnknownStaff: there is no such person here.
    """
    found = people.staff(staff_id)
    here = request.institution.id
    if found.institution_id != here and all(where != here for where, _ in found.grants):
        raise people.UnknownStaff(field="staff_id")
    return found
