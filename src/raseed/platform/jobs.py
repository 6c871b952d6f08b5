"""Work done after the answer: procrastinate tasks, deferred in the transaction that needs them.

``app`` is procrastinate's own, on Django's connection, so a job exists exactly if the transaction that deferred it
committed, also where a job defers another. Every task runs at least once: a worker that is killed leaves its job behind, and ``rescue_stalled`` hands it
out again, so every task must bear being run twice. A task's arguments are ids, never personal data or secrets.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import connections
from procrastinate import JobContext
from procrastinate.app import WorkerOptions
from procrastinate.connector import BaseConnector
from procrastinate.contrib.django import app as _app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.utils import connector_params
from procrastinate.middleware import SyncCallNext
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.worker import Worker

from raseed.kernel.clock import SYSTEM_CLOCK

app: Final = _app

WORKER_CONCURRENCY: Final = 4
STALLED_AFTER_S: Final = 60
SHUTDOWN_WAIT_S_MAX: Final = 20
POLL_S: Final = 2


class _Fetching(PsycopgConnector):
    """The worker's own connections, over which it fetches jobs and says how they ended.

    What a job defers goes over Django's connection, in the transaction of the job: over these it would be there, and could be
    run, before what it is about is.
    """

    def __init__(self, deferring: DjangoConnector) -> None:
        super().__init__(kwargs=connector_params(deferring.alias))
        self._deferring = deferring

    def get_sync_connector(self) -> BaseConnector:
        """Return the connector of ``task.defer()``."""
        return self._deferring


def run_worker(
    *, wait: bool = True, concurrency: int = WORKER_CONCURRENCY, queues: Iterable[str] | None = None
) -> None:
    """Run jobs until SIGINT or SIGTERM; with ``wait=False`` only those that are due now (for tests and one-off runs).

    Jobs that wait behind another's lock are due as well: it goes on until it finds none that it may run.

    Must be called outside any event loop, in the main thread when ``wait`` is true (it takes the signals).
    """
    connector = app.connector
    assert isinstance(connector, DjangoConnector), "the Django connector is ours"
    options: WorkerOptions = {}
    if queues is not None:
        options["queues"] = list(queues)
    ran: list[int | None] = []

    def leave_no_connection(call_next: SyncCallNext, context: JobContext, worker: Worker) -> object:
        del worker
        ran.append(context.job.id)
        try:
            return call_next()
        finally:
            connections.close_all()

    if not wait:  # the process lives on, so its threads must not keep connections
        options["task_middleware"] = [leave_no_connection]
    while True:
        ran.clear()
        with app.replace_connector(_Fetching(connector)) as working:
            working.run_worker(
                **options,
                name="raseed",
                wait=wait,
                concurrency=concurrency,
                install_signal_handlers=wait,
                listen_notify=wait,
                fetch_job_polling_interval=POLL_S,
                shutdown_graceful_timeout=SHUTDOWN_WAIT_S_MAX,
                delete_jobs="successful",
            )
        if wait or not ran:
            return


@app.periodic(cron="* * * * *")
@app.task(name="platform.rescue_stalled", queue="upkeep", queueing_lock="platform.rescue_stalled", pass_context=True)
async def rescue_stalled(context: JobContext, timestamp: int) -> None:
    """Hand out again the jobs of workers that have not been heard of for a minute."""
    del timestamp
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
        await jobs.retry_job(job, retry_at=SYSTEM_CLOCK.now())


def growing_pause(attempt: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """Return the pause after the failed ``attempt`` (1, 2, …): doubling from ``first`` up to ``longest``."""
    if attempt < 1:
        raise ValueError("attempts count from one")
    doubled: int = 2 ** min(attempt - 1, 32)
    return min(first * doubled, longest)
