"""Shifts and leave: planned, cut short, called off, from now on only. What was worked stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.kernel.calendars import Week, met
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from ..models import AbsenceRow, ShiftRow
from .domain import Absence, AbsenceKind, Shift
from .errors import InvalidShift, PastIsOver, UnknownShift
from .locks import change_roster
from .permissions import EDIT_DUTY
from .reading import read_shift, team
from .teams import check_at_work

SHIFT_MAX: Final = timedelta(hours=24)
AHEAD_MAX: Final = timedelta(days=400)
SHIFTS_AT_ONCE_MAX: Final = 1_500
ABSENCE_MAX: Final = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class PlannedShift:
    """A shift to be planned, from an instant to another."""

    starts_at: datetime
    ends_at: datetime
    on_duty: bool = False


def shifts_by_week(
    *, week: Week, zone: str, first: date, last: date, on_duty: bool = False
) -> tuple[PlannedShift, ...]:
    """Return the shifts of a week's pattern from one day to another, as the clock on the wall has them there."""
    place, found = ZoneInfo(zone), []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for opening in week[day.weekday()]:
            starts, ends = met(day, opening.start_s, place), met(day, opening.end_s, place)
            if starts < ends:
                found.append(PlannedShift(starts, ends, on_duty))
    return tuple(found)


def plan_shifts(
    *,
    team_id: UUID,
    staff_id: UUID,
    shifts: Sequence[PlannedShift],
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[Shift, ...]:
    """Plan somebody's shifts for a team; all of them or none. One that is planned already is not planned twice.

    Raises:
        NotPermitted: ``by`` lacks ``care.duty.edit``. PastIsOver: one begins before now. UnknownTeam, NotAtWork,
        UnacceptableText: what they say. InvalidShift: one is longer than a day, or too far ahead, or there are too many.
    """
    known = team(team_id)
    people.require(by, EDIT_DUTY, known.institution_id)
    said = people.clean_reason(reason)
    check_at_work(known.institution_id, staff_id)
    with change_roster(known.institution_id, clock) as now:
        if len(shifts) > SHIFTS_AT_ONCE_MAX:
            raise InvalidShift(field="shifts")
        for each in shifts:
            if each.starts_at < now:
                raise PastIsOver(field="starts_at")
            if not each.starts_at < each.ends_at <= each.starts_at + SHIFT_MAX or each.ends_at > now + AHEAD_MAX:
                raise InvalidShift(field="ends_at")
        planned = ShiftRow.objects.filter(team_id=team_id, staff_id=staff_id, ends_at__gt=now)
        there = set(planned.values_list("starts_at", "ends_at", "on_duty"))
        rows = ShiftRow.objects.bulk_create(
            ShiftRow(
                id=new_id(), team_id=team_id, staff_id=staff_id, starts_at=each.starts_at, ends_at=each.ends_at,
                on_duty=each.on_duty, made_at=now, made_by=by.actor,
            )
            for each in dict.fromkeys(shifts)
            if (each.starts_at, each.ends_at, each.on_duty) not in there
        )  # fmt: skip
        platform.record(
            actor=by.actor, action="care.shifts_planned", subject=f"team:{team_id}",
            after={"member": str(staff_id), "shifts": len(rows)}, reason=said,
            institution_id=known.institution_id, clock=clock,
        )  # fmt: skip
    return tuple(map(read_shift, rows))


def end_shift(
    *, shift_id: UUID, by: people.Author, reason: str, at: datetime | None = None, clock: Clock = SYSTEM_CLOCK
) -> Shift:
    """Let a shift end earlier, now by default; one that has not begun is called off.

    Raises:
        UnknownShift, NotPermitted, UnacceptableText: what they say. PastIsOver: it is over, or ``at`` is in the past.
    """
    row = ShiftRow.objects.filter(id=shift_id).select_related("team").first()
    if row is None:
        raise UnknownShift(field="shift_id")
    institution_id = row.team.institution_id
    people.require(by, EDIT_DUTY, institution_id)
    said = people.clean_reason(reason)
    with change_roster(institution_id, clock) as now:
        row.refresh_from_db()
        ends = max(at or now, row.starts_at)
        if ends < now or row.ends_at <= now or ends > row.ends_at:
            raise PastIsOver(field="at")
        if ends == row.ends_at:
            return read_shift(row)
        row.ends_at = ends
        row.save(update_fields=["ends_at"])
        platform.record(
            actor=by.actor, action="care.shift_ended", subject=f"shift:{shift_id}",
            after={"ends_at": ends.isoformat()}, reason=said, institution_id=institution_id, clock=clock,
        )  # fmt: skip
    return read_shift(row)


def note_absence(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    institution_id: UUID,
    staff_id: UUID,
    kind: AbsenceKind,
    since: datetime | None,
    until: datetime,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Absence:
    """Say that somebody is on leave, or ill, from an instant (``None``: now) until another. Again changes nothing.

    Raises:
        NotPermitted: ``by`` lacks ``care.duty.edit``. PastIsOver: it begins before now. InvalidShift: its times, or its
        kind: who was locked out or left is noticed by itself. SameIdOtherContent: the id is another's. UnacceptableText.
    """
    people.require(by, EDIT_DUTY, institution_id)
    said = people.clean_reason(reason)
    begins = since or clock.now()
    if kind not in (AbsenceKind.LEAVE, AbsenceKind.SICK) or not begins < until <= begins + ABSENCE_MAX:
        raise InvalidShift(field="until")
    with change_roster(institution_id, clock) as now:
        known = AbsenceRow.objects.filter(id=id).first()
        if known is not None:
            if (known.staff_id, known.since, known.until) != (staff_id, since or known.since, until):
                raise platform.SameIdOtherContent(field="id")
            return Absence(staff_id, kind, known.since, until, id, known.reason)
        since = since or now
        if since < now:
            raise PastIsOver(field="since")
        AbsenceRow.objects.create(
            id=id, institution_id=institution_id, staff_id=staff_id, kind=kind.value, since=since, until=until,
            made_at=now, made_by=by.actor, reason=said,
        )  # fmt: skip
        platform.record(
            actor=by.actor, action="care.absence_noted", subject=f"staff:{staff_id}",
            after={"kind": kind.value, "since": since.isoformat(), "until": until.isoformat()},
            institution_id=institution_id, clock=clock,
        )  # fmt: skip
    return Absence(staff_id, kind, since, until, id, said)


def end_absence(*, absence_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Say that somebody is back now, or does not go away after all.

    Raises:
        UnknownShift: there is no such absence of this kind. NotPermitted, UnacceptableText. PastIsOver: it is over.
    """
    planned = [AbsenceKind.LEAVE.value, AbsenceKind.SICK.value]
    row = AbsenceRow.objects.filter(id=absence_id, kind__in=planned).first()
    if row is None:
        raise UnknownShift(field="absence_id")
    people.require(by, EDIT_DUTY, row.institution_id)
    said = people.clean_reason(reason)
    with change_roster(row.institution_id, clock) as now:
        row.refresh_from_db()
        if row.until is not None and row.until <= now:
            raise PastIsOver(field="absence_id")
        row.until = max(now, row.since)
        row.save(update_fields=["until"])
        platform.record(
            actor=by.actor, action="care.absence_ended", subject=f"staff:{row.staff_id}",
            after={"until": row.until.isoformat()}, reason=said, institution_id=row.institution_id, clock=clock,
        )  # fmt: skip
