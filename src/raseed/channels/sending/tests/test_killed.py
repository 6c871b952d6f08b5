"""Killed at any step (SIGKILL): each message has left once, or is unknown and waits for a person; never twice, never lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection, connections

from raseed.channels.api import Channel, OutgoingState, apply_status, attempts_of, retry_message
from raseed.channels.sending.upkeep import look_after
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.platform.api import run_worker

from .providers import STAFF, Provider, made_line, now_of, sent, wrote

CARRY: Final = """
import os, signal, sys
import django
django.setup()
from uuid import UUID
from raseed.channels.sending import carrying, moving
message_id, step = UUID(sys.argv[1]), sys.argv[2]

def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

if step == "before claiming":
    carrying.claim = die
elif step == "after claiming":
    carrying._asked = die
elif step == "answered":
    carrying.conclude = die
elif step == "attempt kept":
    carrying.standings.learn = die
elif step == "all written":
    carrying.call_next = die
carrying.carry(message_id)
if step == "concluded":
    die()
"""
STEPS: Final = (
    "before claiming",
    "after claiming",
    "while asked",
    "answered",
    "attempt kept",
    "all written",
    "concluded",
)


def killed(database: Any, message_id: Any, step: str, provider: Provider) -> None:
    """Have another process hand a message over, and die at a step."""
    connections.close_all()
    environment = os.environ | {"DATABASE_URL": database.url()}
    process = subprocess.Popen([sys.executable, "-c", CARRY, str(message_id), step], env=environment)
    if step == "while asked":
        assert provider.arrived.wait(30)
        process.send_signal(signal.SIGKILL)
        assert provider.hang is not None
        provider.hang.set()
    assert process.wait(60) == -signal.SIGKILL


@pytest.mark.parametrize("step", STEPS)
def test_a_message_whose_worker_was_killed_has_left_once_or_is_unknown(
    database: Any, provider: Provider, step: str
) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    message = sent(line)
    if step == "while asked":
        provider.hang = threading.Event()
    killed(database, message.id, step, provider)
    provider.hang = None
    clock = ManualClock(SYSTEM_CLOCK.now() + timedelta(minutes=10))
    look_after(clock=clock)
    run_worker(wait=False)
    told = now_of(message.id)
    if step in {"before claiming", "concluded"}:
        assert told.state is OutgoingState.SENT
        assert len(provider.asked) == 1
        return
    assert (told.state, told.reason and told.reason.code) == (OutgoingState.UNKNOWN, "cut_off")
    assert [one.outcome for one in attempts_of(message.id)] == ["unknown"]
    assert len(provider.asked) == (0 if step == "after claiming" else 1)
    if provider.asked:  # a status of the lost answer settles it
        apply_status(
            line_id=line.id,
            provider_id="wamid.1",
            state="delivered",
            at=clock.now(),
            client_message_id=message.id,
            clock=clock,
        )
        assert now_of(message.id).state is OutgoingState.DELIVERED
    else:  # or a person
        retry_message(message.id, by=STAFF, reason="nothing has arrived", clock=SYSTEM_CLOCK)
        run_worker(wait=False)
        assert now_of(message.id).state is OutgoingState.SENT
    assert len(provider.asked) == 1


def test_a_text_message_whose_worker_was_killed_is_handed_over_again_under_its_id(
    database: Any, provider: Provider
) -> None:
    line = made_line(Channel.SMS, base=f"{provider.address}/texts")
    message = sent(line)
    killed(database, message.id, "answered", provider)
    look_after(clock=ManualClock(SYSTEM_CLOCK.now() + timedelta(minutes=10)))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE channels_outgoing SET next_try_at = now() - interval '1 s'")
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    run_worker(wait=False)
    assert now_of(message.id).state is OutgoingState.SENT
    assert {asked.said["id"] for asked in provider.asked} == {str(message.id)}
    assert len(provider.asked) == 2


def test_a_message_whose_job_was_lost_is_found_by_its_row(database: Any, provider: Provider) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    message = sent(line)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    look_after(clock=ManualClock(SYSTEM_CLOCK.now() + timedelta(minutes=2)))
    run_worker(wait=False)
    assert now_of(message.id).state is OutgoingState.SENT
