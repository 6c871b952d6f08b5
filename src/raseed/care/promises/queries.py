"""Questions, who waits for them, and answers, as staff and the public read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import F, Q

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.people.api import Author

from ..models import ConversationRow
from ..models.promises import AnswerRow, AskerRow, GapRow
from .domain import PAGE_MAX, Answer, Asker, AskerState, Audience, Gap, GapState, GapStep, PromiseRecord, StepCode
from .errors import UnknownAnswer, UnknownGap
from .permissions import VIEW
from .rows import answers_of, asker_of, gap_of, gaps_of
from .searching import ALIKE_MAX, ALIKE_MIN, any_word, beginnings_of, likeness, score, telling_words, words_of

SEARCHED_MAX: Final = 2_000
"""How many rows that have one of the words are ranked."""
STEPS_MAX: Final = 200


def gap(gap_id: UUID, *, by: Author) -> Gap:
    """Return a question.

    Raises:
        UnknownGap: there is none, or it is another institution's.
    """
    row = GapRow.objects.filter(id=gap_id).first()
    if row is None or not by.may(VIEW, row.institution_id):
        raise UnknownGap(field="gap_id")
    return gap_of(row)


def gaps(
    institution_id: UUID,
    *,
    by: Author,
    state: GapState = GapState.OPEN,
    owner: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> tuple[Gap, ...]:
    """Return questions by when they are due; ``after`` is the due date and id of the last one seen.

    Raises:
        NotPermitted.
    """
    people.require(by, VIEW, institution_id)
    rows = GapRow.objects.filter(institution_id=institution_id, state=state.value)
    if owner is not None:
        rows = rows.filter(owner=owner)
    if after is not None:
        due_at, id_ = after
        rows = rows.filter(Q(due_at__gt=due_at) | Q(due_at=due_at, id__gt=id_))
    return gaps_of(rows.order_by("due_at", "id")[: min(max(limit, 1), PAGE_MAX)])


def gaps_of_conversation(conversation_id: UUID, *, by: Author) -> tuple[Gap, ...]:
    """Return the questions that a conversation waits for or was told about, the latest first."""
    rows = GapRow.objects.filter(askers__conversation_id=conversation_id).exclude(state=GapState.JOINED.value)
    return gaps_of(row for row in rows.order_by("-raised_at")[:PAGE_MAX] if by.may(VIEW, row.institution_id))


def gaps_of_customer(
    customer_id: UUID, institution_id: UUID, *, by: Author, only: Sequence[UUID] | None = None, limit: int = 20
) -> tuple[Gap, ...]:
    """Return the questions that a customer's conversations wait for or were told about, the latest first.

    Raises:
        NotPermitted.
    """
    people.require(by, VIEW, institution_id)
    theirs = ConversationRow.objects.filter(customer_id=customer_id, institution_id=institution_id).values("id")
    asked = AskerRow.objects.filter(conversation_id__in=theirs).exclude(state=AskerState.MOVED.value).values("gap_id")
    rows = GapRow.objects.filter(id__in=asked, institution_id=institution_id).exclude(state=GapState.JOINED.value)
    if only is not None:
        rows = rows.filter(id__in=only)
    return gaps_of(rows.order_by("-raised_at", "id")[: min(max(limit, 1), PAGE_MAX)])


def similar_gaps(
    institution_id: UUID, question: str, *, by: Author, but: UUID | None = None, limit: int = ALIKE_MAX
) -> tuple[Gap, ...]:
    """Return the open questions that ask much the same, the likest first, to be joined instead of asked anew.

    At most ``ALIKE_MAX``, none below ``ALIKE_MIN``, and not the question ``but`` itself.
    """
    people.require(by, VIEW, institution_id)
    words = telling_words(question)
    if not words:
        return ()
    rows = GapRow.objects.filter(
        any_word(beginnings_of(words)), institution_id=institution_id, state=GapState.OPEN.value
    )
    others = rows.exclude(id=but) if but else rows
    alike = {row: likeness(words, telling_words(row.question)) for row in others.order_by("-raised_at")[:SEARCHED_MAX]}
    ranked = sorted((row for row in alike if alike[row] >= ALIKE_MIN), key=lambda row: -alike[row])
    return gaps_of(ranked[: min(max(limit, 1), ALIKE_MAX)])


def steps(gap_id: UUID, *, by: Author) -> tuple[GapStep, ...]:
    """Return what happened to a question, the first first."""
    row = GapRow.objects.filter(id=gap_id).first()
    if row is None or not by.may(VIEW, row.institution_id):
        raise UnknownGap(field="gap_id")
    return tuple(
        GapStep(found.at, StepCode(found.code), found.actor, found.reason)
        for found in row.steps.order_by("id")[:STEPS_MAX]
    )


def askers(gap_id: UUID, *, by: Author, limit: int = PAGE_MAX) -> tuple[Asker, ...]:
    """Return who asked a question, the first first."""
    gap(gap_id, by=by)
    return tuple(
        map(asker_of, AskerRow.objects.filter(gap_id=gap_id).order_by("asked_at", "id")[: min(limit, PAGE_MAX)])
    )


def not_told(institution_id: UUID, *, by: Author, limit: int = PAGE_MAX) -> tuple[Asker, ...]:
    """Return who waits although there is an answer, with what holds it back; the longest wait first."""
    people.require(by, VIEW, institution_id)
    rows = AskerRow.objects.filter(
        gap__institution_id=institution_id, gap__state=GapState.ANSWERED.value, state=AskerState.WAITING.value
    )
    return tuple(map(asker_of, rows.order_by("gap__answered_at", "id")[: min(limit, PAGE_MAX)]))


def answers(
    institution_id: UUID,
    *,
    audience: Audience,
    language: str | None = None,
    search: str = "",
    by: Author | None = None,
    limit: int = 20,
) -> tuple[Answer, ...]:
    """Return answers: the best match first, or the latest changed where nothing is searched for.

    The public sees what is public, without signing in; staff see both. With ``language`` only those written in it.

    Raises:
        NotPermitted: staff's answers are asked for by somebody who may not see them.
    """
    rows = AnswerRow.objects.filter(institution_id=institution_id, withdrawn_at=None)
    if audience is Audience.STAFF:
        people.require(by or Author("nobody"), VIEW, institution_id)
    else:
        rows = rows.filter(audience=Audience.PUBLIC.value)
    size, words = min(max(limit, 1), PAGE_MAX), words_of(search)
    if search.strip() and not words:
        return ()
    if words:
        rows = rows.filter(any_word(words))
    found = list(rows.order_by("-changed_at", "id")[:SEARCHED_MAX])
    if words:
        found.sort(key=lambda row: -score(row.key, words))
    read = answers_of(found[: size * 4 if language else size])
    return tuple(answer for answer in read if language is None or language in answer.texts)[:size]


def answer(answer_id: UUID, *, by: Author | None = None) -> Answer:
    """Return an answer as it stands: a public one to anybody, staff's own and withdrawn ones to who may see them.

    Raises:
        UnknownAnswer: there is none, or it isn't the asker's to see.
    """
    row = AnswerRow.objects.filter(id=answer_id).first()
    if row is not None:
        is_public = row.audience == Audience.PUBLIC.value and row.withdrawn_at is None
        if is_public or (by is not None and by.may(VIEW, row.institution_id)):
            return answers_of([row])[0]
    raise UnknownAnswer(field="answer_id")


def promise_record(
    institution_id: UUID, *, since: datetime, until: datetime, by: Author, clock: Clock = SYSTEM_CLOCK
) -> PromiseRecord:
    """Return how the promises went that were first due in a time span: answered by then, later, or not yet though overdue.

    Raises:
        NotPermitted.
    """
    people.require(by, VIEW, institution_id)
    rows = GapRow.objects.filter(institution_id=institution_id, first_due_at__gte=since, first_due_at__lt=until)
    answered = rows.filter(state=GapState.ANSWERED.value)
    return PromiseRecord(
        kept=answered.filter(answered_at__lte=F("first_due_at")).count(),
        late=answered.filter(answered_at__gt=F("first_due_at")).count(),
        open_overdue=rows.filter(state=GapState.OPEN.value, first_due_at__lt=clock.now()).count(),
    )
