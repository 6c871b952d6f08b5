"""Reading what became of messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from ..models import AttemptRow, OutgoingFileRow, OutgoingRow
from .domain import Attempt, OutgoingContent, OutgoingMedia, OutgoingMessage, Template
from .reasons import reason
from .states import OutgoingState

IDS_MAX: Final = 1000
ATTEMPTS_MAX: Final = 500


def outgoing(ids: Iterable[UUID]) -> Mapping[UUID, OutgoingMessage]:
    """Return messages by their ids; those that are not there are left out. At most ``IDS_MAX`` at once."""
    wanted = list(dict.fromkeys(ids))
    assert len(wanted) <= IDS_MAX, "a page of messages is smaller"
    return {row.id: as_message(row) for row in OutgoingRow.objects.filter(id__in=wanted)}


def attempts_of(message_id: UUID) -> list[Attempt]:
    """Return every time that a message was handed over, the first one first."""
    rows = AttemptRow.objects.filter(message_id=message_id).order_by("number")[:ATTEMPTS_MAX]
    return [
        Attempt(
            number=row.number,
            round=row.round,
            began_at=row.began_at,
            ended_at=row.ended_at,
            outcome=row.outcome,
            reason=reason(row.code, row.told) if row.code else None,
            provider_id=row.provider_id,
            took_ms=row.took_ms,
        )
        for row in rows
    ]


def outgoing_content(message_id: UUID) -> OutgoingContent | None:
    """Return what was or is to be sent, with its file; ``None`` where there is no such message."""
    row = OutgoingRow.objects.filter(id=message_id).first()
    if row is None:
        return None
    file = OutgoingFileRow.objects.filter(message_id=message_id).first()
    return OutgoingContent(
        text=row.text,
        template=Template(row.template_name, row.template_language, tuple(row.template_values))
        if row.template_name
        else None,
        media=OutgoingMedia(row.media_name, row.media_type, bytes(file.content)) if file is not None else None,
        subject=row.subject,
    )


def as_message(row: OutgoingRow) -> OutgoingMessage:
    """Return a row as what other packages see."""
    return OutgoingMessage(
        id=row.id,
        line_id=row.line_id,
        provider_id=row.provider_id,
        state=OutgoingState(row.state),
        attempts=row.attempts,
        reason=reason(row.reason_code, row.reason_told) if row.reason_code else None,
        created_at=row.created_at,
        sent_at=row.sent_at,
        delivered_at=row.delivered_at,
        read_at=row.read_at,
        failed_at=row.failed_at,
        next_try_at=row.next_try_at,
        media_name=row.media_name,
        expires_at=row.expires_at,
    )
