"""Clocks as rows: taken out locked, moved on, and put back with all that happened to them, in one transaction.

Locks are taken in this order: the institution's roster (shared), then clocks by their id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from raseed.kernel.clock import Clock
from raseed.people import api as people
from raseed.platform import api as platform

from ..duty.domain import Roster
from ..duty.reading import rosters
from ..events import ACCOUNTABLE_CHANGED, BREACH_WITHDRAWN, CLOCK_BREACHED
from ..models import ClockRow, ClockStepRow, HandOverRow, HoldingRow
from . import measure
from .domain import PauseReason, Step, Unit, Whom
from .progress import Breached, Climbed, Happened, State, Switched, advance

SYSTEM: Final = people.SYSTEM.actor
_MOVED: Final = (
    "team", "assignee", "amount", "used", "counted_from", "due_at", "paused", "extended", "breached_at", "blamed", "steps",
    "accountable", "changes_at", "next_at", "stopped_at", "stop_reason", "stopped_by", "worked_s",
)  # fmt: skip


@dataclass(slots=True)
class Kept:
    """A clock's row, taken out: what it says as a state, and who works for its team."""

    row: ClockRow
    state: State
    roster: Roster

    def move_to(self, now: datetime) -> None:
        """Let everything happen that happens until ``now``."""
        advance(self.state, self.roster, now)


def ladder_from(facts: Iterable[dict[str, object]]) -> tuple[Step, ...]:
    """Return the ladder that is kept as ``facts``."""
    return tuple(Step(int(str(each["after_s"])), Whom(str(each["whom"])), bool(each["takes_over"])) for each in facts)


def take(subject_id: UUID, slug: str | None, now: datetime) -> list[Kept]:
    """Lock the running clocks of a subject (or the one of a rule), by their id, and take them out."""
    rows = ClockRow.objects.filter(subject_id=subject_id, stopped_at=None)
    if slug is not None:
        rows = rows.filter(slug=slug)
    return take_out(list(rows.select_for_update(of=("self",)).select_related("rule").order_by("id")), now)


def take_out(rows: Sequence[ClockRow], now: datetime) -> list[Kept]:
    """Read what is needed to move clocks on until ``now``, in a few queries for all of them."""
    if not rows:
        return []
    since = min([now, *(row.changes_at for row in rows if row.changes_at is not None)])
    assignees = {row.assignee for row in rows if row.assignee is not None}
    known = rosters({row.team_id for row in rows}, since=since, until=now, assignees=assignees)
    held = _holdings(rows)
    return [Kept(row, _state(row, held.get(row.id, [])), known[row.team_id]) for row in rows]


def _holdings(rows: Sequence[ClockRow]) -> dict[UUID, list[HoldingRow]]:
    found: dict[UUID, list[HoldingRow]] = {}
    for holding in HoldingRow.objects.filter(clock_id__in=[row.id for row in rows]).order_by("-since"):
        found.setdefault(holding.clock_id, []).append(holding)
    return found


def _state(row: ClockRow, holdings: Sequence[HoldingRow]) -> State:
    """Return a row's state; ``holdings`` are the latest first."""
    held_since = holdings[0].since if holdings else row.started_at
    return State(
        unit=Unit(row.unit),
        amount=row.amount,
        used=row.used,
        started_at=row.started_at,
        counted_from=row.counted_from,
        due_at=row.due_at,
        paused=PauseReason(row.paused) if row.paused else None,
        breached_at=row.breached_at,
        steps=row.steps,
        ladder=ladder_from(row.rule.ladder),
        assignee=row.assignee,
        accountable=row.accountable,
        held_since=held_since,
        changes_at=max(row.changes_at or held_since, held_since),
        before=holdings[1].staff_id if holdings[1:] else None,
        blamed=row.blamed,
    )


def put_back(kept: Kept, clock: Clock) -> None:
    """Write a clock and all that happened to it: who held it, its history, and what others are told."""
    row, state = kept.row, kept.state
    row.assignee, row.accountable, row.amount, row.used = state.assignee, state.accountable, state.amount, state.used
    row.counted_from, row.due_at = state.counted_from, state.due_at
    row.paused = state.paused.value if state.paused else ""
    row.breached_at, row.blamed, row.steps = state.breached_at, state.blamed, state.steps
    row.changes_at = state.changes_at
    row.next_at = None if row.stopped_at is not None else state.next_at
    write_happened(kept, clock)
    row.save(update_fields=_MOVED)


def write_happened(kept: Kept, clock: Clock) -> None:
    """Write what happened to a clock since it was taken out, which others are told of."""
    happened, kept.state.happened = kept.state.happened, []
    for one in happened:
        _write(kept.row, kept.state, one, clock)


