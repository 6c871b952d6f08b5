"""Questions without an answer: kept, asked too, handed over, promised for later, joined. Never withdrawn, never forgotten.

There is no verb that lets go of a question: it ends by an answer, be it that there is none to be had, or as part of another
question that keeps everyone who asked. Locks: questions in the order of their ids, then those who asked.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.people.api import Author
from raseed.platform import api as platform

from ..events import GAP_RAISED
from ..models.promises import AskerRow, GapRow
from . import timing
from .domain import (
    LANGUAGES,
    PROMISED_WITHIN,
    QUESTION_LENGTH_MAX,
    Asker,
    AskerState,
    Gap,
    GapState,
    StepCode,
)
from .errors import GapClosed, InvalidAnswer, InvalidDueDate, OwnerMayNot, SameGap
from .permissions import ANSWER, MANAGE, RAISE
from .rows import asker_of, gap_of, locked_gap, step, waiting
from .searching import key_of
from .telling import owe


def raise_gap(
    question: str,
    *,
    id: UUID,  # noqa: A002  (as in every verb whose caller makes the id)
    conversation_id: UUID,
    institution_id: UUID,
    language: str,
    owner: UUID,
    due_at: datetime,
    by: Author,
    team_id: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Gap:
    """Keep a question that nobody can answer now, with who answers for it and by when; the conversation is told then.

    The same id with the same content returns the first; ``language`` is the conversation's.

    Raises:
        NotPermitted, UnacceptableText, InvalidDueDate, OwnerMayNot, people's UnknownStaff and StaffNotActive.
        SameIdOtherContent: the id was used for another question.
    """
    people.require(by, RAISE, institution_id)
    asked = clean_text(question, field="question", length_max=QUESTION_LENGTH_MAX)
    _check_language(language)
    with transaction.atomic():
        now = clock.now()
        known = GapRow.objects.filter(id=id).first()
        if known is None:
            _check_due(due_at, now)
            _check_owner(owner, institution_id)
            row = GapRow(
                id=id, institution_id=institution_id, question=asked, key=key_of(asked), language=language, owner=owner,
                team_id=team_id, due_at=due_at, first_due_at=due_at, state=GapState.OPEN.value, raised_by=by.actor,
                raised_in=conversation_id, raised_at=now, overdue_times=0, climbs_at=due_at,
            )  # fmt: skip
            try:
                with transaction.atomic():
                    row.save(force_insert=True)
            except IntegrityError:  # the same id came at the same time, and was first
                known = GapRow.objects.get(id=id)
            else:
                known = row
                _begin(row, by, now, clock)
        if _content(known) != (institution_id, asked, language, conversation_id):
            raise platform.SameIdOtherContent(field="id")
        return gap_of(known)


def _begin(row: GapRow, by: Author, now: datetime, clock: Clock) -> None:
    step(row.id, StepCode.RAISED, actor=by.actor, at=now)
    AskerRow.objects.create(
        id=new_id(), gap_id=row.id, conversation_id=row.raised_in, language=row.language,
        state=AskerState.WAITING.value, asked_at=now, asked_by=by.actor,
    )  # fmt: skip
    platform.record(
        actor=by.actor, action="care.gap_raised", subject=f"gap:{row.id}", institution_id=row.institution_id,
        after={"answers_for": str(row.owner), "due_at": row.due_at.isoformat()}, clock=clock,
    )  # fmt: skip
    gap = gap_of(row)
    timing.start(gap, at=now, clock=clock)
    platform.emit(GAP_RAISED, {"gap_id": str(row.id)}, institution_id=row.institution_id, clock=clock)


def _content(row: GapRow) -> tuple[UUID, str, str, UUID]:
    return (row.institution_id, row.question, row.language, row.raised_in)


def join_gap(gap_id: UUID, *, conversation_id: UUID, language: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Asker:
    """Let one more conversation wait for the answer; if it is there already, they are told at once. Twice is once.

    Raises:
        UnknownGap, NotPermitted.
    """
    _check_language(language)
    with transaction.atomic():
        row = _end_of(gap_id)
        people.require(by, RAISE, row.institution_id)
        now = clock.now()
        asker, made = AskerRow.objects.get_or_create(
            gap_id=row.id, conversation_id=conversation_id,
            defaults={
                "id": new_id(), "language": language, "state": AskerState.WAITING.value, "asked_at": now,
                "asked_by": by.actor,
            },
        )  # fmt: skip
        if made:
            step(row.id, StepCode.ASKED_TOO, actor=by.actor, at=now)
            if row.state == GapState.ANSWERED.value:
                owe([asker.id], now)
        return asker_of(asker)


def _end_of(gap_id: UUID) -> GapRow:
    """Return, under its lock and no other, the question itself or the one that took it over.

    A join is final, so its trail is read without locks; one that came in between is walked on, its lock given back first,
    so that nobody who locks two questions in the order of their ids is met the wrong way round.
    """
    wanted = gap_id
    while True:
        before = transaction.savepoint()
        row = locked_gap(wanted)
        if row.joined_to_id is None:
            transaction.savepoint_commit(before)
            return row
        transaction.savepoint_rollback(before)
        wanted = row.joined_to_id


def hand_over_gap(gap_id: UUID, *, to: UUID, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Gap:
    """Give a question to another owner; the same one again changes nothing.

    Raises:
        UnknownGap, NotPermitted, GapClosed, OwnerMayNot, UnacceptableText, people's UnknownStaff and StaffNotActive.
    """
    why = people.clean_reason(reason)
    with transaction.atomic():
        row = _open(gap_id, by, MANAGE)
        _check_owner(to, row.institution_id)
        if row.owner != to:
            before, row.owner = row.owner, to
            row.save(update_fields=["owner"])
            now = clock.now()
            step(row.id, StepCode.HANDED_OVER, actor=by.actor, at=now, reason=why)
            _record(row, by, "care.gap_handed_over", {"answers_for": str(before)}, {"answers_for": str(to)}, why, clock)
            timing.hand_over(gap_of(row), by=by.actor, reason=why, at=now, clock=clock)
        return gap_of(row)


def move_due(gap_id: UUID, *, due_at: datetime, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Gap:
    """Promise the answer for later than it was promised. What was promised first stays on record.

    Raises:
        UnknownGap, NotPermitted, GapClosed, InvalidDueDate, UnacceptableText.
    """
    why = people.clean_reason(reason)
    with transaction.atomic():
        row = _open(gap_id, by, MANAGE)
        now = clock.now()
        _check_due(due_at, now)
        if due_at < row.due_at:
            raise InvalidDueDate(field="due_at")
        if due_at > row.due_at:
            before, row.due_at, row.climbs_at = row.due_at, due_at, due_at
            row.save(update_fields=["due_at", "climbs_at"])
            step(row.id, StepCode.DUE_MOVED, actor=by.actor, at=now, reason=why)
            facts = {"due_at": before.isoformat()}, {"due_at": due_at.isoformat()}
            _record(row, by, "care.gap_due_moved", *facts, why, clock)
        return gap_of(row)


def join_gaps(gap_id: UUID, *, into: UUID, reason: str, by: Author, clock: Clock = SYSTEM_CLOCK) -> Gap:
    """Make two questions one: whoever asked the first waits for the answer to the second, each conversation once.

    Raises:
        UnknownGap, NotPermitted, GapClosed: the first doesn't wait. SameGap: they can't be one.
    """
    why = people.clean_reason(reason)
    if gap_id == into:
        raise SameGap(field="into")
    with transaction.atomic():
        locked = {id_: locked_gap(id_) for id_ in sorted((gap_id, into))}
        row, kept = locked[gap_id], locked[into]
        people.require(by, MANAGE, row.institution_id)
        if row.institution_id != kept.institution_id or kept.joined_to_id is not None:
            raise SameGap(field="into")
        if row.state != GapState.OPEN.value:
            raise GapClosed(state=row.state)
        now = clock.now()
        moved = _move(row, kept)
        row.state, row.joined_to, row.climbs_at = GapState.JOINED.value, kept, None
        row.save(update_fields=["state", "joined_to", "climbs_at"])
        step(row.id, StepCode.JOINED, actor=by.actor, at=now, reason=why)
        step(kept.id, StepCode.ASKED_TOO, actor=by.actor, at=now, reason=why)
        _record(row, by, "care.gap_joined", None, {"into": str(kept.id), "askers": len(moved)}, why, clock)
        timing.stop(gap_of(row), by=by.actor, at=now, clock=clock)
        if kept.state == GapState.ANSWERED.value:
            owe(moved, now)
        return gap_of(kept)


def _move(row: GapRow, kept: GapRow) -> list[UUID]:
    """Let those who wait for one question wait for another; returns who is new there."""
    asked = list(waiting(row.id).select_for_update().order_by("id"))
    there = set(AskerRow.objects.filter(gap_id=kept.id).values_list("conversation_id", flat=True))
    fresh = [
        AskerRow(
            id=new_id(), gap_id=kept.id, conversation_id=asker.conversation_id, language=asker.language,
            state=AskerState.WAITING.value, held="", asked_at=asker.asked_at, asked_by=asker.asked_by, tries=0,
        )
        for asker in asked
        if asker.conversation_id not in there
    ]  # fmt: skip
    AskerRow.objects.bulk_create(fresh)
    waiting(row.id).update(state=AskerState.MOVED.value, held="", next_try_at=None)
    return [asker.id for asker in fresh]


def _open(gap_id: UUID, by: Author, permission: str) -> GapRow:
    row = locked_gap(gap_id)
    people.require(by, permission, row.institution_id)
    if row.state != GapState.OPEN.value:
        raise GapClosed(state=row.state)
    return row


def _record(
    row: GapRow,
    by: Author,
    action: str,
    before: platform.AuditFacts | None,
    after: platform.AuditFacts | None,
    why: str,
    clock: Clock,
) -> None:
    platform.record(
        actor=by.actor, action=action, subject=f"gap:{row.id}", before=before, after=after, reason=why,
        institution_id=row.institution_id, clock=clock,
    )  # fmt: skip


def _check_due(due_at: datetime, now: datetime) -> None:
    if due_at.tzinfo is None or not now < due_at <= now + PROMISED_WITHIN:
        raise InvalidDueDate(field="due_at")


def _check_owner(owner: UUID, institution_id: UUID) -> None:
    if not people.author_of_staff(owner).may(ANSWER, institution_id):
        raise OwnerMayNot(field="owner")


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise InvalidAnswer(field="language")
