"""A job exists exactly if its transaction committed, and outlives a worker that was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction

from raseed.channels.services import deliver_text
from raseed.kernel.ids import new_id
from raseed.platform.api import growing_pause, run_worker
from raseed.platform.jobs import rescue_stalled

LOST: Final = UUID(int=0x101)
KEPT: Final = UUID(int=0x102)
_KILLED_WORKER = """
import django; django.setup()
import os, signal
from raseed.channels import services
services.try_delivery = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
from raseed.platform.api import run_worker
run_worker(wait=False)
"""


def jobs() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, status::text FROM procrastinate_jobs WHERE queue_name <> 'upkeep' ORDER BY id"
        )
        return list(cursor.fetchall())


def test_a_job_is_there_only_if_its_transaction_committed(database: Any) -> None:
    with transaction.atomic():
        deliver_text.defer(message_id=str(new_id()))
        transaction.set_rollback(True)
    assert jobs() == []
    with transaction.atomic():
        deliver_text.defer(message_id=str(new_id()))
    assert jobs() == [("channels.deliver_text", "todo")]
    run_worker(wait=False)
    assert jobs() == []


def test_a_job_that_a_job_defers_is_there_only_once_and_only_if_its_transaction_committed(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def others_see() -> list[tuple[str]]:
        with psycopg.connect(database.dsn) as other:
            return other.execute(
                "SELECT args->>'message_id' FROM procrastinate_jobs WHERE queue_name = 'texts' AND status = 'todo'"
            ).fetchall()

    def acts(message_id: UUID, *, clock: object) -> None:
        del clock
        with transaction.atomic():
            if not seen:
                deliver_text.defer(message_id=str(LOST))
                seen.append((message_id, others_see()))
                transaction.set_rollback(True)
            elif len(seen) == 1:
                deliver_text.defer(message_id=str(KEPT))
                seen.append((message_id, others_see()))
            else:
                seen.append((message_id, others_see()))

    monkeypatch.setattr("raseed.channels.services.try_delivery", acts)
    first, second = (UUID(int=0x100 + place) for place in (3, 4))
    for id_ in (first, second):
        deliver_text.defer(message_id=str(id_))
        run_worker(wait=False, queues=["texts"])
    assert seen == [(first, []), (second, []), (KEPT, [])]
    assert jobs() == []


def test_a_job_of_a_killed_worker_is_handed_out_again(database: Any) -> None:
    deliver_text.defer(message_id=str(new_id()))
    killed = subprocess.run([sys.executable, "-c", _KILLED_WORKER], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert jobs() == [("channels.deliver_text", "doing")]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'")
        cursor.execute("DELETE FROM procrastinate_jobs WHERE queue_name = 'upkeep'")
    rescue_stalled.configure(task_kwargs={"timestamp": 0}).defer()
    run_worker(wait=False)
    run_worker(wait=False)
    assert jobs() == []


def test_pauses_grow_up_to_their_bound() -> None:
    pauses = [
        growing_pause(attempt, first=timedelta(seconds=2), longest=timedelta(minutes=1)).total_seconds()
        for attempt in (1, 2, 3, 4, 5, 6, 7, 1000)
    ]
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]
    with pytest.raises(ValueError, match="from one"):
        growing_pause(0, first=timedelta(seconds=2), longest=timedelta(minutes=1))
