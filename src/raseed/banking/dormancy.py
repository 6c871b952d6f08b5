"""Dormant accounts: found by index, in bounded batches, from what limit counters say of their last use.

An account's use is its owner's doing: a payment from it, which moves its counter's day. What others pay in, and the bank's
interest, is none. ``quiet_since`` is a day on or before which it was last used, as far as somebody looked; the index is over
it, so a look costs only those that may have become dormant, and each of them at most once in the whole time.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people.api import SYSTEM

from . import events
from .domain import AccountState
from .models import AccountRow, LimitCounterRow
from .queries import accounts
from .sql import STATEMENTS, run
from .states import BLOCK, StateChange, record_change
from .workdays import months_later

BATCH: Final = 500
"""How many accounts are looked at in one transaction."""
BATCHES_MAX: Final = 200
"""How many of those one job does; the next one goes on."""

RESTING: Final = StateChange(events.ACCOUNT_DORMANT, AccountState.DORMANT, frozenset({AccountState.OPEN}), BLOCK)


def make_dormant(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Make the accounts dormant that nobody has used for as long as their product says; return how many."""
    now, made = clock.now(), 0
    rules = run(STATEMENTS["dormancy_in_force"], {"now": now})
    batches = BATCHES_MAX
    for product_id, _, zone, months, watched_since in rules:
        cut_off = months_later(_day(now, zone), -months)
        while batches:
            batches -= 1
            looked_at, dormant = _batch(product_id, cut_off, watched_since, months, clock)
            made += dormant
            if looked_at < BATCH:
                break
    return made


def _batch(product_id: UUID, cut_off: date, watched_since: date, months: int, clock: Clock) -> tuple[int, int]:
    """Look at some accounts that may be dormant; return how many, and how many of them are now.

    Each leaves the list: as dormant, or with the later day of its last use.
    """
    with transaction.atomic():
        asked = {"product": product_id, "cut_off": cut_off, "limit": BATCH}
        candidates = dict(run(STATEMENTS["quiet_accounts"], asked))
        used = dict(LimitCounterRow.objects.filter(account_id__in=candidates).values_list("account_id", "day"))
        dormant: list[UUID] = []
        for account_id, quiet_since in candidates.items():
            last = max(quiet_since, used.get(account_id, quiet_since), watched_since)
            if last > cut_off:
                AccountRow.objects.filter(id=account_id).update(quiet_since=last)
            else:
                dormant.append(account_id)
        AccountRow.objects.filter(id__in=dormant).update(state=AccountState.DORMANT.value)
        for of in accounts(dormant, with_aliases=False).values():
            record_change(
                of,
                RESTING,
                before={"state": AccountState.OPEN.value},
                after={"state": AccountState.DORMANT.value, "months": months},
                actor=SYSTEM.actor,
                reason="",
                clock=clock,
            )
    return len(candidates), len(dormant)


def _day(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()
