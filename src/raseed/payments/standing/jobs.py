"""What a worker does for standing orders. Each bears being run twice, by two workers at once, and being killed."""

from __future__ import annotations

from raseed.platform.jobs import app

from .running import run_standing_orders, wake_waiting_orders


@app.periodic(cron="* * * * *")
@app.task(name="payments.run_standing_orders", queue="upkeep", queueing_lock="payments.run_standing_orders")
def run_due_standing_orders(timestamp: int) -> None:
    """Every minute, pay what is due of standing orders; days on which no worker ran are made up for."""
    del timestamp
    run_standing_orders()


@app.periodic(cron="50 4 * * *")
@app.task(name="payments.wake_waiting_orders", queue="upkeep", queueing_lock="payments.wake_waiting_orders")
def wake_standing_orders(timestamp: int) -> None:
    """Every night, look which waiting orders can reach their recipients by now."""
    del timestamp
    wake_waiting_orders()
