"""Jobs of ``channels``, where procrastinate looks for them."""

from __future__ import annotations

from .services import deliver_text, sweep_texts

__all__ = ["deliver_text", "sweep_texts"]
