"""Documents find their case: by the reference that was typed, or because the customer has only one open; else a person chooses.

A reference that somebody types opens no other customer's case to them: it files only where the sender is linked to the case's
own customer, or began the case themself. Otherwise the document stays unfiled, with the case suggested.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from raseed.channels import api as channels
from raseed.channels.api import IncomingMessage
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.text import ascii_digits
from raseed.people import api as people
from raseed.platform import api as platform

from ..conversations.domain import EventCode
from ..conversations.keeping import add_event, permitted, tell_changed
from ..conversations.permissions import VIEW, WORK
from ..models import AttachmentRow, CaseRow, ConversationRow, EntryRow
from .domain import PAGE_MAX, Attachment, AttachmentPage, CaseState, FiledHow
from .errors import CaseEnded, CaseOfAnother, UnknownAttachment, UnknownCase
from .keeping import UNENDED, add_step, locked_case

TOGETHER: Final = timedelta(minutes=30)
"""A reference and the pictures that belong to it come within this time, in either order."""
LOOKED_AT_MAX: Final = 20
SYSTEM_ACTOR: Final = "system"
MESSAGES_AT_ONCE: Final = 500
_REFERENCE: Final = re.compile(r"(?<![a-z0-9])r[\s\-_/#.:]*(20\d\d)[\s\-_/.:]*0*([1-9]\d{0,8})(?!\d)", re.IGNORECASE)


class Home(NamedTuple):
    """Where a document belongs: a case and why, or a case that is only suggested."""

    case: CaseRow | None = None
    how: FiledHow | None = None
    suggested: CaseRow | None = None


def references_in(text: str) -> list[tuple[int, int]]:
    """Return the references in a text as (year, number), however they are written: digits of any script, any dashes."""
    plain = ascii_digits(text)
    return list(dict.fromkeys((int(year), int(number)) for year, number in _REFERENCE.findall(plain)))


def file_media(row: ConversationRow, entry: EntryRow, message: IncomingMessage, *, clock: Clock) -> None:
    """Keep the files of a message that was just placed in a locked conversation, each with its case if that is certain.

    On a line for documents a reference that comes by itself also files what came just before it.
    """
    now = clock.now()
    if message.media:
        home = _home(row, message.text, now)
        for file in message.media:
            attachment = AttachmentRow(
                id=new_id(), institution_id=row.institution_id, media_id=file.id, message_id=message.id, conversation=row,
                customer_id=row.customer_id, documents=row.documents, state=file.state.value, received_at=now,
                suggested_case=home.suggested,
            )  # fmt: skip
            if home.case is not None and home.how is not None:
                _put(attachment, home.case, home.how, SYSTEM_ACTOR, now)
            attachment.save(force_insert=True)
        if home.case is not None:
            _told_case(row, home.case, len(message.media), clock)
    elif row.documents and references_in(message.text):
        _file_what_came_before(row, message.text, clock)
    del entry


@transaction.atomic
def media_settled(media_id: UUID, *, state: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Take over what became of a file: kept, refused, gone or infected."""
    attachment = AttachmentRow.objects.select_for_update().filter(media_id=media_id).first()
    if attachment is None or attachment.state == state:
        return
    attachment.state = state
    attachment.save(update_fields=["state"])
    tell_changed(attachment.conversation, clock=clock)


