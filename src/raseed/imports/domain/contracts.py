"""What books tell of beside their lines: standing orders and loans, judged against each other and against the lines. Pure.

A source prints a loan's instalment and an order's amount each rounded in its own way; ``ROUNDING_MINOR_MAX`` is how far the
two may be apart and still be the same payment.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from .books import BookLine, BookLoan, BookOrder, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROUNDING_MINOR_MAX: Final = 50


class Agreement(StrEnum):
    """Whether a loan's printed status fits what its schedule and the lines say."""

    AGREES = "agrees"
    AGREES_SO_FAR = "agrees_so_far"
    DIFFERS = "differs"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a loan stands by its schedule on the day of the last line; amounts in minor units."""

    instalments_due: int
    arrears_minor: int
    lines_go_to_its_end: bool

    @property
    def is_behind(self) -> bool:
        """Whether more is overdue than rounding can explain."""
        return self.arrears_minor > ROUNDING_MINOR_MAX * self.instalments_due


def payments_of_loans(lines: Iterable[BookLine], loans: Iterable[BookLoan]) -> dict[str, list[BookLine]]:
    """Return, for each loan, the lines that paid it: what left its account for a loan after it was granted, in date order.

    More than was lent is not taken for a repayment of it: the lines from there on are left out.
    """
    by_account: dict[str, list[BookLoan]] = defaultdict(list)
    for loan in loans:
        by_account[loan.account].append(loan)
    paid: dict[str, list[BookLine]] = defaultdict(list)
    left = {loan.source_id: loan.amount_minor for of in by_account.values() for loan in of}
    for line in sorted(lines, key=lambda each: (each.booked_on, each.line_no)):
        if line.purpose is not Purpose.LOAN or line.amount_minor > 0:
            continue
        for loan in by_account.get(line.account, ()):
            fits = abs(-line.amount_minor - loan.payment_minor) <= ROUNDING_MINOR_MAX
            if fits and loan.granted_on < line.booked_on and left[loan.source_id] >= -line.amount_minor:
                paid[loan.source_id].append(line)
                left[loan.source_id] += line.amount_minor
                break
    return paid


def loans_of_orders(orders: Sequence[BookOrder], loans: Iterable[BookLoan]) -> dict[str, BookLoan]:
    """Return, for each order that pays a loan of these books, that loan: the same account, the purpose, the amount."""
    free: dict[str, list[BookLoan]] = defaultdict(list)
    for loan in loans:
        free[loan.account].append(loan)
    found = {}
    for order in orders:
        if order.purpose is not Purpose.LOAN:
            continue
        for loan in free[order.account]:
            if abs(order.amount_minor - loan.payment_minor) <= ROUNDING_MINOR_MAX:
                found[order.source_id] = loan
                free[order.account].remove(loan)
                break
    return found


def days_of_orders(orders: Iterable[BookOrder], lines: Iterable[BookLine]) -> dict[str, int]:
    """Return, for each order that the lines show, the day of the month on which it was paid.

    An order is shown by lines of its account with its recipient and its amount. Where they stand on several days, the
    latest tells.
    """
    last: dict[tuple[str, str, str, int], date] = {}
    for line in lines:
        key = (line.account, line.remote_bank, line.remote_account, -line.amount_minor)
        last[key] = max(line.booked_on, last.get(key, line.booked_on))
    keys = {order.source_id: (order.account, order.bank, order.to_account, order.amount_minor) for order in orders}
    return {source_id: last[key].day for source_id, key in keys.items() if key in last}


def agreement(loan: BookLoan, standing: Standing) -> Agreement:
    """Say whether a loan's status (paid as agreed, or not) fits what the lines say, as far as they go."""
    if loan.has_trouble:
        if standing.is_behind:
            return Agreement.AGREES
        return Agreement.DIFFERS if standing.lines_go_to_its_end else Agreement.CANNOT_TELL
    if standing.is_behind:
        return Agreement.DIFFERS
    if standing.lines_go_to_its_end:
        return Agreement.AGREES
    return Agreement.AGREES_SO_FAR if standing.instalments_due else Agreement.CANNOT_TELL


def first_due_after(granted_on: date, day: int) -> date:
    """Return the first date with a day of the month (at most 28) after a loan was granted."""
    if granted_on.day < day:
        return granted_on.replace(day=day)
    place = granted_on.year * 12 + granted_on.month
    return date(place // 12, place % 12 + 1, day)


def by_account(orders: Iterable[BookOrder], loans: Iterable[BookLoan]) -> Mapping[str, tuple[int, str]]:
    """Return each account that an order or a loan names, with the first line that does and its file's name."""
    named: dict[str, tuple[int, str]] = {}
    for loan in loans:
        named.setdefault(loan.account, (loan.line_no, "loan.asc"))
    for order in orders:
        named.setdefault(order.account, (order.line_no, "order.asc"))
    return named
