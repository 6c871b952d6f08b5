"""Closing a biller's business day: once, in order, and for ever. What comes later belongs to the next day's settlement.

The ledger says what was collected: every posting on the collection account becomes a line of exactly one settlement, as a
payment of a bill, a refund, a payout, or as something else, which is a break. So a settlement's sums are the account's
movement, and no posting can be settled twice or be forgotten.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.db import DatabaseError, transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform

from .. import events
from ..domain import Biller
from ..models import BillerRow
from ..queries import biller
from ..reconciliation.books import open_breaks_of_books
from ..refunds.reading import refunds_of_day
from ..sql import run
from .domain import Settlement
from .errors import DayNotOver, SettlementUnknown
from .models import LineKind, PayoutRow, SettlementRow
from .paying_out import pay_out
from .queries import settlement

SETTLING: Final = timedelta(hours=1)
"""How long after a day's end the worker closes it: what was begun before midnight has mostly ended by then."""
DAYS_AT_ONCE_MAX: Final = 400
"""How many missed days of one biller one run closes."""
_log = structlog.get_logger("raseed.bills")


def close_day(biller_id: UUID, day: date, *, clock: Clock = SYSTEM_CLOCK) -> Settlement:
    """Close a biller's business day, and before it those that were missed; a day that is closed stays as it is.

    Raises:
        BillerUnknown. DayNotOver: it has not ended. SettlementUnknown: it is before the first that was closed.
    """
    of = biller(biller_id)
    if day >= banking.business_date(of.institution_id, clock.now()):
        raise DayNotOver(field="day")
    for each in _missing(of, day, from_day=day)[:DAYS_AT_ONCE_MAX]:
        _close(of, each, clock)
    found = SettlementRow.objects.filter(biller_id=of.id, day=day).first()
    if found is None:
        raise SettlementUnknown(field="day")
    return settlement(found.id)


def close_days(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Close every day that has ended, of every biller, and pay out what is due; return how many were closed.

    What the worker does, again and again: a biller whose day can't be closed now is told to the log and tried again, and
    stops nobody else.
    """
    closed, now = 0, clock.now()
    for of_id, institution_id in BillerRow.objects.order_by("id").values_list("id", "institution_id"):
        try:
            last = banking.business_date(institution_id, now - SETTLING) - timedelta(days=1)
            of = biller(of_id)
            missing = _missing(of, last)[:DAYS_AT_ONCE_MAX]
            for day in missing:
                closed += _close(of, day, clock)
            pay_out(of_id, clock=clock)
        except (RaseedError, DatabaseError, ledger.LedgerBusy) as error:
            _log.exception("day_not_closed", biller=str(of_id), error=type(error).__name__)
    return closed


def _missing(of: Biller, through: date, *, from_day: date = date.max) -> list[date]:
    """Return the days to close, in order: after the last that is closed, or from the one on which the biller came.

    ``from_day``: of a biller of which none is closed, from that one if it is earlier.
    """
    row = SettlementRow.objects.filter(biller_id=of.id).order_by("-day").first()
    if row is not None:
        first = row.day + timedelta(days=1)
    else:
        zone = ZoneInfo(people.institution(of.institution_id).zone)
        came_at: datetime = BillerRow.objects.values_list("registered_at", flat=True).get(id=of.id)
        first = min(came_at.astimezone(zone).date(), from_day)
    return [first + timedelta(days=number) for number in range((through - first).days + 1)]


def _close(of: Biller, day: date, clock: Clock) -> bool:
    """Close one day in a transaction of its own; say whether it was open."""
    with transaction.atomic():
        BillerRow.objects.select_for_update(no_key=True).get(id=of.id)
        if SettlementRow.objects.filter(biller_id=of.id, day__gte=day).exists():
            return False
        before = SettlementRow.objects.filter(biller_id=of.id).order_by("-day").first()
        after_seq = before.after_seq if before else -1
        ledger.stage_postings(of.collection_account_id, after_seq=after_seq)
        row = SettlementRow(
            id=new_id(), biller_id=of.id, day=day, brought_minor=_brought(before), closed_at=clock.now()
        )
        _take_lines(of, row, after_seq)
        row.save(force_insert=True)
        open_breaks_of_books(of, row, clock)
        platform.record(
            actor=people.SYSTEM.actor,
            action="bills.day_closed",
            subject=f"biller:{of.id}",
            after={
                "settlement": str(row.id), "day": day.isoformat(), "payments": row.payments, "refunds": row.refunds,
                "others": row.others, "collected_minor": row.collected_minor, "refunded_minor": row.refunded_minor,
            },
            reason="",
            institution_id=of.institution_id,
            clock=clock,
        )  # fmt: skip
        platform.emit(
            events.DAY_CLOSED,
            {"biller_id": str(of.id), "settlement_id": str(row.id)},
            institution_id=of.institution_id,
            clock=clock,
        )
    return True


def _brought(before: SettlementRow | None) -> int:
    if before is None:
        return 0
    paid: int = PayoutRow.objects.filter(settlement_id=before.id).values_list("amount_minor", flat=True).first() or 0
    return before.brought_minor + before.collected_minor - before.refunded_minor - paid


def _take_lines(of: Biller, row: SettlementRow, after_seq: int) -> None:
    """Give the settlement its lines, count them, and note where the next closing begins."""
    refunds = [
        refund
        for (booked_on,) in run("staged_debit_days", {"day": row.day})
        for refund in refunds_of_day(of.id, booked_on)
    ]
    sums = {
        LineKind(kind): (count, int(minor))
        for kind, count, minor in run(
            "take_lines",
            {
                "biller": of.id, "settlement": row.id, "day": row.day,
                "transfers": [refund.transfer_id for refund in refunds],
                "refunds": [refund.id for refund in refunds],
                "orders": [refund.order_id for refund in refunds],
            },
        )
    }  # fmt: skip
    row.payments, row.collected_minor = sums.get(LineKind.PAYMENT, (0, 0))
    row.refunds, refunded = sums.get(LineKind.REFUND, (0, 0))
    row.refunded_minor = -refunded
    row.others = sums.get(LineKind.OTHER, (0, 0))[0]
    ((row.after_seq,),) = run("next_seq", {"day": row.day, "after": after_seq})
