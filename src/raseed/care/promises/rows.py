"""Rows of questions and answers as plain values, and the steps that are written beside them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from ..models.promises import AnswerRow, AnswerVersionRow, AskerRow, GapRow, GapStepRow
from .domain import Answer, AnswerText, Asker, AskerState, Audience, Gap, GapState, Held, StepCode
from .errors import UnknownGap


def gaps_of(rows: Iterable[GapRow]) -> tuple[Gap, ...]:
    """Return questions with how many asked and how many know."""
    found = list(rows)
    counted = {
        each["gap_id"]: (each["asked"], each["told"])
        for each in AskerRow.objects.filter(gap_id__in=[row.id for row in found])
        .values("gap_id")
        .annotate(asked=Count("id", filter=~Q(state=AskerState.MOVED.value)), told=Count("id", filter=Q(state="told")))
    }
    return tuple(_gap(row, *counted.get(row.id, (0, 0))) for row in found)


def gap_of(row: GapRow) -> Gap:
    """Return one question."""
    return gaps_of([row])[0]


def _gap(row: GapRow, askers: int, told: int) -> Gap:
    return Gap(
        id=row.id, institution_id=row.institution_id, question=row.question, language=row.language, owner=row.owner,
        team_id=row.team_id, due_at=row.due_at, first_due_at=row.first_due_at, state=GapState(row.state),
        raised_by=row.raised_by, raised_at=row.raised_at, answered_at=row.answered_at, answer_id=row.answer_id,
        joined_to=row.joined_to_id, overdue_times=row.overdue_times, askers=askers, told=told,
    )  # fmt: skip


def asker_of(row: AskerRow) -> Asker:
    """Return one who asked."""
    return Asker(
        id=row.id, gap_id=row.gap_id, conversation_id=row.conversation_id, language=row.language,
        state=AskerState(row.state), held=Held(row.held), asked_at=row.asked_at, told_at=row.told_at,
    )  # fmt: skip


def answers_of(rows: Iterable[AnswerRow]) -> tuple[Answer, ...]:
    """Return answers as they stand, in the order of the rows."""
    found = list(rows)
    versions = {
        (version.answer_id, version.number): version
        for version in AnswerVersionRow.objects.filter(answer_id__in=[row.id for row in found])
    }
    return tuple(_answer(row, versions[row.id, row.version]) for row in found)


def _answer(row: AnswerRow, version: AnswerVersionRow) -> Answer:
    texts = {code: AnswerText(said["question"], said["text"]) for code, said in version.texts.items()}
    return Answer(
        id=row.id, institution_id=row.institution_id, gap_id=row.gap_id, audience=Audience(row.audience),
        version=row.version, texts=texts, by=version.actor, at=version.at, withdrawn_at=row.withdrawn_at,
    )  # fmt: skip


def locked_gap(gap_id: UUID) -> GapRow:
    """Return a question under its lock.

    Raises:
        UnknownGap: there is none with this id.
    """
    row = GapRow.objects.select_for_update(no_key=True).filter(id=gap_id).first()
    if row is None:
        raise UnknownGap(field="gap_id")
    return row


def waiting(gap_id: UUID) -> QuerySet[AskerRow]:
    """Return those who asked and don't know yet."""
    return AskerRow.objects.filter(gap_id=gap_id, state=AskerState.WAITING.value)


def step(gap_id: UUID, code: StepCode, *, actor: str, at: datetime, reason: str = "") -> None:
    """Write down what happened to a question."""
    GapStepRow.objects.create(gap_id=gap_id, code=code.value, actor=actor, at=at, reason=reason)