def _write(row: ClockRow, state: State, one: Happened, clock: Clock) -> None:
    match one:
        case Switched():
            switch_holder(row, one)
            tell(row, ACCOUNTABLE_CHANGED, {"accountable": str(one.staff_id)}, clock)
        case Breached():
            write_step(row, one.at, "breached", SYSTEM, {"accountable": str(one.blamed)})
            _tell_breach(row, 0, one.blamed, one.blamed, one.at, clock)
        case Climbed():
            write_step(row, one.at, "climbed", SYSTEM, {"step": one.number, "told": str(one.told)})
            if one.giver is not None and one.giver != one.accountable:
                write_hand_over(row, one.at, one.giver, one.accountable, SYSTEM, "")
            _tell_breach(row, one.number, one.accountable, one.told, state.breached_at or one.at, clock)


def switch_holder(row: ClockRow, one: Switched) -> None:
    """Write who holds a clock from an instant on; who held it for no time at all is not written."""
    if not one.first:
        HoldingRow.objects.filter(clock=row, until=None, since=one.at).delete()
        HoldingRow.objects.filter(clock=row, until=None).update(until=one.at)
    HoldingRow.objects.create(clock=row, staff_id=one.staff_id, why=one.why.value, since=one.at)


def write_step(
    row: ClockRow, at: datetime, kind: str, by: str, facts: Mapping[str, str | int | None], reason: str = ""
) -> None:
    """Write something into a clock's history."""
    ClockStepRow.objects.create(clock=row, at=at, kind=kind, by=by, facts=dict(facts), reason=reason)


def write_hand_over(row: ClockRow, at: datetime, giver: UUID, taker: UUID, by: str, reason: str) -> None:
    """Write that a clock went from somebody to somebody else."""
    HandOverRow.objects.create(clock=row, at=at, giver=giver, taker=taker, by=by, reason=reason)


def withdraw_breach(kept: Kept, at: datetime, clock: Clock) -> None:
    """Take back a breach that was written before it was known that the clock was stopped, or paused, in time."""
    row, state = kept.row, kept.state
    if state.breached_at is None or at > state.breached_at:
        return
    write_step(row, at, "breach_withdrawn", SYSTEM, {"breached_at": state.breached_at.isoformat()})
    tell(row, BREACH_WITHDRAWN, {"clock_id": str(row.id), "rule": row.slug}, clock)
    state.due_at = state.breached_at
    state.breached_at, state.blamed, state.steps = None, None, 0


def end_holdings(row: ClockRow, at: datetime) -> None:
    """Let nobody hold a clock after an instant, also where it was written that somebody did."""
    HoldingRow.objects.filter(clock=row, since__gte=at).delete()
    last = HoldingRow.objects.filter(clock=row).order_by("-since").first()
    if last is not None and (last.until is None or last.until > at):
        HoldingRow.objects.filter(id=last.id).update(until=at)


def worked_s(kept: Kept, until: datetime) -> int:
    """Return the working seconds in which a clock ran until an instant, whatever its unit counts: its pauses are left out.

    A clock of working time has counted them; for others they are worked out from its history, by the hours of its team.
    """
    row, calendar = kept.row, kept.roster.calendar
    if kept.state.unit is Unit.WORKING:
        return kept.state.used // measure.SECOND_US
    worked, paused_at = calendar.working_between(row.started_at, until), None
    for kind, at in row.history.filter(kind__in=("paused", "resumed")).order_by("position").values_list("kind", "at"):
        if kind == "resumed" and paused_at is not None:
            worked -= calendar.working_between(paused_at, min(at, until))
        paused_at = at if kind == "paused" else None
    if paused_at is not None:
        worked -= calendar.working_between(paused_at, until)
    return worked // timedelta(seconds=1)


def _tell_breach(row: ClockRow, step: int, accountable: UUID, told: UUID, at: datetime, clock: Clock) -> None:
    facts: dict[str, str | int] = {
        "clock_id": str(row.id), "rule": row.slug, "step": step, "accountable": str(accountable), "told": str(told),
        "breached_at": at.isoformat(),
    }  # fmt: skip
    tell(row, CLOCK_BREACHED, facts, clock)


def tell(row: ClockRow, event: str, facts: Mapping[str, str | int], clock: Clock) -> None:
    """Keep a fact about a clock's subject for whoever wants to hear of it."""
    subject = {"subject_kind": row.subject_kind, "subject_id": str(row.subject_id)}
    platform.emit(event, {**subject, **facts}, institution_id=row.institution_id, clock=clock)
