"""The door of cases for the rest of ``care``; ``care.api`` exports the same."""

from __future__ import annotations

from .domain import (
    CASE_STATE_WORDS,
    CATEGORY_WORDS,
    OUTCOME_WORDS,
    Attachment,
    AttachmentPage,
    Case,
    CasePage,
    CaseState,
    CaseStep,
    Category,
    FiledHow,
    Outcome,
)
from .errors import CaseEnded, CaseOfAnother, UnknownAttachment, UnknownCase
from .filing import attach_media, attachments, attachments_of, unfiled, unfiled_count
from .working import (
    case,
    case_by_reference,
    case_steps,
    cases,
    join_case,
    leave_case,
    open_case,
    reopen_case,
    resolve_case,
    work_on_case,
)

__all__ = [
    "CASE_STATE_WORDS",
    "CATEGORY_WORDS",
    "OUTCOME_WORDS",
    "Attachment",
    "AttachmentPage",
    "Case",
    "CaseEnded",
    "CaseOfAnother",
    "CasePage",
    "CaseState",
    "CaseStep",
    "Category",
    "FiledHow",
    "Outcome",
    "UnknownAttachment",
    "UnknownCase",
    "attach_media",
    "attachments",
    "attachments_of",
    "case",
    "case_by_reference",
    "case_steps",
    "cases",
    "join_case",
    "leave_case",
    "open_case",
    "reopen_case",
    "resolve_case",
    "unfiled",
    "unfiled_count",
    "work_on_case",
]
