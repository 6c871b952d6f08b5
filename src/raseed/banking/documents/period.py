"""The statement of a period: opening balance, what was booked, closing balance, all of one view of the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from raseed.banking.domain import BankAccount, InternalRole, StatementLine, business_day
from raseed.banking.fees import fee_schedule
from raseed.banking.queries import account
from raseed.banking.statement import Movement, tell
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform

from .errors import PeriodInFuture, PeriodTooLong, PeriodUpsideDown

PERIOD_LINES_MAX: Final = 100_000
"""The most lines that the statement of a period holds."""
PERIOD_YEARS_MAX: Final = 10
"""The most years that it covers."""
_YEAR_DAYS_MAX: Final = 366


@dataclass(frozen=True, slots=True)
class PeriodStatement:
    """An account's statement from one booked day to another, both included.

    Attributes:
        account, institution: what it is of, and who keeps it.
        holder: the owner's name in the reader's language.
        language, digits: the reader's.
        first_day, last_day: booked days; the last is at most the day on which it was issued.
        issued_at: when it was read (UTC).
        opening, closing: the balance before the first day and after the last.
        available: the closing balance without what was held at the end of the last day.
        is_free: whether the fee schedule of the account's product says zero for everything, on the last day.
        lines: in booked order (by booked date, then sequence), each with the balance after it in that order.
    """

    account: BankAccount
    institution: people.Institution
    holder: str
    language: str
    digits: platform.Digits
    first_day: date
    last_day: date
    issued_at: datetime
    opening: Money
    closing: Money
    available: Money
    lines: tuple[StatementLine, ...]
    is_free: bool = False

    def __post_init__(self) -> None:
        balance = self.opening
        for line in self.lines:
            balance += line.amount
            assert balance == line.balance_after, "a running balance is the one before and the line's amount"
        assert balance == self.closing, "opening balance and lines make the closing balance"

    @property
    def money_in(self) -> Money:
        """What came in, in all."""
        return Money(sum(line.amount.amount_minor for line in self._came_in()), self.opening.currency)

    @property
    def money_out(self) -> Money:
        """What went out, in all, without a sign."""
        return self.opening + self.money_in - self.closing

    @property
    def count_in(self) -> int:
        """How many movements brought money in."""
        return len(self._came_in())

    @property
    def count_out(self) -> int:
        """How many movements took money out."""
        return len(self.lines) - self.count_in

    @property
    def fees(self) -> Money:
        """What fees took in all, those that were given back taken off; a fee is a line of its own."""
        minor = sum(line.amount.amount_minor for line in self.lines if line.role is InternalRole.FEES)
        return Money(-minor, self.opening.currency)

    def _came_in(self) -> list[StatementLine]:
        return [line for line in self.lines if line.amount.amount_minor > 0]


def period_statement(
    account_id: UUID,
    first_day: date,
    last_day: date,
    *,
    language: str,
    customer_id: UUID | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> PeriodStatement:
    """Return an account's statement from ``first_day`` to ``last_day``, booked days and both included.

    A last day that is still to come is taken as today, by the zone of the account's books: a statement tells what has
    been. Of days before the account existed it says, truly, that there was nothing.

    Args:
        account_id: the account.
        first_day: the period's first booked day.
        last_day: its last.
        language: the reader's, for names and words.
        customer_id: who asks; then only an account of theirs is told.
        clock: says what today is, and when the statement was issued.

    Raises:
        AccountUnknown: no such account, or someone else's.
        PeriodUpsideDown, PeriodInFuture, PeriodTooLong: no period for a statement.
        ledger's HistoryTooLong: more than ``PERIOD_LINES_MAX`` lines.
    """
    of = account(account_id, customer_id=customer_id)
    now = clock.now()
    last_day = _last_day_told(first_day, last_day, business_day(of, now))
    books = ledger.booked_period(account_id, first_day, last_day, limit=PERIOD_LINES_MAX)
    opening = books.opening.credits_posted - books.opening.debits_posted
    closing = books.closing.credits_posted - books.closing.debits_posted
    owner = people.customer(of.owner_id)
    return PeriodStatement(
        account=of,
        institution=people.institution(of.institution_id),
        holder=people.display_name(owner, language),
        language=language,
        digits=platform.reader_digits(language, owner.digits),
        first_day=first_day,
        last_day=last_day,
        issued_at=now,
        opening=Money(opening, of.currency),
        closing=Money(closing, of.currency),
        available=Money(closing - books.closing.debits_pending, of.currency),
        is_free=all(fee.amount.amount_minor == 0 for fee in fee_schedule(of.product.id, last_day)),
        lines=tuple(tell(of, language, _running(opening, books.entries))),
    )


def _last_day_told(first_day: date, last_day: date, today: date) -> date:
    if first_day > last_day:
        raise PeriodUpsideDown(field="last_day")
    if first_day > today:
        raise PeriodInFuture(field="first_day")
    told = min(last_day, today)
    if (told - first_day).days >= PERIOD_YEARS_MAX * _YEAR_DAYS_MAX:
        raise PeriodTooLong(field="first_day", years=PERIOD_YEARS_MAX)
    return told


def _running(opening: int, entries: Sequence[ledger.BookedEntry]) -> list[Movement]:
    movements = []
    balance = opening
    for entry in entries:
        balance += -entry.amount if entry.is_debit else entry.amount
        movements.append(Movement(entry, balance))
    return movements
