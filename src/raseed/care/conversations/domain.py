"""Conversations as the desk sees them: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from raseed.channels.api import Media, OutgoingMedia, Template
from raseed.kernel.errors import mark

from ..cards.domain import InsertedFact

TEXT_LENGTH_MAX: Final = 64 * 1024
REPLY_LENGTH_MAX: Final = 4096
"""The longest text that every channel takes."""
NOTE_LENGTH_MAX: Final = 4000
SNIPPET_LENGTH_MAX: Final = 140
TAGS_MAX: Final = 12
TAG_LENGTH_MAX: Final = 40
PAGE_MAX: Final = 200
FACTS_MAX: Final = 30
MEDIA_MAX: Final = 5
"""Files of one answer: each is a message of its own to the provider, in their order."""


class ConversationState(StrEnum):
    """Whose turn it is: ours (open), the customer's (waiting), nobody's (closed)."""

    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


CONVERSATION_STATE_WORDS: Final = {
    ConversationState.OPEN: mark("Our turn"),
    ConversationState.WAITING: mark("Waiting for the customer"),
    ConversationState.CLOSED: mark("Closed"),
}


class EntryKind(StrEnum):
    """What an entry is: a message in, a message out, a colleague's note, or something that happened."""

    IN = "in"
    OUT = "out"
    NOTE = "note"
    EVENT = "event"


class EventCode(StrEnum):
    """What happened to a conversation, for entries of kind ``event``."""

    BEGAN = "began"
    TAKEN = "taken"
    ASSIGNED = "assigned"
    RETURNED = "returned"
    PASSED_ON = "passed_on"
    CLOSED = "closed"
    REOPENED = "reopened"
    LINKED = "linked"
    UNLINKED = "unlinked"
    PROOF_ASKED = "proof_asked"
    PROVEN = "proven"
    PROOF_FAILED = "proof_failed"
    TAGGED = "tagged"
    CASE = "case"
    SENT_AGAIN = "sent_again"
    TEAM = "team"


EVENT_WORDS: Final = {
    EventCode.BEGAN: mark("The conversation began"),
    EventCode.TAKEN: mark("Taken up"),
    EventCode.ASSIGNED: mark("Assigned"),
    EventCode.RETURNED: mark("Returned to the queue"),
    EventCode.PASSED_ON: mark("Answering passed to somebody else"),
    EventCode.CLOSED: mark("Closed"),
    EventCode.REOPENED: mark("Opened again"),
    EventCode.LINKED: mark("Linked to a customer"),
    EventCode.UNLINKED: mark("No longer linked to the customer"),
    EventCode.PROOF_ASKED: mark("A code was sent to the number on record"),
    EventCode.PROVEN: mark("The sender proved who they are"),
    EventCode.PROOF_FAILED: mark("The code was wrong"),
    EventCode.TAGGED: mark("Tags changed"),
    EventCode.CASE: mark("Case"),
    EventCode.SENT_AGAIN: mark("Sent again"),
    EventCode.TEAM: mark("Given to another team"),
}


class Box(StrEnum):
    """A list of the inbox."""

    MINE = "mine"
    TEAM = "team"
    UNASSIGNED = "unassigned"
    UNANSWERED = "unanswered"
    WAITING = "waiting"
    BREACHED = "breached"
    OPEN = "open"
    CLOSED = "closed"


BOX_WORDS: Final = {
    Box.MINE: mark("Mine"),
    Box.TEAM: mark("My team's"),
    Box.UNASSIGNED: mark("Nobody's yet"),
    Box.UNANSWERED: mark("Unanswered"),
    Box.WAITING: mark("Waiting for the customer"),
    Box.BREACHED: mark("Overdue"),
    Box.OPEN: mark("All that are open"),
    Box.CLOSED: mark("Closed"),
}

