"""What a worker does for orders: reads files, carries orders out. Each bears being run twice, and being killed.

Jobs of one order run one after the other: one that found another at the order would have nothing to do, and what it came
for would wait for the sweep.
"""

from __future__ import annotations

from uuid import UUID

from raseed.platform.jobs import app

from .executing import execute
from .validating import validate


@app.task(name="payments.validate_order", queue="orders")
def validate_order(*, order_id: str) -> None:
    """Read a file whole, and accept or refuse its order."""
    validate(UUID(order_id))


@app.task(name="payments.execute_order", queue="orders")
def execute_order(*, order_id: str) -> None:
    """Carry out what is due of an order; ask for another run if there is more."""
    if execute(UUID(order_id)):
        have_executed(UUID(order_id))


def have_validated(order_id: UUID) -> None:
    """Have a worker read an order's file, once this transaction has committed."""
    validate_order.configure(lock=_lock(order_id)).defer(order_id=str(order_id))


def have_executed(order_id: UUID) -> None:
    """Have a worker carry out what is due of an order, once this transaction has committed."""
    execute_order.configure(lock=_lock(order_id)).defer(order_id=str(order_id))


def _lock(order_id: UUID) -> str:
    return f"payment_order:{order_id}"
