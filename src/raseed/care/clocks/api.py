"""The door of clocks for the rest of ``care``. Its verbs run in the caller's transaction, and bear a repeat.

Take locks in this order: what is yours (a conversation), then call these: they take the roster and then the clocks.
"""

from __future__ import annotations

from .climbing import look_after_clocks, move_clocks
from .domain import (
    ANSWER_KINDS,
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
from .presets import PRESETS, REGULATORS, STARTING, Preset
from .preview import Moved, Preview, SampleDue, preview_calendar, preview_rule
from .reading import breached_subjects, clock_of, clocks_of, history_of, stopped_clocks, taken_over_by, was_answered
from .record import breaches_of, record_of
from .reopening import answer_failed
from .rules import adopt_preset, ensure_rules, rule_history, rule_in_force, rules, rules_decided, set_rule
from .running import (
    answered,
    case_opened,
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
    "ANSWER_KINDS",
    "KIND_WORDS",
    "PAUSE_WORDS",
    "PRESETS",
    "REGULATORS",
    "STARTING",
    "WHOM_WORDS",
    "Breach",
    "ClockKind",
    "HeldBy",
    "HistoryStep",
    "InvalidRule",
    "Moved",
    "NotExtendable",
    "PauseDoesNotCount",
    "PauseReason",
    "Preset",
    "Preview",
    "Rule",
    "RunningClock",
    "SampleDue",
    "StaffRecord",
    "Step",
    "StopReason",
    "SubjectKind",
    "Unit",
    "UnknownClock",
    "UnknownRule",
    "Whom",
    "adopt_preset",
    "answer_failed",
    "answered",
    "breached_subjects",
    "breaches_of",
    "case_opened",
    "clock_of",
    "clocks_of",
    "closed",
    "ensure_rules",
    "extend_clock",
    "handed_over",
    "history_of",
    "look_after_clocks",
    "message_arrived",
    "move_clocks",
    "pause_clock",
    "preview_calendar",
    "preview_rule",
    "record_of",
    "reopened",
    "resume_clock",
    "rule_history",
    "rule_in_force",
    "rules",
    "rules_decided",
    "set_rule",
    "start_clock",
    "stop_clock",
    "stopped_clocks",
    "taken_over_by",
    "was_answered",
]
