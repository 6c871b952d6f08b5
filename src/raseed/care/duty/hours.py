"""Calendars of an institution: their hours are versions, each of which holds from an instant on. None reaches into the past."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max

from raseed.banking import api as banking
from raseed.kernel.calendars import (
    Calendar,
    Day,
    Hours,
    InvalidCalendar,
    Version,
    opening,
    week,
    weekend_of,
)
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.hijri import Days, ramadan
from raseed.kernel.ids import new_id
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from ..models import CalendarRow, CalendarVersionRow
from .errors import ChangedMeanwhile, PastIsOver, UnknownCalendar
from .hours_kept import changed_facts, hours_facts, hours_from
from .locks import change_roster, hold_roster
from .permissions import EDIT_CLOCKS

DAYS_OF_THEIR_OWN_MAX: Final = 2000
DAYS_AT_ONCE_MAX: Final = 60
RAMADAN_OFF_MAX: Final = 4
"""Days by which an announced month may differ from the table's: more is a mistake in typing."""
RAMADAN_LENGTHS: Final = (29, 30)
DEFAULT_SLUG: Final = "office"
_NAMES: Final = {"ar": "ساعات العمل", "he": "שעות העבודה", "en": "Office hours"}
_EVERY_DAY: Final = (opening("08:00", "17:00"),)
_COUNTRY_OF_ZONE: Final = {
    "Africa/Cairo": "EG", "Asia/Muscat": "OM", "Asia/Jerusalem": "IL", "Asia/Gaza": "EG", "Asia/Hebron": "EG",
    "Asia/Damascus": "SY", "Asia/Amman": "JO", "Asia/Riyadh": "SA", "Asia/Kuwait": "KW", "Asia/Qatar": "QA",
    "Asia/Baghdad": "IQ", "Asia/Bahrain": "BH", "Asia/Aden": "YE", "Africa/Tripoli": "LY", "Africa/Khartoum": "SD",
    "Africa/Algiers": "DZ",
}  # fmt: skip
"""By whose weekend an institution's first calendar goes. Gaza and Hebron rest on Friday and Saturday, as Egypt does."""


@dataclass(frozen=True, slots=True)
class NamedCalendar:
    """A calendar with its name; ``version`` grows with each decision about its hours."""

    id: UUID
    institution_id: UUID
    slug: str
    names: Mapping[str, str]
    calendar: Calendar
    version: int = 0


