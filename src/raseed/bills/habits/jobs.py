"""What a worker does for autopays and reminders. Each bears being run twice, by two workers at once, and being killed."""

from __future__ import annotations

from raseed.platform.jobs import app

from .notices import send_notices
from .reminding import remind_of_bills
from .running import run_autopays


@app.periodic(cron="* * * * *")
@app.task(name="bills.run_autopays", queue="upkeep", queueing_lock="bills.run_autopays")
def run_due_autopays(timestamp: int) -> None:
    """Every minute, look at the autopays whose time has come."""
    del timestamp
    run_autopays()


@app.periodic(cron="*/10 * * * *")
@app.task(name="bills.remind_of_bills", queue="upkeep", queueing_lock="bills.remind_of_bills")
def remind_of_due_bills(timestamp: int) -> None:
    """Every ten minutes, keep the reminders of the day that are not kept yet."""
    del timestamp
    remind_of_bills()


@app.periodic(cron="* * * * *")
@app.task(name="bills.send_notices", queue="upkeep", queueing_lock="bills.send_notices")
def send_waiting_notices(timestamp: int) -> None:
    """Every minute, hand over the texts of notices whose time has come."""
    del timestamp
    send_notices()
