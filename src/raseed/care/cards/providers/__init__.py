"""The sources that are there from the first day: money and bills; cases and earlier talks; what was asked for a customer."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark

from ..registry import register_provider
from . import asked_for, balances, bills, earlier, holds, loans, payments, promised

BALANCES: Final = {"balance": mark("Balance of an account")}
PAYMENTS: Final = {"payment": mark("A payment and where it is")}
HOLDS: Final = {"hold": mark("Money held for a payment")}
BILLS: Final = {"bill": mark("A bill and what it comes to"), "dispute": mark("A disputed bill")}
LOANS: Final = {"loan": mark("A loan and what is due of it")}
EARLIER: Final = {"case": mark("A case and where it is")}
ASKED_FOR: Final = {"request": mark("What was asked for the customer")}
PROMISED: Final = {"gap": mark("A promised answer")}
"""What customers may be told of each, as prepared answers name it."""


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
