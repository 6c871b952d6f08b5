"""What becomes of a clock as time goes by: who is accountable from when, when it is broken, which steps are climbed. Pure.

Everything is dated by the instant at which it is true, not by when it is looked at: a worker that comes an hour late writes
the same as one that is in time. At one instant, a breach comes before a change of hands: whoever held the clock up to its
end is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ..duty.domain import AHEAD, Roster, Why
from . import measure
from .domain import PauseReason, Step, Unit, Whom

EVENTS_MAX: Final = 100_000
"""Of one clock in one look; more is a bug of ours."""


@dataclass(frozen=True, slots=True)
class Switched:
    """Somebody else is accountable from an instant on; ``first``: nobody was before."""

    at: datetime
    staff_id: UUID
    why: Why
    first: bool = False


@dataclass(frozen=True, slots=True)
class Breached:
    """The clock was not stopped by the time it was due."""

    at: datetime
    blamed: UUID


@dataclass(frozen=True, slots=True)
class Climbed:
    """A step of the ladder (1 is the first): who is told; where they take over, ``giver`` had it."""

    at: datetime
    number: int
    told: UUID
    giver: UUID | None
    accountable: UUID


Happened = Switched | Breached | Climbed


@dataclass(slots=True)
class State:
    """A clock between two looks. ``before`` is who held it until ``held_since``."""

    unit: Unit
    amount: int
    used: int
    started_at: datetime
    counted_from: datetime | None
    due_at: datetime | None
    paused: PauseReason | None
    breached_at: datetime | None
    steps: int
    ladder: tuple[Step, ...]
    assignee: UUID | None
    accountable: UUID
    held_since: datetime
    changes_at: datetime
    before: UUID | None = None
    blamed: UUID | None = None
    happened: list[Happened] = field(default_factory=list)

    @property
    def next_step_at(self) -> datetime | None:
        """When the next step of the ladder is climbed, if the clock is broken and not paused: never while it stood still."""
        if self.breached_at is None or self.counted_from is None or self.steps >= len(self.ladder):
            return None
        return max(self.breached_at + timedelta(seconds=self.ladder[self.steps].after_s), self.counted_from)

    @property
    def next_at(self) -> datetime:
        """When it has to be looked at next."""
        due = self.due_at if self.breached_at is None else None
        return min(at for at in (self.changes_at, due, self.next_step_at) if at is not None)


def begin(
    *, unit: Unit, amount: int, ladder: tuple[Step, ...], assignee: UUID | None, roster: Roster, at: datetime
) -> State:
    """Return a clock that begins to run at an instant."""
    counted, total = measure.started(roster.calendar, unit, amount, at)
    first = roster.accountable(assignee, at)
    state = State(
        unit=counted, amount=total, used=0, started_at=at, counted_from=at, due_at=None, paused=None, breached_at=None,
        steps=0, ladder=ladder, assignee=assignee, accountable=first.staff_id, held_since=at, changes_at=at,
    )  # fmt: skip
    state.happened.append(Switched(at, first.staff_id, first.why, first=True))
    state.changes_at = _next_change(roster, at)
    plan(state, roster)
    return state


def go_on(before: State, *, assignee: UUID | None, roster: Roster, at: datetime) -> State:
    """Return a clock that goes on at an instant with what another had used, broken if that one was."""
    first = roster.accountable(assignee, at)
    state = replace(
        before, assignee=assignee, accountable=first.staff_id, held_since=at, before=None, counted_from=at, paused=None,
        changes_at=_next_change(roster, at), happened=[Switched(at, first.staff_id, first.why, first=True)],
    )  # fmt: skip
    plan(state, roster)
    return state


def plan(state: State, roster: Roster) -> None:
    """Work out when a clock is due, by the hours as they are known now; a broken one was due when it was broken."""
    if state.counted_from is None:
        state.due_at = None
    elif state.breached_at is not None:
        state.due_at = state.breached_at
    else:
        left = state.amount - state.used
        state.due_at = measure.due(roster.calendar, state.unit, state.started_at, state.counted_from, left)


def advance(state: State, roster: Roster, now: datetime) -> None:
    """Let everything happen to a clock that happens until ``now``, in its order, each at its instant."""
    plan(state, roster)
    for _ in range(EVENTS_MAX):
        due = state.due_at if state.breached_at is None else None
        step = state.next_step_at
        if due is not None and due < now and due <= min(state.changes_at, step or state.changes_at):
            _break(state, due)
        elif state.changes_at <= now and (step is None or state.changes_at <= step):
            _change_hands(state, roster, state.changes_at)
        elif step is not None and step <= now:
            _climb(state, roster, step)
        else:
            return
    raise AssertionError("a clock that never comes to rest")


def hand_over(state: State, roster: Roster, to: UUID | None, at: datetime) -> None:
    """Make a clock somebody's, or nobody's in particular, from an instant on that is settled already."""
    state.assignee = to
    one = roster.accountable(to, at)
    _switch(state, one.staff_id, one.why, at)
    state.changes_at = _next_change(roster, at)


def _break(state: State, at: datetime) -> None:
    late = state.held_since >= at and state.before is not None
    state.breached_at, state.blamed = at, state.before if late else state.accountable
    assert state.blamed is not None, "somebody is always accountable"
    state.happened.append(Breached(at, state.blamed))


def _change_hands(state: State, roster: Roster, at: datetime) -> None:
    one = roster.accountable(state.assignee, at)
    _switch(state, one.staff_id, one.why, at)
    state.changes_at = _next_change(roster, at)
    assert state.changes_at > at, "the next change comes later"


def _climb(state: State, roster: Roster, at: datetime) -> None:
    step = state.ladder[state.steps]
    told = _told(state, roster, step.whom, at)
    giver = state.accountable if step.takes_over else None
    state.steps += 1
    if step.takes_over:
        hand_over(state, roster, told, at)
    state.happened.append(Climbed(at, state.steps, told, giver, state.accountable))


def _switch(state: State, staff_id: UUID, why: Why, at: datetime) -> None:
    if staff_id == state.accountable:
        return
    state.before, state.accountable, state.held_since = state.accountable, staff_id, at
    state.happened.append(Switched(at, staff_id, why))


def _told(state: State, roster: Roster, whom: Whom, at: datetime) -> UUID:
    chain = {Whom.ACCOUNTABLE: (), Whom.LEAD: (roster.team.lead, roster.head), Whom.HEAD: (roster.head,)}[whom]
    return next((one for one in chain if roster.is_here(one, at)), state.accountable)


def _next_change(roster: Roster, at: datetime) -> datetime:
    return roster.next_change(at, at + AHEAD) or at + AHEAD
