"""What a worker does for the books. It bears being run twice, by two workers at once, and being killed."""

from __future__ import annotations

from raseed.platform.jobs import app

from .continuous import look_round


@app.periodic(cron="* * * * *")
@app.task(
    name="assurance.look_at_books",
    queue="upkeep",
    queueing_lock="assurance.look_at_books",
    lock="assurance.books",
)
def look_at_books(timestamp: int) -> None:
    """Ask the quick checks that are due, and those of what has changed."""
    del timestamp
    look_round(slow=False)


@app.periodic(cron="* * * * *")
@app.task(
    name="assurance.look_at_all_books",
    queue="upkeep",
    queueing_lock="assurance.look_at_all_books",
    lock="assurance.all_books",
)
def look_at_all_books(timestamp: int) -> None:
    """Ask the checks that take long, beside the quick ones: a fold of everything delays none of them."""
    del timestamp
    look_round(slow=True)
