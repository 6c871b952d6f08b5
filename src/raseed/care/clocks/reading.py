"""Reading clocks as they stand now: what a worker has not looked at yet is worked out by whoever reads, and not written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from ..models import ClockRow, ClockStepRow
from . import measure
from .domain import ClockKind, HistoryStep, RunningClock, StopReason, SubjectKind
from .errors import UnknownClock
from .keeping import Kept, take_out

SUBJECTS_MAX: Final = 1_000
HISTORY_MAX: Final = 1_000


def clocks_of(
    subject_ids: Iterable[UUID], *, at: datetime | None = None, clock: Clock = SYSTEM_CLOCK
) -> dict[UUID, tuple[RunningClock, ...]]:
    """Return the clocks that run about things, as they stand at an instant (now), the one due first first.

    What has none is not in it. At most ``SUBJECTS_MAX`` things at once.
    """
    wanted = list(subject_ids)[:SUBJECTS_MAX]
    rows = ClockRow.objects.filter(subject_id__in=wanted, stopped_at=None).select_related("rule")
    found: dict[UUID, list[RunningClock]] = defaultdict(list)
    for one in _read(list(rows), at or clock.now()):
        found[one.subject_id].append(one)
    return {subject_id: tuple(sorted(clocks, key=_by_due)) for subject_id, clocks in found.items()}


def clock_of(clock_id: UUID, *, at: datetime) -> RunningClock:
    """Return one clock, also one that was stopped.

    Raises:
        UnknownClock: there is none with this id.
    """
    rows = list(ClockRow.objects.filter(id=clock_id).select_related("rule"))
    if not rows:
        raise UnknownClock(field="clock_id")
    return _read(rows, at)[0]


def taken_over_by(clock_id: UUID, *, at: datetime) -> UUID | None:
    """Return whose a clock that runs has become on its ladder, if somebody took it over or was given it since.

    Raises:
        UnknownClock: there is none with this id.
    """
    one = clock_of(clock_id, at=at)
    return one.assignee if one.stopped_at is None and one.steps_climbed else None


def stopped_clocks(subject_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> tuple[RunningClock, ...]:
    """Return the clocks about something that were stopped, the latest first."""
    rows = ClockRow.objects.filter(subject_id=subject_id).exclude(stopped_at=None).select_related("rule")
    found = list(rows.order_by("-stopped_at", "-started_at")[:SUBJECTS_MAX])
    return tuple(_running(kept, clock.now()) for kept in take_out(found, clock.now()))


def history_of(clock_id: UUID) -> tuple[HistoryStep, ...]:
    """Return what happened to a clock, in the order in which it was written."""
    rows = ClockStepRow.objects.filter(clock_id=clock_id).order_by("position")[:HISTORY_MAX]
    return tuple(HistoryStep(row.at, row.kind, row.by, row.reason, row.facts) for row in rows)


def breached_subjects(
    institution_id: UUID, *, kind: SubjectKind = SubjectKind.CONVERSATION, team_id: UUID | None = None,
    at: datetime, limit: int = 200,
) -> tuple[UUID, ...]:  # fmt: skip
    """Return what has a clock that is broken at an instant, the longest first."""
    rows = ClockRow.objects.filter(institution_id=institution_id, subject_kind=kind.value, stopped_at=None)
    if team_id is not None:
        rows = rows.filter(team_id=team_id)
    late = rows.filter(due_at__lt=at) | rows.exclude(breached_at=None)
    found = late.order_by("started_at").values_list("subject_id", flat=True)
    return tuple(dict.fromkeys(found[: min(limit, SUBJECTS_MAX)]))


def was_answered(subject_id: UUID) -> bool:
    """Whether something was answered since it was closed last."""
    rows = ClockRow.objects.filter(subject_id=subject_id)
    closed = rows.filter(stop_reason=StopReason.CLOSED.value).order_by("-stopped_at")
    last = closed.values_list("stopped_at", flat=True).first()
    answers = rows.filter(kind=ClockKind.FIRST_ANSWER.value, stop_reason=StopReason.ANSWERED.value)
    return (answers if last is None else answers.filter(stopped_at__gt=last)).exists()


def _read(rows: list[ClockRow], at: datetime) -> list[RunningClock]:
    """Return clocks at an instant; those for which something is due are moved on in memory."""
    taken = take_out(rows, at)
    for kept in taken:
        if kept.row.stopped_at is None and kept.row.next_at is not None and kept.row.next_at <= at:
            kept.move_to(at)
    return [_running(kept, at) for kept in taken]


def _running(kept: Kept, at: datetime) -> RunningClock:
    row, state = kept.row, kept.state
    until = min(at, row.stopped_at or at)
    used = state.used
    if state.counted_from is not None and row.stopped_at is None:
        used += measure.used(kept.roster.calendar, state.unit, state.started_at, state.counted_from, until)
    counted = state.unit in measure.IN_TIME
    elapsed = used // measure.SECOND_US if counted else int((until - row.started_at).total_seconds())
    left = (state.amount - used) // measure.SECOND_US if counted else None
    if not counted and state.due_at is not None:
        left = int((state.due_at - until).total_seconds())
    return RunningClock(
        id=row.id,
        subject_kind=SubjectKind(row.subject_kind),
        subject_id=row.subject_id,
        institution_id=row.institution_id,
        kind=ClockKind(row.kind),
        rule=row.slug,
        team_id=row.team_id,
        assignee=state.assignee,
        accountable=state.accountable,
        started_at=row.started_at,
        due_at=state.due_at,
        elapsed_s=elapsed,
        left_s=left,
        paused=state.paused,
        breached_at=state.breached_at,
        steps_climbed=state.steps,
        stopped_at=row.stopped_at,
    )


def _by_due(one: RunningClock) -> tuple[bool, datetime, UUID]:
    return (one.due_at is None, one.due_at or one.started_at, one.id)
