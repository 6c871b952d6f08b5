"""The sources that are there from the first day: money and bills; cases and earlier talks; what was asked for a customer."""

from __future__ import annotations

from raseed.kernel.errors import mark

from ..registry import register_provider
from . import asked_for, balances, bills, earlier, holds, loans, payments, promised


def register() -> None:
    """Make them known, in the order in which their cards stand."""
    register_provider(balances.CODE, mark("Balances"), balances.card, "banking.accounts.view")
    register_provider(payments.CODE, mark("Last payments"), payments.card, "payments.view")
    register_provider(holds.CODE, mark("Held money"), holds.card, "payments.view")
    register_provider(bills.CODE, mark("Bills and penalties"), bills.card, "bills.view")
    register_provider(loans.CODE, mark("Loans"), loans.card, "banking.accounts.view")
    register_provider(earlier.CODE, mark("Cases and earlier conversations"), earlier.card, "care.conversations.view")
    register_provider(asked_for.CODE, mark("Asked for this customer"), asked_for.card, "care.authority.ask")
    register_provider(promised.CODE, mark("Promises made"), promised.card, "care.gaps.view")
