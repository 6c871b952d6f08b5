"""Reminders of bills before they are due: on which days is each customer's choice; a bill is told of once a day.

Nobody is reminded of what is paid or under way, nor of what an autopay will pay; of what an autopay has left unpaid, they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from ..domain import BillerState
from ..models import BillerRow
from ..queries import billers
from ..sql import run
from .domain import REMINDED_BY_DEFAULT, REMINDER_DAYS
from .errors import InvalidReminders
from .models import RemindingRow
from .notices import Notice, NoticeKind, hours_of, keep_notices

REMIND_AT_ONCE: Final = 500
REMIND_AT_MOST: Final = timedelta(seconds=50)


def reminder_days(customer_id: UUID) -> tuple[int, ...]:
    """Return how many days before a bill is due a customer is reminded, the earliest first; empty: never."""
    row = RemindingRow.objects.filter(customer_id=customer_id).first()
    return REMINDED_BY_DEFAULT if row is None else tuple(row.days)


def set_reminder_days(*, customer_id: UUID, days: Iterable[int], clock: Clock = SYSTEM_CLOCK) -> tuple[int, ...]:
    """Let a customer be reminded on these days; none: never. The same again changes nothing.

    Raises:
        InvalidReminders: a day that is not offered (``REMINDER_DAYS``).
    """
    wanted = tuple(sorted(set(days), reverse=True))
    if not set(wanted) <= set(REMINDER_DAYS):
        raise InvalidReminders(field="days")
    with transaction.atomic():
        people.customer(customer_id)
        before = reminder_days(customer_id)
        if before != wanted:
            RemindingRow.objects.update_or_create(
                customer_id=customer_id, defaults={"days": list(wanted), "set_at": clock.now()}
            )
            platform.record(
                actor=f"customer:{customer_id}",
                action="bills.reminders_set",
                subject=f"customer:{customer_id}",
                before={"days": [str(each) for each in before]},
                after={"days": [str(each) for each in wanted]},
                customer_id=customer_id,
                clock=clock,
            )
    return wanted


def remind_of_bills(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Keep today's reminders of bills that are soon due, wherever it is day, for at most ``REMIND_AT_MOST``; return how many.

    Whoever is reminded already is left out by the statement, so it may be run as often as one likes, by any number of workers.
    """
    began_at, kept = clock.now(), 0
    rows = BillerRow.objects.filter(state=BillerState.ACTIVE.value).order_by("institution_id")
    for house in rows.values_list("institution_id", flat=True).distinct():
        zone = people.institution(house).zone
        if hours_of(house).next_moment(clock.now(), zone) > clock.now():
            continue
        today = banking.business_date(house, clock.now())
        for days in REMINDER_DAYS:
            after = (UUID(int=0), UUID(int=0))
            while clock.now() - began_at <= REMIND_AT_MOST:
                page = run("bills_to_remind_of", _asked(house, today, days, after))
                kept += _keep(page, today, clock)
                if len(page) < REMIND_AT_ONCE:
                    break
                after = (page[-1][0], page[-1][1])
    return kept


def _asked(house: UUID, today: date, days: int, after: tuple[UUID, UUID]) -> dict[str, object]:
    return {
        "institution": house,
        "due": today + timedelta(days=days),
        "days": days,
        "today": today,
        "by_default": list(REMINDED_BY_DEFAULT),
        "after_bill": after[0],
        "after_customer": after[1],
        "limit": REMIND_AT_ONCE,
    }


@transaction.atomic
def _keep(page: list[tuple[UUID, UUID, UUID, int]], today: date, clock: Clock) -> int:
    known = billers({biller_id for _, _, biller_id, _ in page})
    notices = [
        Notice(customer_id, known[biller_id], NoticeKind.REMINDER, today, bill_id, bill_id=bill_id, amount_minor=owed)
        for bill_id, customer_id, biller_id, owed in page
    ]
    return len(keep_notices(notices, clock=clock))
