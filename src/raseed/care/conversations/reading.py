"""Reads: the inbox, a conversation, what was said in it, and how many there are.

The inbox shows what waits for an answer first, the longest wait on top; then the rest, the latest on top. Lists are read by
indexes over conversations that are not closed, so a hundred thousand closed ones cost nothing; closed ones are paged, not
counted beyond ``COUNT_MAX``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from ..cards.domain import FactRef, InsertedFact
from ..duty import api as duty
from ..models import ConversationRow, EntryRow
from ..sql import run
from .domain import (
    PAGE_MAX,
    Box,
    Conversation,
    ConversationPage,
    ConversationState,
    Entry,
    EntryKind,
    EntryPage,
    EventCode,
    Inbox,
)
from .errors import NowhereToSend
from .keeping import ids_of, permitted, staff_id_of
from .permissions import VIEW
from .searching import matching

EVERYTHING: Final = Inbox()
COUNT_MAX: Final = 1_000
"""Closed conversations are counted up to here, and one more says that there are more."""
_OPEN: Final = ("open", "waiting")
_PLACES: Final = 3


def conversations(
    *,
    institution_id: UUID,
    by: people.Author,
    wanted: Inbox = EVERYTHING,
    before: str | None = None,
    limit: int = 50,
    clock: Clock = SYSTEM_CLOCK,
) -> ConversationPage:
    """Return a page of an institution's conversations.

    Raises:
        NotPermitted: ``by`` may not see them. InvalidCursor: ``before`` is no marker of this list.
    """
    people.require(by, VIEW, institution_id)
    size = min(max(limit, 1), PAGE_MAX)
    rows = _wanted(ConversationRow.objects.filter(institution_id=institution_id), wanted, by, institution_id, clock)
    if wanted.search.strip():
        rows = rows.filter(id__in=matching(institution_id, wanted.search))
    kind = f"care.conversations:{institution_id}:{wanted.box.value}"
    owed_first = wanted.box is not Box.CLOSED
    place = _place(kind, before)
    found: list[ConversationRow] = []
    if owed_first and wanted.box is not Box.WAITING and (place is None or place[0] == "owed"):
        found += _owed(rows, place, size + 1)
    if len(found) <= size and wanted.box not in {Box.UNANSWERED, Box.BREACHED}:
        rest = rows.filter(unanswered_since=None) if owed_first else rows
        found += _latest(rest, place if place and place[0] == "rest" else None, size + 1 - len(found))
    page = found[:size]
    told = tuple(_told_all(page))
    return ConversationPage(told, _marker(kind, page[-1]) if len(found) > size else None)


def conversation(conversation_id: UUID, *, by: people.Author) -> Conversation:
    """Return a conversation.

    Raises:
        UnknownConversation: none, or one that ``by`` may not see.
    """
    return told(permitted(conversation_id, by))


def entries(conversation_id: UUID, *, by: people.Author, before: str | None = None, limit: int = 50) -> EntryPage:
    """Return the latest entries of a conversation, or those before a marker, in the order in which they are read.

    Raises:
        UnknownConversation: as ``conversation``. InvalidCursor: ``before`` is no marker of this list.
    """
    row, size = permitted(conversation_id, by), min(max(limit, 1), PAGE_MAX)
    rows = EntryRow.objects.filter(conversation_id=row.id)
    kind = f"care.entries:{row.id}"
    if before is not None:
        at, position = platform.decode_cursor(kind, before)
        when = datetime.fromisoformat(str(at))
        rows = rows.filter(Q(order_at__lt=when) | Q(order_at=when, position__lt=position))
    found = list(rows.defer("words").order_by("-order_at", "-position")[: size + 1])
    page = found[:size]
    marker = (
        platform.encode_cursor(kind, page[-1].order_at.isoformat(), page[-1].position) if len(found) > size else None
    )
    return EntryPage(tuple(told_entries(page[::-1])), marker)


def entry(entry_id: UUID) -> Entry:
    """Return an entry, for whoever has looked who asks."""
    return told_entries([EntryRow.objects.defer("words").get(id=entry_id)])[0]


def counts(institution_id: UUID, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> dict[Box, int]:
    """Return how many conversations are in each list; of closed ones at most ``COUNT_MAX`` + 1, which says "more".

    Raises:
        NotPermitted: ``by`` may not see them.
    """
    people.require(by, VIEW, institution_id)
    me = staff_id_of(by)
    teams = list(_teams(by, institution_id, clock))
    ((mine, team, unassigned, unanswered, waiting, breached, open_),) = run(
        "counts", {"institution": institution_id, "me": me, "teams": teams}
    )
    closed = ConversationRow.objects.filter(institution_id=institution_id, state="closed")
    return {
        Box.MINE: mine,
        Box.TEAM: team,
        Box.UNASSIGNED: unassigned,
        Box.UNANSWERED: unanswered,
        Box.WAITING: waiting,
        Box.BREACHED: breached,
        Box.OPEN: open_,
        Box.CLOSED: closed[: COUNT_MAX + 1].count(),
    }


def window_of(conversation_id: UUID, *, by: people.Author, clock: Clock = SYSTEM_CLOCK) -> channels.Window:
    """Say whether free text may be sent now, before somebody types it.

    Raises:
        UnknownConversation: as ``conversation``. NowhereToSend: there is no address.
    """
    row = permitted(conversation_id, by)
    if is_in_person(row):
        return channels.Window(open=True, closes_at=None, templates_only=False)
    return channels.window(row.line_id, party_of(row), clock=clock)


def is_in_person(row: ConversationRow) -> bool:
    """Whether what we say is said in person, so that there is nothing to send."""
    return row.channel in {channels.Channel.PHONE.value, channels.Channel.BRANCH.value}


def party_of(row: ConversationRow) -> channels.Party:
    """Return to whom an answer goes: whoever sent the latest message.

    Raises:
        NowhereToSend: channels does not know it any more, or nobody ever wrote.
    """
    message = channels.incomings([row.last_in]).get(row.last_in) if row.last_in else None
    if message is None:
        raise NowhereToSend(field="conversation_id")
    return message.party


def told(row: ConversationRow) -> Conversation:
    """Return a row as others see it."""
    return _told_all([row])[0]


def told_entries(rows: Sequence[EntryRow]) -> list[Entry]:
    """Return entries as others see them, with their files as channels tells of them now."""
    came = [
        row.message_id
        for row in rows
        if row.message_id and row.kind == EntryKind.IN.value and row.message_kind != "text"
    ]
    files = channels.incomings(came) if came else {}
    return [_entry(row, files) for row in rows]


def _told_all(rows: Sequence[ConversationRow]) -> list[Conversation]:
    senders = people.identities({row.identity_id for row in rows})
    now = SYSTEM_CLOCK.now()
    return [_conversation(row, senders.get(row.identity_id), now) for row in rows]


def _conversation(row: ConversationRow, sender: people.Identity | None, now: datetime) -> Conversation:
    proof = people.proof_for(sender, row.customer_id) if sender else people.ProofState.NONE
    return Conversation(
        id=row.id,
        institution_id=row.institution_id,
        line_id=row.line_id,
        channel=row.channel,
        identity_id=sender.id if sender else row.identity_id,
        customer_id=row.customer_id,
        proof=proof.value,
        proof_asked=row.proof_asked_until is not None and row.proof_asked_until > now,
        state=ConversationState(row.state),
        team_id=row.team_id,
        assignee=row.assignee,
        accountable=row.accountable,
        language=row.language,
        subject=row.subject,
        version=row.version,
        unanswered_since=row.unanswered_since,
        unanswered=row.unanswered,
        opened_at=row.opened_at,
        last_at=row.last_at,
        case_id=row.case_id,
        snippet=row.snippet,
        name=sender.name if sender and sender.name else row.name,
        tags=tuple(row.tags),
        breached_at=row.breached_at,
        documents=row.documents,
    )


def _entry(row: EntryRow, messages: dict[UUID, channels.IncomingMessage]) -> Entry:
    message = messages.get(row.message_id) if row.message_id else None
    return Entry(
        id=row.id,
        conversation_id=row.conversation_id,
        position=row.position,
        at=row.at,
        kind=EntryKind(row.kind),
        actor=row.actor,
        text=row.text,
        message_id=row.message_id,
        message_kind=row.message_kind,
        delivery=row.delivery,
        reason=row.reason,
        may_retry=row.may_retry,
        media=message.media if message else (),
        facts=tuple(
            InsertedFact(FactRef(each["provider"], each["key"], each["digest"]), each["shown"]) for each in row.facts
        ),
        event=EventCode(row.event) if row.event else None,
        details=row.details,
        late=row.late,
        overridden=row.overridden,
    )


def _wanted(
    rows: QuerySet[ConversationRow], wanted: Inbox, by: people.Author, institution_id: UUID, clock: Clock
) -> QuerySet[ConversationRow]:
    rows = _of_box(rows, wanted.box, by, institution_id, clock)
    if wanted.channel is not None:
        rows = rows.filter(channel=wanted.channel)
    if wanted.team_id is not None:
        rows = rows.filter(team_id=wanted.team_id)
    if wanted.assignee is not None:
        rows = rows.filter(assignee=wanted.assignee)
    if wanted.accountable is not None:
        rows = rows.filter(accountable=wanted.accountable)
    if wanted.customer_id is not None:
        rows = rows.filter(customer_id__in=people.customers_as_one(wanted.customer_id))
    if wanted.case_id is not None:
        rows = rows.filter(case_id=wanted.case_id)
    if wanted.tag:
        rows = rows.filter(tags__contains=[wanted.tag])
    return rows


def _of_box(
    rows: QuerySet[ConversationRow], box: Box, by: people.Author, institution_id: UUID, clock: Clock
) -> QuerySet[ConversationRow]:
    if box is Box.CLOSED:
        return rows.filter(state="closed")
    me = ids_of(staff_id_of(by))
    of_box = {
        Box.MINE: Q(assignee__in=me) | Q(accountable__in=me, unanswered_since__isnull=False),
        Box.UNASSIGNED: Q(assignee=None),
        Box.UNANSWERED: Q(unanswered_since__isnull=False),
        Box.WAITING: Q(state="waiting"),
        Box.BREACHED: Q(breached_at__isnull=False, unanswered_since__isnull=False),
    }
    if box is Box.TEAM:
        of_box[box] = Q(team_id__in=list(_teams(by, institution_id, clock)))
    return rows.filter(of_box.get(box, Q()), state__in=_OPEN)


def _teams(by: people.Author, institution_id: UUID, clock: Clock) -> Iterable[UUID]:
    me = staff_id_of(by)
    return [team.id for team in duty.teams_of(me, institution_id, at=clock.now())] if me else ()


def _owed(
    rows: QuerySet[ConversationRow], place: tuple[str, datetime, UUID] | None, most: int
) -> list[ConversationRow]:
    rows = rows.filter(unanswered_since__isnull=False)
    if place is not None:
        _, at, id_ = place
        rows = rows.filter(Q(unanswered_since__gt=at) | Q(unanswered_since=at, id__gt=id_))
    return list(rows.order_by("unanswered_since", "id")[:most])


def _latest(
    rows: QuerySet[ConversationRow], place: tuple[str, datetime, UUID] | None, most: int
) -> list[ConversationRow]:
    if place is not None:
        _, at, id_ = place
        rows = rows.filter(Q(last_at__lt=at) | Q(last_at=at, id__lt=id_))
    return list(rows.order_by("-last_at", "-id")[:most])


def _marker(kind: str, row: ConversationRow) -> str:
    if row.unanswered_since is not None:
        return platform.encode_cursor(kind, "owed", row.unanswered_since.isoformat(), str(row.id))
    return platform.encode_cursor(kind, "rest", row.last_at.isoformat(), str(row.id))


def _place(kind: str, before: str | None) -> tuple[str, datetime, UUID] | None:
    if before is None:
        return None
    values = platform.decode_cursor(kind, before)
    if len(values) != _PLACES:
        raise platform.InvalidCursor(field="before")
    return str(values[0]), datetime.fromisoformat(str(values[1])), UUID(str(values[2]))
