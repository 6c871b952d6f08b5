"""An answer that never arrived stopped nothing: the clocks that it stopped run on, from where they would be without it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from ..duty.locks import share_roster
from ..models import ClockRow, HoldingRow
from .domain import ANSWER_KINDS, StopReason
from .keeping import SYSTEM, put_back, take, take_out, write_step
from .running import hold_subject, stop_taken


@transaction.atomic
def answer_failed(*, subject_id: UUID, after: datetime | None, clock: Clock = SYSTEM_CLOCK) -> int:
    """Let the first clocks run on that answers stopped after an instant (or ever), since none of those arrived.

    What was used of them stays used, and the time since they were stopped counts: they are due when they were due. Whoever
    held one then goes on holding it, and the credit for the answer is gone. A clock that runs for what the customer wrote
    meanwhile is not needed beside them. Returns how many run on.
    """
    stopped = ClockRow.objects.filter(
        subject_id=subject_id, kind__in=ANSWER_KINDS, stop_reason=StopReason.ANSWERED.value
    )  # fmt: skip
    if after is not None:
        stopped = stopped.filter(stopped_at__gt=after)
    first = stopped.order_by("started_at", "id").first()
    if first is None:
        return 0
    share_roster(first.institution_id)
    hold_subject(subject_id)
    now = clock.now()
    for kept in take(subject_id, None, now):
        if kept.row.kind in ANSWER_KINDS:
            stop_taken(kept, SYSTEM, StopReason.NOT_NEEDED, now, clock)
    locked = stopped.filter(started_at=first.started_at).select_for_update(of=("self",)).select_related("rule")
    rows = {row.slug: row for row in locked.order_by("id")}
    for row in rows.values():
        _run_on(row, now, clock)
    return len(rows)


def _run_on(row: ClockRow, now: datetime, clock: Clock) -> None:
    assert row.stopped_at is not None, "only stopped ones are asked for"
    since = row.stopped_at
    row.stopped_at, row.stop_reason, row.stopped_by, row.next_at, row.worked_s = None, "", "", since, None
    if not row.paused:
        row.counted_from = since
    row.save(update_fields=["stopped_at", "stop_reason", "stopped_by", "next_at", "worked_s", "counted_from"])
    last = HoldingRow.objects.filter(clock=row).order_by("-since").first()
    if last is not None:
        HoldingRow.objects.filter(id=last.id).update(until=None)
    (kept,) = take_out([row], now)
    if last is None:  # it was stopped at the instant at which it began
        one = kept.roster.accountable(row.assignee, since)
        HoldingRow.objects.create(clock=row, staff_id=row.accountable, why=one.why.value, since=since)
    write_step(row, now, "ran_on", SYSTEM, {"stopped_at": since.isoformat()})
    kept.move_to(now)
    put_back(kept, clock)
