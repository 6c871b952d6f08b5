"""When an institution works: its country's weekend, and the holidays that it declares. They come as they are announced."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import transaction

from raseed.kernel.calendars import weekend_of
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from .domain import BankAccount
from .models import BooksRow, HolidayRow
from .workdays import Workdays


def declare_holiday(
    *, institution_id: UUID, day: date, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Declare a day on which an institution does not work; again changes nothing.

    Schedules made from then on heed it; contracts that were made keep their dates.

    Raises:
        NotPermitted: ``by`` lacks ``banking.products.edit``. UnacceptableText: no reason.
    """
    people.require(by, "banking.products.edit", institution_id)
    said = people.clean_reason(reason)
    with transaction.atomic():
        _, made = HolidayRow.objects.get_or_create(
            institution_id=institution_id, day=day, defaults={"declared_at": clock.now()}
        )
        if made:
            platform.record(
                actor=by.actor,
                action="banking.holiday_declared",
                subject=f"institution:{institution_id}",
                after={"day": day.isoformat()},
                reason=said,
                institution_id=institution_id,
                clock=clock,
            )


def holidays(institution_id: UUID, *, first: date, last: date) -> list[date]:
    """Return the holidays that an institution declared from one day to another, both included."""
    rows = HolidayRow.objects.filter(institution_id=institution_id, day__gte=first, day__lte=last)
    return list(rows.order_by("day").values_list("day", flat=True))


def workdays_of(of: BankAccount) -> Workdays:
    """Return when the institution of an account works."""
    country = BooksRow.objects.values_list("country", flat=True).get(ledger=of.ledger)
    days = HolidayRow.objects.filter(institution_id=of.institution_id).values_list("day", flat=True)
    return Workdays(weekend_of(country), frozenset(days))
