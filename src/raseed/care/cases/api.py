"""The door of cases for the rest of the house; ``care.api`` exports the same. The values are here, the verbs follow::

open_case(conversation_id, *, category, title, by, id=None, clock) -> Case
case(case_id, *, by) -> Case ; case_by_reference(text, *, institution_id, by) -> Case     # typed any way
cases(*, institution_id, by, state=None, customer_id=None, owner=None, before=None, limit=50) -> CasePage
case_steps(case_id, *, by) -> list[CaseStep]
work_on_case(case_id, *, by, note, state: CaseState | None = None, owner: UUID | None = None, clock) -> Case
resolve_case(case_id, *, outcome, resolution, by, clock) -> Case ; reopen_case(case_id, *, by, reason, clock) -> Case
join_case(conversation_id, *, case_id, by, clock) -> Case ; leave_case(conversation_id, *, by, reason, clock) -> Case
attach_media(case_id, media_id, *, by, reason, clock) -> Attachment
attachments(case_id, *, by) -> tuple[Attachment, ...] ; unfiled(institution_id, *, by, before=None, limit=50) -> AttachmentPage
unfiled_count(institution_id, *, by) -> int
"""

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
]
