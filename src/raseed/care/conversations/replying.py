"""Answering: looked at from every side, and sent once, in one transaction. Two who answer at the same instant: one is told.

The order is: may they; has anything moved, or is a colleague writing; are the facts allowed, and still so; does the answer
help; does the provider take it. Then it leaves, is written down, and the clock stops to the answerer's credit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from django.db import transaction

from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.people import api as people
from raseed.platform import api as platform

from ..cards.building import recheck
from ..cards.domain import InsertedFact
from ..clocks import api as clocks
from ..models import ConversationRow, EntryRow, LeaseRow
from ..models.promises import AskerRow
from ..promises.checks import Outcome, keep_check
from ..replies.checking import check_reply
from ..replies.domain import Verdict
from .domain import (
    FACTS_MAX,
    MEDIA_MAX,
    REPLY_LENGTH_MAX,
    TOLD,
    ConversationState,
    Entry,
    EntryKind,
    Override,
    ReplyMedia,
    ReplyTemplate,
)
from .errors import (
    ConversationClosed,
    EmptyReply,
    HeldByAnother,
    IdentityNotProven,
    UnknownConversation,
    VersionMoved,
)
from .keeping import (
    Said,
    add_entry,
    facts_as_json,
    ids_of,
    keep,
    owe_nothing,
    permitted,
    record,
    staff_id_of,
)
from .macros import check_begun
from .permissions import WORK
from .presence import lease_of_another
from .reading import is_in_person, party_of, told_entries
from .words import clean_body

REPLY: Final = "reply"
LOST: Final = frozenset(
    state.value
    for state in (channels.OutgoingState.FAILED, channels.OutgoingState.UNKNOWN, channels.OutgoingState.EXPIRED)
)
"""Where a message is that the customer cannot be taken to have: what it answered is owed, and a person may have it sent again."""
ANSWERS: Final = "answers"
"""Among the details of what another room told: it answered what waited."""
PART_OF: Final = "part_of"
"""Among the details of a file that went along with an answer: the message in which the answer's text is."""
LEAVES_WITHIN: Final = timedelta(hours=6)
"""An answer that has not left by then would be read as if it were written then: it is owed again instead."""
TOLD_WITHIN: Final = timedelta(hours=24)
"""The same for what other rooms tell, which is as true a day later."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a message that leaves is; ``reason``: the code of why it failed."""

    state: str
    reason: str = ""
    may_retry: bool = False


