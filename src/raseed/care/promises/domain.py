"""Questions, who asked them and answers, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark

LANGUAGES: Final = ("ar", "he", "en")
QUESTION_LENGTH_MAX: Final = 500
ANSWER_LENGTH_MAX: Final = 3_000
"""Room for the question above it: the longest channel takes 4,096."""
PROMISED_WITHIN: Final = timedelta(days=366)
PAGE_MAX: Final = 100


class GapState(StrEnum):
    """Where a question is. Joined: it is another one's, and so are those who asked."""

    OPEN = "open"
    ANSWERED = "answered"
    JOINED = "joined"


class AskerState(StrEnum):
    """Whether somebody who asked was told."""

    WAITING = "waiting"
    TOLD = "told"
    MOVED = "moved"


class Told(StrEnum):
    """What became of the wish to tell a conversation something."""

    KEPT = "kept"
    """It is in the outbox, in the caller's transaction, and leaves once."""
    WINDOW_CLOSED = "window_closed"
    """Nothing may be sent now, and no template carries it."""
    UNREACHABLE = "unreachable"
    """Nothing can ever be sent there: a call, a visit, a line that was closed."""


class Held(StrEnum):
    """Why somebody isn't told although there is an answer."""

    NO = ""
    WINDOW_CLOSED = "window_closed"
    LANGUAGE_MISSING = "language_missing"
    UNREACHABLE = "unreachable"


class Audience(StrEnum):
    """Who may read an answer. Staff read both."""

    PUBLIC = "public"
    STAFF = "staff"


class StepCode(StrEnum):
    """What happened to a question."""

    RAISED = "raised"
    ASKED_TOO = "asked_too"
    HANDED_OVER = "handed_over"
    DUE_MOVED = "due_moved"
    OVERDUE = "overdue"
    ANSWERED = "answered"
    JOINED = "joined"
    TOLD = "told"
    HELD = "held"


GAP_STATE_WORDS: Final[Mapping[GapState, str]] = {
    GapState.OPEN: mark("Waits for an answer"),
    GapState.ANSWERED: mark("Answered"),
    GapState.JOINED: mark("Joined to another question"),
}
HELD_WORDS: Final[Mapping[Held, str]] = {
    Held.NO: "",
    Held.WINDOW_CLOSED: mark("The customer last wrote more than 24 hours ago, and there is no template for this."),
    Held.LANGUAGE_MISSING: mark("The answer isn't written in the customer's language."),
    Held.UNREACHABLE: mark("Nothing can be sent to where the customer asked."),
}
STEP_WORDS: Final[Mapping[StepCode, str]] = {
    StepCode.RAISED: mark("Kept as a question without an answer"),
    StepCode.ASKED_TOO: mark("One more customer asks"),
    StepCode.HANDED_OVER: mark("Handed over"),
    StepCode.DUE_MOVED: mark("Promised for a later time"),
    StepCode.OVERDUE: mark("Overdue"),
    StepCode.ANSWERED: mark("Answered"),
    StepCode.JOINED: mark("Joined to another question"),
    StepCode.TOLD: mark("A customer was told"),
    StepCode.HELD: mark("A customer could not be told yet"),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A question without an answer, who answers for it and by when.

    Attributes:
        question: in a staff member's words; it may quote the customer and stays inside.
        first_due_at: what was promised first; the promise was kept if the answer came by then.
        overdue_times: how often it has climbed since its time passed.
        joined_to: the question that took over those who asked.
        askers: how many asked; ``told``: how many of them know.
    """

    id: UUID
    institution_id: UUID
    question: str
    language: str
    owner: UUID
    team_id: UUID | None
    due_at: datetime
    first_due_at: datetime
    state: GapState
    raised_by: str
    raised_at: datetime
    answered_at: datetime | None
    answer_id: UUID | None
    joined_to: UUID | None
    overdue_times: int
    askers: int
    told: int


@dataclass(frozen=True, slots=True)
class Asker:
    """A conversation in which a question was asked. ``id`` is also the id of the message that tells them."""

    id: UUID
    gap_id: UUID
    conversation_id: UUID
    language: str
    state: AskerState
    held: Held
    asked_at: datetime
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class GapStep:
    """What happened to a question, when, by whom and why."""

    at: datetime
    code: StepCode
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnswerText:
    """An answer in one language, under the question that it answers, both fit for whoever reads them."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it stands: its latest version in the languages that it was written in."""

    id: UUID
    institution_id: UUID
    gap_id: UUID | None
    audience: Audience
    version: int
    texts: Mapping[str, AnswerText]
    by: str
    at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A suggestion for a reply. It has no way out: a person reads it, changes it and sends it, or doesn't."""

    text: str
    language: str
    answers: tuple[UUID, ...]
    facts: tuple[int, ...]
    """Places, among the facts given, of those that the draft carries."""


@dataclass(frozen=True, slots=True)
class PromiseRecord:
    """How promises of a time span went: by when they were first due."""

    kept: int
    late: int
    open_overdue: int
