"""Jobs of ``channels``, where procrastinate looks for them."""

from __future__ import annotations

from .receiving.working import forget_items, sweep_items, work_items
from .services import deliver_text, sweep_texts

__all__ = ["deliver_text", "forget_items", "sweep_items", "sweep_texts", "work_items"]
