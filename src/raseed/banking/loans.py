"""Loans as they stand: their schedule, what has been paid of it, what is due and what is overdue.

A loan is an account of the bank's assets: its balance is a debit, and the ledger lets no more be paid in than is owed. It is
paid out to the customer's account when it is granted (``granting``); the interest of an instalment is charged to it when it
is due (``repayment``), and what being late with one costs when a day of it has begun (``late``); whatever comes in on its
number is a repayment. What of which instalment is paid follows from what has come in, oldest first, and of each its
interest, its principal, its penalty; it is kept nowhere else, so that it can't differ from the books.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import F

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.kernel.money import Money
from raseed.ledger import api as ledger

from .amortisation import Instalment, LoanTerms, Method, Part, paid_parts
from .domain import AliasKind, BankAccount, business_day
from .errors import LoanUnknown
from .interest import DayCount
from .late.counting import NEVER_LATE, Lateness, late_since, penalties_on
from .late.reading import lateness_of
from .models import InstalmentRow, LoanPlanRow, LoanRow
from .penalties import Days, PenaltyRule
from .queries import account, accounts
from .workdays import BusinessDayRule

SCHEDULE_PAGE_MAX: Final = 100


class InstalmentState(StrEnum):
    """How an instalment stands on a date."""

    UPCOMING = "upcoming"
    DUE = "due"
    OVERDUE = "overdue"
    PAID = "paid"


INSTALMENT_STATE_WORDS: Final = {
    InstalmentState.UPCOMING: mark("To come"),
    InstalmentState.DUE: mark("Due today"),
    InstalmentState.OVERDUE: mark("Overdue"),
    InstalmentState.PAID: mark("Paid"),
}


@dataclass(frozen=True, slots=True)
class ShownInstalment:
    """An instalment and what has been paid of it; ``penalty`` is what being late with it costs, by the day it is shown for."""

    number: int
    due_on: date
    principal: Money
    interest: Money
    penalty: Money
    paid_principal: Money
    paid_interest: Money
    paid_penalty: Money
    state: InstalmentState

    @property
    def total(self) -> Money:
        """What is to be paid, with its penalty."""
        return self.principal + self.interest + self.penalty

    @property
    def unpaid(self) -> Money:
        """What of it is not paid yet."""
        return self.total - self.paid_principal - self.paid_interest - self.paid_penalty

    @property
    def unpaid_penalty(self) -> Money:
        """What of its penalty is not paid yet."""
        return self.penalty - self.paid_penalty


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan as it stands on the date ``as_of``.

    Attributes:
        account: its account; instalments are paid to its number.
        pay_account_id: the customer's account that it was paid out to, from which its instalments are collected.
        principal: what was lent; ``granted_on`` when.
        terms: of the contract.
        plan: the number of the schedule in force: 1, and one more for each early repayment.
        owed: the balance: principal, and interest and penalties charged and not paid; with the penalties of days that have
            begun and are not charged yet.
        repaid: all that has come in.
        due: what is due today or was before, and is not paid; ``arrears`` the part of it that was due before today, both
            with penalties; ``penalties_due`` the penalties among them.
        days_past_due: since when the oldest instalment is late, judged as if there were no penalties; 0 where none is: nobody
            ages by a penalty, nor by what is short of an instalment because its money settled one.
        schedule: the instalments of the plan in force.
        penalty_rule: what being late costs by its contract; ``spared`` the days that waivers take out.
    """

    account: BankAccount
    as_of: date
    pay_account_id: UUID
    principal: Money
    granted_on: date
    terms: LoanTerms
    plan: int
    owed: Money
    repaid: Money
    due: Money
    arrears: Money
    penalties_due: Money
    days_past_due: int
    schedule: tuple[ShownInstalment, ...]
    penalty_rule: PenaltyRule
    spared: tuple[Days, ...]

    @property
    def is_repaid(self) -> bool:
        """Whether nothing is owed and nothing will be charged."""
        return not self.owed.amount_minor and all(each.state is InstalmentState.PAID for each in self.schedule)

    @property
    def next_instalment(self) -> ShownInstalment | None:
        """The oldest instalment that is not paid."""
        return next((each for each in self.schedule if each.state is not InstalmentState.PAID), None)

    @property
    def number(self) -> str:
        """The account number to which instalments are paid."""
        return self.account.alias(AliasKind.NUMBER) or ""


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """Instalments in order. ``next`` is the number after which the next page begins, ``None`` on the last."""

    instalments: tuple[ShownInstalment, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Books:
    """A loan's rows with what the ledger says of its account, on a day: what the rules of repayment work on.

    ``penalties`` is the whole late penalty of each instalment on the day ``on``, charged yet or not.
    """

    loan: LoanRow
    plan: LoanPlanRow
    instalments: tuple[Instalment, ...]
    debits_minor: int
    credits_minor: int
    on: date
    lateness: Lateness = NEVER_LATE
    penalties: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Count the penalties, once."""
        counted = penalties_on(self.lateness, self.instalments, self.paid_minor, self.on)
        object.__setattr__(self, "penalties", counted)

    @property
    def owed_minor(self) -> int:
        """The balance."""
        return self.debits_minor - self.credits_minor

    @property
    def uncharged_minor(self) -> int:
        """What of the penalties is not charged yet; below zero where some is to be taken back."""
        charged = self.lateness.charged
        return sum(self.penalties) - sum(charged.get(each.period_end, 0) for each in self.instalments)

    @property
    def repaid_minor(self) -> int:
        """All that has come in."""
        return self.credits_minor - self.lateness.taken_back_minor

    @property
    def paid_minor(self) -> int:
        """What has come in for the instalments of the plan in force."""
        return self.repaid_minor - self.plan.credited_before_minor

    @property
    def parts(self) -> tuple[Part, ...]:
        """What of each instalment is paid."""
        return tuple(paid_parts(self.instalments, self.paid_minor, self.penalties))


def loan(
    account_id: UUID, *, on: date | None = None, customer_id: UUID | None = None, clock: Clock = SYSTEM_CLOCK
) -> Loan:
    """Return a loan as it stands: on its institution's business date, or on another for what is due then.

    Raises:
        LoanUnknown: the account is no loan. AccountUnknown: no such account, or not this customer's.
    """
    of = account(account_id, customer_id=customer_id)
    row = LoanRow.objects.filter(account_id=account_id).first()
    if row is None:
        raise LoanUnknown(field="account_id")
    (books,) = books_of_loans([row], on=on or business_day(of, clock.now()))
    return shown(of, books)


def loans(account_ids: Iterable[UUID], *, on: date) -> dict[UUID, Loan]:
    """Return many loans as they stand on a date; what is no loan is left out."""
    rows = list(LoanRow.objects.filter(account_id__in=list(account_ids)))
    found = accounts(row.account_id for row in rows)
    return {books.loan.account_id: shown(found[books.loan.account_id], books) for books in books_of_loans(rows, on=on)}


def loan_schedule(
    account_id: UUID,
    *,
    after: int = 0,
    limit: int = SCHEDULE_PAGE_MAX,
    on: date | None = None,
    customer_id: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> SchedulePage:
    """Return a page of a loan's schedule, beginning after the instalment of that number. Raises as ``loan``."""
    size = min(max(limit, 1), SCHEDULE_PAGE_MAX)
    found = loan(account_id, on=on, customer_id=customer_id, clock=clock)
    rest = [each for each in found.schedule if each.number > after]
    return SchedulePage(tuple(rest[:size]), rest[size - 1].number if len(rest) > size else None)


def books_of_loans(rows: Sequence[LoanRow], *, on: date) -> list[Books]:
    """Return what is on record of loans, in a few look-ups for all, and what the ledger says of their accounts.

    ``on`` is the day for which penalties are counted.
    """
    plans = {
        plan.loan_id: plan
        for plan in LoanPlanRow.objects.filter(loan_id__in=[row.account_id for row in rows], number=F("loan__plan"))
    }
    by_plan: dict[UUID, list[Instalment]] = {plan.id: [] for plan in plans.values()}
    for each in InstalmentRow.objects.filter(plan_id__in=by_plan).order_by("plan_id", "number"):
        by_plan[each.plan_id].append(
            Instalment(each.number, each.period_end, each.due_on, each.principal_minor, each.interest_minor)
        )
    stand = {id_: account.balances for id_, account in ledger.look_up_accounts(plans).items()}
    lateness = lateness_of(
        {row.account_id: (row, plans[row.account_id], by_plan[plans[row.account_id].id]) for row in rows},
        {id_: balances.credits_posted for id_, balances in stand.items()},
        on,
    )
    return [
        Books(
            row,
            plans[row.account_id],
            tuple(by_plan[plans[row.account_id].id]),
            stand[row.account_id].debits_posted,
            stand[row.account_id].credits_posted,
            on,
            lateness[row.account_id],
        )
        for row in rows
    ]


def books_today(rows: Iterable[LoanRow], found: Mapping[UUID, BankAccount], now: datetime) -> Iterator[Books]:
    """Yield what ``books_of_loans`` returns, of each loan on the business day of its institution."""
    by_day: dict[date, list[LoanRow]] = {}
    for row in rows:
        by_day.setdefault(business_day(found[row.account_id], now), []).append(row)
    for on, same_day in by_day.items():
        yield from books_of_loans(same_day, on=on)


def terms_of(row: LoanRow) -> LoanTerms:
    """Return the terms that a loan's row tells of."""
    return LoanTerms(
        annual_rate_ppm=row.annual_rate_ppm,
        instalments=row.instalments,
        first_due_on=row.first_due_on,
        method=Method(row.method),
        every_months=row.every_months,
        day_count=DayCount(row.day_count),
        last_of_month=row.last_of_month,
        business_days=BusinessDayRule(row.business_days),
    )


def shown(of: BankAccount, books: Books) -> Loan:
    """Return a loan as it stands on the day of its books."""
    on = books.on
    instalments = tuple(
        _shown(instalment, part, penalty_minor, of, on)
        for instalment, part, penalty_minor in zip(books.instalments, books.parts, books.penalties, strict=True)
    )
    overdue = [each for each in instalments if each.state is InstalmentState.OVERDUE]
    nothing = Money(0, of.currency)
    arrears = sum((each.unpaid for each in overdue), nothing)
    late = late_since(books.instalments, books.paid_minor, on)
    return Loan(
        account=of,
        as_of=on,
        pay_account_id=books.loan.pay_account_id,
        principal=Money(books.loan.principal_minor, of.currency),
        granted_on=books.loan.granted_on,
        terms=terms_of(books.loan),
        plan=books.loan.plan,
        owed=Money(books.owed_minor + books.uncharged_minor, of.currency),
        repaid=Money(books.repaid_minor, of.currency),
        due=sum((each.unpaid for each in instalments if each.state is InstalmentState.DUE), arrears),
        arrears=arrears,
        penalties_due=sum((each.unpaid_penalty for each in overdue), nothing),
        days_past_due=(on - late).days if late else 0,
        schedule=instalments,
        penalty_rule=books.lateness.rule,
        spared=tuple(books.lateness.spared),
    )


def _shown(instalment: Instalment, part: Part, penalty_minor: int, of: BankAccount, on: date) -> ShownInstalment:
    return ShownInstalment(
        number=instalment.number,
        due_on=instalment.due_on,
        principal=Money(instalment.principal_minor, of.currency),
        interest=Money(instalment.interest_minor, of.currency),
        penalty=Money(penalty_minor, of.currency),
        paid_principal=Money(part.principal_minor, of.currency),
        paid_interest=Money(part.interest_minor, of.currency),
        paid_penalty=Money(part.penalty_minor, of.currency),
        state=_state(instalment, part, penalty_minor, on),
    )


def _state(instalment: Instalment, part: Part, penalty_minor: int, on: date) -> InstalmentState:
    if part.total_minor == instalment.total_minor + penalty_minor:
        return InstalmentState.PAID
    if instalment.due_on > on:
        return InstalmentState.UPCOMING
    return InstalmentState.DUE if instalment.due_on == on else InstalmentState.OVERDUE
