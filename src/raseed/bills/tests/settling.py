"""Days of payments for the tests of settlement and reconciliation: paid through the doors, and told by the biller in files."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from raseed.banking.api import BankAccount
from raseed.bills import api as bills
from raseed.bills.api import Biller, BillOrder
from raseed.bills.settlement.models import SettlementLineRow
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.payments.outside.courier import carry_due
from raseed.people import api as people

from .street import EGP, Street

DAY = date(2026, 3, 1)
"""The town's first day."""


@dataclass(frozen=True)
class Told:
    """A line of a biller's file."""

    payment: UUID | str
    reference: str
    minor: int
    bills: str = ""
    at: str = "2026-03-01T12:00:00+02:00"

    def text(self) -> str:
        return f"{self.payment},{self.reference},{self.bills},{self.minor // 100}.{self.minor % 100:02d},{self.at}"


def direct(street: Street, code: str = "town") -> Biller:
    """Register a biller that is paid any amount, by file."""
    return street.biller(code, model=bills.BillerModel.DIRECT, adapter=bills.AdapterKind.FILE)


def order(street: Street, of: Biller, account: BankAccount, minor: int) -> BillOrder:
    return bills.order(
        id=new_id(), customer_id=account.owner_id, biller_id=of.id, fields={"account": "12345678"},
        amount=Money(minor, EGP), clock=street.town.clock,
    )  # fmt: skip


def pay(street: Street, of: Biller, account: BankAccount, minors: Iterable[int]) -> list[BillOrder]:
    """Pay amounts to a biller, all the way until they have settled."""
    orders = []
    for minor in minors:
        made = order(street, of, account, minor)
        bills.pay(order_id=made.id, customer_id=account.owner_id, from_account_id=account.id, clock=street.town.clock)
        orders.append(made)
    street.town.clock.advance(timedelta(seconds=1))
    carry_due(clock=street.town.clock)
    known = bills.orders_by_id(each.id for each in orders)
    assert all(each.state is bills.OrderState.PAID for each in known.values())
    return [known[each.id] for each in orders]


def told(orders: Iterable[BillOrder]) -> list[Told]:
    """Tell of payments as they are here."""
    return [Told(each.id, each.biller_reference, each.amount.amount_minor) for each in orders]


def received(of: Biller, lines: Sequence[Told], day: date = DAY) -> str:
    """Write a biller's file."""
    total = sum(each.minor for each in lines)
    rows = [
        f"raseed-received,1,{of.code},EGP,2,{day}",
        "payment,biller_reference,bills,amount,received_at",
        *(each.text() for each in lines),
        f"end,{len(lines)},{total // 100}.{total % 100:02d}",
    ]
    return "\r\n".join(rows) + "\r\n"


def reconcile(street: Street, of: Biller, lines: Sequence[Told], day: date = DAY) -> bills.Reconciliation:
    return take(street, of, received(of, lines, day).encode())


def take(street: Street, of: Biller, content: bytes) -> bills.Reconciliation:
    return bills.reconcile(of.id, io.BytesIO(content), by=people.SYSTEM, reason="their file", clock=street.town.clock)


def next_day(street: Street) -> date:
    """Let it become noon of the next day; return the day that has ended."""
    ended = street.town.clock.now().date()
    street.town.until(ended + timedelta(days=1))
    return ended


def signed_lines(settlement_id: UUID) -> int:
    return sum(SettlementLineRow.objects.filter(settlement_id=settlement_id).values_list("amount_minor", flat=True))


def movement(of: Biller, day: date) -> int:
    """Return what the ledger says that a day moved on the collection account."""
    entries = ledger.booked_period(of.collection_account_id, day, day).entries
    return sum(-entry.amount if entry.is_debit else entry.amount for entry in entries)


def found(street: Street, wanted: bills.BreakFilter | None = None) -> list[tuple[str, date, str]]:
    """Return the breaks that are open: kind, day, and which payment or posting."""
    page = bills.breaks(
        street.town.bank, by=people.SYSTEM, wanted=wanted or bills.BreakFilter(), clock=street.town.clock
    )
    return [
        (each.kind.value, each.day, str(each.order_id or each.transfer_id or each.their_reference))
        for each in page.breaks
    ]


def kinds(street: Street, wanted: bills.BreakFilter | None = None) -> list[str]:
    return sorted(kind for kind, _, _ in found(street, wanted))
