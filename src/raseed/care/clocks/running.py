"""The verbs of clocks: start, stop, pause, resume, hand over. Each runs in the caller's transaction, and bears a repeat.

``at`` is the instant at which something became true, at the latest now. An answer that was given in time counts as in time,
however late it is written: a breach that was written meanwhile is withdrawn. A hand-over counts from when it is written:
nobody is handed a breach after the fact.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.people import api as people

from ..duty.domain import Roster
from ..duty.locks import share_roster
from ..duty.reading import rosters
from ..duty.reading import team as read_team
from ..models import ClockRow
from . import measure
from .domain import ANSWER_KINDS, ClockKind, PauseReason, Rule, RunningClock, StopReason, SubjectKind, most_fitting
from .errors import NotExtendable, PauseDoesNotCount, UnknownClock
from .keeping import (
    Kept,
    end_holdings,
    put_back,
    take,
    take_out,
    withdraw_breach,
    worked_s,
    write_hand_over,
    write_happened,
    write_step,
)
from .progress import begin, go_on, hand_over, plan
from .reading import clock_of, clocks_of, was_answered
from .rules import ensure_rules, rule_in_force

_OF_A_SUBJECT: Final = "SELECT pg_advisory_xact_lock(hashtextextended('care_clock' || %s, 0))"
_STAFF: Final = "staff:"


@transaction.atomic
def message_arrived(
    *,
    conversation_id: UUID,
    institution_id: UUID,
    team_id: UUID,
    assignee: UUID | None,
    at: datetime,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[RunningClock, ...]:
    """Let the clocks of a conversation run that a customer's message starts, and return all that run.

    The first answer has its clock until it is given, each later one from the first message that is not answered; the
    resolution has one until the conversation is closed. Who waited for the customer waits no longer.

    Raises:
        UnknownTeam: there is no such team.
    """
    share_roster(institution_id)
    hold_subject(conversation_id)
    at = min(at, clock.now())
    resume_clock(subject_id=conversation_id, by="customer", at=at, only=PauseReason.WAITING_FOR_CUSTOMER, clock=clock)
    answer = ClockKind.NEXT_ANSWER if was_answered(conversation_id) else ClockKind.FIRST_ANSWER
    running = set(ClockRow.objects.filter(subject_id=conversation_id, stopped_at=None).values_list("kind", flat=True))
    waits = bool(running & ANSWER_KINDS)
    wanted = [ClockKind.RESOLUTION] if waits else [answer, ClockKind.RESOLUTION]
    known = ensure_rules(institution_id, at=at, clock=clock)
    starting = [rule for kind in wanted for rule in most_fitting(known, kind, team_id)]
    roster = _roster(team_id, assignee, at, clock) if {rule.kind.value for rule in starting} - running else None
    for rule in starting:
        _start(SubjectKind.CONVERSATION, conversation_id, rule, team_id, assignee, at, clock, roster)
    return clocks_of([conversation_id], at=clock.now()).get(conversation_id, ())


@transaction.atomic
def case_opened(
    *,
    case_id: UUID,
    institution_id: UUID,
    team_id: UUID,
    category: str,
    owner: UUID,
    at: datetime,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[RunningClock, ...]:
    """Let the clocks of a case run: that of its resolution, and those of regulators that start with a case of its kind.

    Raises:
        UnknownTeam: there is no such team.
    """
    share_roster(institution_id)
    hold_subject(case_id)
    at = min(at, clock.now())
    known = ensure_rules(institution_id, at=at, clock=clock)
    by_law = [rule for rule in known if rule.kind is ClockKind.REGULATOR and rule.with_cases]
    for rule in most_fitting(known, ClockKind.RESOLUTION, team_id, category) + by_law:
        if rule.fits(team_id, category):
            _start(SubjectKind.CASE, case_id, rule, team_id, owner, at, clock)
    return clocks_of([case_id], at=clock.now()).get(case_id, ())


@transaction.atomic
def start_clock(
    *,
    subject_kind: SubjectKind,
    subject_id: UUID,
    rule: str,
    institution_id: UUID,
    team_id: UUID,
    assignee: UUID | None,
    at: datetime,
    clock: Clock = SYSTEM_CLOCK,
) -> RunningClock:
    """Start the clock of a rule for something, or return the one that runs.

    Raises:
        UnknownRule: the institution has no such rule in force. UnknownTeam: there is no such team.
    """
    share_roster(institution_id)
    hold_subject(subject_id)
    at = min(at, clock.now())
    row_id = _start(
        subject_kind, subject_id, rule_in_force(institution_id, rule, at=at, clock=clock), team_id, assignee, at, clock
    )
    return clock_of(row_id, at=clock.now())


@transaction.atomic
def reopened(
    *,
    subject_kind: SubjectKind,
    subject_id: UUID,
    institution_id: UUID,
    team_id: UUID,
    assignee: UUID | None,
    by: str,
    at: datetime,
    category: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Let run again what a closing stopped, of something that is open again from an instant on.

    The institution's own promise to settle it begins anew. A regulator's time counts from the complaint, and to open it
    again is no new complaint: that clock goes on with what it had used, under the rule it began with, and one that was
    broken is broken still. The time in between, when it was settled as far as anybody knew, is not counted.

    Raises:
        UnknownTeam: there is no such team.
    """
    share_roster(institution_id)
    hold_subject(subject_id)
    at = min(at, clock.now())
    known = ensure_rules(institution_id, at=at, clock=clock)
    for rule in most_fitting(known, ClockKind.RESOLUTION, team_id, category):
        _start(subject_kind, subject_id, rule, team_id, assignee, at, clock)
    ended = ClockRow.objects.filter(
        subject_kind=subject_kind.value, subject_id=subject_id, kind=ClockKind.REGULATOR.value
    )
    latest = {row.slug: row for row in ended.select_related("rule").order_by("stopped_at")}  # one that runs comes last
    for row in latest.values():
        if row.stop_reason == StopReason.CLOSED.value:
            _go_on_with(row, team_id, assignee, by, at, clock)