@transaction.atomic
def attach_media(
    case_id: UUID, media_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Attachment:
    """Put a document with a case, or with another case than it was; the same again changes nothing.

    Raises:
        UnknownCase, UnknownAttachment, UnacceptableText, NotPermitted. CaseEnded: the case is resolved.
        CaseOfAnother: the document's sender is linked to another customer than the case's.
    """
    said = people.clean_reason(reason)
    case = locked_case(case_id, by, WORK)
    attachment = AttachmentRow.objects.select_for_update().filter(media_id=media_id).first()
    if attachment is None or attachment.institution_id != case.institution_id:
        raise UnknownAttachment(field="media_id")
    if attachment.case_id == case.id:
        return told_attachments([attachment])[0]
    if CaseState(case.state) not in UNENDED:
        raise CaseEnded(field="case_id", state=case.state)
    if not same_person(attachment.customer_id, case.customer_id):
        raise CaseOfAnother(field="case_id")
    before = attachment.case_id
    now = clock.now()
    _put(attachment, case, FiledHow.PERSON, by.actor, now)
    attachment.save()
    add_step(case, by.actor, CaseState(case.state), "", now=now)
    case.save()
    platform.record(
        actor=by.actor,
        action="care.document_filed",
        subject=f"case:{case.id}",
        before={"case": str(before) if before else None},
        after={"media": str(media_id), "case": str(case.id)},
        reason=said,
        institution_id=case.institution_id,
        customer_id=case.customer_id,
        clock=clock,
    )
    tell_changed(attachment.conversation, clock=clock)
    return told_attachments([attachment])[0]


def attachments(case_id: UUID, *, by: people.Author) -> tuple[Attachment, ...]:
    """Return the documents of a case, the earliest first.

    Raises:
        UnknownCase: none, or one that ``by`` may not see.
    """
    case = CaseRow.objects.filter(id=case_id).first()
    if case is None or not by.may(VIEW, case.institution_id):
        raise UnknownCase(field="case_id")
    return tuple(told_attachments(list(case.attachments.order_by("received_at", "id"))))


def attachments_of(conversation_id: UUID, *, by: people.Author) -> tuple[Attachment, ...]:
    """Return what was sent along in a conversation, filed or not.

    Raises:
        UnknownConversation: none, or one that ``by`` may not see.
    """
    row = permitted(conversation_id, by)
    return tuple(told_attachments(list(row.attachments.order_by("received_at", "id"))))


def unfiled(institution_id: UUID, *, by: people.Author, before: str | None = None, limit: int = 50) -> AttachmentPage:
    """Return documents that no case has yet, the oldest first; ``before`` is the last page's marker.

    Raises:
        NotPermitted: ``by`` may not see conversations there. InvalidCursor.
    """
    people.require(by, VIEW, institution_id)
    size, kind = min(max(limit, 1), PAGE_MAX), f"care.unfiled:{institution_id}"
    rows = AttachmentRow.objects.filter(_unfiled(institution_id))
    if before is not None:
        at, id_ = platform.decode_cursor(kind, before)
        when, last = datetime.fromisoformat(str(at)), UUID(str(id_))
        rows = rows.filter(Q(received_at__gt=when) | Q(received_at=when, id__gt=last))
    found = list(rows.order_by("received_at", "id")[: size + 1])
    page = found[:size]
    marker = (
        platform.encode_cursor(kind, page[-1].received_at.isoformat(), str(page[-1].id)) if len(found) > size else None
    )
    return AttachmentPage(tuple(told_attachments(page)), marker)


def unfiled_count(institution_id: UUID, *, by: people.Author) -> int:
    """Return how many documents wait for a person to choose their case.

    Raises:
        NotPermitted: ``by`` may not see conversations there.
    """
    people.require(by, VIEW, institution_id)
    return AttachmentRow.objects.filter(_unfiled(institution_id)).count()


def told_attachments(rows: Sequence[AttachmentRow]) -> list[Attachment]:
    """Return attachments as others see them, with the files as channels tells of them now."""
    came = sorted({row.message_id for row in rows})
    files: dict[UUID, channels.Media] = {}
    for start in range(0, len(came), MESSAGES_AT_ONCE):
        messages = channels.incomings(came[start : start + MESSAGES_AT_ONCE])
        files |= {file.id: file for message in messages.values() for file in message.media}
    return [
        Attachment(
            id=row.id,
            institution_id=row.institution_id,
            media_id=row.media_id,
            message_id=row.message_id,
            conversation_id=row.conversation_id,
            customer_id=row.customer_id,
            case_id=row.case_id,
            suggested_case_id=row.suggested_case_id,
            state=row.state,
            received_at=row.received_at,
            filed_at=row.filed_at,
            filed_by=row.filed_by,
            how=FiledHow(row.how) if row.how else None,
            media=files.get(row.media_id),
        )
        for row in rows
    ]


def same_person(one: UUID | None, other: UUID | None) -> bool:
    """Whether two customers are one, as far as is known: who is nobody yet may be anybody."""
    if one is None or other is None or one == other:
        return True
    told = people.resolve_customers([one, other])
    return told[one] == told[other]


def _unfiled(institution_id: UUID) -> Q:
    return Q(institution_id=institution_id, case=None, documents=True, state__in=["waiting", "kept"])


def _home(row: ConversationRow, text: str, now: datetime) -> Home:
    """Say where the files of a message belong."""
    written = references_in(text) or _lately_written(row, now)
    named = [case for case in _cases_named(row.institution_id, written) if CaseState(case.state) in UNENDED]
    theirs = [case for case in named if _is_theirs(case, row)]
    if len(theirs) == 1:
        return Home(theirs[0], FiledHow.REFERENCE)
    if named:
        return Home(suggested=named[0])
    if row.case_id is not None and row.case is not None and CaseState(row.case.state) in UNENDED and not row.documents:
        return Home(row.case, FiledHow.CONVERSATION)
    if row.documents and row.customer_id is not None:
        waiting = list(
            CaseRow.objects.filter(
                institution_id=row.institution_id, customer_id__in=people.customers_as_one(row.customer_id),
                state__in=[state.value for state in UNENDED],
            )[:2]
        )  # fmt: skip
        if len(waiting) == 1:
            return Home(waiting[0], FiledHow.ONLY_OPEN)
    return Home()


def _lately_written(row: ConversationRow, now: datetime) -> list[tuple[int, int]]:
    """Return the references of the latest message that had any, if it came just before."""
    if not row.documents:
        return []
    texts = EntryRow.objects.filter(conversation=row, kind="in", at__gte=now - TOGETHER).exclude(text="")
    for text in texts.order_by("-position").values_list("text", flat=True)[:LOOKED_AT_MAX]:
        if found := references_in(text):
            return found
    return []


def _cases_named(institution_id: UUID, references: Sequence[tuple[int, int]]) -> list[CaseRow]:
    found = []
    for year, number in references[:LOOKED_AT_MAX]:
        found += list(CaseRow.objects.filter(institution_id=institution_id, year=year, number=number))
    return found


def _is_theirs(case: CaseRow, row: ConversationRow) -> bool:
    """Whether a case is the sender's: of the customer they are linked to, or begun in a conversation of theirs."""
    if case.customer_id is not None:
        return row.customer_id is not None and same_person(case.customer_id, row.customer_id)
    return ConversationRow.objects.filter(case=case, identity_id=row.identity_id).exists()


def _file_what_came_before(row: ConversationRow, text: str, clock: Clock) -> None:
    now = clock.now()
    home = _home(row, text, now)
    waiting = AttachmentRow.objects.select_for_update().filter(
        conversation=row, case=None, received_at__gte=now - TOGETHER
    )
    rows = list(waiting.order_by("id"))
    for attachment in rows:
        if home.case is not None and home.how is FiledHow.REFERENCE:
            _put(attachment, home.case, home.how, SYSTEM_ACTOR, now)
        elif home.suggested is not None:
            attachment.suggested_case = home.suggested
        attachment.save()
    if rows and home.case is not None and home.how is FiledHow.REFERENCE:
        _told_case(row, home.case, len(rows), clock)


def _put(attachment: AttachmentRow, case: CaseRow, how: FiledHow, by: str, now: datetime) -> None:
    attachment.case, attachment.how = case, how.value
    attachment.filed_at, attachment.filed_by, attachment.suggested_case = now, by, None


def _told_case(row: ConversationRow, case: CaseRow, files: int, clock: Clock) -> None:
    add_event(row, EventCode.CASE, SYSTEM_ACTOR, now=clock.now(), case=str(case.id), files=str(files))
    if row.case_id is None:
        row.case = case
