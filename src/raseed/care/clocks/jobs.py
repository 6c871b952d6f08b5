"""What a worker does for clocks. It bears being run twice, by two workers at once, and being killed."""

from __future__ import annotations

from raseed.platform.jobs import app

from ..conversations.accounting import settle_accountable
from .climbing import look_after_clocks


@app.periodic(cron="* * * * *")
@app.task(name="care.look_after_clocks", queue="upkeep", queueing_lock="care.look_after_clocks")
def look_after_clocks_every_minute(timestamp: int) -> None:
    """Every minute, move on the clocks for which something is due, and let conversations name who answers now."""
    del timestamp
    look_after_clocks()
    settle_accountable()
