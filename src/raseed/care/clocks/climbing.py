"""Every minute, each clock for which something is due is moved on: hands change, promises break, the ladder is climbed.

A clock is claimed by its lock and moved on in a transaction with all that it brings, so a worker that is killed leaves what
it had not committed for the next, which writes the same: everything is dated by when it was true.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock

from ..duty.departures import notice_departures
from ..duty.hours import follow_declared_holidays
from ..duty.locks import share_roster
from ..duty.settling import register_counter, register_settler
from ..models import ClockRow
from . import measure
from .keeping import put_back, take_out

BATCH_MAX: Final = 200
RUN_AT_MOST: Final = timedelta(seconds=45)
_log = structlog.get_logger("raseed.care")


def move_clocks(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Move on all clocks for which something is due, for at most ``RUN_AT_MOST``; return how many were."""
    began, moved, troubled = clock.now(), 0, set[UUID]()
    while clock.now() - began <= RUN_AT_MOST:
        due = _due(began, troubled)
        if not due:
            break
        for institution_id, ids in due.items():
            moved += _move(institution_id, ids, clock, troubled)
    return moved


def _due(now: datetime, troubled: set[UUID]) -> dict[UUID, list[UUID]]:
    rows = ClockRow.objects.filter(stopped_at=None, next_at__lte=now).exclude(id__in=troubled).order_by("next_at")
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for clock_id, institution_id in rows.values_list("id", "institution_id")[:BATCH_MAX]:
        found[institution_id].append(clock_id)
    return found


def _move(institution_id: UUID, ids: list[UUID], clock: Clock, troubled: set[UUID]) -> int:
    """Move a batch on in one transaction; if that fails, one by one, so that one clock's trouble stops no other's."""
    troubled.update(ids)  # what is locked by others, or can't be moved, is left for the next run
    try:
        return _move_together(institution_id, ids, clock)
    except Exception as error:  # noqa: BLE001  (tried again one by one)
        _log.warning("clocks_not_moved_together", clocks=len(ids), error=type(error).__name__)
    moved = 0
    for clock_id in ids:
        try:
            moved += _move_together(institution_id, [clock_id], clock)
        except Exception as error:  # noqa: BLE001  (kept in the log; the next run tries again)
            _log.exception("clock_not_moved", clock=str(clock_id), error=type(error).__name__)
    return moved


@transaction.atomic
def _move_together(institution_id: UUID, ids: list[UUID], clock: Clock) -> int:
    share_roster(institution_id)
    locked = ClockRow.objects.select_for_update(of=("self",), skip_locked=True).select_related("rule")
    taken = take_out(list(locked.filter(id__in=ids, stopped_at=None).order_by("id")), now := clock.now())
    for kept in taken:
        kept.move_to(now)
        put_back(kept, clock)
    return len(taken)


def settle_clocks(institution_id: UUID, clock: Clock) -> None:
    """Write what became of all running clocks of an institution until now; whoever calls it holds the roster alone."""
    locked = ClockRow.objects.select_for_update(of=("self",)).select_related("rule")
    running = locked.filter(institution_id=institution_id, stopped_at=None).order_by("id")
    now = clock.now()
    for kept in take_out(list(running), now):
        kept.move_to(now)
        put_back(kept, clock)


def count_clocks(team_id: UUID, clock: Clock) -> None:
    """Write what the running clocks of a team have used until now; whoever calls it holds the roster alone."""
    locked = ClockRow.objects.select_for_update(of=("self",)).select_related("rule")
    now = clock.now()
    for kept in take_out(list(locked.filter(team_id=team_id, stopped_at=None).order_by("id")), now):
        kept.move_to(now)
        state = kept.state
        if state.counted_from is not None and state.counted_from < now and state.breached_at is None:
            state.used += measure.used(kept.roster.calendar, state.unit, state.started_at, state.counted_from, now)
            state.counted_from = now
        put_back(kept, clock)


register_settler(settle_clocks)
register_counter(count_clocks)


def look_after_clocks(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """See who is not let in any more, take declared holidays into calendars, and move the clocks on."""
    for step in (notice_departures, follow_declared_holidays):
        try:
            step(clock=clock)
        except Exception as error:  # noqa: BLE001  (the clocks are moved on all the same)
            _log.exception("duty_not_followed", step=step.__name__, error=type(error).__name__)
    return move_clocks(clock=clock)
