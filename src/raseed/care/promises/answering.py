"""Answers: to a question that waited, or written beforehand; in versions that stay, for the public or for staff alone.

An answer to a question goes through the same check as a reply. It must be there in the language of everyone who waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.people.api import Author
from raseed.platform import api as platform

from ..events import GAP_ANSWERED
from ..models.promises import AnswerRow, AnswerVersionRow
from ..replies.checking import check_reply
from . import timing
from .checks import Outcome, keep_check
from .domain import (
    ANSWER_LENGTH_MAX,
    LANGUAGES,
    QUESTION_LENGTH_MAX,
    Answer,
    AnswerText,
    Audience,
    GapState,
    StepCode,
)
from .errors import AnswerStopped, GapClosed, InvalidAnswer, LanguageMissing, UnknownAnswer
from .permissions import ANSWER, EDIT_ANSWERS
from .rows import answers_of, gap_of, locked_gap, step, waiting
from .searching import key_of
from .telling import owe

Texts = Mapping[str, AnswerText]


def answer_gap(
    gap_id: UUID,
    texts: Texts,
    *,
    id: UUID,  # noqa: A002  (as in every verb whose caller makes the id)
    public: bool,
    reason: str,
    by: Author,
    override: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Answer:
    """Answer a question: everyone who asked is told once; the same id again tells nobody twice.

    ``public`` also shows it on the help pages and needs the permission to edit answers. ``override`` says why an answer
    goes although the check of replies stops it.

    Raises:
        UnknownGap, NotPermitted, InvalidAnswer, UnacceptableText. GapClosed: it was answered or joined.
        LanguageMissing: somebody waits who reads another language. AnswerStopped: it says nothing, or how it speaks.
    """
    why, clean = people.clean_reason(reason), _clean(texts)
    with _counted(by, clock):
        row = locked_gap(gap_id)
        people.require(by, ANSWER, row.institution_id)
        if public:
            people.require(by, EDIT_ANSWERS, row.institution_id)
        if row.state == GapState.ANSWERED.value and row.answer_id == id:
            return _same(id, clean, public=public)
        if row.state != GapState.OPEN.value:
            raise GapClosed(state=row.state)
        asked = set(waiting(gap_id).values_list("language", flat=True))
        if asked - clean.keys():
            raise LanguageMissing(languages=", ".join(sorted(asked - clean.keys())))
        _check(clean, row.institution_id, row.raised_in, override, by, clock)
        now = clock.now()
        audience = Audience.PUBLIC if public else Audience.STAFF
        answer = _write(id, row.institution_id, gap_id, audience, clean, why, by, clock)
        row.state, row.answered_at, row.answer_id, row.climbs_at = GapState.ANSWERED.value, now, id, None
        row.save(update_fields=["state", "answered_at", "answer_id", "climbs_at"])
        step(gap_id, StepCode.ANSWERED, actor=by.actor, at=now, reason=why)
        timing.stop(gap_of(row), by=by.actor, at=now, clock=clock)
        platform.emit(GAP_ANSWERED, {"gap_id": str(gap_id)}, institution_id=row.institution_id, clock=clock)
        owe(list(waiting(gap_id).values_list("id", flat=True)), now)
        return answer


def write_answer(
    texts: Texts,
    *,
    id: UUID,  # noqa: A002
    institution_id: UUID,
    audience: Audience,
    reason: str,
    by: Author,
    override: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Answer:
    """Write an answer that nobody waits for; the same id with the same content returns the first.

    Raises:
        NotPermitted, InvalidAnswer, UnacceptableText, AnswerStopped. SameIdOtherContent: the id is another answer's.
    """
    people.require(by, EDIT_ANSWERS, institution_id)
    why, clean = people.clean_reason(reason), _clean(texts)
    with _counted(by, clock):
        if AnswerRow.objects.filter(id=id).exists():
            return _same(id, clean, public=audience is Audience.PUBLIC)
        _check(clean, institution_id, None, override, by, clock)
        return _write(id, institution_id, None, audience, clean, why, by, clock)


def change_answer(
    answer_id: UUID,
    texts: Texts,
    *,
    audience: Audience,
    expected_version: int,
    reason: str,
    by: Author,
    override: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Answer:
    """Write an answer anew. Nobody is told twice; who waits for its language is told now.

    Raises:
        UnknownAnswer, NotPermitted, InvalidAnswer, UnacceptableText, AnswerStopped.
        GapClosed: it is withdrawn, or not at the version expected: somebody else has changed it.
    """
    why, clean = people.clean_reason(reason), _clean(texts)
    with _counted(by, clock):
        row = _locked(answer_id, by)
        if row.version != expected_version or row.withdrawn_at is not None:
            raise GapClosed(state="withdrawn" if row.withdrawn_at else "changed")
        _check(clean, row.institution_id, None, override, by, clock)
        now = clock.now()
        row.version, row.audience, row.changed_at, row.key = row.version + 1, audience.value, now, _key(clean)
        row.save(update_fields=["version", "audience", "changed_at", "key"])
        _version(row, clean, why, by, clock)
        if row.gap_id is not None:
            owe(list(waiting(row.gap_id).values_list("id", flat=True)), now)
        return answers_of([row])[0]


def withdraw_answer(answer_id: UUID, *, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Answer:
    """Take an answer off the pages and the desk. Those who asked and were told stay told; twice is once.

    Raises:
        UnknownAnswer, NotPermitted, UnacceptableText. GapClosed: somebody still waits to be told it.
    """
    why = people.clean_reason(reason)
    with transaction.atomic():
        row = _locked(answer_id, by)
        if row.gap_id is not None and waiting(row.gap_id).exists():
            raise GapClosed(state="owed")
        if row.withdrawn_at is None:
            row.withdrawn_at = clock.now()
            row.save(update_fields=["withdrawn_at"])
            _record(row, "care.answer_withdrawn", why, by, clock)
        return answers_of([row])[0]


@contextmanager
def _counted(by: Author, clock: Clock) -> Iterator[None]:
    """Run in a transaction; where the check stops the answer, all is rolled back and that it was stopped is kept."""
    try:
        with transaction.atomic():
            yield
    except AnswerStopped as stopped:
        keep_check(
            stopped.verdict, institution_id=stopped.institution_id, conversation_id=None, language=stopped.language,
            outcome=Outcome.STOPPED, by=by, clock=clock,
        )  # fmt: skip
        raise


def _locked(answer_id: UUID, by: Author) -> AnswerRow:
    """Lock the question before its answer, as ``answer_gap`` does."""
    gap_id = AnswerRow.objects.filter(id=answer_id).values_list("gap_id", flat=True).first()
    if gap_id is not None:
        locked_gap(gap_id)
    row = AnswerRow.objects.select_for_update(no_key=True).filter(id=answer_id).first()
    if row is None:
        raise UnknownAnswer(field="answer_id")
    people.require(by, EDIT_ANSWERS, row.institution_id)
    return row


def _clean(texts: Texts) -> dict[str, AnswerText]:
    if not texts or set(texts) - set(LANGUAGES):
        raise InvalidAnswer(field="texts")
    return {
        code: AnswerText(
            clean_text(said.question, field="question", length_max=QUESTION_LENGTH_MAX), _clean_lines(said.text)
        )
        for code, said in sorted(texts.items())
    }


def _clean_lines(text: str) -> str:
    """Return a text of several lines, each fit to be shown; empty lines part paragraphs."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").strip().split("\n")]
    cleaned = "\n".join(clean_text(line, field="text", length_max=ANSWER_LENGTH_MAX) if line else "" for line in lines)
    if not cleaned or len(cleaned) > ANSWER_LENGTH_MAX:
        raise InvalidAnswer(field="text")
    return cleaned


