"""A biller of files on the street, bills of it with known days and amounts, and whoever pays them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from raseed.banking.api import BankAccount, PenaltyKind, PenaltyRule
from raseed.bills import api as bills
from raseed.bills.adapters.protocol import FetchedBill
from raseed.bills.api import Bill, Biller, BillOrder, PartKind
from raseed.bills.models import BillRow
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments.api import Payment
from raseed.payments.outside.courier import carry_due
from raseed.people import api as people

from .street import EGP, Street

TODAY = date(2026, 3, 1)
"""The town's day when it is built."""
REFERENCE = "12345678"
TWO_PERCENT = PenaltyRule(PenaltyKind.PERCENT, rate_ppm=20_000, grace_days=5)
A_DAY = PenaltyRule(PenaltyKind.FIXED_A_DAY, amount_minor=100, cap_minor=2_000)


@dataclass
class Late:
    """A biller whose bills may be late, and somebody who pays them."""

    street: Street
    biller: Biller
    mona: people.Customer
    account: BankAccount
    numbers: int = 0

    def rule(self, rule: PenaltyRule, valid_from: date = date(2026, 1, 1)) -> None:
        """Set the biller's late penalty."""
        bills.set_penalty_rule(
            self.biller.id, rule, valid_from=valid_from, by=people.SYSTEM, reason="a test", clock=self.street.town.clock
        )

    def credit(self) -> None:
        """Let the biller keep credit."""
        bills.set_credit_terms(
            self.biller.id, keeps=True, valid_from=date(2026, 1, 1), by=people.SYSTEM, reason="a test",
            clock=self.street.town.clock,
        )  # fmt: skip

    def owe(
        self,
        minor: int = 10_000,
        *,
        days_late: int = 10,
        part_payments: str = "any",
        whose: people.Customer | None = None,
    ) -> Bill:
        """Let somebody owe a bill that is so many days late today."""
        self.numbers += 1
        number = f"B-{self.numbers}"
        told = FetchedBill(
            number, date(2026, 1, 1), Money(minor, EGP), Money(0, EGP), bills.PartPayments(part_payments),
            due_on=self.today - timedelta(days=days_late),
        )  # fmt: skip
        known = bills.KnownBills((whose or self.mona).id, {"account": REFERENCE}, [told])
        assert bills.keep_known_bills(self.biller.id, [known], clock=self.street.town.clock) == 1
        return bills.bill(BillRow.objects.get(biller_id=self.biller.id, number=number).id, (whose or self.mona).id)

    @property
    def today(self) -> date:
        """The town's day."""
        return self.street.town.clock.now().date()

    def quote(self, *wanted: Bill, minor: int | None = None, by: people.Customer | None = None) -> bills.Quote:
        """Say what bills cost today."""
        return bills.quote(
            biller_id=self.biller.id, customer_id=(by or self.mona).id, fields={"account": REFERENCE},
            bills=self.amounts(wanted, minor), clock=self.street.town.clock,
        )  # fmt: skip

    def order(
        self, *wanted: Bill, minor: int | None = None, by: people.Customer | None = None, id_: UUID | None = None
    ) -> BillOrder:
        """Order bills."""
        return bills.order(
            id=id_ or new_id(), biller_id=self.biller.id, customer_id=(by or self.mona).id, fields={"account": REFERENCE},
            bills=self.amounts(wanted, minor), clock=self.street.town.clock,
        )  # fmt: skip

    def amounts(self, wanted: Sequence[Bill], minor: int | None) -> list[tuple[UUID, Money]]:
        """Return bills with what is paid on each: all that is owed now, if nothing else is said."""
        now = {row.id: row for row in BillRow.objects.filter(id__in=[bill.id for bill in wanted])}
        return [
            (bill.id, Money(minor if minor is not None else now[bill.id].amount_minor - now[bill.id].paid_minor, EGP))
            for bill in wanted
        ]

    def pay(self, order: BillOrder, account: BankAccount | None = None) -> Payment:
        """Send an order."""
        return bills.pay(
            order_id=order.id, customer_id=order.customer_id, from_account_id=(account or self.account).id,
            clock=self.street.town.clock,
        )  # fmt: skip

    def carry(self) -> None:
        """Let the courier do what is due."""
        self.street.town.clock.advance(timedelta(seconds=1))
        carry_due(clock=self.street.town.clock)

    def days_go_by(self, days: int) -> None:
        """Let it be later."""
        self.street.town.clock.advance(timedelta(days=days))


def late(street: Street) -> Late:
    """Register the biller, and somebody with money."""
    mona, account = street.person()
    return Late(street, street.biller("files", adapter=bills.AdapterKind.FILE), mona, account)


def told(parts: Sequence[bills.Part]) -> list[tuple[PartKind, int]]:
    """Return parts as kinds and minor units."""
    return [(part.kind, part.amount.amount_minor) for part in parts]
