"""What a worker does for settlements. It bears being run twice, by two workers at once, and being killed."""

from __future__ import annotations

from raseed.platform.jobs import app

from .closing import close_days


@app.periodic(cron="5,20,35,50 * * * *")
@app.task(name="bills.close_days", queue="upkeep", queueing_lock="bills.close_days")
def close_business_days(timestamp: int) -> None:
    """Close the business days that have ended and were not closed, and pay out what billers are owed."""
    del timestamp
    close_days()
