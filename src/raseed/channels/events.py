"""Facts that leave ``channels``. Ids and words only: what people write is personal data and stays in its table."""

from __future__ import annotations

from typing import Final

MESSAGE_RECEIVED: Final = "channels.message_received"
"""Somebody's message came in: ``message_id``, ``line_id``, ``institution_id``, ``channel``. Told once for each message."""

MEDIA_SETTLED: Final = "channels.media_settled"
"""A file of a message is kept, refused, gone or infected: ``media_id``, ``message_id``, ``state``, ``refusal``."""

ITEM_SET_ASIDE: Final = "channels.item_set_aside"
"""Something that a provider delivered could not be worked, and waits for a person: ``item_id``, ``line_id``, ``problem``."""

DELIVERY_CHANGED: Final = "channels.delivery_changed"
"""It is known further what became of a message of ours: ``message_id``, ``state``; the same state again says that its reason changed."""

LINE_NEEDS_TOKEN: Final = "channels.line_needs_token"  # noqa: S105  (the name of an event)
"""A line's access token was refused, and its messages wait for another: ``line_id``."""
