"""Loans and standing orders beside what the books printed of them: reported, never posted.

Each loan's schedule as it is kept here is laid beside the printed instalment and amount, to the last digit; its printed
status beside what the schedule and the lines say on the day of the last line.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.kernel.errors import mark
from raseed.kernel.money import Currency, Money

from .contracts import loan_id
from .domain.contracts import Agreement, Standing, agreement, first_due_after, payments_of_loans
from .models import LoanPaymentRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from .contracts import Contracts
    from .domain.books import BookLine, BookLoan, Books

LOANS_AT_ONCE: Final = 200
LOAN_COLUMNS: Final = (
    "line", "loan", "account", "granted_on", "amount", "months", "payment", "status", "first_due_on", "last_due_on",
    "schedule_sum", "schedule_is_the_books", "due_by_last_line", "paid_by_lines", "arrears", "over_by_status",
    "over_by_schedule", "status_and_lines",
)  # fmt: skip
ORDER_COLUMNS: Final = (
    "line",
    "order",
    "account",
    "bank",
    "to_account",
    "amount",
    "purpose",
    "day_in_lines",
    "loan",
    "state",
)


@dataclass(frozen=True, slots=True)
class ComparedLoan:
    """A loan beside what is kept of it here. ``is_right``: schedule and payments are the books', to the last digit."""

    loan: BookLoan
    first_due_on: date
    last_due_on: date
    schedule_minor: int
    is_right: bool
    due_minor: int
    paid_minor: int
    payments: int
    over_by_schedule: bool | None
    agreement: Agreement

    @property
    def arrears_minor(self) -> int:
        """What was due by the last line's day and not paid by any line."""
        return max(self.due_minor - self.paid_minor, 0)

    @property
    def end_agrees(self) -> bool:
        """Whether status and schedule say alike whether the contract is over."""
        return self.over_by_schedule in (None, self.loan.is_over)


@dataclass(slots=True)
class ContractTally:
    """What was counted while the report was written."""

    loans: int = 0
    loans_wrong: list[ComparedLoan] = field(default_factory=list)
    lent_minor: int = 0
    schedules_minor: int = 0
    paid_minor: int = 0
    payments: int = 0
    ends_agree: int = 0
    agreements: Counter[Agreement] = field(default_factory=Counter)
    arrears: list[ComparedLoan] = field(default_factory=list)
    orders: int = 0
    orders_run: int = 0
    orders_with_day: int = 0


def compare_loans(books: Books) -> Iterator[ComparedLoan]:
    """Compare every loan of the books with its schedule here and with the lines that paid it."""
    lines = payments_of_loans(books.lines, books.loans)
    last_day = books.last_day
    for start in range(0, len(books.loans), LOANS_AT_ONCE):
        chunk = books.loans[start : start + LOANS_AT_ONCE]
        here = banking.loans((loan_id(books, loan.source_id) for loan in chunk), on=last_day)
        matched = Counter(LoanPaymentRow.objects.filter(loan_id__in=here).values_list("loan_id", flat=True))
        for loan in chunk:
            id_ = loan_id(books, loan.source_id)
            yield _compared(books, loan, here.get(id_), lines.get(loan.source_id, ()), matched[id_], last_day)


def write_contract_report(books: Books, contracts: Contracts, folder: Path) -> ContractTally:
    """Write loans.csv and orders.csv into the report's folder, where the books have any, and return the counts."""
    tally = ContractTally()

    def money(minor: int) -> str:
        return Money(minor, books.institution.currency).decimal_text()

    if books.loans:
        _write(folder / "loans.csv", LOAN_COLUMNS, (_loan_row(each, tally, money) for each in compare_loans(books)))
    if books.orders:
        _write(folder / "orders.csv", ORDER_COLUMNS, _order_rows(books, contracts, tally, money))
    return tally


def contract_text(books: Books, contracts: Contracts, tally: ContractTally) -> Iterator[str]:
    """Yield the report's lines about loans and orders for the screen, in the language that is active."""
    money = books.institution.currency
    if books.loans:
        yield from _loan_text(books, contracts, tally, money)
    if books.orders:
        yield gettext(mark("Standing orders: %(new)s brought in, %(known)s were here already.")) % {
            "new": len(contracts.orders), "known": contracts.orders_known,
        }  # fmt: skip
        yield "  " + gettext(mark("pay loans of these books and run: %(count)s")) % {"count": tally.orders_run}
        yield "  " + gettext(
            mark("go to accounts at other banks and wait until payments between institutions work: %(count)s")
        ) % {"count": tally.orders - tally.orders_run}
        yield "  " + gettext(mark("shown by a transaction, which tells the day of the month: %(count)s")) % {
            "count": tally.orders_with_day
        }


