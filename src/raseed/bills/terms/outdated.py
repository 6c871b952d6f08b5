"""Orders whose parts are of another day, or are no longer so: refused, and after a while known never to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
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


@dataclass(frozen=True, slots=True)
class Days:
    """Business days of institutions, each one's zone read once."""

    _zones: dict[UUID, ZoneInfo] = field(default_factory=dict)

    def is_same(self, institution_id: UUID, first: datetime, second: datetime) -> bool:
        """Whether two instants are of one business day of an institution."""
        return self.day(institution_id, first) == self.day(institution_id, second)

    def day(self, institution_id: UUID, at: datetime) -> date:
        """Return an institution's business day at an instant."""
        if institution_id not in self._zones:
            self._zones[institution_id] = banking.business_zone(institution_id)
        return at.astimezone(self._zones[institution_id]).date()


def changed_late_parts(orders: Mapping[UUID, datetime], bills: Mapping[UUID, Bill], days: Days) -> set[UUID]:
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
        on = days.day(of.institution_id, at)
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
    return order.state is OrderState.OPEN and not Days().is_same(order.institution_id, order.made_at, clock.now())


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
