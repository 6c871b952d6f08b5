"""Limits: counters consumed, locked, in the transaction that posts (decision 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from raseed.kernel.errors import RaseedError
from raseed.kernel.money import CurrencyMismatch, Money

from .domain import NO_LIMITS, Limits, ProductKind, Spend, business_day
from .errors import LimitPerDay, LimitPerTransfer, NotForPayments
from .models import LimitCounterRow
from .queries import account, limits_of_account, lock_accounts, own_limits
from .sql import STATEMENTS, run


@dataclass(slots=True)
class Window:
    """What has left an account on the business date ``day``, minor units."""

    day: date
    used_minor: int


def take(spend: Spend, limits: Limits, window: Window | None) -> RaseedError | None:
    """Take a spend from its account's window if its limits allow it, else say which one does not.

    A window never moves back: a spend of an earlier day counts in the window that is open.
    """
    currency = spend.account.currency
    if spend.account.product.kind is ProductKind.LOAN:
        return NotForPayments(field="from_account_id")
    if limits.per_transfer_minor is not None and spend.amount_minor > limits.per_transfer_minor:
        return LimitPerTransfer(field="amount", limit=Money(limits.per_transfer_minor, currency))
    if limits.per_day_minor is None:
        return None
    assert window is not None, "an account with a daily limit has a window"
    if spend.day > window.day:
        window.day, window.used_minor = spend.day, 0
    left_minor = max(limits.per_day_minor - window.used_minor, 0)
    if spend.amount_minor > left_minor:
        return LimitPerDay(
            field="amount", limit=Money(limits.per_day_minor, currency), left=Money(left_minor, currency)
        )
    window.used_minor += spend.amount_minor
    return None


def consume(spends: Sequence[Spend]) -> list[RaseedError | None]:
    """Take amounts, in order, from their accounts' limits; locks the counters until the transaction ends.

    A spend above a limit takes nothing and its place in the answer holds ``LimitPerTransfer`` or ``LimitPerDay``.
    Needs an open transaction, in which the accounts are locked already (``lock_accounts``).
    """
    assert connection.in_atomic_block, "limits are taken by the transaction that posts"
    if not spends:
        return []
    limits, noted = _limits_in_force(spends)
    windows = _lock_windows([spend for spend, its in zip(spends, noted, strict=True) if its])
    answers = [take(spend, its, windows.get(spend.account.id)) for spend, its in zip(spends, limits, strict=True)]
    if windows:
        run(
            STATEMENTS["write_counters"],
            {
                "accounts": list(windows),
                "days": [window.day for window in windows.values()],
                "used": [window.used_minor for window in windows.values()],
            },
        )
    return answers


def give_back(spends: Sequence[Spend]) -> None:
    """Return to limits what ``consume`` took and what did not leave after all, as far as its day's window is still open.

    Needs an open transaction; locks the counters until it ends.
    """
    assert connection.in_atomic_block, "limits are given back by the transaction that lets the money go"
    counted = [spend for spend in spends if spend.counts]
    if counted:
        run(
            STATEMENTS["give_back_to_counters"],
            {
                "accounts": [spend.account.id for spend in counted],
                "days": [spend.day for spend in counted],
                "amounts": [spend.amount_minor for spend in counted],
            },
        )


def check_and_consume(account_id: UUID, amount: Money, now: datetime) -> None:
    """Take one amount from an account's limits; the day is that of ``now`` in the institution's zone.

    Raises:
        AccountUnknown, CurrencyMismatch: no such account; another currency.
        LimitPerTransfer, LimitPerDay: above a limit; nothing was taken.
    """
    found = account(account_id)
    if amount.currency != found.currency:
        raise CurrencyMismatch(field="amount", given=amount.currency.code, expected=found.currency.code)
    lock_accounts([account_id])
    (refusal,) = consume([Spend(found, amount.amount_minor, business_day(found, now))])
    if refusal is not None:
        raise refusal


def left_today(account_id: UUID, *, now: datetime) -> tuple[Limits, Money | None]:
    """Return an account's limits, and what may still leave it today (``None``: no daily limit). Locks nothing."""
    found = account(account_id)
    day = business_day(found, now)
    limits = limits_of_account(found, on=day)
    if limits.per_day_minor is None:
        return limits, None
    row = LimitCounterRow.objects.filter(account_id=account_id).first()
    used_minor = row.used_minor if row and row.day >= day else 0
    return limits, Money(max(limits.per_day_minor - used_minor, 0), found.currency)


def _limits_in_force(spends: Sequence[Spend]) -> tuple[list[Limits], list[bool]]:
    """Return each spend's limits, and whether its account has a counter: for a daily limit, or to see who uses it."""
    wanted = list({(spend.account.product.id, spend.day): None for spend in spends})
    rows = run(
        STATEMENTS["limits_in_force"],
        {"products": [product_id for product_id, _ in wanted], "days": [day for _, day in wanted]},
    )
    of_products = {(product_id, day): Limits(*amounts) for product_id, day, *amounts, _ in rows}
    watched = {product_id for product_id, *_, is_watched in rows if is_watched}
    own = own_limits({(spend.account.id, spend.day) for spend in spends})
    limits = [
        of_products[spend.account.product.id, spend.day].tightest(own.get((spend.account.id, spend.day), NO_LIMITS))
        if spend.counts
        else NO_LIMITS
        for spend in spends
    ]
    return limits, [
        its.per_day_minor is not None or spend.account.product.id in watched
        for spend, its in zip(spends, limits, strict=True)
    ]


def _lock_windows(spends: Sequence[Spend]) -> dict[UUID, Window]:
    """Lock the counters of the spends' accounts; each window is moved to its account's earliest day here, if later."""
    if not spends:
        return {}
    first_days: dict[UUID, date] = {}
    for spend in spends:
        first_days[spend.account.id] = min(spend.day, first_days.get(spend.account.id, spend.day))
    rows = run(STATEMENTS["lock_counters"], {"accounts": list(first_days), "days": list(first_days.values())})
    return {account_id: Window(day, used_minor) for account_id, day, used_minor in rows}