def _go_on_with(ended: ClockRow, team_id: UUID, assignee: UUID | None, by: str, at: datetime, clock: Clock) -> None:
    (before,) = take_out([ended], at)
    roster, at = _roster(team_id, assignee, at, clock), max(at, ended.stopped_at or at)
    state = go_on(before.state, assignee=assignee, roster=roster, at=at)
    row = ClockRow.objects.create(
        id=new_id(), institution_id=ended.institution_id, subject_kind=ended.subject_kind, subject_id=ended.subject_id,
        rule=ended.rule, slug=ended.slug, kind=ended.kind, team_id=team_id, assignee=assignee, unit=ended.unit,
        amount=state.amount, used=state.used, extended=ended.extended, started_at=ended.started_at, counted_from=at,
        due_at=state.due_at, breached_at=state.breached_at, blamed=state.blamed, steps=state.steps,
        accountable=state.accountable, changes_at=state.changes_at, next_at=state.next_at, goes_on=ended,
    )  # fmt: skip
    write_step(row, at, "went_on", by, {"due_at": _text(state.due_at), "accountable": str(state.accountable)})
    _go_on(Kept(row, state, roster), clock)


def _start(
    subject_kind: SubjectKind,
    subject_id: UUID,
    rule: Rule,
    team_id: UUID,
    assignee: UUID | None,
    at: datetime,
    clock: Clock,
    roster: Roster | None = None,
) -> UUID:
    known = ClockRow.objects.filter(
        subject_kind=subject_kind.value, subject_id=subject_id, slug=rule.slug, stopped_at=None
    ).first()
    if known is not None:
        return known.id
    roster = roster or _roster(team_id, assignee, at, clock)
    state = begin(
        unit=rule.unit, amount=rule.amount, ladder=rule.ladder, assignee=assignee, roster=roster, at=at
    )  # fmt: skip
    row = ClockRow.objects.create(
        id=new_id(), institution_id=rule.institution_id, subject_kind=subject_kind.value, subject_id=subject_id,
        rule_id=rule.id, slug=rule.slug, kind=rule.kind.value, team_id=team_id, assignee=assignee, unit=state.unit.value,
        amount=state.amount, started_at=at, counted_from=at, due_at=state.due_at, accountable=state.accountable,
        changes_at=state.changes_at, next_at=state.next_at,
    )  # fmt: skip
    write_step(row, at, "started", "system", {"due_at": _text(state.due_at), "accountable": str(state.accountable)})
    kept = Kept(row, state, roster)
    kept.move_to(clock.now())
    put_back(kept, clock)
    return row.id


