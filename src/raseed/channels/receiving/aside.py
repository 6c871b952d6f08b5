"""What was set aside: shown to operations without its content, looked at with a reason, tried again."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import record

from ..authority import ITEMS_REPLAY, ITEMS_VIEW, Authority, require
from ..domain import Channel
from ..models import ItemRow
from .domain import Item, ItemKind, ItemState, ItemUnknown
from .working import work_items

PAGE_MAX: Final = 200
CONTENT_LENGTH_MAX: Final = 20_000


def set_aside(institution_id: UUID, *, by: Authority, before: UUID | None = None, limit: int = 50) -> list[Item]:
    """Return what was set aside on an institution's lines, the latest first; ``before`` is the last one's id of the page before.

    Raises:
        ChannelsNotPermitted: the author may not see it.
    """
    require(by, ITEMS_VIEW, institution_id)
    rows = ItemRow.objects.filter(state=ItemState.SET_ASIDE.value, line__institution_id=institution_id)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [_item(row) for row in rows.select_related("line").order_by("-id")[: min(max(limit, 1), PAGE_MAX)]]


def item_content(item_id: UUID, *, by: Authority, reason: str, clock: Clock = SYSTEM_CLOCK) -> str:
    """Return the beginning of what an item brought, for who mends it; that it was looked at is in the audit trail.

    Raises:
        ItemUnknown, ChannelsNotPermitted: what they say.
    """
    with transaction.atomic():
        row = _found(item_id, by, ITEMS_REPLAY)
        _record(row, "viewed", by, reason, clock)
    return bytes(row.content[: 4 * CONTENT_LENGTH_MAX]).decode("utf-8", "replace")[:CONTENT_LENGTH_MAX]


@transaction.atomic
def replay_item(item_id: UUID, *, by: Authority, reason: str = "", clock: Clock = SYSTEM_CLOCK) -> None:
    """Have an item that was set aside tried again, from its first try.

    Raises:
        ItemUnknown: it is not there, or was not set aside. ChannelsNotPermitted: the author may not.
    """
    row = _found(item_id, by, ITEMS_REPLAY)
    ItemRow.objects.filter(id=item_id).update(
        state=ItemState.WAITING.value, attempts=0, next_try_at=clock.now(), ended_at=None, problem=""
    )
    _record(row, "replayed", by, reason, clock)
    work_items.defer(line_id=str(row.line_id))


def _found(item_id: UUID, by: Authority, permission: str) -> ItemRow:
    rows = ItemRow.objects.select_for_update(of=("self",)).select_related("line")
    row = rows.filter(id=item_id, state=ItemState.SET_ASIDE.value).first()
    if row is None:
        raise ItemUnknown(field="item_id")
    require(by, permission, row.line.institution_id)
    return row


def _record(row: ItemRow, deed: str, by: Authority, reason: str, clock: Clock) -> None:
    record(
        actor=by.actor,
        action=f"channels.item_{deed}",
        subject=f"item:{row.id}",
        before={"problem": row.problem},
        reason=reason,
        institution_id=row.line.institution_id,
        clock=clock,
    )


def _item(row: ItemRow) -> Item:
    return Item(
        id=row.id,
        line_id=row.line_id,
        institution_id=row.line.institution_id,
        channel=Channel(row.line.channel),
        kind=ItemKind(row.kind),
        state=ItemState(row.state),
        attempts=row.attempts,
        received_at=row.received_at,
        size_bytes=len(row.content),
        problem=row.problem,
    )
