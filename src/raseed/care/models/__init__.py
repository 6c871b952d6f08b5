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
from .cases import AttachmentRow, CaseCounterRow, CaseRow, CaseStepRow
from .clocks import ClockRow, ClockStepRow, HandOverRow, HoldingRow, RuleRow
from .conversations import ConversationRow, EntryRow, LeaseRow, LineTeamRow, MacroRow, PresenceRow, TagRow
from .duty import AbsenceRow, CalendarRow, CalendarVersionRow, HeadRow, MemberRow, ShiftRow, TeamRow
from .promises import AnswerRow, AnswerVersionRow, AskerRow, GapRow, GapStepRow, ReplyCheckRow

__all__ = [
    "AbsenceRow",
    "AnswerRow",
    "AnswerVersionRow",
    "AskerRow",
    "AttachmentRow",
    "AuthorityChainRow",
    "AuthorityCounterRow",
    "AuthorityGrantRow",
    "AuthorityLimitRow",
    "AuthorityRequestRow",
    "AuthorityStepRow",
    "AuthorityTieRow",
    "CalendarRow",
    "CalendarVersionRow",
    "CaseCounterRow",
    "CaseRow",
    "CaseStepRow",
    "ClockRow",
    "ClockStepRow",
    "ConversationRow",
    "EntryRow",
    "GapRow",
    "GapStepRow",
    "HandOverRow",
    "HeadRow",
    "HoldingRow",
    "LeaseRow",
    "LineTeamRow",
    "MacroRow",
    "MemberRow",
    "PresenceRow",
    "ReplyCheckRow",
    "RuleRow",
    "ShiftRow",
    "TagRow",
    "TeamRow",
]
