"""Jobs of ``platform``, where procrastinate looks for them."""

from __future__ import annotations

from .events import deliver_event, sweep_deliveries
from .jobs import rescue_stalled

__all__ = ["deliver_event", "rescue_stalled", "sweep_deliveries"]
