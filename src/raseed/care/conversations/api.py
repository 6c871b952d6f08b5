"""The door of conversations for the rest of the house; ``care.api`` exports the same. The values are here, the verbs follow.

Every verb takes ``by: Author`` and, where said, ``clock=SYSTEM_CLOCK``; what an asker may not see is ``UnknownConversation``::

    conversations(*, institution_id, by, wanted: Inbox = EVERYTHING, before: str | None = None, limit=50) -> ConversationPage
    conversation(conversation_id, *, by) -> Conversation
    entries(conversation_id, *, by, before: str | None = None, limit=50) -> EntryPage
    counts(institution_id, *, by) -> dict[Box, int]
    search(text, *, institution_id, by, limit=50) -> tuple[SearchHit, ...]
    window_of(conversation_id, *, by, clock) -> channels.Window
    receive(message_id, *, clock) -> UUID                              # of the conversation; the handler of channels.message_received
    take(conversation_id, *, by, clock) -> Conversation
    assign(conversation_id, *, to: UUID, by, reason, clock) -> Conversation
    return_to_queue(conversation_id, *, by, reason, clock) -> Conversation
    give_to_team(conversation_id, *, team_id, by, reason, clock) -> Conversation
    close(conversation_id, *, by, reason, nothing_to_answer=False, clock) -> Conversation
    reopen(conversation_id, *, by, reason, clock) -> Conversation
    note(conversation_id, *, text, by, clock) -> Entry
    tag(conversation_id, *, tags: Sequence[str], by, clock) -> Conversation
    hold_lease(conversation_id, *, by, take_over=False, clock) -> Lease       # whoever holds it: compare ``holder``
    release_lease(conversation_id, *, by) ; be_here(conversation_id, *, by, typing=False, clock) ; leave(conversation_id, *, by)
    who_is_here(conversation_ids, *, clock) -> dict[UUID, tuple[Presence, ...]]
    reply(conversation_id, *, client_message_id, text, expected_version, by, template: ReplyTemplate | None = None,
          media: Sequence[ReplyMedia] = (), facts: Sequence[InsertedFact] = (), macro_id: UUID | None = None,
          override: Override | None = None, clock) -> Entry
    retry(entry_id, *, by, clock) -> Entry                              # really sends again
    tell(conversation_id, *, client_message_id, text, purpose, template=None, actor="system", answers=False, clock) -> Entry   # from another room: answers to gaps, what became of a request
    macros(institution_id, *, language=None, by) -> list[Macro] ; edit_macro(*, id, institution_id, slug, title, texts, by, reason, active=True, clock) -> Macro
    fill_macro(macro_id, *, language, facts: Sequence[InsertedFact], by) -> str       # FactsMissing
    possible_customers(conversation_id, *, by) -> list[UUID]            # who may be writing: links of the sender, whose number it is
    choose_customer(conversation_id, *, customer_id, by, reason, clock) -> Conversation
    unlink_customer(conversation_id, *, by, reason, clock) -> Conversation
    ask_for_code(conversation_id, *, by, clock) -> Conversation ; take_code(conversation_id, *, code, by, clock) -> Conversation
    log_contact(*, line_id, phone or customer_id, text, by, said="", clock) -> UUID    # a call or a visit, of the conversation
    route_line(line_id, *, team_id, by, reason, clock) ; routes(institution_id) -> dict[UUID, UUID]
"""

from __future__ import annotations

from .domain import (
    BOX_WORDS,
    CONVERSATION_STATE_WORDS,
    EVENT_WORDS,
    TOLD,
    Box,
    Conversation,
    ConversationPage,
    ConversationState,
    Entry,
    EntryKind,
    EntryPage,
    EventCode,
    Inbox,
    Lease,
    Macro,
    Override,
    Presence,
    ReplyMedia,
    ReplyTemplate,
    SearchHit,
)
from .errors import (
    AssigneeMayNot,
    ConversationClosed,
    EmptyReply,
    EntryNotFailed,
    FactsMissing,
    HeldByAnother,
    IdentityNotProven,
    InvalidMacro,
    NowhereToSend,
    StillUnanswered,
    UnknownConversation,
    UnknownMacro,
    VersionMoved,
    WhichCustomer,
    WindowClosed,
)

__all__ = [
    "BOX_WORDS",
    "CONVERSATION_STATE_WORDS",
    "EVENT_WORDS",
    "TOLD",
    "AssigneeMayNot",
    "Box",
    "Conversation",
    "ConversationClosed",
    "ConversationPage",
    "ConversationState",
    "EmptyReply",
    "Entry",
    "EntryKind",
    "EntryNotFailed",
    "EntryPage",
    "EventCode",
    "FactsMissing",
    "HeldByAnother",
    "IdentityNotProven",
    "Inbox",
    "InvalidMacro",
    "Lease",
    "Macro",
    "NowhereToSend",
    "Override",
    "Presence",
    "ReplyMedia",
    "ReplyTemplate",
    "SearchHit",
    "StillUnanswered",
    "UnknownConversation",
    "UnknownMacro",
    "VersionMoved",
    "WhichCustomer",
    "WindowClosed",
]
