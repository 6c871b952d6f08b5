"""Limits: counters consumed, locked, in the transaction that posts (decision 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Currency, CurrencyMismatch, Money
from raseed.kernel.money import currency as currency_of

from .domain import Limits, Spend
from .errors import LimitPerDay, LimitPerTransfer
from .models import LimitCounterRow
from .queries import account, business_date, limits_of, lock_accounts
from .sql import STATEMENTS


@dataclass(slots=True)
class Window:
    """What has left an account on the business date ``day``, minor units."""

    day: date
    used_minor: int


def take(spend: Spend, limits: Limits, window: Window | None, currency: Currency) -> RaseedError | None:
    """Take a spend from its account's window if its limits allow it, else say which one does not.

    A window never moves back: a spend of an earlier day counts in the window that is open.
    """
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
    in_force = _limits_in_force(spends)
    windows = _lock_windows(
        [spend for spend in spends if in_force[spend.account_id, spend.day][1].per_day_minor is not None]
    )
    answers: list[RaseedError | None] = []
    for spend in spends:
        currency, limits = in_force[spend.account_id, spend.day]
        answers.append(take(spend, limits, windows.get(spend.account_id), currency))
    _write_windows(windows)
    return answers


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
    day = business_date(found.institution_id, now)
    (refusal,) = consume([Spend(account_id, amount.amount_minor, day)])
    if refusal is not None:
        raise refusal


def left_today(account_id: UUID, *, now: datetime) -> tuple[Limits, Money | None]:
    """Return an account's limits, and what may still leave it today (``None``: no daily limit). Locks nothing."""
    found = account(account_id)
    day = business_date(found.institution_id, now)
    limits = limits_of(found.product.id, on=day)
    if limits.per_day_minor is None:
        return limits, None
    row = LimitCounterRow.objects.filter(account_id=account_id).first()
    used_minor = row.used_minor if row and row.day >= day else 0
    return limits, Money(max(limits.per_day_minor - used_minor, 0), found.currency)


def _limits_in_force(spends: Sequence[Spend]) -> dict[tuple[UUID, date], tuple[Currency, Limits]]:
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENTS["limits_in_force"],
            {"accounts": [spend.account_id for spend in spends], "days": [spend.day for spend in spends]},
        )
        return {
            (account_id, day): (currency_of(code), Limits(per_transfer_minor, per_day_minor))
            for account_id, day, code, per_transfer_minor, per_day_minor in cursor.fetchall()
        }


def _lock_windows(spends: Sequence[Spend]) -> dict[UUID, Window]:
    """Lock the counters of the spends' accounts; each window is moved to its account's earliest day here, if later."""
    if not spends:
        return {}
    first_days: dict[UUID, date] = {}
    for spend in spends:
        first_days[spend.account_id] = min(spend.day, first_days.get(spend.account_id, spend.day))
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS["lock_counters"], {"accounts": list(first_days), "days": list(first_days.values())})
        return {account_id: Window(day, used_minor) for account_id, day, used_minor in cursor.fetchall()}


def _write_windows(windows: dict[UUID, Window]) -> None:
    if not windows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENTS["write_counters"],
            {
                "accounts": list(windows),
                "days": [window.day for window in windows.values()],
                "used": [window.used_minor for window in windows.values()],
            },
        )
