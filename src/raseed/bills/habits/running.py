"""Running autopays: what is due is asked for again, ordered and paid, each bill once, however often the worker dies.

A worker claims autopays by putting off when they are looked at next (a lease), so others leave them alone and a killed one's
come back. Every step bears being done again: an order's id follows from autopay, bill and step, the payment's is the
order's, and what became of it is a row without gaps, written with its notice in one transaction. Billers are asked side by
side, the autopays of one biller one after the other; one that does not answer is asked no further in that run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import connections, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.api import growing_pause

from .domain import AutopayState
from .looking import Look, ask_biller
from .models import AutopayRow
from .paying import deal_with_bills

CLAIMED_AT_ONCE: Final = 200
LEASE: Final = timedelta(minutes=10)
"""How long a claimed autopay is left to whoever claimed it; longer than a run."""
RUN_AT_MOST: Final = timedelta(seconds=50)
BILLERS_AT_ONCE: Final = 4
UNANSWERED_MAX: Final = 2
"""After so many questions without an answer a biller is asked nothing more in this run."""
FIRST_PAUSE: Final = timedelta(minutes=10)
LONGEST_PAUSE: Final = timedelta(hours=4)
_log = structlog.get_logger("raseed.bills")


def run_autopays(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Look at the autopays whose time has come, for at most ``RUN_AT_MOST``; return how many were looked at."""
    began_at, done = clock.now(), 0
    while rows := _claim(clock):
        groups: dict[UUID, list[AutopayRow]] = defaultdict(list)
        for row in rows:
            groups[row.biller_id].append(row)
        if len(groups) == 1:
            _run_group(rows, clock)
        else:
            with ThreadPoolExecutor(min(BILLERS_AT_ONCE, len(groups)), thread_name_prefix="autopays") as pool:
                list(pool.map(lambda group: _run_aside(group, clock), groups.values()))
        done += len(rows)
        if clock.now() - began_at > RUN_AT_MOST:
            break
    return done


def _claim(clock: Clock) -> list[AutopayRow]:
    """Take the autopays that have waited longest, and let others leave them alone for a while."""
    now = clock.now()
    with transaction.atomic(durable=True):
        waiting = AutopayRow.objects.select_for_update(skip_locked=True).filter(
            state=AutopayState.ACTIVE.value, next_look_at__lte=now
        )
        rows = list(waiting.order_by("next_look_at", "id")[:CLAIMED_AT_ONCE])
        for row in rows:
            row.next_look_at = now + LEASE
        AutopayRow.objects.bulk_update(rows, ["next_look_at"])
    return rows


def _run_aside(rows: Sequence[AutopayRow], clock: Clock) -> None:
    try:
        _run_group(rows, clock)
    finally:
        connections.close_all()


def _run_group(rows: Sequence[AutopayRow], clock: Clock) -> None:
    """Look at autopays of one biller, one after the other; one's trouble keeps no other's from being paid."""
    unanswered = 0
    for row in rows:
        try:
            look = ask_biller(row, clock, leave_alone=unanswered >= UNANSWERED_MAX)
            unanswered += look.unanswered
            again_at = deal_with_bills(row, look, clock)
            if again_at is not None:
                _put_off(row, look, again_at, clock)
        except Exception as error:  # noqa: BLE001  (it is looked at again when its lease is over, and keeps no other waiting)
            _log.exception("autopay_not_run", autopay=str(row.id), error=type(error).__name__)


def _put_off(row: AutopayRow, look: Look, again_at: datetime, clock: Clock) -> None:
    """Say when it is looked at next, unless its customer has changed it meanwhile."""
    now, failures = clock.now(), 0
    if look.unanswered or look.left_alone:
        failures = min(row.failures + 1, 30)
        again_at = min(again_at, now + growing_pause(failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE))
    rows = AutopayRow.objects.filter(id=row.id, state=AutopayState.ACTIVE.value, next_look_at=row.next_look_at)
    rows.update(next_look_at=again_at, asked_on=look.asked_on, failures=failures)
