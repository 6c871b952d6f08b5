"""A biller at the corner for the tests of pages: it has bills, answers over HTTP, and somebody can pay it."""

from __future__ import annotations

from uuid import UUID

from django.test import Client

from raseed.bills import api as bills
from raseed.bills.tests.street import Street
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.payments import api as payments
from raseed.web.tests.street import hidden, signed_in

REFERENCE = "12345678"


class Corner:
    """A biller with bills, and somebody who has an account at the bank that collects."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.nur = street.biller(part_payments="any")
        self.mona, self.account = street.person()
        self.client = signed_in(self.mona.phone)

    def owed(self, number: str = REFERENCE) -> list[bills.Bill]:
        """Ask for bills as the page would."""
        found = bills.fetch_bills(biller_id=self.nur.id, fields={"account": number}, customer_id=self.mona.id)
        return [each for each in found.bills if each.owed.amount_minor]

    def confirmed(
        self, *chosen: bills.Bill, client: Client | None = None, **changed: str
    ) -> tuple[str, dict[str, object]]:
        """Open the confirmation of bills; return its text, and what its form would send."""
        client = client or self.client
        page = client.get("/bills/pay", {"bill": [str(each.id) for each in chosen]}).content.decode()
        form: dict[str, object] = {name: hidden(page, name) for name in ("id", "total")}
        form |= {"bill": [str(each.id) for each in chosen], "from": str(self.account.id)}
        form |= changed
        return page, form

    def state(self, id_: object) -> payments.PaymentState:
        """Return where a payment is."""
        return payments.payment(UUID(str(id_)), self.mona.id).state


def carry() -> None:
    """Let the courier do what is due."""
    payments.carry_due(clock=SYSTEM_CLOCK)
