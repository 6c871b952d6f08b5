"""What conversations do when other packages tell them something; each can be told twice."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from raseed.channels.events import DELIVERY_CHANGED, MEDIA_SETTLED, MESSAGE_RECEIVED
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.platform.api import Event, NotYet, app, subscribe

from .. import events
from ..cases.filing import media_settled
from ..duty.errors import NobodyWorksHere
from .accounting import clock_breached, ladder_climbed
from .delivery import delivery_changed
from .presence import forget_presence
from .receiving import receive

CONVERSATION = "conversation"


@subscribe(MESSAGE_RECEIVED, handler_name="care.receive_message")
def receive_message(event: Event) -> None:
    """Place a message that came in; where nobody works it waits, and is placed within a minute of somebody being there."""
    try:
        receive(UUID(str(event.payload["message_id"])))
    except NobodyWorksHere as nobody:
        raise NotYet from nobody


@subscribe(DELIVERY_CHANGED, handler_name="care.follow_delivery")
def follow_delivery(event: Event) -> None:
    """Take over where an answer of ours is."""
    delivery_changed(UUID(str(event.payload["message_id"])))


@subscribe(MEDIA_SETTLED, handler_name="care.follow_media")
def follow_media(event: Event) -> None:
    """Take over what became of a file; where its message is still being placed, that is waited for, or done."""
    receive(UUID(str(event.payload["message_id"])))
    media_settled(UUID(str(event.payload["media_id"])), state=str(event.payload["state"]))


@subscribe(events.CLOCK_BREACHED, handler_name="care.mark_breached")
def mark_breached(event: Event) -> None:
    """Mark a conversation whose clock has run out; where the ladder gave the clock to somebody, it is theirs."""
    if event.payload["subject_kind"] == CONVERSATION:
        at, one = datetime.fromisoformat(str(event.payload["breached_at"])), UUID(str(event.payload["subject_id"]))
        clock_breached(one, at=at)
        if event.payload["step"]:
            ladder_climbed(one, clock_id=UUID(str(event.payload["clock_id"])))


@app.periodic(cron="37 * * * *")
@app.task(name="care.forget_presence", queue="upkeep", queueing_lock="care.forget_presence")
def forget_old_presence(timestamp: int) -> None:
    """Delete what tells of presence long past."""
    del timestamp
    forget_presence(clock=SYSTEM_CLOCK)
