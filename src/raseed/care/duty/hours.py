"""Calendars of an institution: their hours are versions, each of which holds from an instant on. None reaches into the past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from raseed.banking import api as banking
from raseed.kernel.calendars import (
    Calendar,
    Day,
    Hours,
    InvalidCalendar,
    Opening,
    Version,
    Week,
    opening,
    week,
    weekend_of,
)
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.hijri import Days
from raseed.kernel.ids import new_id
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from ..models import CalendarRow, CalendarVersionRow
from .errors import PastIsOver, UnknownCalendar
from .locks import change_roster
from .permissions import EDIT_CLOCKS

DAYS_OF_THEIR_OWN_MAX: Final = 2000
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
    """A calendar with its name."""

    id: UUID
    institution_id: UUID
    slug: str
    names: Mapping[str, str]
    calendar: Calendar


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
        SameIdOtherContent: the id is another calendar's.
    """
    people.require(by, EDIT_CLOCKS, institution_id)
    said, now = people.clean_reason(reason), clock.now()
    _check(hours)
    cleaned = {language: clean_text(name, field="names") for language, name in names.items()}
    with transaction.atomic():
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
    clock: Clock = SYSTEM_CLOCK,
) -> NamedCalendar:
    """Let other hours hold from now on, or from a later instant; running clocks count by them from then on.

    What was to hold from that instant or later, and has not begun to, is replaced.

    Raises:
        NotPermitted: ``by`` lacks ``care.clocks.edit``. PastIsOver: ``valid_from`` is in the past.
        UnknownCalendar, InvalidCalendar, UnacceptableText: what they say.
    """
    row = _row(calendar_id)
    people.require(by, EDIT_CLOCKS, row.institution_id)
    said = people.clean_reason(reason)
    _check(hours)
    with change_roster(row.institution_id, clock) as now:
        begins = valid_from or now
        if begins < now:
            raise PastIsOver(field="valid_from")
        _write(row, hours, begins, by.actor, said, first=False, now=now)
        platform.record(
            actor=by.actor, action="care.hours_changed", subject=f"calendar:{calendar_id}",
            after={"valid_from": begins.isoformat()}, reason=said, institution_id=row.institution_id, clock=clock,
        )  # fmt: skip
    return named_calendar(calendar_id)


def set_day(
    *, calendar_id: UUID, day: date, openings: Day, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> NamedCalendar:
    """Give a day openings of its own from now on: none for a holiday, some for half of one; else as ``change_hours``."""
    hours = hours_now(calendar_id, clock.now())
    return change_hours(
        calendar_id=calendar_id,
        hours=replace(hours, days={**hours.days, day: openings}),
        by=by,
        reason=reason,
        clock=clock,
    )


def announce_ramadan(
    *, calendar_id: UUID, year: int, days: Days, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> NamedCalendar:
    """Enter the days of Ramadan of a Hijri year as they were announced; else as ``change_hours``."""
    hours = hours_now(calendar_id, clock.now())
    return change_hours(
        calendar_id=calendar_id,
        hours=replace(hours, announced={**hours.announced, year: days}),
        by=by,
        reason=reason,
        clock=clock,
    )


def hours_now(calendar_id: UUID, at: datetime) -> Hours:
    """Return the hours of a calendar that were decided last to hold from an instant or earlier."""
    versions = calendars([calendar_id])[calendar_id].versions
    return [version for version in versions[:1] + versions[1:] if version.valid_from <= at or version is versions[0]][
        -1
    ].hours


def named_calendar(calendar_id: UUID) -> NamedCalendar:
    """Return a calendar with its name.

    Raises:
        UnknownCalendar: there is none with this id.
    """
    row = _row(calendar_id)
    return NamedCalendar(row.id, row.institution_id, row.slug, row.names, calendars([row.id])[row.id])


def calendars_of(institution_id: UUID) -> tuple[NamedCalendar, ...]:
    """Return the calendars of an institution by their short names."""
    rows = list(CalendarRow.objects.filter(institution_id=institution_id).order_by("slug"))
    known = calendars(row.id for row in rows)
    return tuple(NamedCalendar(row.id, row.institution_id, row.slug, row.names, known[row.id]) for row in rows)


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
    held: list[Version] = []
    for row in CalendarVersionRow.objects.filter(calendar_id=calendar_id, position__in=positions).order_by("position"):
        while held[1:] and held[-1].valid_from >= row.valid_from:
            held.pop()
        if held and held[0].valid_from >= row.valid_from:
            held.pop()
        held.append(Version(row.valid_from, hours_from(row.hours)))
    return Calendar(tuple(held))


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
            change_hours(
                calendar_id=row.id,
                hours=replace(hours, days={**hours.days, **fresh}),
                by=people.SYSTEM,
                reason="declared as holidays of the institution",
                clock=clock,
            )
            taken += len(fresh)
    return taken


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


def hours_facts(hours: Hours) -> dict[str, Any]:
    """Return hours as they are kept."""

    def of(day: Day) -> list[list[int]]:
        return [[each.start_s, each.end_s] for each in day]

    return {
        "zone": hours.zone,
        "week": [of(day) for day in hours.week],
        "ramadan_week": None if hours.ramadan_week is None else [of(day) for day in hours.ramadan_week],
        "days": {day.isoformat(): of(openings) for day, openings in sorted(hours.days.items())},
        "announced": {
            str(year): [days.first.isoformat(), days.last.isoformat()] for year, days in sorted(hours.announced.items())
        },
    }


def hours_from(facts: Mapping[str, Any]) -> Hours:
    """Return the hours that are kept as ``facts``.

    Raises:
        InvalidCalendar: they are no hours.
    """

    def of(day: Any) -> Day:
        return tuple(Opening(int(start), int(end)) for start, end in day)

    def whole(days: Any) -> Week:
        return tuple(of(day) for day in days)

    try:
        return Hours(
            zone=str(facts["zone"]),
            week=whole(facts["week"]),
            ramadan_week=None if facts.get("ramadan_week") is None else whole(facts["ramadan_week"]),
            days={date.fromisoformat(day): of(openings) for day, openings in facts.get("days", {}).items()},
            announced={
                int(year): Days(date.fromisoformat(first), date.fromisoformat(last))
                for year, (first, last) in facts.get("announced", {}).items()
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidCalendar(field="hours") from error