def _roster(team_id: UUID, assignee: UUID | None, at: datetime, clock: Clock) -> Roster:
    assignees = () if assignee is None else (assignee,)
    return rosters([team_id], since=at, until=clock.now(), assignees=assignees)[team_id]


@transaction.atomic
def answered(*, subject_id: UUID, by: UUID, at: datetime, clock: Clock = SYSTEM_CLOCK) -> None:
    """Stop the clocks of answers that began before an answer: the credit is that of ``by``, who gave it."""
    for kept in _taken(subject_id, None, clock):
        if kept.row.kind in ANSWER_KINDS and kept.row.started_at <= at:
            stop_taken(kept, f"{_STAFF}{by}", StopReason.ANSWERED, at, clock)


@transaction.atomic
def closed(*, subject_id: UUID, by: str, at: datetime, clock: Clock = SYSTEM_CLOCK) -> None:
    """Stop all clocks of something that is closed; ``by`` is an actor, such as ``staff:…``."""
    for kept in _taken(subject_id, None, clock):
        stop_taken(kept, by, StopReason.CLOSED, at, clock)


@transaction.atomic
def stop_clock(
    *, subject_id: UUID, rule: str, by: str, reason: StopReason, at: datetime, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Stop the clock of a rule; one that does not run is left alone."""
    for kept in _taken(subject_id, rule, clock):
        stop_taken(kept, by, reason, at, clock)


def stop_taken(kept: Kept, by: str, reason: StopReason, at: datetime, clock: Clock) -> None:
    """Stop a clock that was taken out."""
    at = max(min(at, clock.now()), kept.row.started_at)
    kept.move_to(at)
    withdraw_breach(kept, at, clock)
    row, state = kept.row, kept.state
    if state.counted_from is not None and state.counted_from < at:
        counted = (kept.roster.calendar, state.unit, state.started_at, state.counted_from, at)
        state.used += measure.used(*counted)
    write_happened(kept, clock)
    end_holdings(row, at)  # afterwards who held it stays as it is
    row.stopped_at, row.stop_reason, row.stopped_by = at, reason.value, by
    row.worked_s = worked_s(kept, at)
    write_step(row, at, "stopped", by, {"reason": reason.value})
    put_back(kept, clock)


@transaction.atomic
def pause_clock(
    *,
    subject_id: UUID,
    reason: PauseReason,
    by: str,
    at: datetime,
    rule: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Let the clocks of something stand still whose rules count this reason, and return how many do.

    Raises:
        PauseDoesNotCount: a ``rule`` was named, and does not count it. UnknownClock: it was named, and does not run.
    """
    taken = _taken(subject_id, rule, clock)
    if rule is not None and not taken:
        raise UnknownClock(field="rule")
    counting = [kept for kept in taken if reason.value in kept.row.rule.pauses]
    if rule is not None and not counting:
        raise PauseDoesNotCount(field="reason")
    for kept in counting:
        state = kept.state
        if state.counted_from is None:
            continue
        paused_at = max(min(at, clock.now()), state.counted_from)
        kept.move_to(paused_at)
        withdraw_breach(kept, paused_at, clock)
        state.used += measure.used(
            kept.roster.calendar, state.unit, state.started_at, state.counted_from, paused_at
        )  # fmt: skip
        state.paused, state.counted_from = reason, None
        plan(state, kept.roster)
        write_step(kept.row, paused_at, "paused", by, {"reason": reason.value})
        _go_on(kept, clock)
    return len(counting)


@transaction.atomic
def resume_clock(
    *,
    subject_id: UUID,
    by: str,
    at: datetime,
    rule: str | None = None,
    only: PauseReason | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Let the paused clocks of something run on (of a rule, or those paused for one reason); return how many do."""
    resumed = 0
    for kept in _taken(subject_id, rule, clock):
        state = kept.state
        if state.paused is None or (only is not None and state.paused is not only):
            continue
        last = kept.row.history.filter(kind="paused").order_by("-position").values_list("at", flat=True).first()
        resumed_at = max(min(at, clock.now()), last or kept.row.started_at)
        kept.move_to(resumed_at)
        state.paused, state.counted_from = None, resumed_at
        plan(state, kept.roster)
        write_step(kept.row, resumed_at, "resumed", by, {"due_at": _text(state.due_at)})
        _go_on(kept, clock)
        resumed += 1
    return resumed


@transaction.atomic
def extend_clock(*, subject_id: UUID, rule: str, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Give a clock the longer time that its rule allows, once, before it is broken, with the reason on record.

    Raises:
        UnknownClock: it does not run. NotExtendable: the rule allows none, it had it, or it is over.
        UnacceptableText: no reason.
    """
    said, now = people.clean_reason(reason), clock.now()
    taken = _taken(subject_id, rule, clock)
    if not taken:
        raise UnknownClock(field="rule")
    for kept in taken:
        kept.move_to(now)
        row, state = kept.row, kept.state
        if row.rule.extended is None or row.extended or state.breached_at is not None:
            raise NotExtendable(field="rule")
        _, state.amount = measure.started(
            kept.roster.calendar, type(state.unit)(row.rule.unit), row.rule.extended, row.started_at
        )  # fmt: skip
        row.extended = True
        plan(state, kept.roster)
        write_step(row, now, "extended", by.actor, {"due_at": _text(state.due_at)}, said)
        put_back(kept, clock)


@transaction.atomic
def handed_over(
    *,
    subject_id: UUID,
    team_id: UUID,
    to: UUID | None,
    by: str,
    reason: str,
    at: datetime,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Give all clocks of something to somebody of a team, or back to the team's queue; it counts from now on.

    Raises:
        UnknownTeam: there is no such team.
    """
    del at  # what was so until now stays: it is on record who held it
    for kept in _taken(subject_id, None, clock):
        now = max(clock.now(), kept.state.held_since)
        kept.move_to(now)
        row, state, giver = kept.row, kept.state, kept.state.accountable
        if (row.team_id, state.assignee) == (team_id, to):
            put_back(kept, clock)
            continue
        if row.team_id != team_id:
            _move_to_team(kept, team_id, to, now)
        else:
            _know_of(kept, to, now)
        hand_over(state, kept.roster, to, now)
        plan(state, kept.roster)
        facts = {"to": None if to is None else str(to), "team": str(team_id), "accountable": str(state.accountable)}
        write_step(row, now, "handed_over", by, facts, reason)
        if giver != state.accountable:
            write_hand_over(row, now, giver, state.accountable, by, reason)
        put_back(kept, clock)


def _move_to_team(kept: Kept, team_id: UUID, to: UUID | None, now: datetime) -> None:
    """Let another team's hours count from now on; what was used by those of the first stays used."""
    read_team(team_id)
    row, state = kept.row, kept.state
    if state.counted_from is not None:
        state.used += measure.used(kept.roster.calendar, state.unit, state.started_at, state.counted_from, now)
        state.counted_from = now
    row.team_id = team_id
    _know_of(kept, to, now)


def _know_of(kept: Kept, to: UUID | None, now: datetime) -> None:
    people_asked = () if to is None else (to,)
    kept.roster = rosters([kept.row.team_id], since=now, until=now, assignees=people_asked)[kept.row.team_id]


def _go_on(kept: Kept, clock: Clock) -> None:
    kept.move_to(clock.now())
    put_back(kept, clock)


def _taken(subject_id: UUID, slug: str | None, clock: Clock) -> list[Kept]:
    """Lock the roster (shared) and then the running clocks of something, and take them out."""
    institutions = ClockRow.objects.filter(subject_id=subject_id, stopped_at=None).values_list(
        "institution_id", flat=True
    )  # fmt: skip
    institution_id = institutions.first()
    if institution_id is None:
        return []
    share_roster(institution_id)
    return take(subject_id, slug, clock.now())


def hold_subject(subject_id: UUID) -> None:
    """Let nobody else begin or end a clock of something until the transaction is over."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_A_SUBJECT, [str(subject_id)])


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
