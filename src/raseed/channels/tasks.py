"""Jobs of ``channels``, where procrastinate looks for them."""

from __future__ import annotations

from .email.fetching import call_for_mail, fetch_mail
from .media.fetching import fetch_media, sweep_files, sweep_media
from .receiving.working import forget_items, sweep_items, work_items
from .sending.calling import hand_over
from .sending.upkeep import look_after_messages
from .services import deliver_text, sweep_texts

__all__ = [
    "call_for_mail",
    "deliver_text",
    "fetch_mail",
    "fetch_media",
    "forget_items",
    "hand_over",
    "look_after_messages",
    "sweep_files",
    "sweep_items",
    "sweep_media",
    "sweep_texts",
    "work_items",
]
