"""Arrears by age: which loans are behind, since when, and what is overdue on them, for those who look after them.

Ages are the days since the oldest late instalment was due, in the classes that supervisors ask for. All of it follows
from schedules and books on a date and is kept nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.kernel.money import Money, currency
from raseed.people import api as people

from .domain import AccountState
from .loans import Loan, books_of_loans, shown
from .models import LoanRow
from .queries import accounts, books_of, business_date

VIEW: Final = "banking.accounts.view"
LOANS_AT_ONCE: Final = 500
LOANS_PER_PAGE: Final = 50


class ArrearsAge(StrEnum):
    """How long a loan is past due, by its oldest late instalment."""

    DAYS_1_TO_30 = "1-30"
    DAYS_31_TO_60 = "31-60"
    DAYS_61_TO_90 = "61-90"
    OVER_90_DAYS = "90+"


AGE_WORDS: Final = {
    ArrearsAge.DAYS_1_TO_30: mark("1 to 30 days past due"),
    ArrearsAge.DAYS_31_TO_60: mark("31 to 60 days past due"),
    ArrearsAge.DAYS_61_TO_90: mark("61 to 90 days past due"),
    ArrearsAge.OVER_90_DAYS: mark("More than 90 days past due"),
}
_UP_TO: Final = ((30, ArrearsAge.DAYS_1_TO_30), (60, ArrearsAge.DAYS_31_TO_60), (90, ArrearsAge.DAYS_61_TO_90))


@dataclass(frozen=True, slots=True)
class AgeSum:
    """The loans of one age: how many, what is overdue on them, and all that is owed on them."""

    age: ArrearsAge
    loans: int
    arrears: Money
    owed: Money


@dataclass(frozen=True, slots=True)
class Ageing:
    """All loans of an institution in one currency on a date: by age, and those that are not behind."""

    on: date
    ages: tuple[AgeSum, ...]
    loans: int
    owed: Money

    @property
    def arrears(self) -> Money:
        """What is overdue on all of them."""
        return sum((each.arrears for each in self.ages), Money(0, self.owed.currency))

    @property
    def behind(self) -> int:
        """How many are behind."""
        return sum(each.loans for each in self.ages)


@dataclass(frozen=True, slots=True)
class ArrearsPage:
    """Loans that are behind, by id. ``next`` is the loan after which the next page begins; a page may be empty and have one."""

    loans: tuple[Loan, ...]
    next: UUID | None


def age_of(days_past_due: int) -> ArrearsAge | None:
    """Return the age of arrears; ``None`` where nothing is overdue."""
    if days_past_due <= 0:
        return None
    return next((age for up_to, age in _UP_TO if days_past_due <= up_to), ArrearsAge.OVER_90_DAYS)


def arrears_by_age(
    institution_id: UUID,
    *,
    by: people.Author,
    on: date | None = None,
    currency_code: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Ageing:
    """Add up all loans of an institution by how long they are past due, on its business date or another.

    ``on`` asks what was due by then; what has been paid is as it is now. Reads every loan: for reports, not for pages.

    Raises:
        NotPermitted: ``by`` lacks ``banking.accounts.view``. InstitutionNotSetUp: no books in that currency.
    """
    people.require(by, VIEW, institution_id)
    books = books_of(institution_id, currency_code)
    money = currency(books.currency)
    day = on or business_date(institution_id, clock.now())
    count = dict.fromkeys(ArrearsAge, 0)
    arrears, owed = dict.fromkeys(ArrearsAge, Money(0, money)), dict.fromkeys(ArrearsAge, Money(0, money))
    loans, all_owed = 0, Money(0, money)
    for each in _loans(institution_id, day):
        if each.account.ledger != books.ledger:
            continue
        loans, all_owed = loans + 1, all_owed + each.owed
        age = age_of(each.days_past_due)
        if age is not None:
            count[age] += 1
            arrears[age] += each.arrears
            owed[age] += each.owed
    ages = tuple(AgeSum(age, count[age], arrears[age], owed[age]) for age in ArrearsAge)
    return Ageing(day, ages, loans, all_owed)


def loans_in_arrears(
    institution_id: UUID,
    *,
    by: people.Author,
    age: ArrearsAge | None = None,
    on: date | None = None,
    after: UUID | None = None,
    limit: int = LOANS_PER_PAGE,
    clock: Clock = SYSTEM_CLOCK,
) -> ArrearsPage:
    """Return loans that are behind, of one age or of any, page by page; each page looks at ``LOANS_AT_ONCE`` loans at most.

    Raises:
        NotPermitted: ``by`` lacks ``banking.accounts.view``.
    """
    people.require(by, VIEW, institution_id)
    day = on or business_date(institution_id, clock.now())
    size = min(max(limit, 1), LOANS_PER_PAGE)
    looked = _chunk(institution_id, day, after or UUID(int=0))
    found: list[Loan] = []
    for each in looked:
        of_age = age_of(each.days_past_due)
        if of_age is not None and age in (None, of_age):
            found.append(each)
            if len(found) == size:
                return ArrearsPage(
                    tuple(found), None if each is looked[-1] and len(looked) < LOANS_AT_ONCE else each.account.id
                )
    return ArrearsPage(tuple(found), looked[-1].account.id if len(looked) == LOANS_AT_ONCE else None)


def _loans(institution_id: UUID, on: date) -> Iterator[Loan]:
    after = UUID(int=0)
    while chunk := _chunk(institution_id, on, after):
        yield from chunk
        after = chunk[-1].account.id


def _chunk(institution_id: UUID, on: date, after: UUID) -> list[Loan]:
    rows = LoanRow.objects.filter(account__institution_id=institution_id, account_id__gt=after)
    rows = rows.exclude(account__state=AccountState.CLOSED.value).order_by("account_id")
    page = list(rows[:LOANS_AT_ONCE])
    found = accounts(row.account_id for row in page)
    return [shown(found[books.loan.account_id], books) for books in books_of_loans(page, on=on)]
