"""Facts that leave ``channels``. Ids and words only: what people write is personal data and stays in its table."""

from __future__ import annotations

from typing import Final

MESSAGE_RECEIVED: Final = "channels.message_received"
"""Somebody's message came in: ``message_id``, ``line_id``, ``institution_id``, ``channel``. Told once for each message."""

MEDIA_SETTLED: Final = "channels.media_settled"
"""A file of a message is kept, refused, gone or infected: ``media_id``, ``message_id``, ``state``, ``refusal``."""

ITEM_SET_ASIDE: Final = "channels.item_set_aside"
"""Something that a provider delivered could not be worked, and waits for a person: ``item_id``, ``line_id``, ``problem``."""
