"""Savings: what accrues day by day on the balance at each day's end, and its crediting month by month.

A balance at a day's end is what was booked on or before that day (the ledger's second date). Interest is credited through
the last day of a month, booked on that day, from the institution's interest expense; what does not fill a minor unit is
carried on. How far an account is credited is a row of its own, locked by whoever credits, and the transfer's id is made
from the account and the first day: so it may be begun again at any instant, by any number of workers.

A movement that is booked back into days already credited counts from the first day that is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money
from raseed.ledger import api as ledger

from .domain import AccountState, BankAccount, InternalRole, ProductKind, business_day
from .errors import AccountUnknown
from .interest import Credit, DayCount, Movement, RateFrom, accrued_units, credit_of, units_per_minor
from .models import InterestCreditRow, SavingsRow
from .posting import PostingCode, derived_id, post
from .queries import account, accounts, internal_account, lock_accounts
from .rates import rates_of
from .sql import STATEMENTS, run

CHUNK: Final = 100
"""How many accounts are credited in one transaction."""
CHUNKS_MAX: Final = 1_000
"""How many of those one job does; the next one goes on."""
SETTLING: Final = timedelta(hours=1)
"""How long after a month's end it is credited: what was begun before midnight is in the books by then."""
_log = structlog.get_logger("raseed.banking")


@dataclass(frozen=True, slots=True)
class Accrual:
    """What a savings account has earned and was not credited yet: the days, whole minor units, and the exact units."""

    first_day: date
    last_day: date
    earned: Money
    units: int


@dataclass(frozen=True, slots=True)
class Crediting:
    """A credit that is about to be written: its days, what they earned, what comes of it."""

    account: BankAccount
    first_day: date
    last_day: date
    units: int
    credit: Credit

    @property
    def transfer_id(self) -> UUID | None:
        """The id of its transfer, if it comes to one."""
        return derived_id("interest", self.account.id, self.first_day) if self.credit.amount_minor else None


@dataclass(frozen=True, slots=True)
class InterestCredit:
    """What an account was credited for some days, both included."""

    first_day: date
    last_day: date
    amount: Money
    credited_at: datetime


