"""What someone did, fairly: credit for whoever did the work, breaches by who held the clock and for how long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from raseed.kernel.calendars import Calendar
from raseed.people import api as people

from ..duty.hours import calendars
from ..duty.permissions import VIEW_RECORDS
from ..models import ClockRow, HandOverRow, HoldingRow
from .domain import Breach, HeldBy, StaffRecord, StopReason, SubjectKind
from .errors import InvalidRule

BREACHES_MAX: Final = 500
SPAN_MAX: Final = timedelta(days=400)
_STAFF: Final = "staff:"


def record_of(
    staff_id: UUID, *, institution_id: UUID, since: datetime, until: datetime, by: people.Author
) -> StaffRecord:
    """Return what someone did at an institution from one instant to another. Everybody may see their own.

    Raises:
        NotPermitted: it is somebody else's, and ``by`` lacks ``care.records.view``. InvalidRule: it ends before it begins,
        or is longer than ``SPAN_MAX``.
    """
    if by.actor != f"{_STAFF}{staff_id}":
        people.require(by, VIEW_RECORDS, institution_id)
    if not since < until <= since + SPAN_MAX:
        raise InvalidRule(field="until")
    here = ClockRow.objects.filter(institution_id=institution_id)
    answers = here.filter(
        stopped_by=f"{_STAFF}{staff_id}",
        stop_reason=StopReason.ANSWERED.value,
        stopped_at__gte=since,
        stopped_at__lt=until,
    )
    answered = list(answers.values_list("breached_at", "accountable"))
    held = _held(staff_id, institution_id, since, until)
    hand_overs = HandOverRow.objects.filter(clock__institution_id=institution_id, at__gte=since, at__lt=until)
    by_people = hand_overs.filter(by__startswith=_STAFF)
    broken = _broken(institution_id, since, until)
    touched = HoldingRow.objects.filter(staff_id=staff_id, clock__breached_at__gte=since, clock__breached_at__lt=until)
    touched_ids = {
        row.clock_id
        for row in touched.select_related("clock")
        if row.clock.breached_at is not None and row.since < row.clock.breached_at
    }
    return StaffRecord(
        staff_id=staff_id,
        since=since,
        until=until,
        answered=len(answered),
        answered_in_time=sum(breached_at is None for breached_at, _ in answered),
        answered_for_others=sum(whose != staff_id for _, whose in answered),
        seconds_held=held.seconds,
        working_s_held=held.working_s,
        given=by_people.filter(giver=staff_id).count(),
        taken=by_people.filter(taker=staff_id).count(),
        breaches=_breaches(broken.filter(blamed=staff_id)),
        breaches_touched=_breaches(broken.filter(id__in=touched_ids).exclude(blamed=staff_id)),
    )


def breaches_of(institution_id: UUID, *, since: datetime, until: datetime) -> tuple[Breach, ...]:
    """Return the promises that an institution broke from one instant to another, the latest first, with who held them."""
    return _breaches(_broken(institution_id, since, until))


def _broken(institution_id: UUID, since: datetime, until: datetime) -> QuerySet[ClockRow]:
    """Return the clocks that were broken from one instant to another; one that goes on with a broken one is not another."""
    rows = ClockRow.objects.filter(institution_id=institution_id, breached_at__gte=since, breached_at__lt=until)
    return rows.exclude(goes_on__breached_at__isnull=False)


def _held(staff_id: UUID, institution_id: UUID, since: datetime, until: datetime) -> HeldBy:
    rows = HoldingRow.objects.filter(
        Q(until=None) | Q(until__gt=since), staff_id=staff_id, since__lt=until, clock__institution_id=institution_id
    )
    spans: dict[UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in rows.select_related("clock__team"):
        spans[row.clock.team.calendar_id].append((max(row.since, since), min(row.until or until, until)))
    known = calendars(spans)
    pairs = [(known[calendar_id], each) for calendar_id, found in spans.items() for each in found]
    return _sum(staff_id, pairs)


def _breaches(rows: QuerySet[ClockRow]) -> tuple[Breach, ...]:
    found = list(rows.select_related("team").order_by("-breached_at", "id")[:BREACHES_MAX])
    holdings: dict[UUID, list[HoldingRow]] = defaultdict(list)
    for one in HoldingRow.objects.filter(clock_id__in=[row.id for row in found]).order_by("since"):
        holdings[one.clock_id].append(one)
    known = calendars(row.team.calendar_id for row in found)
    return tuple(_breach(row, holdings[row.id], known[row.team.calendar_id]) for row in found)


def _breach(row: ClockRow, holdings: Sequence[HoldingRow], calendar: Calendar) -> Breach:
    assert row.breached_at is not None, "only broken ones are asked for"
    assert row.blamed is not None, "a breach has a name"
    due = row.breached_at
    spans: dict[UUID, list[tuple[Calendar, tuple[datetime, datetime]]]] = defaultdict(list)
    for one in holdings:
        if one.since < due:
            spans[one.staff_id].append((calendar, (one.since, min(one.until or due, due))))
    held = tuple(_sum(staff_id, pairs) for staff_id, pairs in spans.items())
    return Breach(row.id, SubjectKind(row.subject_kind), row.subject_id, row.slug, due, row.blamed, held)


def _sum(staff_id: UUID, pairs: Iterable[tuple[Calendar, tuple[datetime, datetime]]]) -> HeldBy:
    plain = worked = timedelta(0)
    for calendar, (since, until) in pairs:
        plain += until - since
        worked += calendar.working_between(since, until)
    second = timedelta(seconds=1)
    return HeldBy(staff_id, plain // second, worked // second)
