"""Somebody with a biller that sends bills by file, for the tests of autopays and reminders."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.bills.api import AutopayOutcome
from raseed.bills.habits.models import AutopayRunRow, NoticeRow
from raseed.channels.models import TextRow
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments.outside.courier import carry_due

from .street import EGP, Street

NUMBER = "12345678"


class Household:
    """Mona, her account, and a biller whose bills are known here."""

    def __init__(
        self, street: Street, *, money: int = 90_000, adapter: bills.AdapterKind = bills.AdapterKind.FILE
    ) -> None:
        self.street, self.clock = street, street.town.clock
        self.nur = street.biller(adapter=adapter)
        self.mona, self.account = street.person(money=money)
        self.numbers = 0

    @property
    def today(self) -> date:
        """The bank's day."""
        return banking.business_date(self.street.town.bank, self.clock.now())

    def bill(self, minor: int = 5_000, *, due_in: int | None = 0, number: str = "", parts: str = "exact") -> bills.Bill:
        """Let the biller tell of a bill that is due in so many days."""
        self.numbers += 1
        called = number or f"B-{self.numbers}"
        told = bills.FetchedBill(
            number=called, issued_on=self.today, amount=Money(minor, EGP), paid=Money(0, EGP),
            part_payments=bills.PartPayments(parts), period="2026-03", customer_name="م***",
            due_on=None if due_in is None else self.today + timedelta(days=due_in),
        )  # fmt: skip
        known = bills.KnownBills(self.mona.id, {"account": NUMBER}, [told])
        bills.keep_known_bills(self.nur.id, [known], clock=self.clock)
        return next(each for each in bills.bills_of(self.mona.id, only_open=False) if each.number == called)

    def extend(self, bill: bills.Bill, days: int) -> bills.Bill:
        """Let a bill be paid so many days from today as if it were due then."""
        with transaction.atomic():
            bills.extend_bill(
                id=new_id(), bill_id=bill.id, customer_id=self.mona.id, until=self.today + timedelta(days=days),
                reason="her salary is late", actor="system", clock=self.clock,
            )  # fmt: skip
        return bills.bill(bill.id, self.mona.id)

    def look_up(self) -> None:
        """Have asked for the bills of the number once."""
        bills.keep_known_bills(self.nur.id, [bills.KnownBills(self.mona.id, {"account": NUMBER}, [])], clock=self.clock)

    def give(self, ceiling: int = 10_000, *, days_before: int = 0, id_: UUID | None = None) -> bills.Autopay:
        """Give an autopay."""
        return bills.give_autopay(
            id=id_ or new_id(), customer_id=self.mona.id, biller_id=self.nur.id, fields={"account": NUMBER},
            from_account_id=self.account.id, ceiling=Money(ceiling, EGP), days_before=days_before, clock=self.clock,
        )  # fmt: skip

    def run(self, *, carried: bool = True) -> int:
        """Let a worker run, and the courier carry what has left."""
        done = bills.run_autopays(clock=self.clock)
        if carried:
            carry_due(clock=self.clock)
        return done

    def pass_days(self, days: int) -> None:
        """Let days pass, the worker running every three hours."""
        for _ in range(days):
            for _ in range(8):
                self.clock.advance(timedelta(hours=3))
                self.run()

    def outcomes(self, bill: bills.Bill) -> list[str]:
        """Return what became of a bill, in order."""
        rows = AutopayRunRow.objects.filter(bill_id=bill.id).order_by("autopay_id", "number")
        return list(rows.values_list("outcome", flat=True))

    def notices(self) -> list[str]:
        """Return the kinds of what was told, in order."""
        return list(NoticeRow.objects.order_by("made_at", "kind").values_list("kind", flat=True))

    def texts(self) -> list[str]:
        """Return the texts that left."""
        return [
            row.text or "" for row in TextRow.objects.filter(purpose="bill_notice").order_by("created_at", "message_id")
        ]

    def state(self, bill: bills.Bill) -> bills.BillState:
        """Return where a bill is."""
        return bills.bill(bill.id, self.mona.id).state


__all__ = ["NUMBER", "AutopayOutcome", "Household"]
