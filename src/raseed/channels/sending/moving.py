"""Moving a message to another state: its times, its reason and the event, in one place."""

from __future__ import annotations

from datetime import datetime

from raseed.kernel.clock import Clock
from raseed.platform.api import emit

from ..events import DELIVERY_CHANGED
from ..models import OutgoingRow
from .states import OutgoingState

_FIELDS = [
    "state", "next_try_at", "slot_at", "lease_until", "provider_id", "sent_at", "delivered_at", "read_at", "failed_at",
    "heard_at", "reason_code", "reason_told", "round", "tries", "expires_at",
]  # fmt: skip


def move(
    row: OutgoingRow,
    state: OutgoingState,
    *,
    at: datetime,
    clock: Clock,
    code: str = "",
    told: str = "",
    next_try_at: datetime | None = None,
) -> None:
    """Move a locked row to a state, with why, and tell of it in the caller's transaction. ``at`` is when it became so."""
    was = row.state
    row.state, row.next_try_at, row.slot_at, row.lease_until = state.value, next_try_at, None, None
    row.reason_code, row.reason_told = code, told
    match state:
        case OutgoingState.SENT:
            row.sent_at = row.sent_at or at
        case OutgoingState.DELIVERED:
            row.sent_at, row.delivered_at = row.sent_at or at, row.delivered_at or at
        case OutgoingState.READ:
            row.sent_at, row.delivered_at, row.read_at = row.sent_at or at, row.delivered_at or at, row.read_at or at
        case OutgoingState.FAILED:
            row.failed_at = at
        case _:
            row.failed_at = None
    row.save(update_fields=_FIELDS)
    if was != row.state and not (was == OutgoingState.SENDING.value and state is OutgoingState.WAITING):
        payload = {"message_id": str(row.id), "state": row.state}
        emit(DELIVERY_CHANGED, payload, institution_id=row.institution_id, clock=clock)
