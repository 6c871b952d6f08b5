"""Jobs of ``platform``, where procrastinate looks for them."""

from __future__ import annotations

from .events import deliver_event, sweep_deliveries
from .jobs import rescue_stalled
from .rest.rates import forget_rates
from .webhooks.services import forget_webhooks

__all__ = ["deliver_event", "forget_rates", "forget_webhooks", "rescue_stalled", "sweep_deliveries"]