def reply(
    conversation_id: UUID,
    *,
    client_message_id: UUID,
    text: str,
    expected_version: int,
    by: people.Author,
    template: ReplyTemplate | None = None,
    media: Sequence[ReplyMedia] = (),
    facts: Sequence[InsertedFact] = (),
    macro_id: UUID | None = None,
    override: Override | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Entry:
    """Send an answer, once: the same id with the same content returns the first entry.

    Args:
        conversation_id: to which conversation.
        client_message_id: made by whoever sends.
        text: what it says; nothing with a template, which says what its provider approved, with the values in it.
        expected_version: the conversation's version that was read.
        by: who answers.
        template: sent in place of the text, where the provider takes no free text.
        media: files sent along.
        facts: those inserted from cards; one whose words are not in the text any more is not counted as told.
        macro_id: the macro that it was made from, whose facts must be in it.
        override: why it is sent although the check stops it.
        clock: tells the time.

    Raises:
        UnknownConversation, NotPermitted, UnacceptableText, SameIdOtherContent, ConversationClosed.
        VersionMoved: something was said or decided meanwhile. HeldByAnother: a colleague is writing.
        IdentityNotProven: facts for somebody who has not proven to be the customer. FactsMissing, UnknownMacro: of the macro.
        FactChanged, FactNotChecked, FactNotYours: a fact is not so any more, or can't be looked at.
        EmptyReply: the check stops it; ``kinds`` says why. WindowClosed, and what else ``send_message`` refuses. NowhereToSend.
        Whatever is refused, nothing was sent and nothing is written but that an empty answer was stopped.
    """
    written = "" if template else clean_body(text, field="text", length_max=REPLY_LENGTH_MAX)
    if len(facts) > FACTS_MAX or len(media) > MEDIA_MAX:
        raise InputError(field="facts" if len(facts) > FACTS_MAX else "media")
    digest = _digest(written, template, media, facts)
    try:
        with transaction.atomic():
            row = permitted(conversation_id, by, WORK, lock=True)
            before = EntryRow.objects.defer("words").filter(message_id=client_message_id).first()
            if before is not None:
                return _repeated(before, row, digest)
            _may_answer(row, expected_version, by, clock.now())
            body = _said_by(row, template) if template else written
            said = [fact for fact in facts if fact.is_in(body)]
            facts_allowed(row, said, macro_id, by, clock)
            why = _why_all_the_same(row, body, said, override, by, clock)
            sent = _send(row, client_message_id, body, template, media[:1], clock)
            content = Said(
                text=body, message_id=client_message_id, delivery=sent.state, reason=sent.reason,
                may_retry=sent.may_retry, facts=said, digest=digest, overridden=why,
            )  # fmt: skip
            made = add_entry(row, EntryKind.OUT, by.actor, content, now=clock.now())
            _send_more(row, client_message_id, media[1:], by, clock)
            _answered(row, made, by, clock)
            return told_entries([made])[0]
    except EmptyReply as refused:
        with transaction.atomic():  # what was stopped is counted, though nothing else of it stays
            row = permitted(conversation_id, by, WORK)
            record(row, "care.reply_stopped", by, after={"kinds": refused.kinds}, clock=clock)
            _count(row, refused.verdict, Outcome.STOPPED, "", by, clock)
        raise


@transaction.atomic
def tell(
    conversation_id: UUID,
    *,
    client_message_id: UUID,
    text: str,
    purpose: str,
    template: ReplyTemplate | None = None,
    media: ReplyMedia | None = None,
    actor: str = "system",
    answers: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> Entry:
    """Tell the customer of a conversation something that another room owes them, once; for rooms of ``care``, who look who asks.

    Nothing is checked but the provider's window. ``answers``: nothing in the conversation waits for an answer any more.

    Raises:
        UnknownConversation, SameIdOtherContent, WindowClosed, NowhereToSend.
    """
    row = ConversationRow.objects.select_for_update(no_key=True).filter(id=conversation_id).first()
    if row is None:
        raise UnknownConversation(field="conversation_id")
    files = (media,) if media is not None else ()
    digest = _digest(text, template, files, ())
    before = EntryRow.objects.defer("words").filter(message_id=client_message_id).first()
    if before is not None:
        return _repeated(before, row, digest)
    sent = _send(row, client_message_id, text, template, files, clock, purpose=purpose)
    content = Said(
        text=text, message_id=client_message_id, delivery=sent.state, reason=sent.reason, may_retry=sent.may_retry,
        digest=digest, details={"purpose": purpose} | ({ANSWERS: "1"} if answers else {}),
    )  # fmt: skip
    now = clock.now()
    made = add_entry(row, EntryKind.OUT, actor, content, now=now)
    if answers and row.unanswered:
        owe_nothing(row)
        row.state = ConversationState.WAITING.value
        clocks.closed(subject_id=row.id, by=actor, at=now, clock=clock)
    keep(row, clock=clock)
    return told_entries([made])[0]


def standing(message_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Return where messages are, as channels tells."""
    return {one: standing_of(message) for one, message in channels.outgoing(message_ids).items()}


def standing_of(message: channels.OutgoingMessage) -> Standing:
    """Return where a message is."""
    why, too_late = message.reason, message.state is channels.OutgoingState.EXPIRED
    return Standing(message.state.value, why.code if why else "", too_late or (why.may_retry if why else False))


def credit(row: ConversationRow, by: people.Author, at: datetime, clock: Clock) -> None:
    """Stop the clocks of a conversation to the credit of whoever answered, who goes on with it if it was nobody's own.

    What runs on is theirs as well, and stands still for the customer where its rule says so.
    """
    me = staff_id_of(by)
    if me is not None:
        clocks.answered(subject_id=row.id, by=me, at=at, clock=clock)
        if row.assignee is None:
            row.assignee = me
            clocks.handed_over(
                subject_id=row.id, team_id=row.team_id, to=me, by=by.actor, reason="", at=at, clock=clock
            )
    promised = AskerRow.objects.filter(conversation_id=row.id, state="waiting").exists()
    if row.state == ConversationState.WAITING.value and not promised:  # what was promised is waited for by the customer
        clocks.pause_clock(
            subject_id=row.id, reason=clocks.PauseReason.WAITING_FOR_CUSTOMER, by=by.actor, at=at, clock=clock
        )


def _may_answer(row: ConversationRow, expected_version: int, by: people.Author, now: datetime) -> None:
    if row.version != expected_version:
        raise VersionMoved(field="expected_version", version=row.version)
    if row.state == ConversationState.CLOSED.value:
        raise ConversationClosed(field="conversation_id", state=row.state)
    holder = lease_of_another(row, staff_id_of(by), now)
    if holder is not None:
        raise HeldByAnother(field="conversation_id", holder=str(holder))


def facts_allowed(
    row: ConversationRow, facts: Sequence[InsertedFact], macro_id: UUID | None, by: people.Author, clock: Clock
) -> None:
    """Refuse facts for somebody who has not proven to be the customer they are about; look again at those that may be told."""
    if macro_id is not None:
        check_begun(macro_id, row.institution_id, facts)
    if not facts:
        return
    proof = people.proof_for(people.identity(row.identity_id), row.customer_id)
    if row.customer_id is None or proof is not people.ProofState.PROVEN:
        raise IdentityNotProven(field="facts")
    recheck(
        facts,
        by=by,
        customer_id=row.customer_id,
        institution_id=row.institution_id,
        language=row.language,
        reply_language=row.language,
        clock=clock,
    )


def _send(
    row: ConversationRow,
    message_id: UUID,
    text: str,
    template: ReplyTemplate | None,
    media: Sequence[ReplyMedia],
    clock: Clock,
    *,
    purpose: str = REPLY,
) -> Standing:
    if is_in_person(row):
        return Standing(TOLD)
    to = party_of(row)
    content = channels.OutgoingContent(
        text="" if template else text, template=template, media=media[0] if media else None
    )
    sent = channels.send_message(
        client_message_id=message_id,
        line_id=row.line_id,
        to=to,
        content=content,
        purpose=purpose,
        expires_at=clock.now() + (LEAVES_WITHIN if purpose == REPLY else TOLD_WITHIN),
        clock=clock,
    )
    return standing_of(sent)


def _said_by(row: ConversationRow, template: ReplyTemplate) -> str:
    """Return what a template says with its values in their places, as it is checked and kept.

    Raises:
        TemplateUnknown: the line has no such template in this language.
    """
    for shape in channels.templates(row.line_id, template.language):
        if (shape.name, shape.language) == (template.name, template.language):
            return channels.filled(shape, template.values)
    raise channels.TemplateUnknown(field="template")


def _why_all_the_same(
    row: ConversationRow,
    text: str,
    facts: Sequence[InsertedFact],
    override: Override | None,
    by: people.Author,
    clock: Clock,
) -> str:
    """Return why an answer that the check stops is sent, and write that down; nothing for one that it does not stop.

    Raises:
        EmptyReply: nobody said why. UnacceptableText.
    """
    verdict = check_reply(text, language=row.language, facts=facts)
    if not verdict.stops:
        return ""
    stopped = EmptyReply(verdict)
    if override is None:
        raise stopped
    why = people.clean_reason(override.reason)
    record(row, "care.reply_overridden", by, after={"kinds": stopped.kinds}, reason=why, clock=clock)
    _count(row, verdict, Outcome.OVERRIDDEN, why, by, clock)
    return why


def _count(
    row: ConversationRow, verdict: Verdict, outcome: Outcome, reason: str, by: people.Author, clock: Clock
) -> None:
    """Keep for reports what came of an answer that the check stopped."""
    keep_check(
        verdict, institution_id=row.institution_id, conversation_id=row.id, language=row.language, outcome=outcome,
        by=by, reason=reason, clock=clock,
    )  # fmt: skip


def _send_more(
    row: ConversationRow, message_id: UUID, media: Sequence[ReplyMedia], by: people.Author, clock: Clock
) -> None:
    """Send the other files of an answer, each a message after the one before, under an id that follows from the answer's."""
    for number, each in enumerate(media, start=2):
        id_ = uuid5(message_id, f"file {number}")
        sent = _send(row, id_, "", None, (each,), clock)
        content = Said(
            message_id=id_, message_kind=_kind_of(each), delivery=sent.state, reason=sent.reason,
            may_retry=sent.may_retry, details={PART_OF: str(message_id)},
        )  # fmt: skip
        add_entry(row, EntryKind.OUT, by.actor, content, now=clock.now())


def _kind_of(media: ReplyMedia) -> str:
    return "image" if media.type.startswith("image/") else "document"


def _answered(row: ConversationRow, made: EntryRow, by: people.Author, clock: Clock) -> None:
    """Let nothing wait any more: the clock stops, and whoever answered goes on with it."""
    now, me = clock.now(), staff_id_of(by)
    owe_nothing(row)
    row.state = ConversationState.WAITING.value
    LeaseRow.objects.filter(conversation=row, staff_id__in=ids_of(me)).delete()
    credit(row, by, now, clock)
    keep(row, clock=clock)
    record(row, "care.replied", by, after={"entry": str(made.id), "facts": len(made.facts)}, clock=clock)


def _repeated(before: EntryRow, row: ConversationRow, digest: str) -> Entry:
    if before.conversation_id != row.id or before.digest != digest:
        raise platform.SameIdOtherContent(field="client_message_id")
    return told_entries([before])[0]


def _digest(
    text: str, template: ReplyTemplate | None, media: Sequence[ReplyMedia], facts: Sequence[InsertedFact]
) -> str:
    said = {
        "text": text,
        "template": [template.name, template.language, *template.values] if template else None,
        "media": [[each.name, each.type, hashlib.sha256(each.content).hexdigest()] for each in media],
        "facts": [facts_as_json(each) for each in facts],
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
