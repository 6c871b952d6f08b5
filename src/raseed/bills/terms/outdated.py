"""Orders whose parts are of another day, or are no longer so: refused, and after a while known never to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform.jobs import app

from ..domain import Bill, BillOrder, OrderState
from ..queries import billers
from ..rows import orders_by_id
from ..sql import run
from .parts import late_parts, same_late_parts

EXPIRE_AFTER: Final = timedelta(hours=48)
"""Longer than a business day anywhere: what is older could not be paid any more."""
EXPIRE_ROWS_MAX: Final = 1_000
EXPIRE_ROUNDS_MAX: Final = 100


@lru_cache(maxsize=4_096)
def _zone(institution_id: UUID) -> ZoneInfo:
    """Return an institution's zone, asked for once: books have theirs from the day on which they are set up."""
    return banking.business_zone(institution_id)


def day_of(institution_id: UUID, at: datetime) -> date:
    """Return an institution's business day at an instant.

    Raises:
        banking's InstitutionNotSetUp.
    """
    return at.astimezone(_zone(institution_id)).date()


def is_same_day(institution_id: UUID, first: datetime, second: datetime) -> bool:
    """Say whether two instants are of one business day of an institution."""
    return day_of(institution_id, first) == day_of(institution_id, second)


def changed_late_parts(orders: Mapping[UUID, datetime], bills: Mapping[UUID, Bill]) -> set[UUID]:
    """Return those of the orders whose penalties or waivers are not what they are now, at the instant given with each.

    Asked under the locks of the orders and their bills: whoever else settled a penalty of theirs has committed. Of two
    orders in one batch with a penalty of the same bill, the second is outdated by the first.
    """
    if not orders:
        return set()
    found = orders_by_id(orders)
    known = billers({each.biller_id for each in found.values()})
    changed, taken = set(), set[UUID]()
    for id_, at in orders.items():
        if id_ not in found:
            continue
        order = found[id_]
        of = known[order.biller_id]
        theirs = [bills[bill_id] for bill_id in order.bill_ids if bill_id in bills]
        on = day_of(of.institution_id, at)
        now = late_parts(of, theirs, customer_id=order.customer_id, on=on)
        late = {part.bill_id for part in now if part.bill_id is not None}
        if late & taken or not same_late_parts(order.parts, now):
            changed.add(id_)
        else:
            taken |= late
    return changed


def is_outdated(order: BillOrder, clock: Clock) -> bool:
    """Whether an order that was never sent was made on a business day that is over."""
    if order.state is OrderState.EXPIRED:
        return True
    return order.state is OrderState.OPEN and not is_same_day(order.institution_id, order.made_at, clock.now())


def expire_orders(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Let orders that nobody sent in time expire, the oldest first; return how many. They can't be paid before that either."""
    now, expired = clock.now(), 0
    for _ in range(EXPIRE_ROUNDS_MAX):
        found = len(run("expire_orders", {"now": now, "before": now - EXPIRE_AFTER, "most": EXPIRE_ROWS_MAX}))
        expired += found
        if found < EXPIRE_ROWS_MAX:
            break
    return expired


@app.periodic(cron="25 * * * *")
@app.task(name="bills.expire_orders", queue="upkeep", queueing_lock="bills.expire_orders")
def expire_old_orders(timestamp: int) -> None:
    """Let orders of bills that nobody sent in time expire."""
    del timestamp
    expire_orders()