def _loan_text(books: Books, contracts: Contracts, tally: ContractTally, in_currency: Currency) -> Iterator[str]:
    def say(sentence: str, **places: object) -> str:
        return gettext(sentence) % places

    def money(minor: int) -> str:
        return Money(minor, in_currency).decimal_text()

    yield say(mark("Loans: %(new)s brought in, %(known)s were here already; lent %(lent)s, schedules add up to %(sum)s."),
              new=len(contracts.loans), known=contracts.loans_known, lent=money(tally.lent_minor),
              sum=money(tally.schedules_minor))  # fmt: skip
    yield "  " + say(
        mark("paid by %(count)s transactions: %(paid)s"), count=tally.payments, paid=money(tally.paid_minor)
    )
    yield "  " + say(
        mark("over or running as the schedule says: %(count)s of %(all)s"), count=tally.ends_agree, all=tally.loans
    )
    yield "  " + say(mark("status (paid as agreed, or not) fits the transactions: %(agrees)s; as far as they go: %(so_far)s; "
                          "they don't go far enough to tell: %(cannot_tell)s; differs: %(differs)s"),
                     agrees=tally.agreements[Agreement.AGREES], so_far=tally.agreements[Agreement.AGREES_SO_FAR],
                     cannot_tell=tally.agreements[Agreement.CANNOT_TELL],
                     differs=tally.agreements[Agreement.DIFFERS])  # fmt: skip
    for each in tally.arrears:
        yield "    " + say(mark("loan %(loan)s, status %(status)s: %(arrears)s overdue on %(day)s"), loan=each.loan.source_id,
                           status=each.loan.status, arrears=money(each.arrears_minor),
                           day=books.last_day.isoformat())  # fmt: skip
    for each in tally.loans_wrong:
        yield say(mark("THE LOAN %(loan)s IS NOT AS THE BOOKS HAVE IT."), loan=each.loan.source_id)


def _compared(
    books: Books, loan: BookLoan, here: banking.Loan | None, lines: Sequence[BookLine], matched: int, last_day: date
) -> ComparedLoan:
    first = first_due_after(loan.granted_on, books.instalments_on)
    dates = [banking.months_later(first, number) for number in range(loan.months)]
    due = sum(day <= last_day for day in dates)
    paid_minor = sum(-line.amount_minor for line in lines)
    standing = Standing(due, max(loan.payment_minor * due - paid_minor, 0), dates[-1] <= last_day)
    over = None
    if books.status_as_of is not None:
        over = banking.months_later(loan.granted_on, loan.months) <= books.status_as_of
    schedule = [] if here is None else [each.total.amount_minor for each in here.schedule]
    return ComparedLoan(
        loan=loan, first_due_on=first, last_due_on=dates[-1], schedule_minor=sum(schedule),
        is_right=here is not None and matched == len(lines) and _is_the_books(loan, here, dates, paid_minor),
        due_minor=loan.payment_minor * due, paid_minor=paid_minor, payments=len(lines), over_by_schedule=over,
        agreement=agreement(loan, standing),
    )  # fmt: skip


def _is_the_books(loan: BookLoan, here: banking.Loan, dates: Sequence[date], paid_minor: int) -> bool:
    """Say whether a loan here is what the books say; one whose plan was changed here since is held to its principal only."""
    if here.principal.amount_minor != loan.amount_minor or here.repaid.amount_minor < paid_minor:
        return False
    if here.plan > 1:
        return True
    instalments = [(each.due_on, each.total.amount_minor) for each in here.schedule]
    return instalments == [(day, loan.payment_minor) for day in dates]


def _loan_row(each: ComparedLoan, tally: ContractTally, money: Callable[[int], str]) -> tuple[object, ...]:
    loan = each.loan
    tally.loans += 1
    tally.lent_minor += loan.amount_minor
    tally.schedules_minor += each.schedule_minor
    tally.paid_minor += each.paid_minor
    tally.payments += each.payments
    tally.ends_agree += each.end_agrees
    tally.agreements[each.agreement] += 1
    if not each.is_right:
        tally.loans_wrong.append(each)
    if each.agreement is Agreement.DIFFERS or (loan.has_trouble and each.agreement is Agreement.AGREES):
        tally.arrears.append(each)
    return (
        loan.line_no, loan.source_id, loan.account, loan.granted_on.isoformat(), money(loan.amount_minor), loan.months,
        money(loan.payment_minor), loan.status, each.first_due_on.isoformat(), each.last_due_on.isoformat(),
        money(each.schedule_minor), "yes" if each.is_right else "no", money(each.due_minor), money(each.paid_minor),
        money(each.arrears_minor), "yes" if loan.is_over else "no",
        {True: "yes", False: "no", None: ""}[each.over_by_schedule], each.agreement.value,
    )  # fmt: skip


def _order_rows(
    books: Books, contracts: Contracts, tally: ContractTally, money: Callable[[int], str]
) -> Iterator[tuple[object, ...]]:
    loans: Mapping[str, BookLoan] = contracts.order_loans
    for order in books.orders:
        loan, day = loans.get(order.source_id), contracts.order_days.get(order.source_id)
        tally.orders += 1
        tally.orders_run += loan is not None
        tally.orders_with_day += day is not None
        yield (
            order.line_no, order.source_id, order.account, order.bank, order.to_account, money(order.amount_minor),
            order.purpose.value, day or "", loan.source_id if loan else "", "runs" if loan else "waits",
        )  # fmt: skip


def _write(path: Path, columns: Sequence[str], rows: Iterator[tuple[object, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
