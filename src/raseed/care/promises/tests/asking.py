"""An institution with somebody who owns questions, a voice that writes into a table, and who has heard what, for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from raseed.care.promises import saying
from raseed.care.promises.api import AnswerText, Gap, Told, answer_gap, raise_gap
from raseed.care.promises.permissions import ANSWER, EDIT_ANSWERS, MANAGE, RAISE, VIEW
from raseed.kernel.clock import Clock, ManualClock
from raseed.kernel.ids import new_id
from raseed.people.api import Author

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALL = frozenset({VIEW, RAISE, ANSWER, MANAGE, EDIT_ANSWERS})
TEXTS = {
    "en": AnswerText("When is the power back in Zone 4?", "At 21:30; the cable is being joined."),
    "ar": AnswerText("متى تعود الكهرباء إلى المنطقة 4؟", "عند الساعة 21:30، فالكبل يُوصل الآن."),
    "he": AnswerText("מתי חוזר החשמל לאזור 4?", "ב-21:30, מחברים את הכבל."),
}


def write_down(*, conversation_id: UUID, message_id: UUID, text: str, language: str, clock: Clock) -> Told:
    """Tell a conversation by a row that nothing keeps from being doubled."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO heard VALUES (%s, %s, %s, %s)", [message_id, conversation_id, language, text])
    return Told.KEPT


def speak_through(voice: Callable[..., Told]) -> None:
    """Let the rest of a test tell conversations so; its end puts things back."""
    setattr(saying, "tell", voice)  # noqa: B010  (a function is put in the place of another)


def heard() -> Counter[UUID]:
    """How often each conversation was told something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conversation_id FROM heard")
        return Counter(row[0] for row in cursor.fetchall())


class Desk:
    """A bank, somebody who may do all of it, and a clock."""

    def __init__(self, institution_id: UUID) -> None:
        self.bank = institution_id
        self.owner = new_id()
        self.by = Author(f"staff:{self.owner}", {institution_id: ALL})
        self.clock = ManualClock(NOON)

    def ask(self, question: str = "When is the power back?", *, language: str = "en", **more: Any) -> Gap:
        said: dict[str, Any] = {
            "id": new_id(), "conversation_id": new_id(), "institution_id": self.bank, "language": language,
            "owner": self.owner, "due_at": self.clock.now() + timedelta(hours=4), "by": self.by, "clock": self.clock,
        }  # fmt: skip
        return raise_gap(question, **{**said, **more})

    def answer(self, gap: Gap, texts: Mapping[str, AnswerText] = TEXTS, **more: Any) -> Any:
        said: dict[str, Any] = {
            "id": new_id(), "public": True, "reason": "the grid told us", "by": self.by, "clock": self.clock,
        }  # fmt: skip
        return answer_gap(gap.id, texts, **{**said, **more})
