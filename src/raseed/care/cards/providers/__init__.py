"""The sources that are there from the first day: money and bills; cases and earlier talks; what was asked for a customer."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark

from ..domain import Tellable
from ..registry import register_provider
from . import asked_for, balances, bills, earlier, holds, loans, payments, promised

BALANCES: Final = {
    "balance": Tellable(
        mark("Balance of an account"), mark("The balance of your account 1234 is EGP 1,250.00 (as of 14:03).")
    )
}
PAYMENTS: Final = {
    "payment": Tellable(
        mark("A payment and where it is"),
        mark("Your payment of EGP 250.00 of today was sent at 14:03 and has arrived."),
    )
}
HOLDS: Final = {
    "hold": Tellable(
        mark("Money held for a payment"),
        mark("EGP 250.00 is held for your payment until the answer of the other side."),
    )
}
BILLS: Final = {
    "bill": Tellable(
        mark("A bill and what it comes to"), mark("Your bill 2026-11 comes to EGP 320.50, due on 30 November.")
    ),
    "dispute": Tellable(
        mark("A disputed bill"), mark("You said on 20 November that bill 2026-11 is wrong; it is not decided yet.")
    ),
}
LOANS: Final = {
    "loan": Tellable(mark("A loan and what is due of it"), mark("On your loan 5678, EGP 900.00 is due on 1 December."))
}
EARLIER: Final = {
    "case": Tellable(mark("A case and where it is"), mark("Your matter R-2026-000123 is being worked on."))
}
ASKED_FOR: Final = {
    "request": Tellable(
        mark("What was asked for the customer"),
        mark("The refund of EGP 10.00 is before a person who decides by 16:00."),
    )
}
PROMISED: Final = {"gap": Tellable(mark("A promised answer"), mark("We promised you an answer by tomorrow, 12:00."))}
"""What customers may be told of each, as prepared answers name it, with a made-up example."""


def register() -> None:
    """Make them known, in the order in which their cards stand."""
    register_provider(balances.CODE, mark("Balances"), balances.card, "banking.accounts.view", tells=BALANCES)
    register_provider(payments.CODE, mark("Last payments"), payments.card, "payments.view", tells=PAYMENTS)
    register_provider(holds.CODE, mark("Held money"), holds.card, "payments.view", tells=HOLDS)
    register_provider(bills.CODE, mark("Bills and penalties"), bills.card, "bills.view", tells=BILLS)
    register_provider(loans.CODE, mark("Loans"), loans.card, "banking.accounts.view", tells=LOANS)
    register_provider(
        earlier.CODE, mark("Cases and earlier conversations"), earlier.card, "care.conversations.view", tells=EARLIER
    )
    register_provider(
        asked_for.CODE, mark("Asked for this customer"), asked_for.card, "care.authority.ask", tells=ASKED_FOR
    )
    register_provider(promised.CODE, mark("Promises made"), promised.card, "care.gaps.view", tells=PROMISED)
