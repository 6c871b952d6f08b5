"""The tables of ``assurance``; each stands beside the idea that it belongs to, and Django finds it through here."""

from __future__ import annotations

from .books.models import CheckRow, FindingRow, FindingStepRow, MemoryRow, SweepRow
from .guard.models import DifferenceRow, ReleaseRow, ReportRow, RunRow, StepRow, SystemRow, TallyRow, TrialRow

__all__ = [
    "CheckRow",
    "DifferenceRow",
    "FindingRow",
    "FindingStepRow",
    "MemoryRow",
    "ReleaseRow",
    "ReportRow",
    "RunRow",
    "StepRow",
    "SweepRow",
    "SystemRow",
    "TallyRow",
    "TrialRow",
]
