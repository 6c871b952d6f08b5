"""Reads of clerks: for which billers somebody works, and who works for a biller."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from raseed.kernel.money import Money, currency
from raseed.people import api as people

from ..permissions import VIEW_BILLS
from ..queries import biller
from .domain import Clerk
from .models import ClerkRow


def clerk_of(staff_id: UUID) -> list[Clerk]:
    """Return for which billers somebody works now, in the order of their naming; empty for everyone else."""
    rows = ClerkRow.objects.filter(staff_id=staff_id, ended_at=None).select_related("biller")
    return [clerk_told(row) for row in rows.order_by("named_at", "id")]


def clerks_of(biller_id: UUID, *, by: people.Author) -> list[Clerk]:
    """Return who works for a biller now, in the order of their naming.

    Raises:
        BillerUnknown. NotPermitted: ``by`` lacks ``bills.view`` where the biller is collected for.
    """
    people.require(by, VIEW_BILLS, biller(biller_id).institution_id)
    return [clerk_told(row) for row in active_clerks(biller_id)]


def active_clerks(biller_id: UUID) -> Iterable[ClerkRow]:
    """Return the rows of who works for a biller now."""
    rows = ClerkRow.objects.filter(biller_id=biller_id, ended_at=None).select_related("biller")
    return rows.order_by("named_at", "id")


def clerk_told(row: ClerkRow) -> Clerk:
    """Return the clerk that a row (with its biller selected) tells of."""
    money = currency(row.biller.currency)
    most, a_day = row.refund_most_minor, row.refund_most_day_minor
    return Clerk(
        id=row.staff_id,
        biller_id=row.biller_id,
        may_refund=most is not None,
        refund_most=None if most is None else Money(most, money),
        refund_most_day=None if a_day is None else Money(a_day, money),
        right_id=row.id,
        named_at=row.named_at,
    )
