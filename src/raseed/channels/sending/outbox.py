"""Keeping a message in the sender's transaction. It is checked here, so that what can't leave is refused while somebody looks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, mark
from raseed.platform.api import SameIdOtherContent, emit

from ..adapters.wires import BY_ROW, CAPTION_MAX, TEXT_MAX, wire
from ..domain import Channel, InvalidMessage
from ..events import DELIVERY_CHANGED
from ..lines.domain import Line
from ..lines.services import line
from ..models import OutgoingFileRow, OutgoingRow
from ..receiving.domain import Party
from .calling import call
from .domain import (
    PURPOSE_LENGTH_MAX,
    SUBJECT_LENGTH_MAX,
    LineCannotSend,
    OutgoingContent,
    OutgoingMedia,
    OutgoingMessage,
    RecipientNotOnLine,
    TemplateUnknown,
    WindowClosed,
)
from .files import checked_file
from .queries import as_message
from .states import OutgoingState
from .templates import checked
from .windows import window_on

REPLY_TO_LENGTH_MAX: Final = 1000
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}\Z")
_MAIL: Final = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,250}\Z")


class InvalidSendingTime(InputError):
    """A time to leave by that has passed, or that is before the one not to leave before."""

    code = "invalid_sending_time"
    sentence = mark("This message could never be sent: its time is over before it may leave.")
    hint = mark("Give a later time.")


@dataclass(frozen=True, slots=True)
class _Checked:
    """What is kept of a message, and a hash of all that makes it what it is."""

    fields: Mapping[str, Any]
    media: OutgoingMedia | None
    digest: bytes


@transaction.atomic
def send_message(
    *,
    client_message_id: UUID,
    line_id: UUID,
    to: Party,
    content: OutgoingContent,
    purpose: str,
    reply_to: str = "",
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> OutgoingMessage:
    """Keep a message in the caller's transaction; it leaves once that has committed. The same again returns the same.

    Args:
        client_message_id: the caller's id for it, kept by the caller before.
        line_id: on which it leaves.
        to: whom it is for, as they are known on that line.
        content: what is sent.
        purpose: ``reply`` where a person of ours has written it; else a word for why it is sent. Never personal data.
        reply_to: what the channel calls the message that this one answers.
        not_before: it waits until then.
        expires_at: it is not sent from then on.
        clock: tells the time.

    Raises:
        LineUnknown: there is no such line.
        LineCannotSend: calls and visits are only written down, or the line is closed.
        RecipientNotOnLine: the person has no address here.
        InvalidMessage: nothing is to be sent, or it is too long.
        WindowClosed: free text, and more than 24 hours since the customer wrote.
        TemplateUnknown, TemplateValuesWrong, FileNotCarried, InvalidSendingTime: what they say.
        SameIdOtherContent: the id is another message's.
    """
    on = line(line_id)
    made = _checked(on, to, content, purpose, reply_to)
    there = OutgoingRow.objects.filter(id=client_message_id).first()
    if there is None:
        _may_leave(on, to, content, not_before, expires_at, clock)
        there, is_new = OutgoingRow.objects.get_or_create(
            id=client_message_id,
            defaults={
                **made.fields,
                "digest": made.digest,
                "not_before": not_before,
                "expires_at": expires_at,
                **_beginning(on, not_before, clock),
            },
        )
        if is_new:
            _begin(there, made.media, clock)
    if bytes(there.digest) != made.digest:
        raise SameIdOtherContent(field="client_message_id")
    return as_message(there)


def _beginning(on: Line, not_before: datetime | None, clock: Clock) -> dict[str, Any]:
    now = clock.now()
    if on.channel.value in BY_ROW:  # the customer's page reads the row, so it is there as soon as it is kept
        return {"created_at": now, "state": OutgoingState.SENT.value, "sent_at": now, "heard_at": now}
    return {"created_at": now, "next_try_at": max(now, not_before or now)}


def _begin(row: OutgoingRow, media: OutgoingMedia | None, clock: Clock) -> None:
    if media is not None:
        digest = hashlib.sha256(media.content).digest()
        OutgoingFileRow.objects.create(message_id=row.id, sha256=digest, content=media.content)
    if row.state == OutgoingState.WAITING.value:
        assert row.next_try_at is not None, "what waits has a time"
        call(row.id, at=row.next_try_at, now=row.created_at)
    else:
        payload = {"message_id": str(row.id), "state": row.state}
        emit(DELIVERY_CHANGED, payload, institution_id=row.institution_id, clock=clock)


def _may_leave(
    on: Line,
    to: Party,
    content: OutgoingContent,
    not_before: datetime | None,
    expires_at: datetime | None,
    clock: Clock,
) -> None:
    """Refuse what could be kept but not sent now; a repeat of what was kept is not asked this again."""
    if not on.active:
        raise LineCannotSend(field="line_id")
    if expires_at is not None and expires_at <= max(
        clock.now(), not_before or expires_at.min.replace(tzinfo=expires_at.tzinfo)
    ):
        raise InvalidSendingTime(field="expires_at")
    if content.template is not None:
        checked(on.id, content.template)
    elif not window_on(on, (to.external_id, *to.aliases), clock=clock).open:
        raise WindowClosed(field="content")


def _checked(on: Line, to: Party, content: OutgoingContent, purpose: str, reply_to: str) -> _Checked:
    if wire(on.channel.value) is None and on.channel.value not in BY_ROW:
        raise LineCannotSend(field="line_id")
    if to.scope != on.scope or not _has_address(on.channel, to):
        raise RecipientNotOnLine(field="to")
    assert 0 < len(purpose) <= PURPOSE_LENGTH_MAX, "a purpose is one of our own words"
    media = None if content.media is None else checked_file(on.channel, content.media)
    _check_text(on.channel, content, reply_to)
    template = content.template
    fields: dict[str, Any] = {
        "line_id": on.id,
        "institution_id": on.institution_id,
        "channel": on.channel.value,
        "purpose": purpose,
        "to_scope": to.scope,
        "to_external_id": to.external_id,
        "text": content.text,
        "subject": content.subject,
        "template_name": "" if template is None else template.name,
        "template_language": "" if template is None else template.language,
        "template_values": [] if template is None else list(template.values),
        "media_name": "" if media is None else media.name,
        "media_type": "" if media is None else media.type,
        "reply_to": reply_to,
    }
    identity = {name: str(value) if isinstance(value, UUID) else value for name, value in fields.items()}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    file = b"" if media is None else hashlib.sha256(media.content).digest()
    fields |= {"to_phone": to.phone or "", "to_name": to.name}
    return _Checked(fields, media, hashlib.sha256(text.encode("utf-8", "surrogatepass") + b"\x00" + file).digest())


def _check_text(channel: Channel, content: OutgoingContent, reply_to: str) -> None:
    text, template, media = content.text, content.template, content.media
    if template is not None and (text or media is not None or channel is not Channel.WHATSAPP):
        raise TemplateUnknown(field="template")
    if template is None and media is None and not text.strip():
        raise InvalidMessage(field="text")
    longest = TEXT_MAX[channel.value]
    if media is not None:
        longest = CAPTION_MAX.get(channel.value, longest)
    if len(text) > longest or len(content.subject) > SUBJECT_LENGTH_MAX or len(reply_to) > REPLY_TO_LENGTH_MAX:
        raise InvalidMessage(field="text")
    if not all(_is_writable(part) for part in (text, reply_to)) or not content.subject.isprintable():
        raise InvalidMessage(field="text")


def _is_writable(text: str) -> bool:
    """Whether a text can be kept and encoded: no NUL, no half of a pair of surrogates."""
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _has_address(channel: Channel, to: Party) -> bool:
    bare = to.external_id.rpartition(":")[2]
    match channel:
        case Channel.WHATSAPP:
            return to.external_id.startswith(("wa:", "bsuid:")) and bool(bare)
        case Channel.TELEGRAM | Channel.X:
            return bool(_NUMBER.match(bare))
        case Channel.SMS:
            return bool(_PHONE.match(to.phone or to.external_id))
        case Channel.EMAIL:
            return to.external_id.isprintable() and bool(_MAIL.match(to.external_id))
        case _:
            return bool(to.external_id)
