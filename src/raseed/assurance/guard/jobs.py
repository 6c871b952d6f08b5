"""Jobs of the guard: a worker goes on with a release; each minute those that nobody is at work on are taken up."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from procrastinate.exceptions import AlreadyEnqueued

from raseed.platform.jobs import app

from .driving import JOB, QUEUE
from .going_on import go_on, unfinished


@app.task(name=JOB, queue=QUEUE)
def guard_go_on(*, release_id: str) -> None:
    """Go on with a release."""
    go_on(UUID(release_id))


@app.periodic(cron="* * * * *")
@app.task(name="assurance.guard_take_up", queue="upkeep", queueing_lock="assurance.guard_take_up")
def guard_take_up(timestamp: int) -> None:
    """Call a worker for each release that should go on; where one is at work, the call changes nothing."""
    del timestamp
    for release_id in unfinished():
        name = f"guard:{release_id}"
        with suppress(AlreadyEnqueued):
            guard_go_on.configure(lock=name, queueing_lock=name).defer(release_id=str(release_id))
