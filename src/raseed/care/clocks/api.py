"""The door of clocks for the rest of ``care``.

Verbs (they follow in ``clocks/``); each runs in the caller's transaction and can be repeated::

    message_arrived(*, conversation_id, institution_id, team_id, assignee, at, clock=SYSTEM_CLOCK) -> tuple[RunningClock, ...]
    answered(*, subject_id, by: UUID, at, clock=SYSTEM_CLOCK) -> None
    closed(*, subject_id, by: str, at, clock=SYSTEM_CLOCK) -> None
    handed_over(*, subject_id, team_id, to: UUID | None, by: str, reason, at, clock=SYSTEM_CLOCK) -> None
    start_clock(*, subject_kind, subject_id, rule, institution_id, team_id, assignee, at, clock=SYSTEM_CLOCK) -> RunningClock
    stop_clock(*, subject_id, rule, by: str, reason: StopReason, at, clock=SYSTEM_CLOCK) -> None
    pause_clock(*, subject_id, reason: PauseReason, by: str, at, rule=None, clock=SYSTEM_CLOCK) -> None
    resume_clock(*, subject_id, by: str, at, rule=None, clock=SYSTEM_CLOCK) -> None
    clocks_of(subject_ids, *, at) -> dict[UUID, tuple[RunningClock, ...]]
    breached_subjects(institution_id, *, team_id=None, limit) -> tuple[UUID, ...]
    record_of(staff_id, *, institution_id, since, until, by) -> StaffRecord

Event: ``care.clock_breached`` v1 ``{"clock_id", "subject_kind", "subject_id", "rule", "step", "accountable", "told"}``.
"""

from __future__ import annotations

from .domain import (
    Breach,
    ClockKind,
    HeldBy,
    HistoryStep,
    PauseReason,
    Rule,
    RunningClock,
    StaffRecord,
    Step,
    StopReason,
    SubjectKind,
    Unit,
    Whom,
)

__all__ = [
    "Breach",
    "ClockKind",
    "HeldBy",
    "HistoryStep",
    "PauseReason",
    "Rule",
    "RunningClock",
    "StaffRecord",
    "Step",
    "StopReason",
    "SubjectKind",
    "Unit",
    "Whom",
]