def _check(
    texts: Texts, institution_id: UUID, conversation_id: UUID | None, override: str, by: Author, clock: Clock
) -> None:
    for language, said in texts.items():
        verdict = check_reply(said.text, language=language)
        if not verdict.stops:
            continue
        if not override:
            raise AnswerStopped(verdict, language, institution_id)
        keep_check(
            verdict, institution_id=institution_id, conversation_id=conversation_id, language=language,
            outcome=Outcome.OVERRIDDEN, reason=override, by=by, clock=clock,
        )  # fmt: skip


def _same(answer_id: UUID, texts: Texts, *, public: bool) -> Answer:
    (found,) = answers_of(AnswerRow.objects.filter(id=answer_id))
    if found.version == 1 and (dict(found.texts) != dict(texts) or (found.audience is Audience.PUBLIC) != public):
        raise platform.SameIdOtherContent(field="id")
    return found


def _write(
    answer_id: UUID,
    institution_id: UUID,
    gap_id: UUID | None,
    audience: Audience,
    texts: Texts,
    why: str,
    by: Author,
    clock: Clock,
) -> Answer:
    if AnswerRow.objects.filter(id=answer_id).exists():
        raise platform.SameIdOtherContent(field="id")
    row = AnswerRow.objects.create(
        id=answer_id, institution_id=institution_id, gap_id=gap_id, version=1, audience=audience.value, key=_key(texts),
        changed_at=clock.now(),
    )  # fmt: skip
    _version(row, texts, why, by, clock)
    return answers_of([row])[0]


def _version(row: AnswerRow, texts: Texts, why: str, by: Author, clock: Clock) -> None:
    AnswerVersionRow.objects.create(
        answer_id=row.id, number=row.version, audience=row.audience, actor=by.actor, reason=why, at=clock.now(),
        texts={code: {"question": said.question, "text": said.text} for code, said in texts.items()},
    )  # fmt: skip
    _record(row, "care.answer_written", why, by, clock)


def _record(row: AnswerRow, action: str, why: str, by: Author, clock: Clock) -> None:
    platform.record(
        actor=by.actor, action=action, subject=f"answer:{row.id}", reason=why, institution_id=row.institution_id,
        after={"version": row.version, "audience": row.audience}, clock=clock,
    )  # fmt: skip


def _key(texts: Texts) -> str:
    return key_of(*(part for said in texts.values() for part in (said.question, said.text)))
