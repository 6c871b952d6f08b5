"""What a worker does for orders: reads files, carries orders out. Each bears being run twice, and being killed."""

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
        execute_order.defer(order_id=order_id)
