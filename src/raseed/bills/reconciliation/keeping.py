"""Breaks as they are kept: opened once, reopened where a new file tells of them again, ended with a reason, all by steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F

from raseed.kernel.clock import Clock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from .. import events
from ..domain import Biller
from .domain import UNENDED, BreakState, Found, Outcome
from .models import BreakRow, BreakStepRow

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is to be taken."""

    row: BreakRow
    state: BreakState
    actor: str
    outcome: Outcome | None = None
    note: str = ""
    assignee_id: UUID | None = None


def keep_found(
    of: Biller, day: date, found: Sequence[Found], *, reconciliation_id: UUID | None, clock: Clock
) -> tuple[int, set[UUID]]:
    """Open what is new, reopen what had ended and a new file tells again; return how many, and the ids of all that is there.

    In the open transaction, under the biller's lock.
    """
    now, opened = clock.now(), 0
    there = {
        (row.kind, row.subject): row
        for row in BreakRow.objects.filter(biller_id=of.id, day=day, subject__in=[each.subject for each in found])
    }
    explained = _explained_elsewhere(there.values())
    fresh: list[BreakRow] = []
    again: list[Step] = []
    ids: set[UUID] = set()
    for each in found:
        row = there.get((each.kind.value, each.subject))
        if row is None:
            row = _row(of, day, each, now)
            there[each.kind.value, each.subject] = row
            fresh.append(row)
        elif BreakState(row.state) not in UNENDED and reconciliation_id is not None and row.id not in explained:
            again.append(Step(row, BreakState.OPEN, people.SYSTEM.actor))
        ids.add(row.id)
    BreakRow.objects.bulk_create(fresh, batch_size=ROWS_AT_ONCE)
    steps = [Step(row, BreakState.OPEN, people.SYSTEM.actor) for row in fresh] + again
    take(steps, at=now, reconciliation_id=reconciliation_id)
    opened = len(steps)
    if opened:
        platform.emit(
            events.BREAKS_FOUND,
            {"biller_id": str(of.id), "day": day.isoformat(), "breaks": opened},
            institution_id=of.institution_id,
            clock=clock,
        )
    return opened, ids


def take(steps: Iterable[Step], *, at: datetime, reconciliation_id: UUID | None = None) -> int:
    """Write steps, and where each break is then; return how many."""
    steps = list(steps)
    rows = []
    for each in steps:
        row = each.row
        row.steps += 1
        row.state, row.assignee_id, row.changed_at = each.state.value, each.assignee_id, at
        rows.append(
            BreakStepRow(
                of_id=row.id, number=row.steps, at=at, state=row.state, actor=each.actor, assignee_id=each.assignee_id,
                outcome=each.outcome.value if each.outcome else None, note=each.note, reconciliation_id=reconciliation_id,
            )
        )  # fmt: skip
    BreakRow.objects.bulk_update(
        [each.row for each in steps], ["steps", "state", "assignee_id", "changed_at"], batch_size=ROWS_AT_ONCE
    )
    BreakStepRow.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)
    return len(steps)


def end_by_itself(rows: Iterable[BreakRow], outcome: Outcome) -> list[Step]:
    """Return the steps by which breaks that are explained close themselves."""
    return [
        Step(row, BreakState.CLOSED, people.SYSTEM.actor, outcome, assignee_id=row.assignee_id)
        for row in rows
        if BreakState(row.state) in UNENDED
    ]


def _explained_elsewhere(rows: Iterable[BreakRow]) -> set[UUID]:
    """Return those that another day's file has explained: this day's says nothing new about them."""
    ended = [row.id for row in rows if row.state == BreakState.CLOSED.value]
    steps = BreakStepRow.objects.filter(of_id__in=ended, number=F("of__steps"))
    return set(steps.filter(outcome=Outcome.TOLD_ON_OTHER_DAY.value).values_list("of_id", flat=True))


def _row(of: Biller, day: date, found: Found, now: datetime) -> BreakRow:
    return BreakRow(
        id=new_id(), biller_id=of.id, day=day, kind=found.kind.value, subject=found.subject, order_id=found.order_id,
        transfer_id=found.transfer_id, line=found.line, their_reference=found.their_reference,
        ours_minor=found.ours_minor, theirs_minor=found.theirs_minor, found_at=now, state=BreakState.OPEN.value,
        assignee_id=None, steps=0, changed_at=now,
    )  # fmt: skip
