"""What staff do with cases: open one, work on it, resolve it with an outcome, open it again; and which conversations are its."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from ..clocks import api as clocks
from ..conversations.domain import NOTE_LENGTH_MAX, EventCode
from ..conversations.errors import AssigneeMayNot
from ..conversations.keeping import add_event, keep, permitted, staff_id_of
from ..conversations.permissions import VIEW, WORK
from ..conversations.words import clean_body
from ..models import AttachmentRow, CaseRow, CaseStepRow, ConversationRow
from .domain import PAGE_MAX, TITLE_LENGTH_MAX, Case, CasePage, CaseState, CaseStep, Category, Outcome
from .errors import CaseEnded, CaseOfAnother, UnknownCase
from .filing import references_in, same_person, told_attachments
from .keeping import UNENDED, add_step, locked_case, next_number, reference_of, tell_case

STEPS_MAX: Final = 500
CONVERSATIONS_MAX: Final = 100


@transaction.atomic
def open_case(
    conversation_id: UUID,
    *,
    category: Category | str,
    title: str,
    by: people.Author,
    id: UUID | None = None,  # noqa: A002  the client's id, called so in every verb
    clock: Clock = SYSTEM_CLOCK,
) -> Case:
    """Open a case from a conversation, which is the case's from now on; the same id again returns the first answer.

    Raises:
        UnknownConversation, NotPermitted, UnacceptableText. InputError: no such category.
        CaseEnded: the conversation is an open case's already. SameIdOtherContent: the id is another case's.
    """
    kind, name = _category(category), clean_text(title, field="title", length_max=TITLE_LENGTH_MAX)
    row, now = permitted(conversation_id, by, WORK, lock=True), clock.now()
    before = CaseRow.objects.filter(id=id).first() if id else None
    if before is not None:
        if row.case_id != before.id or (before.category, before.title) != (kind.value, name):
            raise platform.SameIdOtherContent(field="id")
        return _told([before])[0]
    if row.case is not None and CaseState(row.case.state) in UNENDED:
        raise CaseEnded(field="conversation_id", state=row.case.state)
    year, number = next_number(row.institution_id, now)
    owner = staff_id_of(by) or row.accountable
    case = CaseRow(
        id=id or new_id(), institution_id=row.institution_id, year=year, number=number, category=kind.value, title=name,
        state=CaseState.OPEN.value, customer_id=row.customer_id, team_id=row.team_id, owner=owner, opened_at=now,
        opened_by=by.actor, changed_at=now, outcome=None, resolution="", resolved_at=None, steps=0,
    )  # fmt: skip
    case.save(force_insert=True)
    add_step(case, by.actor, CaseState.OPEN, "", now=now)
    case.save(update_fields=["steps"])
    _join(row, case, by, clock)
    clocks.case_opened(
        case_id=case.id, institution_id=case.institution_id, team_id=case.team_id, category=case.category, owner=owner,
        at=now, clock=clock,
    )  # fmt: skip
    _record(case, "care.case_opened", by, {"category": kind.value}, clock=clock)
    tell_case(case, clock)
    return _told([case])[0]


def case(case_id: UUID, *, by: people.Author) -> Case:
    """Return a case.

    Raises:
        UnknownCase: none, or one that ``by`` may not see.
    """
    return _told([_seen(case_id, by)])[0]


def case_by_reference(text: str, *, institution_id: UUID, by: people.Author) -> Case:
    """Return the case of a reference, typed any way: Arabic digits, spaces for dashes, without the zeros.

    Raises:
        NotPermitted: ``by`` may not see cases there. UnknownCase: there is none.
    """
    people.require(by, VIEW, institution_id)
    for year, number in references_in(text):
        row = CaseRow.objects.filter(institution_id=institution_id, year=year, number=number).first()
        if row is not None:
            return _told([row])[0]
    raise UnknownCase(field="reference")


def cases(
    *,
    institution_id: UUID,
    by: people.Author,
    is_open: bool | None = None,
    customer_id: UUID | None = None,
    owner: UUID | None = None,
    category: Category | None = None,
    before: str | None = None,
    limit: int = 50,
) -> CasePage:
    """Return a page of an institution's cases, those changed latest first; ``before``: the last page's marker.

    Raises:
        NotPermitted: ``by`` may not see cases there. InvalidCursor.
    """
    people.require(by, VIEW, institution_id)
    size, kind = min(max(limit, 1), PAGE_MAX), f"care.cases:{institution_id}"
    rows = CaseRow.objects.filter(institution_id=institution_id)
    if is_open is not None:
        rows = rows.filter(state__in=["open", "waiting"]) if is_open else rows.filter(state="resolved")
    if customer_id is not None:
        rows = rows.filter(customer_id__in=people.customers_as_one(customer_id))
    if owner is not None:
        rows = rows.filter(owner=owner)
    if category is not None:
        rows = rows.filter(category=category.value)
    if before is not None:
        at, id_ = platform.decode_cursor(kind, before)
        when, last = datetime.fromisoformat(str(at)), UUID(str(id_))
        rows = rows.filter(Q(changed_at__lt=when) | Q(changed_at=when, id__lt=last))
    found = list(rows.order_by("-changed_at", "-id")[: size + 1])
    page = found[:size]
    marker = (
        platform.encode_cursor(kind, page[-1].changed_at.isoformat(), str(page[-1].id)) if len(found) > size else None
    )
    return CasePage(tuple(_told(page)), marker)


def case_steps(case_id: UUID, *, by: people.Author) -> list[CaseStep]:
    """Return the steps of a case, the first first.

    Raises:
        UnknownCase: none, or one that ``by`` may not see.
    """
    row = _seen(case_id, by)
    steps = CaseStepRow.objects.filter(case_id=row.id).order_by("number")[:STEPS_MAX]
    return [
        CaseStep(
            each.number, each.at, each.actor, CaseState(each.state), Outcome(each.outcome) if each.outcome else None,
            each.note,
        )
        for each in steps
    ]  # fmt: skip


@transaction.atomic
def work_on_case(
    case_id: UUID,
    *,
    by: people.Author,
    note: str,
    state: CaseState | None = None,
    owner: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Case:
    """Take a step of an open case: a note, and if asked another state (open, waiting) or owner.

    Raises:
        UnknownCase, NotPermitted, UnacceptableText. CaseEnded: it is resolved. AssigneeMayNot: the owner may not work on cases.
        InputError: a case is resolved by ``resolve_case`` only.
    """
    said = clean_body(note, field="note", length_max=NOTE_LENGTH_MAX)
    if state is CaseState.RESOLVED:
        raise InputError(field="state")
    row = locked_case(case_id, by, WORK)
    _check(row, ended=False)
    before = {"state": row.state, "owner": str(row.owner)}
    if owner is not None and owner != row.owner:
        _check_owner(owner, row.institution_id)
        row.owner = owner
        clocks.handed_over(
            subject_id=row.id,
            team_id=row.team_id,
            to=owner,
            by=by.actor,
            reason=said[:500],
            at=clock.now(),
            clock=clock,
        )
    add_step(row, by.actor, state or CaseState(row.state), said, now=clock.now())
    row.save()
    if (after := {"state": row.state, "owner": str(row.owner)}) != before:
        _record(row, "care.case_worked_on", by, after, before=before, clock=clock)
    tell_case(row, clock)
    return _told([row])[0]


@transaction.atomic
def resolve_case(
    case_id: UUID, *, outcome: Outcome | str, resolution: str, by: people.Author, clock: Clock = SYSTEM_CLOCK
) -> Case:
    """End a case with an outcome and what the customer is told.

    Raises:
        UnknownCase, NotPermitted, UnacceptableText. CaseEnded: it is resolved. InputError: no such outcome.
    """
    said = clean_body(resolution, field="resolution", length_max=NOTE_LENGTH_MAX)
    try:
        kind = Outcome(outcome)
    except ValueError:
        raise InputError(field="outcome") from None
    row, now = locked_case(case_id, by, WORK), clock.now()
    _check(row, ended=False)
    row.outcome, row.resolution, row.resolved_at = kind.value, said, now
    add_step(row, by.actor, CaseState.RESOLVED, said, now=now, outcome=kind)
    row.save()
    clocks.closed(subject_id=row.id, by=by.actor, at=now, clock=clock)
    _record(row, "care.case_resolved", by, {"outcome": kind.value}, clock=clock)
    tell_case(row, clock)
    return _told([row])[0]


@transaction.atomic
def reopen_case(case_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Case:
    """Open a resolved case again, with its clocks.

    Raises:
        UnknownCase, NotPermitted, UnacceptableText. CaseEnded: it is not resolved.
    """
    said = people.clean_reason(reason)
    row, now = locked_case(case_id, by, WORK), clock.now()
    _check(row, ended=True)
    row.outcome, row.resolution, row.resolved_at = None, "", None
    add_step(row, by.actor, CaseState.OPEN, said, now=now)
    row.save()
    clocks.reopened(
        subject_kind=clocks.SubjectKind.CASE, subject_id=row.id, institution_id=row.institution_id, team_id=row.team_id,
        assignee=row.owner, by=by.actor, at=now, category=row.category, clock=clock,
    )  # fmt: skip
    _record(row, "care.case_reopened", by, {}, reason=said, clock=clock)
    tell_case(row, clock)
    return _told([row])[0]


@transaction.atomic
def join_case(conversation_id: UUID, *, case_id: UUID, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> Case:
    """Let a conversation be a case's.

    Raises:
        UnknownConversation, UnknownCase, NotPermitted. CaseOfAnother: they are of two customers.
    """
    row = permitted(conversation_id, by, WORK, lock=True)
    of = locked_case(case_id, by, WORK)
    if of.institution_id != row.institution_id or not same_person(row.customer_id, of.customer_id):
        raise CaseOfAnother(field="case_id")
    if row.case_id != of.id:
        if of.customer_id is None and row.customer_id is not None:
            of.customer_id = row.customer_id
            of.save(update_fields=["customer_id"])
        _join(row, of, by, clock)
        tell_case(of, clock)
    return _told([of])[0]


@transaction.atomic
def leave_case(conversation_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Case:
    """Let a conversation be no case's.

    Raises:
        UnknownConversation, NotPermitted, UnacceptableText. UnknownCase: it is none's.
    """
    said = people.clean_reason(reason)
    row = permitted(conversation_id, by, WORK, lock=True)
    if row.case is None:
        raise UnknownCase(field="conversation_id")
    before, row.case = row.case, None
    add_event(row, EventCode.CASE, by.actor, now=clock.now(), text=said, left=str(before.id))
    keep(row, clock=clock)
    tell_case(before, clock)
    return _told([before])[0]


def _join(row: ConversationRow, of: CaseRow, by: people.Author, clock: Clock) -> None:
    row.case = of
    add_event(
        row, EventCode.CASE, by.actor, now=clock.now(), case=str(of.id), reference=reference_of(of.year, of.number)
    )
    keep(row, clock=clock)


def _seen(case_id: UUID, by: people.Author) -> CaseRow:
    row = CaseRow.objects.filter(id=case_id).first()
    if row is None or not by.may(VIEW, row.institution_id):
        raise UnknownCase(field="case_id")
    return row


def _check(row: CaseRow, *, ended: bool) -> None:
    if (row.state == CaseState.RESOLVED.value) is not ended:
        raise CaseEnded(field="case_id", state=row.state)


def _check_owner(staff_id: UUID, institution_id: UUID) -> None:
    try:
        may = people.author_of_staff(staff_id).may(WORK, institution_id)
    except RaseedError:
        may = False
    if not may:
        raise AssigneeMayNot(field="owner")


def _category(category: Category | str) -> Category:
    try:
        return Category(category)
    except ValueError:
        raise InputError(field="category") from None


def _record(
    row: CaseRow, action: str, by: people.Author, after: dict[str, str], *, clock: Clock,
    before: dict[str, str] | None = None, reason: str = "",
) -> None:  # fmt: skip
    platform.record(
        actor=by.actor,
        action=action,
        subject=f"case:{row.id}",
        before=before,
        after=after,
        reason=reason,
        institution_id=row.institution_id,
        customer_id=row.customer_id,
        clock=clock,
    )


def _told(rows: Sequence[CaseRow]) -> list[Case]:
    """Return cases as others see them, each with its conversations and documents, in three queries however many they are."""
    ids = [row.id for row in rows]
    talks: dict[UUID, list[UUID]] = {one: [] for one in ids}
    for case_id, conversation_id in (
        ConversationRow.objects.filter(case_id__in=ids).order_by("opened_at", "id").values_list("case_id", "id")
    ):
        talks[case_id].append(conversation_id)
    files: dict[UUID, list[AttachmentRow]] = {one: [] for one in ids}
    for attachment in AttachmentRow.objects.filter(case_id__in=ids).order_by("received_at", "id"):
        assert attachment.case_id is not None
        files[attachment.case_id].append(attachment)
    return [
        Case(
            id=row.id,
            institution_id=row.institution_id,
            reference=reference_of(row.year, row.number),
            category=Category(row.category),
            title=row.title,
            state=CaseState(row.state),
            customer_id=row.customer_id,
            team_id=row.team_id,
            owner=row.owner,
            opened_at=row.opened_at,
            opened_by=row.opened_by,
            changed_at=row.changed_at,
            outcome=Outcome(row.outcome) if row.outcome else None,
            resolution=row.resolution,
            resolved_at=row.resolved_at,
            conversations=tuple(talks[row.id][:CONVERSATIONS_MAX]),
            attachments=tuple(told_attachments(files[row.id])),
        )
        for row in rows
    ]
