"""Orders whose job was lost, whose date has come or that nobody confirmed; raw files that were kept long enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.jobs import app

from ..sql import STATEMENTS, run
from .domain import CONFIRM_WITHIN, FILE_KEPT, OrderState
from .jobs import have_executed, have_validated
from .models import OrderRow
from .receiving import let_lapse

FORGOTTEN_AFTER: Final = timedelta(seconds=45)
ORDERS_AT_ONCE: Final = 100


@app.periodic(cron="* * * * *")
@app.task(name="payments.sweep_orders", queue="upkeep", queueing_lock="payments.sweep_orders")
def sweep_orders(timestamp: int) -> None:
    """Every minute, take up what nobody is working on."""
    del timestamp
    take_up_orders(clock=SYSTEM_CLOCK)


@app.periodic(cron="17 3 * * *")
@app.task(name="payments.purge_order_files", queue="upkeep", queueing_lock="payments.purge_order_files")
def purge_order_files(timestamp: int) -> None:
    """Every night, remove raw files that have been kept long enough."""
    del timestamp
    purge_files(clock=SYSTEM_CLOCK)


def take_up_orders(*, clock: Clock) -> None:
    """Defer the job of each order that should be worked on and was not touched for a while; let others lapse."""
    now = clock.now()
    forgotten = run(
        STATEMENTS["unfinished_orders"], {"before": now - FORGOTTEN_AFTER, "now": now, "limit": ORDERS_AT_ONCE}
    )
    for order_id, state in forgotten:
        have_worked_on = have_executed if state == OrderState.EXECUTING else have_validated
        have_worked_on(order_id)
    unconfirmed = OrderRow.objects.filter(state=OrderState.ACCEPTED, touched_at__lt=now - CONFIRM_WITHIN)
    for order_id in unconfirmed.order_by("touched_at").values_list("id", flat=True)[:ORDERS_AT_ONCE]:
        let_lapse(order_id, now - CONFIRM_WITHIN, clock=clock)


def purge_files(*, clock: Clock) -> None:
    """Remove the raw files of orders that ended ``FILE_KEPT`` ago, a bounded number at a time."""
    run(STATEMENTS["purge_order_files"], {"before": clock.now() - FILE_KEPT, "limit": ORDERS_AT_ONCE})
