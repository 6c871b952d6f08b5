"""Calling the job of a message: deferred in the transaction that makes it due, so it exists exactly if that has committed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from raseed.platform.jobs import app

QUEUE = "messages"


@app.task(name="channels.hand_over", queue=QUEUE)
def hand_over(*, message_id: str) -> None:
    """Try once to hand a message to its provider, and keep the outcome."""
    from .carrying import carry  # noqa: PLC0415  (carrying calls jobs itself)

    carry(UUID(message_id))


def call(message_id: UUID, *, at: datetime, now: datetime) -> None:
    """Have a message tried at an instant."""
    job = hand_over.configure(schedule_at=at) if at > now else hand_over
    job.defer(message_id=str(message_id))
