"""The door of clocks for the rest of ``care``. Its verbs run in the caller's transaction, and bear a repeat.

Take locks in this order: what is yours (a conversation), then call these: they take the roster and then the clocks.
"""

from __future__ import annotations

from .climbing import look_after_clocks, move_clocks
from .domain import (
    KIND_WORDS,
    PAUSE_WORDS,
    WHOM_WORDS,
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
from .errors import InvalidRule, NotExtendable, PauseDoesNotCount, UnknownClock, UnknownRule
from .presets import PRESETS, Preset
from .reading import breached_subjects, clock_of, clocks_of, history_of, stopped_clocks, taken_over_by, was_answered
from .record import breaches_of, record_of
from .reopening import answer_failed
from .rules import adopt_preset, rule_history, rule_in_force, rules, set_rule
from .running import (
    answered,
    closed,
    extend_clock,
    handed_over,
    message_arrived,
    pause_clock,
    reopened,
    resume_clock,
    start_clock,
    stop_clock,
)

__all__ = [
    "KIND_WORDS", "PAUSE_WORDS", "PRESETS", "WHOM_WORDS", "Breach", "ClockKind", "HeldBy", "HistoryStep", "InvalidRule",
    "NotExtendable", "PauseDoesNotCount", "PauseReason", "Preset", "Rule", "RunningClock", "StaffRecord", "Step",
    "StopReason", "SubjectKind", "Unit", "UnknownClock", "UnknownRule", "Whom", "adopt_preset", "answer_failed", "answered",
    "breached_subjects", "breaches_of", "clock_of", "clocks_of", "closed", "extend_clock", "handed_over", "history_of",
    "look_after_clocks", "message_arrived", "move_clocks", "pause_clock", "record_of", "reopened", "resume_clock",
    "rule_history", "rule_in_force", "rules", "set_rule", "start_clock", "stop_clock", "stopped_clocks", "taken_over_by",
    "was_answered",
]  # fmt: skip
