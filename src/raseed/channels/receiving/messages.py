"""Keeping a message once, with the files it names, and telling that it came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.platform.api import emit_many, named_statements, run_statement

from ..domain import Channel
from ..events import MESSAGE_RECEIVED
from ..lines.domain import Line, LineUnknown
from ..lines.services import line as find_line
from ..media.domain import NewFile
from ..media.owing import KINDS_WITH_FILES, owe_files
from ..media.queries import files_of
from ..media.store import bring
from ..models import MessageRow
from .cleaning import safe_id, shown_name, shown_text
from .domain import LATE_AFTER, IncomingMessage, MessageKind, MessageUnknown, Party
from .drafts import Draft, DraftFile

STATEMENTS: Final = named_statements(__package__)
READ_MAX: Final = 1_000
PHONE_LENGTH_MAX: Final = 40


def keep_message(draft: Draft, line: Line, *, received_at: datetime, clock: Clock = SYSTEM_CLOCK) -> UUID | None:
    """Keep a message in the caller's transaction; returns its id, or ``None``: it was known.

    The caller tells that it came (``tell``), which is cheaper for many at once.
    """
    message_id = new_id()
    sent_at = min(draft.sent_at, received_at)
    party = draft.party
    made = run_statement(
        STATEMENTS["keep_message"],
        {
            "id": message_id,
            "line": line.id,
            "institution": line.institution_id,
            "channel": line.channel.value,
            "provider_id": safe_id(draft.provider_id),
            "scope": party.scope,
            "external_id": safe_id(party.external_id),
            "aliases": json.dumps([safe_id(alias) for alias in party.aliases]),
            "phone": safe_id(party.phone or "", length_max=PHONE_LENGTH_MAX),
            "name": shown_name(party.name),
            "username": shown_name(party.username),
            "kind": draft.kind.value,
            "text": shown_text(draft.text),
            "reply_to": safe_id(draft.reply_to),
            "sent_at": sent_at,
            "received_at": received_at,
            "late": received_at - sent_at > LATE_AFTER,
        },
    )
    if not made:
        return None
    if draft.files:
        owe_files(message_id, line, draft.files, clock=clock)
    return message_id


def tell(line: Line, message_ids: Sequence[UUID], *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Tell of messages of one line, in the transaction that keeps them."""
    told = {"line_id": str(line.id), "institution_id": str(line.institution_id), "channel": line.channel.value}
    emit_many(
        MESSAGE_RECEIVED,
        [{"message_id": str(message_id), **told} for message_id in message_ids],
        institution_id=line.institution_id,
        clock=clock,
    )


def take_in(
    *,
    line_id: UUID,
    party: Party,
    kind: MessageKind | str = MessageKind.TEXT,
    text: str,
    provider_id: str,
    sent_at: datetime,
    files: Sequence[NewFile] = (),
    reply_to: str = "",
    received_at: datetime | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> IncomingMessage:
    """Take in a message that no provider delivers: an e-mail, one from our own pages, a call or a visit that staff log.

    ``received_at`` is when it reached us, where that was before now: a call is written down after it. Kept and told in the caller's transaction, once for its line and ``provider_id``: again, it returns the first. Files are
    checked by a job before they can be seen, as those of other channels.

    Raises:
        LineUnknown: there is no such line, or it is not active.
    """
    there = find_line(line_id)
    if not there.active:
        raise LineUnknown(field="line_id")
    drafts = tuple(
        DraftFile(
            kind=file.kind if file.kind in KINDS_WITH_FILES else "document",
            source=bring(file.content),
            name=file.name,
            claimed_type=file.claimed_type,
        )
        for file in files
    )
    draft = Draft(
        provider_id=provider_id, party=party, kind=MessageKind(kind), text=text, sent_at=sent_at, reply_to=reply_to,
        files=drafts,
    )  # fmt: skip
    with transaction.atomic():
        kept = keep_message(draft, there, received_at=received_at or clock.now(), clock=clock)
        if kept is not None:
            tell(there, [kept], clock=clock)
            return incoming(kept)
    row = MessageRow.objects.get(line_id=line_id, provider_id=safe_id(provider_id))
    return incoming(row.id)


def incoming(message_id: UUID) -> IncomingMessage:
    """Return a message that came in.

    Raises:
        MessageUnknown: none has this id.
    """
    found = incomings([message_id])
    if not found:
        raise MessageUnknown(field="message_id")
    return found[message_id]


def incomings(message_ids: Iterable[UUID]) -> dict[UUID, IncomingMessage]:
    """Return messages by id; those that there are not are left out. At most ``READ_MAX`` at once."""
    ids = list(message_ids)
    assert len(ids) <= READ_MAX, "asked for in pages"
    files = files_of(ids)
    return {
        row.id: IncomingMessage(
            id=row.id,
            line_id=row.line_id,
            institution_id=row.institution_id,
            channel=Channel(row.channel),
            provider_id=row.provider_id,
            party=Party(row.scope, row.external_id, row.phone or None, row.name, row.username, tuple(row.aliases)),
            kind=MessageKind(row.kind),
            text=row.text,
            reply_to=row.reply_to,
            sent_at=row.sent_at,
            received_at=row.received_at,
            media=tuple(files.get(row.id, ())),
            late=row.late,
        )
        for row in MessageRow.objects.filter(id__in=ids)
    }


def web_written(
    line_id: UUID, external_id: str, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[IncomingMessage]:
    """Return the latest that one person wrote on a web line, oldest first; those before a message, by its time and id."""
    rows = MessageRow.objects.filter(line_id=line_id, external_id=external_id, channel=Channel.WEB.value)
    if before is not None:
        at, id_ = before
        rows = rows.filter(Q(sent_at__lt=at) | Q(sent_at=at, id__lt=id_))
    ids = list(rows.order_by("-sent_at", "-id").values_list("id", flat=True)[: min(limit, READ_MAX)])
    found = incomings(ids)
    return [found[each] for each in reversed(ids)]
