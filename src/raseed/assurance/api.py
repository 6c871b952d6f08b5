"""The front door of ``assurance``: checks of the books and their findings; the release guard, as ``guard``."""

from __future__ import annotations

from .books.asking import Answer, run_checks
from .books.continuous import look_round
from .books.domain import (
    BY_PERSONS,
    FINDING_STATE_WORDS,
    FINDINGS_PER_PAGE,
    OUTCOME_WORDS,
    SEVERITY_WORDS,
    Check,
    CheckRun,
    CheckStanding,
    Finding,
    FindingFilter,
    FindingPage,
    FindingState,
    FindingStep,
    KnownFinding,
    Look,
    Outcome,
    Over,
    Severity,
)
from .books.registry import register_check, registered_checks
from .books.words import check_words, code_words
from .books.working import (
    assign_finding,
    close_finding,
    finding_history,
    finding_of,
    findings,
    note_on_finding,
    reopen_finding,
    standing,
)
from .errors import CheckUnknown, FinderUnfit, FindingEnded, FindingUnknown
from .guard import api as guard
from .permissions import VIEW_BOOKS, WORK_ON_BOOKS

__all__ = [
    "BY_PERSONS",
    "FINDINGS_PER_PAGE",
    "FINDING_STATE_WORDS",
    "OUTCOME_WORDS",
    "SEVERITY_WORDS",
    "VIEW_BOOKS",
    "WORK_ON_BOOKS",
    "Answer",
    "Check",
    "CheckRun",
    "CheckStanding",
    "CheckUnknown",
    "FinderUnfit",
    "Finding",
    "FindingEnded",
    "FindingFilter",
    "FindingPage",
    "FindingState",
    "FindingStep",
    "FindingUnknown",
    "KnownFinding",
    "Look",
    "Outcome",
    "Over",
    "Severity",
    "assign_finding",
    "check_words",
    "close_finding",
    "code_words",
    "finding_history",
    "finding_of",
    "findings",
    "guard",
    "look_round",
    "note_on_finding",
    "register_check",
    "registered_checks",
    "reopen_finding",
    "run_checks",
    "standing",
]
