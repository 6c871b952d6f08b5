"""Conversations as they are kept: locked, changed, told. Every change goes through here, so none forgets its version.

A verb locks the conversation's row first; entries get their places under that lock, without gaps. Messages of the sender stand
in the order in which they were sent, but never above an answer that was given without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from raseed.kernel.clock import Clock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from .. import events
from ..cards.domain import InsertedFact
from ..clocks import api as clocks
from ..duty import api as duty
from ..models import ConversationRow, EntryRow
from .domain import SNIPPET_LENGTH_MAX, ConversationState, EntryKind, EventCode
from .errors import UnknownConversation
from .permissions import VIEW
from .words import array_literal, indexed_words, one_line

STAFF = "staff:"
_NOTHING: Mapping[str, str] = MappingProxyType({})
_WORDS = "UPDATE care_entry SET words = array_to_tsvector(%s::text[]) WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry says beyond who and when."""

    text: str = ""
    message_id: UUID | None = None
    message_kind: str = "text"
    delivery: str | None = None
    reason: str = ""
    may_retry: bool = False
    event: EventCode | None = None
    details: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    facts: Sequence[InsertedFact] = ()
    digest: str = ""
    late: bool = False
    overridden: str = ""


def permitted(
    conversation_id: UUID, by: people.Author, permission: str = VIEW, *, lock: bool = False
) -> ConversationRow:
    """Return a conversation's row, locked FOR NO KEY UPDATE if asked.

    Raises:
        UnknownConversation: none, or one that ``by`` may not see. NotPermitted: seen, but not for this.
    """
    rows: QuerySet[ConversationRow] = ConversationRow.objects.filter(id=conversation_id)
    row = (rows.select_for_update(no_key=True) if lock else rows).first()
    if row is None or not (by.may(VIEW, row.institution_id) or by.may(permission, row.institution_id)):
        raise UnknownConversation(field="conversation_id")
    people.require(by, permission, row.institution_id)
    return row


def add_entry(
    row: ConversationRow, kind: EntryKind, actor: str, said: Said, *, now: datetime, sent_at: datetime | None = None
) -> EntryRow:
    """Add an entry to a locked conversation. ``sent_at``: of a message that came in, or of what was said before it is written."""
    row.positions += 1
    if kind is EntryKind.IN:
        assert sent_at is not None
        order_at = max(sent_at, row.answered_order or sent_at)
    else:
        order_at = max(now, row.last_order)
    row.last_order = max(row.last_order, order_at)
    if kind is EntryKind.OUT:
        row.answered_order = order_at
    entry = EntryRow(
        id=new_id(),
        conversation=row,
        position=row.positions,
        at=sent_at or now,
        order_at=order_at,
        kind=kind.value,
        actor=actor,
        text=said.text,
        message_id=said.message_id,
        message_kind=said.message_kind,
        delivery=said.delivery,
        reason=said.reason,
        may_retry=said.may_retry,
        event=said.event.value if said.event else "",
        details=dict(said.details),
        facts=[facts_as_json(each) for each in said.facts],
        digest=said.digest,
        late=said.late,
        overridden=said.overridden,
    )
    entry.save(force_insert=True)
    if kind in (EntryKind.IN, EntryKind.OUT):
        row.last_at = max(row.last_at, now)
        if said.text or kind is EntryKind.IN:
            row.snippet = one_line(said.text, SNIPPET_LENGTH_MAX)
    if said.text and kind is not EntryKind.EVENT:
        with connection.cursor() as cursor:
            cursor.execute(_WORDS, [array_literal(indexed_words(row.institution_id, said.text)), entry.id])
    return entry


def add_event(
    row: ConversationRow, code: EventCode, actor: str, *, now: datetime, text: str = "", **details: str
) -> EntryRow:
    """Write down that something happened; ``text``: why, in somebody's words."""
    return add_entry(row, EntryKind.EVENT, actor, Said(text=text, event=code, details=details), now=now)


def keep(row: ConversationRow, *, clock: Clock) -> None:
    """Save what was changed: the version grows, who is accountable is asked anew, and it is told."""
    row.version += 1
    row.accountable = duty.accountable(row.team_id, row.assignee, clock.now())
    row.save()
    tell_changed(row, clock=clock)


def tell_changed(row: ConversationRow, *, clock: Clock) -> None:
    """Tell others that a conversation has changed."""
    platform.emit(
        events.CONVERSATION_CHANGED,
        {"conversation_id": str(row.id), "version": row.version},
        institution_id=row.institution_id,
        clock=clock,
    )


def owe(row: ConversationRow, *, since: datetime, clock: Clock) -> None:
    """Let one more message wait for an answer: it is our turn, and a clock runs for whoever is accountable."""
    row.unanswered += 1
    row.unanswered_since = min(row.unanswered_since or since, since)
    row.state = ConversationState.OPEN.value
    clocks.message_arrived(
        conversation_id=row.id,
        institution_id=row.institution_id,
        team_id=row.team_id,
        assignee=row.assignee,
        at=since,
        clock=clock,
    )


def owe_nothing(row: ConversationRow) -> None:
    """Let nothing in it wait for an answer."""
    row.unanswered, row.unanswered_since, row.breached_at = 0, None, None


def record(
    row: ConversationRow,
    action: str,
    by: people.Author,
    *,
    clock: Clock,
    before: platform.AuditFacts | None = None,
    after: platform.AuditFacts | None = None,
    reason: str = "",
) -> None:
    """Write down a deed about a conversation: ids, codes and counts."""
    platform.record(
        actor=by.actor,
        action=action,
        subject=f"conversation:{row.id}",
        before=before,
        after=after,
        reason=reason,
        institution_id=row.institution_id,
        customer_id=row.customer_id,
        clock=clock,
    )


def staff_id_of(by: people.Author) -> UUID | None:
    """Return the member of staff behind an author, if one is."""
    person = by.person
    return UUID(person.removeprefix(STAFF)) if person.startswith(STAFF) else None


def another_is_open(row: ConversationRow) -> bool:
    """Whether the sender of a conversation has one on its line that is not closed, under any id they were known by."""
    known = people.identity_ids_of(people.identity(row.identity_id).id)
    others = ConversationRow.objects.filter(identity_id__in=known, line_id=row.line_id, state__in=["open", "waiting"])
    return others.exclude(id=row.id).exists()


def ids_of(staff_id: UUID | None) -> list[UUID]:
    """Return a member of staff as a list, for queries about them; nobody is an empty one."""
    return [] if staff_id is None else [staff_id]


def facts_as_json(fact: InsertedFact) -> dict[str, str]:
    """Return a fact as it is kept with the entry it was told in."""
    return {"provider": fact.ref.provider, "key": fact.ref.key, "digest": fact.ref.digest, "shown": fact.shown}
