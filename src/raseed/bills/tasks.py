"""Jobs of ``bills``, where procrastinate looks for them."""

from __future__ import annotations

from .settlement.jobs import close_business_days
from .terms.outdated import expire_old_orders

__all__ = ["close_business_days", "expire_old_orders"]
