"""Payments of bills against billers: who has paid has an order that says so, with the biller's yes, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from raseed.bills import api as bills
from raseed.kernel.errors import mark
from raseed.payments import api as payments
from raseed.payments.api import PaymentState

from ..domain import FOUND_MAX, Check, Finding, Look, Over
from .places import institutions_of_accounts

ROUTE: Final = "bill"
AT_ONCE: Final = 2_000
_WANTED: Final = {
    PaymentState.SETTLED: bills.OrderState.PAID,
    PaymentState.RETURNED: bills.OrderState.RETURNED,
    **dict.fromkeys(payments.OPEN_STATES, bills.OrderState.HELD),
}
"""Where a payment's order is, by where the payment is."""


def _at_billers(look: Look) -> Iterator[Finding]:
    sent = [
        each for each in payments.payments_by_id(look.ids).values() if each.route == ROUTE and each.state in _WANTED
    ]
    orders = bills.inspection.order_standings(each.id for each in sent)
    owners = institutions_of_accounts({each.from_account_id for each in sent})
    for payment in sent:
        wanted, order = _WANTED[payment.state], orders.get(payment.id)
        if order is None or order.state is not wanted:
            code, expected, found = "order", wanted.value, order.state.value if order else ""
        elif order.amount_minor != payment.amount.amount_minor:
            code, expected, found = "amount", str(payment.amount.amount_minor), str(order.amount_minor)
        elif wanted is bills.OrderState.PAID and not order.reference:
            code, expected, found = "no_reference", wanted.value, ""
        else:
            continue
        yield Finding(
            "at_billers", code, f"payment:{payment.id}", expected, found, institution_id=owners.get(payment.from_account_id)
        )  # fmt: skip


def _orders_paid(look: Look) -> Iterator[Finding]:
    del look
    after, found = UUID(int=0), 0
    while found < FOUND_MAX:
        page = bills.inspection.orders_in([bills.OrderState.HELD, bills.OrderState.PAID], after=after, limit=AT_ONCE)
        if not page:
            return
        after = page[-1].id
        known = payments.payments_by_id(each.id for each in page)
        for order in page:
            if order.id not in known:
                found += 1
                yield Finding(
                    "orders_paid", "no_payment", f"order:{order.id}", order.state.value, "", institution_id=order.institution_id
                )  # fmt: skip


def _bills_held(look: Look) -> Iterator[Finding]:
    del look
    for each in bills.inspection.odd_bills(limit=FOUND_MAX):
        yield Finding(
            "bills_held", "held", f"bill:{each.bill_id}", str(each.expected), str(each.found),
            institution_id=each.institution_id,
        )  # fmt: skip


AT_BILLERS: Final = Check(
    "at_billers",
    mark(
        "Every payment to a biller has an order in the same state, with the biller's own reference once it has taken the money."
    ),
    {
        "order": mark("The order is not where its payment is"),
        "amount": mark("The order has another amount than its payment"),
        "no_reference": mark("The payment has settled without a reference of the biller"),
    },
    _at_billers,
    over=Over.PAYMENTS,
)
ORDERS_PAID: Final = Check(
    "orders_paid",
    mark("Every order of bills that is under way or paid has its payment."),
    {"no_payment": mark("The order has no payment")},
    _orders_paid,
    every_s=300,
)
BILLS_HELD: Final = Check(
    "bills_held",
    mark("What bills count as under way is what their orders hold."),
    {"held": mark("The bill counts another amount as under way than its orders hold")},
    _bills_held,
    every_s=300,
)