def accrued_interest(account_id: UUID, *, on: date) -> Accrual:
    """Return what a savings account has earned from its last credit to the end of the day ``on``.

    Raises:
        AccountUnknown: there is no such savings account.
    """
    of = account(account_id)
    row = SavingsRow.objects.filter(account_id=account_id).first()
    if row is None:
        raise AccountUnknown(field="account_id")
    first_day = row.credited_through + timedelta(days=1)
    units = row.carried_units + (_units(of, rates_of(of.product.id), first_day, on) if first_day <= on else 0)
    return Accrual(first_day, on, Money(units // units_per_minor(_day_count(of)), of.currency), units)


def interest_credits(account_id: UUID, *, limit: int = 24) -> list[InterestCredit]:
    """Return the latest credits of interest to an account, newest first."""
    of = account(account_id)
    rows = InterestCreditRow.objects.filter(account_id=account_id).order_by("-first_day")[: max(limit, 1)]
    return [
        InterestCredit(row.first_day, row.last_day, Money(row.amount_minor, of.currency), row.credited_at)
        for row in rows
    ]


def credit_interest(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Credit the interest of every month that has ended to every account that lacks it; return how many credits.

    After a pause of months each month is credited by itself, in order, for one earns interest on the one before. An account
    that can't be credited is left out, told to the log, and tried again by the next run; it does not stop the others.
    """
    now, credited, after_day, after = clock.now(), 0, date.min, UUID(int=0)
    through = last_month_end(
        now.date() + timedelta(days=1)
    )  # where the day is furthest on; each account has its own zone
    for _ in range(CHUNKS_MAX):
        asked = {"through": through, "after_day": after_day, "after": after, "limit": CHUNK}
        due = run(STATEMENTS["savings_due"], asked)
        if not due:
            break
        credited += _credit_chunk([account_id for account_id, _ in due], now, clock)
        after, after_day = due[-1]
    return credited


def last_month_end(day: date) -> date:
    """Return the last day of the last month that has ended before ``day``."""
    return day.replace(day=1) - timedelta(days=1)


def crediting_through(of: BankAccount, last_day: date) -> Crediting | None:
    """Lock a savings account's position and return what it is to be credited through a day, or ``None`` if it is already."""
    found = _creditings([of], {of.id: last_day})
    return found[0] if found else None


def transfers_of(creditings: Iterable[Crediting]) -> list[ledger.NewTransfer]:
    """Return the transfers of those credits that come to a minor unit."""
    from_expense: dict[int, UUID] = {}
    transfers = []
    for each in creditings:
        of = each.account
        if each.transfer_id is None:
            continue
        if of.ledger not in from_expense:
            expense = internal_account(of.institution_id, InternalRole.INTEREST_EXPENSE, of.currency.code)
            from_expense[of.ledger] = expense.id
        transfers.append(
            ledger.NewTransfer(
                id=each.transfer_id,
                debit_account_id=from_expense[of.ledger],
                credit_account_id=of.id,
                amount=each.credit.amount_minor,
                ledger=of.ledger,
                code=PostingCode.INTEREST_CREDITED,
                booked_on=each.last_day,
            )
        )
    return transfers


def write(creditings: Sequence[Crediting], *, now: datetime) -> None:
    """Keep credits and move their accounts' positions; the caller posts their transfers, last."""
    InterestCreditRow.objects.bulk_create(
        InterestCreditRow(
            account_id=each.account.id,
            first_day=each.first_day,
            last_day=each.last_day,
            accrued_units=each.units,
            carried_units=each.credit.carried_units,
            amount_minor=each.credit.amount_minor,
            transfer_id=each.transfer_id,
            credited_at=now,
        )
        for each in creditings
    )
    run(
        STATEMENTS["move_savings"],
        {
            "accounts": [each.account.id for each in creditings],
            "days": [each.last_day for each in creditings],
            "carried": [each.credit.carried_units for each in creditings],
        },
    )


def _credit_chunk(ids: Sequence[UUID], now: datetime, clock: Clock) -> int:
    """Credit some accounts in one transaction a month; where that fails, each by itself."""
    try:
        return _credit_all(ids, now, clock)
    except (RaseedError, DatabaseError):
        credited = 0
        for id_ in ids:
            try:
                credited += _credit_all([id_], now, clock)
            except (RaseedError, DatabaseError) as error:
                _log.exception("interest_not_credited", account=str(id_), error=type(error).__name__)
        return credited


def _credit_all(ids: Sequence[UUID], now: datetime, clock: Clock) -> int:
    """Credit accounts month after month, each month in a transaction of its own, until none lacks any."""
    credited, waiting = 0, list(ids)
    while waiting:
        with transaction.atomic():
            creditings = _next_month(waiting, now)
            write(creditings, now=now)
            post(transfers_of(creditings), clock=clock)
        credited += len(creditings)
        waiting = [each.account.id for each in creditings]
    return credited


def _next_month(ids: Sequence[UUID], now: datetime) -> list[Crediting]:
    """Lock accounts and return, of each, the credit of the first month that it lacks."""
    locked = lock_accounts(ids)
    found = accounts((id_ for id_, its in locked.items() if its.state is not AccountState.CLOSED), with_aliases=False)
    ends = {id_: last_month_end(business_day(of, now - SETTLING)) for id_, of in found.items()}
    return _creditings(list(found.values()), ends, month_by_month=True)


def _creditings(
    found: Sequence[BankAccount], through: dict[UUID, date], *, month_by_month: bool = False
) -> list[Crediting]:
    assert connection.in_atomic_block, "positions are locked until their credits are committed"
    by_id = {of.id: of for of in found}
    rates = {product_id: rates_of(product_id) for product_id in {of.product.id for of in found}}
    creditings = []
    for id_, credited_through, carried_units in run(STATEMENTS["lock_savings"], {"ids": list(by_id)}):
        of, first_day = by_id[id_], credited_through + timedelta(days=1)
        last_day = min(through[id_], _month_end(first_day)) if month_by_month else through[id_]
        if first_day > last_day:
            continue
        units = _units(of, rates[of.product.id], first_day, last_day)
        creditings.append(Crediting(of, first_day, last_day, units, credit_of(units, carried_units, _day_count(of))))
    return creditings


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _units(of: BankAccount, rates: Sequence[RateFrom], first_day: date, last_day: date) -> int:
    """Return what accrued on an account, by the books, from one day to another, both included."""
    period = ledger.booked_period(of.id, first_day, last_day)
    movements = [
        Movement(entry.booked_on, -entry.amount if entry.is_debit else entry.amount) for entry in period.entries
    ]
    opening_minor = period.opening.credits_posted - period.opening.debits_posted
    return accrued_units(opening_minor, movements, rates, first=first_day, last=last_day)


def _day_count(of: BankAccount) -> DayCount:
    assert of.product.kind is ProductKind.SAVINGS, "only savings accrue"
    assert of.product.day_count is not None, "the database holds savings to a day count"
    return of.product.day_count
