"""Web chat: the customer's page reads the rows themselves, and says what it has shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from ..domain import Channel
from ..models import OutgoingRow
from .moving import move
from .states import OutgoingState, after_status

PAGE_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class PageMessage:
    """A message as the customer's page shows it; ``position`` is its place. Its file is read by ``outgoing_content``."""

    id: UUID
    position: int
    text: str
    media_name: str
    media_type: str
    reply_to: str
    at: datetime
    read_at: datetime | None


def web_messages(line_id: UUID, external_id: str, *, after: int = 0, limit: int = 50) -> list[PageMessage]:
    """Return what was written to one person on a web line after a place, oldest first."""
    rows = OutgoingRow.objects.filter(
        line_id=line_id, to_external_id=external_id, channel=Channel.WEB.value, position__gt=after
    ).order_by("position")
    return [_shown(row) for row in rows[: min(limit, PAGE_MAX)]]


def web_latest(
    line_id: UUID, external_id: str, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[PageMessage]:
    """Return the latest that was written to one person on a web line, oldest first; those before a message, by its time and id."""
    rows = OutgoingRow.objects.filter(line_id=line_id, to_external_id=external_id, channel=Channel.WEB.value)
    if before is not None:
        at, id_ = before
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=id_))
    return [_shown(row) for row in rows.order_by("-created_at", "-id")[: min(limit, PAGE_MAX)]][::-1]


def web_one(line_id: UUID, external_id: str, message_id: UUID) -> PageMessage | None:
    """Return a message to one person on a web line; ``None`` where it is none, or another's."""
    row = OutgoingRow.objects.filter(
        id=message_id, line_id=line_id, to_external_id=external_id, channel=Channel.WEB.value
    ).first()
    return None if row is None else _shown(row)


def web_unread(line_ids: Sequence[UUID], external_id: str) -> int:
    """Return how many messages to one person on web lines their page has not shown yet."""
    return OutgoingRow.objects.filter(
        line_id__in=list(line_ids), to_external_id=external_id, channel=Channel.WEB.value, read_at=None
    ).count()


def _shown(row: OutgoingRow) -> PageMessage:
    return PageMessage(
        row.id, row.position, row.text, row.media_name, row.media_type, row.reply_to, row.created_at, row.read_at
    )  # fmt: skip


@transaction.atomic
def web_seen(line_id: UUID, external_id: str, ids: Sequence[UUID], *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Keep that the person's page has shown messages to them; return how many that is news of."""
    rows = OutgoingRow.objects.select_for_update().filter(
        line_id=line_id, to_external_id=external_id, channel=Channel.WEB.value, id__in=list(ids)[:PAGE_MAX]
    )
    news = 0
    for row in rows.order_by("position"):
        state = OutgoingState(row.state)
        if after_status(state, OutgoingState.READ, of_last_attempt=True) is not state:
            move(row, OutgoingState.READ, at=clock.now(), clock=clock)
            news += 1
    return news
