"""Jobs of ``bills``, where procrastinate looks for them."""

from __future__ import annotations

from .habits.jobs import remind_of_due_bills, run_due_autopays, send_waiting_notices
from .settlement.jobs import close_business_days
from .terms.outdated import expire_old_orders

__all__ = [
    "close_business_days",
    "expire_old_orders",
    "remind_of_due_bills",
    "run_due_autopays",
    "send_waiting_notices",
]
