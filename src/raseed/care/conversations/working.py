"""What staff do with conversations: take up, assign, return, close, open again, note.

Whatever is done, each message that nobody has answered keeps one accountable person: an assignee who leaves, or a return to
the queue, makes it the duty's of its team at that very instant.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, RaseedError
from raseed.people import api as people

from ..clocks import api as clocks
from ..duty import api as duty
from ..models import ConversationRow, LeaseRow
from .domain import (
    HANDED_OVER_MAX,
    NOTE_LENGTH_MAX,
    Conversation,
    ConversationState,
    Entry,
    EntryKind,
    EventCode,
    HandedOver,
)
from .errors import AssigneeMayNot, ConversationClosed, HeldByAnother, StillUnanswered
from .keeping import (
    Said,
    add_entry,
    add_event,
    another_is_open,
    ids_of,
    keep,
    owe_nothing,
    permitted,
    record,
    staff_id_of,
)
from .permissions import ASSIGN, WORK
from .reading import entry as told_entry
from .reading import told
from .words import clean_body


@transaction.atomic
def take(conversation_id: UUID, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> Conversation:
    """Take a conversation up: it is one's own from now on. One's own again changes nothing.

    Raises:
        UnknownConversation, NotPermitted. ConversationClosed. HeldByAnother: it is a colleague's, and ``by`` may not assign.
    """
    row = permitted(conversation_id, by, WORK, lock=True)
    me = _myself(by)
    _check_open(row)
    if row.assignee == me:
        return told(row)
    if row.assignee is not None and not by.may(ASSIGN, row.institution_id):
        raise HeldByAnother(field="conversation_id", holder=str(row.assignee))
    _hand_over(row, me, by, EventCode.TAKEN, "", clock)
    return told(row)


@transaction.atomic
def assign(
    conversation_id: UUID, *, to: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Conversation:
    """Give a conversation to a colleague.

    Raises:
        UnknownConversation, UnacceptableText. NotPermitted: ``by`` may not assign, unless it is their own that they give away.
        ConversationClosed. AssigneeMayNot: ``to`` may not answer here.
    """
    said = people.clean_reason(reason)
    row = permitted(conversation_id, by, WORK, lock=True)
    if row.assignee != staff_id_of(by):
        people.require(by, ASSIGN, row.institution_id)
    _check_open(row)
    _check_assignee(to, row.institution_id)
    if row.assignee != to:
        _hand_over(row, to, by, EventCode.ASSIGNED, said, clock)
    return told(row)


def hand_over(
    *,
    institution_id: UUID,
    giver: UUID,
    to: UUID | None,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> HandedOver:
    """Give what is somebody's to a colleague, or (``None``) back to the queues of its teams; each with its own record.

    At most ``HANDED_OVER_MAX`` at once, those that wait the longest first. What somebody else takes up meanwhile stays theirs.

    Raises:
        NotPermitted: ``by`` may not assign, unless they are the giver. AssigneeMayNot: ``to`` may not answer here, or is
        the giver. UnacceptableText: no reason.
    """
    people.clean_reason(reason)
    people.require(by, WORK if staff_id_of(by) == giver else ASSIGN, institution_id)
    if to is not None:
        _check_assignee(to, institution_id)
        if to == giver:
            raise AssigneeMayNot(field="to")
    theirs = ConversationRow.objects.filter(institution_id=institution_id, assignee=giver).exclude(
        state=ConversationState.CLOSED.value
    )
    ids = list(theirs.order_by(F("unanswered_since").asc(nulls_last=True), "id").values_list("id", flat=True))
    moved = sum(_pass_on(one, giver, to, by, reason, clock) for one in ids[:HANDED_OVER_MAX])
    return HandedOver(moved, max(0, len(ids) - HANDED_OVER_MAX))


@transaction.atomic
def _pass_on(conversation_id: UUID, giver: UUID, to: UUID | None, by: people.Author, reason: str, clock: Clock) -> bool:
    row = permitted(conversation_id, by, WORK, lock=True)
    if row.assignee != giver or row.state == ConversationState.CLOSED.value:
        return False
    code = EventCode.RETURNED if to is None else EventCode.ASSIGNED
    _hand_over(row, to, by, code, people.clean_reason(reason), clock)
    return True


@transaction.atomic
def return_to_queue(
    conversation_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Conversation:
    """Make a conversation nobody's own again: its team's duty answers for it.

    Raises:
        UnknownConversation, UnacceptableText, ConversationClosed. NotPermitted: a colleague's, and ``by`` may not assign.
    """
    said = people.clean_reason(reason)
    row = permitted(conversation_id, by, WORK, lock=True)
    if row.assignee not in (None, staff_id_of(by)):
        people.require(by, ASSIGN, row.institution_id)
    _check_open(row)
    if row.assignee is not None:
        _hand_over(row, None, by, EventCode.RETURNED, said, clock)
    return told(row)


@transaction.atomic
def give_to_team(
    conversation_id: UUID, *, team_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Conversation:
    """Give a conversation to another team, whose duty answers for it from now on.

    Raises:
        UnknownConversation, UnacceptableText, ConversationClosed. InputError: no team of this institution.
        NotPermitted: a colleague's, and ``by`` may not assign.
    """
    said = people.clean_reason(reason)
    row = permitted(conversation_id, by, WORK, lock=True)
    if row.assignee not in (None, staff_id_of(by)):
        people.require(by, ASSIGN, row.institution_id)
    _check_open(row)
    if not duty.is_team_of(team_id, row.institution_id):
        raise InputError(field="team_id")
    if row.team_id != team_id:
        row.team_id = team_id
        _hand_over(row, None, by, EventCode.TEAM, said, clock)
    return told(row)


@transaction.atomic
def close(
    conversation_id: UUID,
    *,
    by: people.Author,
    reason: str,
    nothing_to_answer: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> Conversation:
    """Close a conversation; what the customer writes next opens it again. Closed already, nothing changes.

    Raises:
        UnknownConversation, NotPermitted, UnacceptableText.
        StillUnanswered: a message waits for an answer, and it was not said that there is nothing to answer.
    """
    said = people.clean_reason(reason)
    row, now = permitted(conversation_id, by, WORK, lock=True), clock.now()
    if row.state == ConversationState.CLOSED.value:
        return told(row)
    if row.unanswered and not nothing_to_answer:
        raise StillUnanswered(field="conversation_id", unanswered=row.unanswered)
    left = row.unanswered
    owe_nothing(row)
    row.state = ConversationState.CLOSED.value
    add_event(row, EventCode.CLOSED, by.actor, now=now, text=said, unanswered=str(left))
    clocks.closed(subject_id=row.id, by=by.actor, at=now, clock=clock)
    LeaseRow.objects.filter(conversation=row).delete()
    keep(row, clock=clock)
    record(row, "care.conversation_closed", by, after={"left": left}, reason=said, clock=clock)
    return told(row)


@transaction.atomic
def reopen(conversation_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Conversation:
    """Open a closed conversation again, with its clocks; if the sender has another open one on the line, go on with that.

    Raises:
        UnknownConversation, NotPermitted, UnacceptableText. ConversationClosed: it is not closed, or another one is open.
    """
    said = people.clean_reason(reason)
    people.hold_identity(
        permitted(conversation_id, by, WORK).identity_id
    )  # what they write now waits until this is done
    row = permitted(conversation_id, by, WORK, lock=True)
    if row.state != ConversationState.CLOSED.value or another_is_open(row):
        raise ConversationClosed(field="conversation_id", state=row.state)
    row.state, now = ConversationState.OPEN.value, clock.now()
    add_event(row, EventCode.REOPENED, by.actor, now=now, text=said)
    keep(row, clock=clock)
    clocks.reopened(
        subject_kind=clocks.SubjectKind.CONVERSATION, subject_id=row.id, institution_id=row.institution_id, team_id=row.team_id,
        assignee=row.assignee, by=by.actor, at=now, clock=clock,
    )  # fmt: skip
    record(row, "care.conversation_reopened", by, reason=said, clock=clock)
    return told(row)


@transaction.atomic
def note(conversation_id: UUID, *, text: str, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> Entry:
    """Write a note that only colleagues read.

    Raises:
        UnknownConversation, NotPermitted. UnacceptableText: empty, too long, or not fit to be read.
    """
    said = clean_body(text, field="text", length_max=NOTE_LENGTH_MAX)
    row = permitted(conversation_id, by, WORK, lock=True)
    made = add_entry(row, EntryKind.NOTE, by.actor, Said(text=said), now=clock.now())
    keep(row, clock=clock)
    return told_entry(made.id)


def _hand_over(
    row: ConversationRow, to: UUID | None, by: people.Author, code: EventCode, reason: str, clock: Clock
) -> None:
    """Make a conversation somebody's, or nobody's own; whose lease it was loses it."""
    now, before = clock.now(), row.assignee
    row.assignee = to
    LeaseRow.objects.filter(conversation=row).exclude(staff_id__in=ids_of(to)).delete()
    details = {"to": str(to)} if to else {}
    add_event(row, code, by.actor, now=now, text=reason, **details)
    keep(row, clock=clock)
    clocks.handed_over(subject_id=row.id, team_id=row.team_id, to=to, by=by.actor, reason=reason, at=now, clock=clock)
    record(
        row, f"care.conversation_{code.value}", by,
        before={"assignee": str(before) if before else None},
        after={"assignee": str(to) if to else None, "team": str(row.team_id)},
        reason=reason, clock=clock,
    )  # fmt: skip


def _check_open(row: ConversationRow) -> None:
    if row.state == ConversationState.CLOSED.value:
        raise ConversationClosed(field="conversation_id", state=row.state)


def _check_assignee(staff_id: UUID, institution_id: UUID) -> None:
    try:
        may = people.author_of_staff(staff_id).may(WORK, institution_id)
    except RaseedError:
        may = False
    if not may:
        raise AssigneeMayNot(field="to")


def _myself(by: people.Author) -> UUID:
    me = staff_id_of(by)
    if me is None:
        raise AssigneeMayNot(field="by")
    return me