def make_calendar(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    institution_id: UUID,
    slug: str,
    names: Mapping[str, str],
    hours: Hours,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> NamedCalendar:
    """Make a calendar; its first hours hold for all the time before, too. Again changes nothing.

    Raises:
        NotPermitted: ``by`` lacks ``care.clocks.edit``. UnacceptableText: no name or reason. InvalidCalendar.
        SameIdOtherContent: the id, or the short name, is another calendar's.
    """
    people.require(by, EDIT_CLOCKS, institution_id)
    said, now = people.clean_reason(reason), clock.now()
    _check(hours)
    cleaned = {language: clean_text(name, field="names") for language, name in names.items()}
    with transaction.atomic():
        hold_roster(institution_id)
        if CalendarRow.objects.filter(institution_id=institution_id, slug=slug).exclude(id=id).exists():
            raise platform.SameIdOtherContent(field="slug")
        row, made = CalendarRow.objects.get_or_create(
            id=id,
            defaults={"institution_id": institution_id, "slug": slug, "names": cleaned, "created_at": now},
        )
        if not made:
            if (row.institution_id, row.slug) != (institution_id, slug):
                raise platform.SameIdOtherContent(field="id")
            return named_calendar(id)
        _write(row, hours, now, by.actor, said, first=True, now=now)
        platform.record(
            actor=by.actor, action="care.calendar_made", subject=f"calendar:{id}", after={"slug": slug},
            reason=said, institution_id=institution_id, clock=clock,
        )  # fmt: skip
    return named_calendar(id)


def change_hours(
    *,
    calendar_id: UUID,
    hours: Hours,
    by: people.Author,
    reason: str,
    valid_from: datetime | None = None,
    expected: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> NamedCalendar:
    """Let other hours hold from now on, or from a later instant; running clocks count by them from then on.

    What was to hold from that instant or later, and has not begun to, is replaced. ``expected`` is the ``version`` on
    which it was decided. What changes nothing is not written.

    Raises:
        NotPermitted: ``by`` lacks ``care.clocks.edit``. PastIsOver: ``valid_from`` is in the past.
        UnknownCalendar, InvalidCalendar, UnacceptableText: what they say. ChangedMeanwhile: it is not as expected.
    """
    row = _row(calendar_id)
    people.require(by, EDIT_CLOCKS, row.institution_id)
    said = people.clean_reason(reason)
    _check(hours)
    with change_roster(row.institution_id, clock) as now:
        begins = valid_from or now
        if begins < now:
            raise PastIsOver(field="valid_from")
        held = _as_expected(row, expected)
        upcoming = [version for version in held.versions[1:] if version.valid_from > begins]
        before = _in_force(held, begins)
        if before == hours and not upcoming:
            return named_calendar(calendar_id)
        _write(row, hours, begins, by.actor, said, first=False, now=now)
        _record_change(row, before, hours, begins, by, said, clock)
    return named_calendar(calendar_id)


def amend_hours(
    *,
    calendar_id: UUID,
    edit: Callable[[Hours], Hours],
    by: people.Author,
    reason: str,
    expected: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> NamedCalendar:
    """Edit the hours that hold now, and in the same way those that are to hold later: nothing planned is lost.

    Raises:
        As ``change_hours``.
    """
    row = _row(calendar_id)
    people.require(by, EDIT_CLOCKS, row.institution_id)
    said = people.clean_reason(reason)
    with change_roster(row.institution_id, clock) as now:
        held = _as_expected(row, expected)
        amended = amended_versions(held, edit, now)
        for version in amended:
            _check(version.hours)
        before = _in_force(held, now)
        if [before, *_planned(held, now)] == [version.hours for version in amended]:
            return named_calendar(calendar_id)
        for version in amended:
            _write(row, version.hours, version.valid_from, by.actor, said, first=False, now=now)
        _record_change(row, before, amended[0].hours, now, by, said, clock)
    return named_calendar(calendar_id)


def amended_versions(calendar: Calendar, edit: Callable[[Hours], Hours], now: datetime) -> list[Version]:
    """Return the versions that an edit of what holds now, and of what is to hold later, would add."""
    upcoming = [version for version in calendar.versions[1:] if version.valid_from > now]
    return [
        Version(now, edit(_in_force(calendar, now))),
        *(Version(each.valid_from, edit(each.hours)) for each in upcoming),
    ]


def with_versions(calendar: Calendar, added: Iterable[Version]) -> Calendar:
    """Return a calendar as it is once versions were added: each replaces what was to hold from its instant on."""
    held = list(calendar.versions)
    for version in added:
        while held[1:] and held[-1].valid_from >= version.valid_from:
            held.pop()
        if held and held[0].valid_from >= version.valid_from:
            held.pop()
        held.append(version)
    return Calendar(tuple(held))


def set_day(
    *, calendar_id: UUID, day: date, openings: Day, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> NamedCalendar:
    """Give a day openings of its own from now on: none for a holiday, some for half of one; else as ``amend_hours``."""
    return set_days(calendar_id=calendar_id, first=day, last=day, openings=openings, by=by, reason=reason, clock=clock)


def set_days(
    *,
    calendar_id: UUID,
    first: date,
    last: date,
    openings: Day | None,
    by: people.Author,
    reason: str,
    expected: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> NamedCalendar:
    """Give days openings of their own from now on, or (``None``) those of the week again; else as ``amend_hours``.

    Raises:
        PastIsOver: the first day is over where the calendar is. InvalidCalendar: the last one is before the first, or
        they are more than ``DAYS_AT_ONCE_MAX``.
    """
    here = named_calendar(calendar_id)
    people.require(by, EDIT_CLOCKS, here.institution_id)
    if first < here.calendar.day_of(clock.now()):
        raise PastIsOver(field="first")
    return amend_hours(
        calendar_id=calendar_id,
        edit=days_edit(first, last, openings),
        by=by,
        reason=reason,
        expected=expected,
        clock=clock,
    )


def days_edit(first: date, last: date, openings: Day | None) -> Callable[[Hours], Hours]:
    """Return what ``set_days`` does to hours.

    Raises:
        InvalidCalendar: the last day is before the first, or they are too many.
    """
    if not 0 <= (last - first).days < DAYS_AT_ONCE_MAX:
        raise InvalidCalendar(field="last")
    these = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]

    def edited(hours: Hours) -> Hours:
        others = {day: own for day, own in hours.days.items() if day not in these}
        return replace(hours, days=others if openings is None else others | dict.fromkeys(these, openings))

    return edited


def announce_ramadan(
    *,
    calendar_id: UUID,
    year: int,
    days: Days | None,
    by: people.Author,
    reason: str,
    expected: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> NamedCalendar:
    """Enter the days of Ramadan of a Hijri year as they were announced, or (``None``) go by the table; as ``amend_hours``.

    Raises:
        InvalidCalendar: the days are none of a month near that of the table.
    """
    return amend_hours(
        calendar_id=calendar_id, edit=ramadan_edit(year, days), by=by, reason=reason, expected=expected, clock=clock
    )


def ramadan_edit(year: int, days: Days | None) -> Callable[[Hours], Hours]:
    """Return what ``announce_ramadan`` does to hours.

    Raises:
        InvalidCalendar: the days are none of a month near that of the table.
    """
    if days is not None:
        computed = ramadan(year)
        off = max(abs((days.first - computed.first).days), abs((days.last - computed.last).days))
        length = (days.last - days.first).days + 1
        if off > RAMADAN_OFF_MAX or length not in RAMADAN_LENGTHS:
            raise InvalidCalendar(field="announced")

    def edited(hours: Hours) -> Hours:
        others = {each: known for each, known in hours.announced.items() if each != year}
        return replace(hours, announced=others if days is None else {**others, year: days})

    return edited


def hours_now(calendar_id: UUID, at: datetime) -> Hours:
    """Return the hours of a calendar that were decided last to hold from an instant or earlier."""
    return _in_force(calendars([calendar_id])[calendar_id], at)


def _in_force(calendar: Calendar, at: datetime) -> Hours:
    return [version for version in calendar.versions if version.valid_from <= at or version is calendar.versions[0]][
        -1
    ].hours


def _planned(calendar: Calendar, now: datetime) -> list[Hours]:
    return [version.hours for version in calendar.versions[1:] if version.valid_from > now]


def named_calendar(calendar_id: UUID) -> NamedCalendar:
    """Return a calendar with its name.

    Raises:
        UnknownCalendar: there is none with this id.
    """
    row = _row(calendar_id)
    version = _versions([row.id])[row.id]
    return NamedCalendar(row.id, row.institution_id, row.slug, row.names, calendars([row.id])[row.id], version)


def calendars_of(institution_id: UUID) -> tuple[NamedCalendar, ...]:
    """Return the calendars of an institution by their short names."""
    rows = list(CalendarRow.objects.filter(institution_id=institution_id).order_by("slug"))
    ids = [row.id for row in rows]
    known, last = calendars(ids), _versions(ids)
    return tuple(
        NamedCalendar(row.id, row.institution_id, row.slug, row.names, known[row.id], last[row.id]) for row in rows
    )


def calendars(calendar_ids: Iterable[UUID]) -> dict[UUID, Calendar]:
    """Return calendars by id, in one query for what has not been read before."""
    wanted = set(calendar_ids)
    positions: dict[UUID, list[int]] = {each: [] for each in wanted}
    rows = CalendarVersionRow.objects.filter(calendar_id__in=wanted).order_by("position")
    for calendar_id, position in rows.values_list("calendar_id", "position"):
        positions[calendar_id].append(position)
    return {each: _read(each, tuple(found)) for each, found in positions.items() if found}


@lru_cache(maxsize=512)
def _read(calendar_id: UUID, positions: tuple[int, ...]) -> Calendar:
    """Return the calendar of versions, which never change: one decided later replaces what was to hold after its start."""
    first, *later = [
        Version(row.valid_from, hours_from(row.hours))
        for row in CalendarVersionRow.objects.filter(calendar_id=calendar_id, position__in=positions).order_by(
            "position"
        )
    ]
    return with_versions(Calendar((first,)), later)


def follow_declared_holidays(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Take the holidays that institutions declared for their bank into their default calendars; return how many days."""
    taken = 0
    for row in CalendarRow.objects.filter(slug=DEFAULT_SLUG):
        now = clock.now()
        hours = hours_now(row.id, now)
        today = now.astimezone(ZoneInfo(hours.zone)).date()
        declared = banking.holidays(row.institution_id, first=today, last=date.max)
        fresh: dict[date, Day] = {day: () for day in declared if day not in hours.days}
        if fresh and len(hours.days) + len(fresh) <= DAYS_OF_THEIR_OWN_MAX:
            amend_hours(
                calendar_id=row.id,
                edit=partial(_with_days, fresh),
                by=people.SYSTEM,
                reason="declared as holidays of the institution",
                clock=clock,
            )
            taken += len(fresh)
    return taken


def _with_days(fresh: Mapping[date, Day], hours: Hours) -> Hours:
    """Return hours with days of their own, where nothing else was said of those."""
    return replace(hours, days={**fresh, **hours.days})


def make_default_calendar(institution_id: UUID, clock: Clock) -> CalendarRow:
    """Return an institution's first calendar, made if there is none: eight to five where its books are, off at weekends."""
    row = CalendarRow.objects.filter(institution_id=institution_id, slug=DEFAULT_SLUG).first()
    if row is not None:
        return row
    try:
        zone = banking.business_zone(institution_id).key
    except RaseedError:
        zone = "UTC"
    hours = Hours(zone, week(_EVERY_DAY, weekend=weekend_of(_COUNTRY_OF_ZONE.get(zone, ""))))
    made = make_calendar(
        id=new_id(), institution_id=institution_id, slug=DEFAULT_SLUG, names=_NAMES, hours=hours,
        by=people.SYSTEM, reason="the first calendar", clock=clock,
    )  # fmt: skip
    return _row(made.id)


def _versions(calendar_ids: Iterable[UUID]) -> dict[UUID, int]:
    rows = CalendarVersionRow.objects.filter(calendar_id__in=list(calendar_ids)).values("calendar_id")
    return {each["calendar_id"]: each["last"] for each in rows.annotate(last=Max("position"))}


def _as_expected(row: CalendarRow, expected: int | None) -> Calendar:
    """Return the calendar as it is now; whoever calls it holds the roster alone.

    Raises:
        ChangedMeanwhile: its version is another.
    """
    if expected is not None and _versions([row.id])[row.id] != expected:
        raise ChangedMeanwhile(field="expected")
    return calendars([row.id])[row.id]


def _record_change(
    row: CalendarRow, before: Hours, after: Hours, begins: datetime, by: people.Author, reason: str, clock: Clock
) -> None:
    was, is_now = changed_facts(before, after)
    platform.record(
        actor=by.actor, action="care.hours_changed", subject=f"calendar:{row.id}", before=was,
        after={**is_now, "valid_from": begins.isoformat()}, reason=reason, institution_id=row.institution_id,
        clock=clock,
    )  # fmt: skip


def _row(calendar_id: UUID) -> CalendarRow:
    row = CalendarRow.objects.filter(id=calendar_id).first()
    if row is None:
        raise UnknownCalendar(field="calendar_id")
    return row


def _check(hours: Hours) -> None:
    if len(hours.days) > DAYS_OF_THEIR_OWN_MAX:
        raise InvalidCalendar(field="days")
    if not any(hours.week) and not any(hours.ramadan_week or ()):
        raise InvalidCalendar(field="week")


def _write(
    row: CalendarRow, hours: Hours, valid_from: datetime, actor: str, reason: str, *, first: bool, now: datetime
) -> None:
    CalendarVersionRow.objects.create(
        calendar=row, is_first=first, valid_from=valid_from, hours=hours_facts(hours), made_at=now, made_by=actor,
        reason=reason,
    )  # fmt: skip
