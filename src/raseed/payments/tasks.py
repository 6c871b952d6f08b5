"""Jobs of ``payments``, where procrastinate looks for them."""

from __future__ import annotations

from .orders.jobs import execute_order, validate_order
from .orders.upkeep import purge_order_files, sweep_orders
from .standing.jobs import run_due_standing_orders, wake_standing_orders

__all__ = [
    "execute_order",
    "purge_order_files",
    "run_due_standing_orders",
    "sweep_orders",
    "validate_order",
    "wake_standing_orders",
]
