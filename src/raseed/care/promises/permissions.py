"""What staff may be permitted to do with unanswered questions and with answers, in words."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark
from raseed.people.api import Permission

VIEW: Final = "care.gaps.view"
RAISE: Final = "care.gaps.raise"
ANSWER: Final = "care.gaps.answer"
MANAGE: Final = "care.gaps.manage"
EDIT_ANSWERS: Final = "care.answers.edit"

PERMISSIONS: Final = (
    Permission(VIEW, mark("See questions that wait for an answer, and answers for staff")),
    Permission(RAISE, mark("Keep a question that has no answer, and add customers who ask it too")),
    Permission(ANSWER, mark("Own and answer questions that wait for an answer")),
    Permission(MANAGE, mark("Hand over unanswered questions, move their dates and join them")),
    Permission(EDIT_ANSWERS, mark("Write, change and withdraw answers, and show them to the public")),
)
