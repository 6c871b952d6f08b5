"""Payments and orders as staff see them: about a customer or an account, filtered, page by page, where they may look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from raseed.banking import api as banking
from raseed.banking.api import BankAccount, Cursor
from raseed.kernel.errors import mark
from raseed.people import api as people
from raseed.people.api import Author, NotPermitted, Permission

from .domain import PAYMENTS_PER_PAGE, Payment, PaymentPage, PaymentState
from .errors import PaymentUnknown
from .models import PaymentRow
from .orders.domain import ORDERS_PER_PAGE, OrderPage
from .orders.models import OrderRow
from .orders.queries import told_orders
from .queries import told

VIEW_PAYMENTS: Final = Permission("payments.view", mark("See payments of customers"))
VIEW_ORDERS: Final = Permission("payments.orders.view", mark("See payment files of customers"))


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """Which payments are wanted; what is ``None`` leaves open.

    Attributes:
        states: in one of these states.
        since, until: instructed at this instant or later; earlier than this one.
        least_minor, most_minor: the amount, in minor units.
        sent: ``True`` only what left, ``False`` only what arrived.
        route: the way that it went; empty for what found none.
    """

    states: frozenset[PaymentState] | None = None
    since: datetime | None = None
    until: datetime | None = None
    least_minor: int | None = None
    most_minor: int | None = None
    sent: bool | None = None
    route: str | None = None


EVERYTHING: Final = PaymentFilter()


def payments_about(
    *,
    by: Author,
    customer_id: UUID | None = None,
    account_id: UUID | None = None,
    wanted: PaymentFilter = EVERYTHING,
    before: Cursor | None = None,
    limit: int = PAYMENTS_PER_PAGE,
) -> PaymentPage:
    """Return payments that left or reached a customer's accounts, or one account, newest first, as staff see them.

    Of a customer's accounts, those count that are at institutions where ``by`` may look. Refused payments are told on the
    payer's side only.

    Raises:
        NotPermitted: ``by`` may not look at the account, or at any account of the customer.
        AccountUnknown: no such account.
        ValueError: neither a customer nor an account is named, or both are.
    """
    if (customer_id is None) == (account_id is None):
        raise ValueError("payments are about a customer or about an account")
    accounts = [banking.account(account_id)] if account_id is not None else _accounts_of(customer_id)
    seen = [account for account in accounts if by.may(VIEW_PAYMENTS.code, account.institution_id)]
    if not seen and (accounts or not by.everything):
        raise NotPermitted(permission=VIEW_PAYMENTS.code)
    size = min(max(limit, 1), PAYMENTS_PER_PAGE)
    found = sorted(
        (row for side in _sides(seen, wanted) for row in _page(side, wanted, before, size + 1)),
        key=lambda row: -row.position,
    )[: size + 1]
    more = len(found) > size
    return PaymentPage(tuple(told(row.id for row in found[:size])), Cursor(found[size - 1].position) if more else None)


def payment_about(payment_id: UUID, *, by: Author) -> Payment:
    """Return a payment as staff see it who may look where its payer's account is.

    Raises:
        PaymentUnknown: no such payment. NotPermitted: ``by`` may not see payments there.
    """
    found = told([payment_id])
    if not found:
        raise PaymentUnknown(field="payment_id")
    people.require(by, VIEW_PAYMENTS.code, banking.account(found[0].from_account_id).institution_id)
    return found[0]


def orders_about(
    customer_id: UUID, *, by: Author, before: Cursor | None = None, limit: int = ORDERS_PER_PAGE
) -> OrderPage:
    """Return the orders that a customer has sent, newest first: those at institutions where ``by`` may look.

    A file that was refused before its institution was known is told to staff of any institution of the customer's.

    Raises:
        NotPermitted: ``by`` may not look at any institution that serves the customer.
    """
    served = {institution.id for institution in people.institutions_of(customer_id)}
    may = {id_ for id_ in served if by.may(VIEW_ORDERS.code, id_)}
    if not may and not by.everything:
        raise NotPermitted(permission=VIEW_ORDERS.code)
    rows = OrderRow.objects.filter(actor_customer_id=customer_id).order_by("-position")
    if not by.everything:
        rows = rows.filter(Q(institution_id__in=may) | Q(institution_id=None))
    if before is not None:
        rows = rows.filter(position__lt=before.position)
    size = min(max(limit, 1), ORDERS_PER_PAGE)
    page = list(rows[: size + 1])
    more = len(page) > size
    return OrderPage(tuple(told_orders(page[:size])), Cursor(page[size - 1].position) if more else None)


def _accounts_of(customer_id: UUID | None) -> list[BankAccount]:
    assert customer_id is not None, "asked only where a customer is named"
    return banking.accounts_of(customer_id)


def _sides(accounts: list[BankAccount], wanted: PaymentFilter) -> list[Q]:
    """Return what left the accounts and what arrived there, each in the words of an index; nothing is told twice."""
    ids = [account.id for account in accounts]
    owners = {account.owner_id for account in accounts}
    sides = [Q(from_account_id=id_) for id_ in ids] if wanted.sent in (None, True) else []
    if wanted.sent in (None, False):
        here = Q(to_account_id__in=ids, state=PaymentState.SETTLED.value)
        told_already = Q(from_account_id__in=ids) if wanted.sent is None else Q(pk__in=())
        sides += [Q(recipient_id=owner) & here & ~told_already for owner in owners]
    return sides


def _page(side: Q, wanted: PaymentFilter, before: Cursor | None, size: int) -> list[PaymentRow]:
    conditions: tuple[tuple[object, Callable[[], Q]], ...] = (
        (wanted.states, lambda: Q(state__in=[state.value for state in wanted.states or ()])),
        (wanted.since, lambda: Q(instructed_at__gte=wanted.since)),
        (wanted.until, lambda: Q(instructed_at__lt=wanted.until)),
        (wanted.least_minor, lambda: Q(amount_minor__gte=wanted.least_minor)),
        (wanted.most_minor, lambda: Q(amount_minor__lte=wanted.most_minor)),
        (wanted.route, lambda: Q(route=wanted.route)),
        (before, lambda: Q(position__lt=before.position if before else 0)),
    )
    rows = PaymentRow.objects.filter(side)
    for value, condition in conditions:
        if value is not None:
            rows = rows.filter(condition())
    return list(rows.order_by("-position")[:size])
