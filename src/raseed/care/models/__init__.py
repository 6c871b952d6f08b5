"""The tables of ``care``, one file a room."""

from __future__ import annotations

from .authority import (
    AuthorityChainRow,
    AuthorityCounterRow,
    AuthorityGrantRow,
    AuthorityLimitRow,
    AuthorityRequestRow,
    AuthorityStepRow,
    AuthorityTieRow,
)
from .clocks import ClockRow, ClockStepRow, HandOverRow, HoldingRow, RuleRow
from .duty import AbsenceRow, CalendarRow, CalendarVersionRow, HeadRow, MemberRow, ShiftRow, TeamRow

__all__ = [
    "AbsenceRow",
    "AuthorityChainRow",
    "AuthorityCounterRow",
    "AuthorityGrantRow",
    "AuthorityLimitRow",
    "AuthorityRequestRow",
    "AuthorityStepRow",
    "AuthorityTieRow",
    "CalendarRow",
    "CalendarVersionRow",
    "ClockRow",
    "ClockStepRow",
    "HandOverRow",
    "HeadRow",
    "HoldingRow",
    "MemberRow",
    "RuleRow",
    "ShiftRow",
    "TeamRow",
]
