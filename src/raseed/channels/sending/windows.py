"""When free text may be sent: WhatsApp carries it for 24 hours after the customer last wrote; other channels always."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Max

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from ..domain import Channel
from ..lines.domain import Line
from ..lines.services import line
from ..models import MessageRow
from ..receiving.domain import Party
from .domain import Window

OPEN_FOR: Final = timedelta(hours=24)


def window(line_id: UUID, party: Party, *, clock: Clock = SYSTEM_CLOCK) -> Window:
    """Return whether free text may be sent to somebody on a line now, and until when.

    Raises:
        LineUnknown: there is no such line.
    """
    return window_on(line(line_id), (party.external_id, *party.aliases), clock=clock)


def window_on(on: Line, external_ids: Iterable[str], *, clock: Clock) -> Window:
    """As ``window``, of a line in hand and all ids under which the person is known on it."""
    if on.channel is not Channel.WHATSAPP:
        return Window(open=True, closes_at=None, templates_only=False)
    heard = MessageRow.objects.filter(line_id=on.id, external_id__in=list(external_ids)).aggregate(last=Max("sent_at"))
    if heard["last"] is None:
        return Window(open=False, closes_at=None, templates_only=True)
    closes_at = heard["last"] + OPEN_FOR
    is_open = clock.now() < closes_at
    return Window(open=is_open, closes_at=closes_at, templates_only=not is_open)
