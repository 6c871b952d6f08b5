"""Findings as they are kept: raised once, seen again, gone when they are gone, raised anew when they come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from ..events import FINDING_CLEARED, FINDING_RAISED
from .domain import FOUND_MAX, UNENDED, VALUE_LENGTH_MAX, CheckRun, Finding, FindingState, Outcome
from .models import FindingRow, FindingStepRow
from .running import NOT_ASKED

ROWS_AT_ONCE: Final = 1_000
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('assurance_check:' || %s, 0))"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is to be taken."""

    row: FindingRow
    state: FindingState
    actor: str
    outcome: Outcome | None = None
    note: str = ""
    assignee_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What one run changed: the ids of what it raised, and of what is gone."""

    raised: tuple[UUID, ...]
    cleared: tuple[UUID, ...]


def keep_run(run: CheckRun, *, clock: Clock = SYSTEM_CLOCK) -> Kept:
    """Keep what a check found, and let go of what it no longer finds where it looked."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [run.check])
        now = clock.now()
        found = {each.key: each for each in run.findings}
        there = {
            (row.check_name, row.code, row.subject): row
            for row in FindingRow.objects.select_for_update()
            .filter(check_name=run.check, subject__in=[each.subject for each in run.findings])
            .order_by("id")
        }
        raised = _raise(found, there, now)
        gone = [
            row
            for row in _open(run.check)
            if (row.check_name, row.code, row.subject) not in found and _looked(run, row)
        ]
        cleared = [
            Step(row, FindingState.CLEARED, people.SYSTEM.actor, Outcome.GONE, assignee_id=row.assignee_id)
            for row in gone
        ]
        take([*raised, *cleared], at=now)
        for step in raised:
            tell_raised(step.row, clock)
        for step in cleared:
            tell_cleared(step.row, Outcome.GONE, clock)
    return Kept(tuple(step.row.id for step in raised), tuple(step.row.id for step in cleared))


def take(steps: Iterable[Step], *, at: datetime) -> None:
    """Write steps, and where each finding is then."""
    steps = list(steps)
    rows = []
    for each in steps:
        row = each.row
        row.steps += 1
        row.state, row.assignee_id, row.changed_at = each.state.value, each.assignee_id, at
        rows.append(
            FindingStepRow(
                of_id=row.id, number=row.steps, at=at, state=row.state, actor=each.actor, assignee_id=each.assignee_id,
                outcome=each.outcome.value if each.outcome else None, note=each.note,
            )
        )  # fmt: skip
    FindingRow.objects.bulk_update(
        [each.row for each in steps], ["steps", "state", "assignee_id", "changed_at"], batch_size=ROWS_AT_ONCE
    )
    FindingStepRow.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)


def tell_raised(row: FindingRow, clock: Clock) -> None:
    """Tell that something is wrong, in the open transaction."""
    payload = {"finding_id": str(row.id), "check": row.check_name, "code": row.code, "severity": row.severity}
    platform.emit(FINDING_RAISED, payload, institution_id=row.institution_id, clock=clock)


def tell_cleared(row: FindingRow, outcome: Outcome, clock: Clock) -> None:
    """Tell that it is wrong no more, in the open transaction."""
    payload = {"finding_id": str(row.id), "check": row.check_name, "code": row.code, "outcome": outcome.value}
    platform.emit(FINDING_CLEARED, payload, institution_id=row.institution_id, clock=clock)


def _raise(
    found: dict[tuple[str, str, str], Finding], there: dict[tuple[str, str, str], FindingRow], now: datetime
) -> list[Step]:
    fresh: list[FindingRow] = []
    again: list[FindingRow] = []
    raised: list[FindingRow] = []
    for key, each in found.items():
        row = there.get(key)
        if row is None:
            row = _row(each, now)
            fresh.append(row)
            raised.append(row)
            continue
        if FindingState(row.state) not in UNENDED and not _accepted(row, each):
            raised.append(row)
        row.expected, row.found = each.expected[:VALUE_LENGTH_MAX], each.found[:VALUE_LENGTH_MAX]
        row.severity, row.repair = each.severity.value, each.repair or ""
        row.last_seen, row.times = max(now, row.last_seen), row.times + 1
        again.append(row)
    FindingRow.objects.bulk_create(fresh, batch_size=ROWS_AT_ONCE)
    FindingRow.objects.bulk_update(
        again, ["expected", "found", "severity", "repair", "last_seen", "times"], batch_size=ROWS_AT_ONCE
    )
    return [Step(row, FindingState.OPEN, people.SYSTEM.actor) for row in raised]


def _accepted(row: FindingRow, found: Finding) -> bool:
    """Whether a person has accepted it as it is, and it is as it was then."""
    last = FindingStepRow.objects.filter(of_id=row.id, number=row.steps).values_list("outcome", flat=True).first()
    same = (row.expected, row.found) == (found.expected[:VALUE_LENGTH_MAX], found.found[:VALUE_LENGTH_MAX])
    return last == Outcome.ACCEPTED.value and same


def _looked(run: CheckRun, row: FindingRow) -> bool:
    """Whether a run has looked at what a finding is about, and would have named it."""
    if row.code == NOT_ASKED:
        return not run.failed
    if run.failed or len(run.findings) >= FOUND_MAX:
        return False
    return run.subjects is None or row.subject in run.subjects


def _open(check: str) -> Sequence[FindingRow]:
    states = [state.value for state in UNENDED]
    return list(FindingRow.objects.select_for_update().filter(check_name=check, state__in=states).order_by("id"))


def _row(found: Finding, now: datetime) -> FindingRow:
    return FindingRow(
        id=new_id(), check_name=found.check, code=found.code, subject=found.subject, institution_id=found.institution_id,
        severity=found.severity.value, expected=found.expected[:VALUE_LENGTH_MAX], found=found.found[:VALUE_LENGTH_MAX],
        repair=found.repair or "", tries=0, state=FindingState.OPEN.value, assignee_id=None, first_seen=now, last_seen=now,
        times=1, steps=0, changed_at=now,
    )  # fmt: skip
