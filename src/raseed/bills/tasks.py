"""Jobs of ``bills``, where procrastinate looks for them."""

from __future__ import annotations

from .settlement.jobs import close_business_days

__all__ = ["close_business_days"]
