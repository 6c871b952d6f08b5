"""What someone did, fairly: credit for whoever did the work, breaches by who held the clock and for how long."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

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
Span = tuple[datetime, datetime]


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
    answered = answers.aggregate(
        all=Count("id"),
        in_time=Count("id", filter=Q(breached_at=None)),
        others=Count("id", filter=~Q(accountable=staff_id)),
    )
    held = _held(staff_id, institution_id, since, until)
    hand_overs = HandOverRow.objects.filter(clock__institution_id=institution_id, at__gte=since, at__lt=until)
    by_people = hand_overs.filter(by__startswith=_STAFF)
    broken = _broken(institution_id, since, until)
    touched = HoldingRow.objects.filter(
        staff_id=staff_id,
        since__lt=F("clock__breached_at"),
        clock__breached_at__gte=since,
        clock__breached_at__lt=until,
    )
    return StaffRecord(
        staff_id=staff_id,
        since=since,
        until=until,
        answered=answered["all"],
        answered_in_time=answered["in_time"],
        answered_for_others=answered["others"],
        seconds_held=held.seconds,
        working_s_held=held.working_s,
        given=by_people.filter(giver=staff_id).count(),
        taken=by_people.filter(taker=staff_id).count(),
        breaches=_breaches(broken.filter(blamed=staff_id)),
        breaches_touched=_breaches(broken.filter(id__in=touched.values("clock_id")).exclude(blamed=staff_id)),
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
    spans: dict[UUID, list[Span]] = defaultdict(list)
    for calendar_id, begins, ends in rows.values_list("clock__team__calendar_id", "since", "until"):
        spans[calendar_id].append((max(begins, since), min(ends or until, until)))
    known = calendars(spans)
    hours = {calendar_id: WorkedHours(known[calendar_id], since, until) for calendar_id in spans}
    return _sum(staff_id, {hours[calendar_id]: found for calendar_id, found in spans.items()})


def _breaches(rows: QuerySet[ClockRow]) -> tuple[Breach, ...]:
    found = list(rows.select_related("team").order_by("-breached_at", "id")[:BREACHES_MAX])
    holdings: dict[UUID, list[HoldingRow]] = defaultdict(list)
    for one in HoldingRow.objects.filter(clock_id__in=[row.id for row in found]).order_by("since"):
        holdings[one.clock_id].append(one)
    known = calendars(row.team.calendar_id for row in found)
    first = min((held[0].since for held in holdings.values()), default=None)
    hours = {
        id_: WorkedHours(calendar, first, found[0].breached_at)
        for id_, calendar in known.items()
        if first is not None and found[0].breached_at is not None
    }
    return tuple(_breach(row, holdings[row.id], hours.get(row.team.calendar_id)) for row in found)


def _breach(row: ClockRow, holdings: Sequence[HoldingRow], hours: WorkedHours | None) -> Breach:
    assert row.breached_at is not None, "only broken ones are asked for"
    assert row.blamed is not None, "a breach has a name"
    due = row.breached_at
    spans: dict[UUID, list[Span]] = defaultdict(list)
    for one in holdings:
        if one.since < due:
            spans[one.staff_id].append((one.since, min(one.until or due, due)))
    held = tuple(_sum(staff_id, {hours: found}) for staff_id, found in spans.items() if hours is not None)
    return Breach(row.id, SubjectKind(row.subject_kind), row.subject_id, row.slug, due, row.blamed, held)


class WorkedHours:
    """The hours of a calendar from one instant to another, walked once; how much of them lies in a span is then looked up."""

    def __init__(self, calendar: Calendar, since: datetime, until: datetime) -> None:
        spans = list(calendar.spans(since, until)) if since < until else []
        self.starts = [span.start for span in spans]
        self.lengths = [span.end - span.start for span in spans]
        self.before = list(accumulate(self.lengths, initial=timedelta(0)))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time of a span that lies within."""
        return self._until(end) - self._until(start) if start < end else timedelta(0)

    def _until(self, at: datetime) -> timedelta:
        place = bisect_right(self.starts, at) - 1
        return self.before[place] + min(at - self.starts[place], self.lengths[place]) if place >= 0 else timedelta(0)


def _sum(staff_id: UUID, spans: Mapping[WorkedHours, Sequence[Span]]) -> HeldBy:
    plain = worked = timedelta(0)
    for hours, found in spans.items():
        for since, until in found:
            plain += until - since
            worked += hours.between(since, until)
    second = timedelta(seconds=1)
    return HeldBy(staff_id, plain // second, worked // second)
