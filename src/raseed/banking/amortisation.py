"""Loan schedules in whole minor units, and what has been paid of them. Pure.

Interest of an instalment is the principal that stands before it, at the yearly rate, for the days of its period by the
day count, rounded once to a minor unit (half goes up). Periods run between the dates of the contract; where such a date is
no working day only the *due* date moves, so that a holiday makes no instalment dearer. The principals of a schedule add up
to the loan, to the last minor unit: the last instalment takes what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from raseed.kernel.errors import mark

from .errors import InvalidTerms
from .interest import RATE_PPM_MAX, DayCount, interest_of, rounded
from .workdays import BusinessDayRule, Workdays, is_last_of_month, months_later

INSTALMENTS_MAX: Final = 600
"""Fifty years of months."""
EVERY_MONTHS: Final = frozenset({1, 2, 3, 4, 6, 12})


class Method(StrEnum):
    """How a loan is paid back: by equal instalments, or by equal parts of the principal with the interest on top."""

    ANNUITY = "annuity"
    EQUAL_PRINCIPAL = "equal_principal"


METHOD_WORDS: Final = {
    Method.ANNUITY: mark("Equal instalments"),
    Method.EQUAL_PRINCIPAL: mark("Equal parts of the principal, plus interest"),
}


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """What a loan's contract says of its instalments.

    Attributes:
        annual_rate_ppm: yearly rate in millionths.
        instalments: how many, up to ``INSTALMENTS_MAX``.
        first_due_on: the first date of the contract; the others follow every ``every_months`` months.
        last_of_month: all dates are the last day of their month (``first_due_on`` must be one); otherwise the day of the
            month is the first one's, or the month's last where it has none such.
        business_days: where a due date goes that is no working day.
    """

    annual_rate_ppm: int
    instalments: int
    first_due_on: date
    method: Method = Method.ANNUITY
    every_months: int = 1
    day_count: DayCount = DayCount.THIRTY_E_360
    last_of_month: bool = False
    business_days: BusinessDayRule = BusinessDayRule.FOLLOWING


@dataclass(frozen=True, slots=True)
class Instalment:
    """One instalment: ``period_end`` is the contract's date, ``due_on`` where the business-day rule puts it."""

    number: int
    period_end: date
    due_on: date
    principal_minor: int
    interest_minor: int

    @property
    def total_minor(self) -> int:
        """What is to be paid."""
        return self.principal_minor + self.interest_minor


@dataclass(frozen=True, slots=True)
class Part:
    """What has been paid of one instalment: its interest first, then its principal, and then its late penalty."""

    interest_minor: int
    principal_minor: int
    penalty_minor: int = 0

    @property
    def total_minor(self) -> int:
        """All of it."""
        return self.interest_minor + self.principal_minor + self.penalty_minor


def period_ends(terms: LoanTerms) -> list[date]:
    """Return the contract's dates, each counted from the first, so that none drifts.

    Raises:
        InvalidTerms: too few or too many, an odd rhythm, a first date that is not its month's last though all are to be,
            or dates past the end of the calendar.
    """
    if not 0 < terms.instalments <= INSTALMENTS_MAX:
        raise InvalidTerms(field="instalments")
    if terms.every_months not in EVERY_MONTHS:
        raise InvalidTerms(field="every_months")
    if terms.last_of_month and not is_last_of_month(terms.first_due_on):
        raise InvalidTerms(field="first_due_on")
    try:
        return [
            months_later(terms.first_due_on, number * terms.every_months, last_of_month=terms.last_of_month)
            for number in range(terms.instalments)
        ]
    except ValueError:
        raise InvalidTerms(field="first_due_on") from None


def schedule(principal_minor: int, start: date, terms: LoanTerms, workdays: Workdays) -> tuple[Instalment, ...]:
    """Return the instalments of a loan that is paid out on ``start``.

    Raises:
        InvalidTerms: no such dates; a rate out of range; the first date is not after ``start``; or the loan is so small,
            or so dear for so long, that its instalments would be nothing or could not be equal in whole minor units.
    """
    return schedule_over(principal_minor, start, period_ends(terms), terms, workdays)


