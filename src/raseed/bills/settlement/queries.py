"""Reads of settlements."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol
from uuid import UUID

from raseed.kernel.money import Currency, Money, currency
from raseed.people import api as people

from ..errors import BillerUnknown
from ..permissions import VIEW_SETTLEMENTS
from ..queries import biller
from .domain import SETTLEMENTS_PER_PAGE, Settlement, SettlementState
from .errors import SettlementUnknown
from .models import PayoutRow, SettlementRow


class BillersOwn(Protocol):
    """Somebody who works for a biller."""

    @property
    def biller_id(self) -> UUID:
        """Which."""


def settlement(settlement_id: UUID) -> Settlement:
    """Return a settlement, whoever's it is: callers have looked, or look by its ``biller_id``, who asks.

    Raises:
        SettlementUnknown: there is none.
    """
    found = _told(SettlementRow.objects.filter(id=settlement_id).select_related("biller"))
    if not found:
        raise SettlementUnknown(field="settlement_id")
    return found[0]


def settlements(
    biller_id: UUID,
    *,
    by: people.Author | None = None,
    clerk: BillersOwn | None = None,
    before: date | None = None,
    limit: int = SETTLEMENTS_PER_PAGE,
) -> list[Settlement]:
    """Return a biller's settlements, the latest first, for its own clerk or for staff; ``before``: of earlier days.

    Raises:
        BillerUnknown: none, or another's than the clerk's. NotPermitted: ``by`` lacks ``bills.settlement.view``.
    """
    assert (by is None) != (clerk is None), "either staff ask, or the biller's own clerk"
    of = biller(biller_id)
    if by is not None:
        people.require(by, VIEW_SETTLEMENTS, of.institution_id)
    elif clerk is not None and clerk.biller_id != biller_id:
        raise BillerUnknown(field="biller_id")
    rows = SettlementRow.objects.filter(biller_id=biller_id)
    if before is not None:
        rows = rows.filter(day__lt=before)
    return _told(rows.select_related("biller").order_by("-day")[: min(max(limit, 1), SETTLEMENTS_PER_PAGE)])


def settlements_at(
    institution_id: UUID,
    *,
    by: people.Author,
    biller_id: UUID | None = None,
    before: date | None = None,
    limit: int = SETTLEMENTS_PER_PAGE,
) -> list[Settlement]:
    """Return the settlements of an institution's billers, the latest day first; ``before``: of earlier days.

    A page may be longer than ``limit``, for it ends with a whole day.

    Raises:
        NotPermitted: ``by`` lacks ``bills.settlement.view``.
    """
    people.require(by, VIEW_SETTLEMENTS, institution_id)
    rows = SettlementRow.objects.filter(biller__institution_id=institution_id)
    if biller_id is not None:
        rows = rows.filter(biller_id=biller_id)
    if before is not None:
        rows = rows.filter(day__lt=before)
    days = list(rows.order_by("-day").values_list("day", flat=True)[: min(max(limit, 1), SETTLEMENTS_PER_PAGE)])
    if not days:
        return []
    return _told(rows.filter(day__gte=days[-1]).select_related("biller").order_by("-day", "biller__code"))


def settlement_of_row(row: SettlementRow, money: Currency) -> Settlement:
    """Return the settlement that a row tells of, as if it were the last and not paid out."""
    return _settlement(row, money, None, is_last=True)


def _told(rows: Iterable[SettlementRow]) -> list[Settlement]:
    rows = list(rows)
    paid = {row.settlement_id: row for row in PayoutRow.objects.filter(settlement_id__in=[row.id for row in rows])}
    last = {
        biller_id: SettlementRow.objects.filter(biller_id=biller_id).order_by("-day").values_list("id", flat=True)[0]
        for biller_id in {row.biller_id for row in rows}
    }
    return [
        _settlement(row, currency(row.biller.currency), paid.get(row.id), is_last=last[row.biller_id] == row.id)
        for row in rows
    ]


def _settlement(row: SettlementRow, money: Currency, paid: PayoutRow | None, *, is_last: bool) -> Settlement:
    state = SettlementState.CLOSED if is_last else SettlementState.CARRIED
    return Settlement(
        id=row.id,
        biller_id=row.biller_id,
        day=row.day,
        collected=Money(row.collected_minor, money),
        refunded=Money(row.refunded_minor, money),
        brought=Money(row.brought_minor, money),
        payments=row.payments,
        refunds=row.refunds,
        others=row.others,
        state=SettlementState.PAID_OUT if paid else state,
        closed_at=row.closed_at,
        paid_out=Money(paid.amount_minor, money) if paid else None,
        payout_transfer_id=paid.transfer_id if paid else None,
        payout_account_id=paid.account_id if paid else None,
        paid_at=paid.paid_at if paid else None,
    )
