"""A biller's desk for the tests of its pages: the corner's biller with a clerk, another biller, and what was paid to both."""

from __future__ import annotations

from uuid import UUID

from django.test import Client

from raseed.bills import api as bills
from raseed.bills.tests.counter import money
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import PASSWORD, Colleague, Phone
from raseed.web.tests.corner import Corner, carry
from raseed.web.tests.office.house import next_recovery_code
from raseed.web.tests.street import browser


class Desk:
    """Kamal works for the corner's biller and refunds 500 at once, 800 a day; Gamal for another, and refunds nothing."""

    def __init__(self, corner: Corner) -> None:
        self.corner, self.nur = corner, corner.nur
        self.gas = corner.street.biller("gas", part_payments="any")
        self.bank = corner.street.town.bank
        self.kamal = self.clerk("kamal", self.nur, most=500_00)
        self.gamal = self.clerk("gamal", self.gas)

    def staff(self, login: str) -> Colleague:
        """Return somebody without a role who has enrolled."""
        newcomer = people.add_staff(
            id=new_id(), login=login, names={"ar": "كمال الشريف", "he": "כמאל א-שריף", "en": login.title()}, language="ar",
            institution_id=self.bank, role_ids=[], by=people.SYSTEM, reason="works for a biller",
        )  # fmt: skip
        token = people.issue_invitation(newcomer.id, by=people.SYSTEM, reason="first day").token
        phone = Phone(people.begin_enrolment(token=token, password=PASSWORD).secret_text)
        proven = people.finish_enrolment(token=token, code=phone.code(SYSTEM_CLOCK.now()))
        return Colleague(proven.staff, phone, proven.recovery_codes)

    def clerk(self, login: str, of: bills.Biller, *, most: int | None = None) -> Colleague:
        """Return somebody who works for a biller."""
        someone = self.staff(login)
        bills.name_clerk(
            staff_id=someone.staff.id, biller_id=of.id, refund_most=None if most is None else money(most),
            refund_most_day=None if most is None else money(most * 8 // 5), by=people.SYSTEM, reason="named on the street",
        )  # fmt: skip
        return someone

    def paid(self, of: bills.Biller | None = None, number: str = "12345678") -> bills.BillOrder:
        """Pay a bill, and let the courier carry it."""
        biller, mona = of or self.nur, self.corner.mona
        bill = self.corner.street.fetch(biller, mona, number)[0]
        order = bills.order(
            id=new_id(), customer_id=mona.id, biller_id=biller.id, fields={"account": number},
            bills=[(bill.id, bill.owed)],
        )  # fmt: skip
        bills.pay(order_id=order.id, customer_id=mona.id, from_account_id=self.corner.account.id)
        carry()
        return bills.orders_by_id([order.id])[order.id]


def at_desk(colleague: Colleague, language: str = "en") -> Client:
    """Return a browser in which a clerk has signed in."""
    client = browser(language)
    answer = client.post("/biller/sign-in", {"login": colleague.staff.login, "password": PASSWORD})
    assert answer.status_code == 303, answer.content.decode()
    answer = client.post("/biller/sign-in/code", {"code": next_recovery_code(colleague)})
    assert answer.status_code == 303, answer.content.decode()
    return client


def right(colleague: Colleague) -> UUID:
    """Return the naming under which somebody works."""
    return bills.clerk_of(colleague.staff.id)[0].right_id