def schedule_over(
    principal_minor: int, start: date, ends: Sequence[date], terms: LoanTerms, workdays: Workdays
) -> tuple[Instalment, ...]:
    """Return the instalments of a principal that stands from ``start``, over the dates that are left of a contract."""
    if not 0 <= terms.annual_rate_ppm <= RATE_PPM_MAX:
        raise InvalidTerms(field="annual_rate_ppm")
    if not ends or ends[0] <= start:
        raise InvalidTerms(field="first_due_on")
    if principal_minor < len(ends):
        raise InvalidTerms(field="principal")
    periods = list(zip([start, *ends], ends, strict=False))
    if terms.method is Method.EQUAL_PRINCIPAL:
        parts = _equal_principal(principal_minor, periods, terms)
    else:
        parts = _annuity(principal_minor, periods, terms)
    if any(principal + interest <= 0 or principal < 0 for principal, interest in parts):
        raise InvalidTerms(field="principal")
    return tuple(
        Instalment(number, end, workdays.moved(end, terms.business_days), *part)
        for number, (end, part) in enumerate(zip(ends, parts, strict=True), start=1)
    )


def paid_parts(
    instalments: Sequence[Instalment], paid_minor: int, penalties: Sequence[int] | None = None
) -> Iterator[Part]:
    """Yield what of each instalment is paid by ``paid_minor`` in all: the oldest first; interest, principal, penalty.

    ``penalties``: the whole late penalty of each, where there are any.
    """
    left = paid_minor
    for instalment, asked_minor in zip(instalments, penalties or (0,) * len(instalments), strict=True):
        interest_minor = min(left, instalment.interest_minor)
        principal_minor = min(left - interest_minor, instalment.principal_minor)
        penalty_minor = min(left - interest_minor - principal_minor, asked_minor)
        left -= interest_minor + principal_minor + penalty_minor
        yield Part(interest_minor, principal_minor, penalty_minor)


_Periods = Sequence[tuple[date, date]]
_Parts = list[tuple[int, int]]


def _interest(balance_minor: int, period: tuple[date, date], terms: LoanTerms) -> int:
    return rounded(interest_of(balance_minor, terms.annual_rate_ppm, terms.day_count, *period))


def _equal_principal(principal_minor: int, periods: _Periods, terms: LoanTerms) -> _Parts:
    """Spread the principal as evenly as whole units go: what is paid by the k-th date is k/n of it, rounded down."""
    count, paid, parts = len(periods), 0, []
    for number, period in enumerate(periods, start=1):
        by_then = principal_minor * number // count
        parts.append((by_then - paid, _interest(principal_minor - paid, period, terms)))
        paid = by_then
    return parts


def _annuity(principal_minor: int, periods: _Periods, terms: LoanTerms) -> _Parts:
    """Find the level instalment whose last one differs least from the others.

    With instalments of ``level`` what is left at the end falls as ``level`` grows, so the smallest one that leaves nothing
    is found by halving; it or the one below it comes closest. Works for every day count, in whole numbers only.

    Raises:
        InvalidTerms: even then the last would be off by more than half of the others.
    """
    low, high = 0, principal_minor + _interest(principal_minor, (periods[0][0], periods[-1][1]), terms) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _left_over(principal_minor, middle, periods, terms) <= 0:
            high = middle
        else:
            low = middle
    found = {level: _level_parts(principal_minor, level, periods, terms) for level in (high, low) if level}
    missed = {level: abs(sum(parts[-1]) - level) for level, parts in found.items()}
    level = min(missed, key=lambda each: (missed[each], -each))
    if len(periods) > 1 and missed[level] > level // 2:
        raise InvalidTerms(field="principal")  # no instalment in whole units comes near to being level
    return found[level]


def _principal_of(level_minor: int, interest_minor: int) -> int:
    """Return what a level instalment leaves for the principal; a long period of a dear loan may leave nothing, never less."""
    return max(level_minor - interest_minor, 0)


def _left_over(principal_minor: int, level_minor: int, periods: _Periods, terms: LoanTerms) -> int:
    balance = principal_minor
    for period in periods:
        balance -= _principal_of(level_minor, _interest(balance, period, terms))
        if balance <= 0:
            return balance
    return balance


def _level_parts(principal_minor: int, level_minor: int, periods: _Periods, terms: LoanTerms) -> _Parts:
    balance, parts = principal_minor, []
    for period in periods[:-1]:
        interest = _interest(balance, period, terms)
        principal = min(_principal_of(level_minor, interest), balance)
        parts.append((principal, interest))
        balance -= principal
    parts.append((balance, _interest(balance, periods[-1], terms)))
    return parts
