"""A counter for the tests of refunds and collections: bills that were really paid, and people who work for their biller."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from raseed.banking import api as banking
from raseed.banking.api import BankAccount
from raseed.banking.tests.town import booked
from raseed.bills import api as bills
from raseed.bills.api import Biller, BillOrder, Clerk
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments.outside.courier import carry_due
from raseed.people import api as people
from raseed.people.tests.office import a_colleague, make_hashes_quick

from .street import EGP, Street

REASON = "paid the wrong number"


def money(minor: int) -> Money:
    """Return piastres."""
    return Money(minor, EGP)


def paid(
    street: Street, of: Biller, who: people.Customer, account: BankAccount, minor: int | None = None,
    number: str = "12345678",
) -> BillOrder:  # fmt: skip
    """Pay the first bill of a number, all of it or some, and let the courier carry it."""
    order = street.order(of, who, street.fetch(of, who, number)[0], minor)
    bills.pay(order_id=order.id, customer_id=who.id, from_account_id=account.id, clock=street.town.clock)
    street.town.clock.advance(timedelta(seconds=1))
    carry_due(clock=street.town.clock)
    found = bills.orders_by_id([order.id])[order.id]
    assert found.state is bills.OrderState.PAID
    return found


def hired(street: Street, login: str) -> people.Staff:
    """Return somebody of staff who has no role, and has enrolled, with a cheap password."""
    with pytest.MonkeyPatch.context() as patch:
        make_hashes_quick(patch)
        return a_colleague(street.town.bank, login=login, roles=()).staff


def clerk(
    street: Street, of: Biller, login: str = "kamal", *, most: int | None = 50_000, a_day: int | None = 80_000
) -> Clerk:
    """Return somebody who works for a biller, with limits in piastres."""
    return bills.name_clerk(
        staff_id=hired(street, login).id, biller_id=of.id,
        refund_most=None if most is None else money(most), refund_most_day=None if a_day is None else money(a_day),
        by=people.SYSTEM, reason="named on the street", clock=street.town.clock,
    )  # fmt: skip


def give(
    street: Street, order: BillOrder, minor: int, by: Clerk, *, id_: UUID | None = None, reopens: bool = True,
    reason: str = REASON,
) -> bills.Refund:  # fmt: skip
    """Refund some of a payment."""
    return bills.refund(
        id=id_ or new_id(), order_id=order.id, amount=money(minor), reason=reason, clerk=by, reopens=reopens,
        clock=street.town.clock,
    )  # fmt: skip


def collected(of: Biller) -> int:
    """Return what stands in a biller's collection account."""
    return booked(banking.account(of.collection_account_id))