TOLD: Final = "told"
"""The delivery of what was said in person, on the phone or at a branch: there is nothing to send."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Which conversations are wanted; what is ``None`` or empty does not narrow.

    ``search`` looks among customers' words and our answers, and forgives (``searching``).
    """

    box: Box = Box.OPEN
    channel: str | None = None
    team_id: UUID | None = None
    assignee: UUID | None = None
    accountable: UUID | None = None
    customer_id: UUID | None = None
    case_id: UUID | None = None
    tag: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with one sender on one of our lines.

    Attributes:
        customer_id: whom it is about; ``None``: not known, or one of several who share the sender's number.
        proof: what the sender has proven of being that customer: ``none``, ``claimed`` (a number on record, or a
            colleague's word) or ``proven``. Only with ``proven`` may facts about the customer be told.
        proof_asked: a code is on its way to the number on record.
        assignee: the member of staff who works on it; ``accountable``: who answers for it now, never nobody.
        version: grows with everything that is said, noted or decided; ``reply`` wants the one that was read.
        unanswered_since: when the oldest message came that nobody has answered; ``unanswered``: how many there are.
        name: as the sender calls themself; not proven either.
        breached_at: when a clock of it ran out, until it is answered.
        documents: it runs over a line for documents.
    """

    id: UUID
    institution_id: UUID
    line_id: UUID
    channel: str
    identity_id: UUID
    customer_id: UUID | None
    proof: str
    proof_asked: bool
    state: ConversationState
    team_id: UUID | None
    assignee: UUID | None
    accountable: UUID
    language: str
    subject: str
    version: int
    unanswered_since: datetime | None
    unanswered: int
    opened_at: datetime
    last_at: datetime
    case_id: UUID | None
    snippet: str
    name: str
    tags: tuple[str, ...]
    breached_at: datetime | None
    documents: bool


HANDED_OVER_MAX: Final = 200
"""Conversations that one hand-over gives away."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """How many conversations a hand-over gave away, and how many it left for another one."""

    moved: int
    left: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a conversation, in the order in which a reader needs them.

    Messages of a customer stand in the order in which they were sent, but never above an answer that was given without
    them. ``position`` is the order in which they came to be, from 1 without gaps.

    Attributes:
        actor: ``staff:<uuid>``, ``system``, or ``identity:<uuid>`` for the sender.
        message_id: in ``channels``.
        delivery: of an ``out``: channels' state of it, or ``told``; ``reason``: the code of why it failed.
        may_retry: sending again may help.
        media: what came or went with it, as channels tells it now.
        event: of an ``event``: what happened; ``details``: ids, codes and counts to it.
        late: it came long after it was sent.
        overridden: why an answer that the check stopped was sent all the same.
    """

    id: UUID
    conversation_id: UUID
    position: int
    at: datetime
    kind: EntryKind
    actor: str
    text: str
    message_id: UUID | None = None
    message_kind: str = "text"
    delivery: str | None = None
    reason: str = ""
    may_retry: bool = False
    media: tuple[Media, ...] = ()
    facts: tuple[InsertedFact, ...] = ()
    event: EventCode | None = None
    details: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    late: bool = False
    overridden: str = ""


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Conversations, and the marker of the next page if there is one."""

    conversations: tuple[Conversation, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """The latest entries in the order in which they are read, and the marker by which those before them are found."""

    entries: tuple[Entry, ...]
    before: str | None


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is writing an answer, and until when nobody else may send one."""

    conversation_id: UUID
    holder: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Presence:
    """A colleague who has the conversation before them; ``typing``: writes an answer."""

    staff_id: UUID
    typing: bool
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Override:
    """Why an answer that the check stopped is sent all the same."""

    reason: str


ReplyTemplate = Template
"""A template that the provider approved, for when its window for free text is closed."""
ReplyMedia = OutgoingMedia
"""A file to be sent along."""


@dataclass(frozen=True, slots=True)
class Macro:
    """An answer written beforehand. ``{fact:balance}`` in it is a fact that it must carry: by the beginning of its key.

    ``texts`` by language; ``facts``: the kinds of fact that it must carry, the same in every language; ``version`` grows with
    every edit.
    """

    id: UUID
    institution_id: UUID
    slug: str
    title: str
    texts: Mapping[str, str]
    facts: tuple[str, ...]
    active: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True)
class Tag:
    """A word by which an institution sorts its conversations; a retired one stays where it is, and is put on no more."""

    id: UUID
    institution_id: UUID
    name: str
    made_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SearchHit:
    """An entry that what was typed fits."""

    conversation_id: UUID
    entry_id: UUID
    at: datetime
    kind: EntryKind
    text: str
