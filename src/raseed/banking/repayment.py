"""How a loan is paid back: interest charged when it is due, what is due for whoever collects it, and early repayment.

What comes in on a loan's number is a repayment, whoever pays it; above what is due it waits for the next instalments and
lowers no interest. An *early repayment* does: it takes what is due, the interest of the days since the last instalment, and
the rest off the principal, over the dates that are left of the contract. It has a verb of its own, for it changes the
contract's schedule and moves money between two accounts of one customer at one bank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import CurrencyMismatch, Money
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform

from . import events
from .amortisation import Instalment, schedule_over
from .domain import AccountState, AliasKind, BankAccount, InternalRole, ProductKind, business_day
from .errors import (
    AccountBlocked,
    AccountClosed,
    AccountDormant,
    AccountUnknown,
    LessThanDue,
    LoanUnknown,
    MoreThanOwed,
)
from .granting import write_plan
from .holidays import workdays_of
from .interest import interest_of, rounded
from .late.charging import penalty_transfers
from .loans import (
    Books,
    InstalmentState,
    Loan,
    ShownInstalment,
    books_of_loans,
    books_today,
    loan,
    shown,
    terms_of,
)
from .models import LoanPlanRow, LoanRow
from .posting import PostingCode, chained, derived_id, post
from .queries import account, accounts, internal_account, lock_accounts, may_pay
from .sql import STATEMENTS, run

CHUNK: Final = 100
"""How many loans are charged in one transaction."""
CHUNKS_MAX: Final = 1_000
"""How many of those one job does; the next one goes on."""
DUE_LOANS_MAX: Final = 500
_CUSTOMER: Final = "customer:"
_UNUSABLE: Final = {
    AccountState.BLOCKED: AccountBlocked,
    AccountState.DORMANT: AccountDormant,
    AccountState.CLOSED: AccountClosed,
}
_log = structlog.get_logger("raseed.banking")


@dataclass(frozen=True, slots=True)
class DueInstalment:
    """An instalment to be collected: from ``pay_account_id``, by a payment to the loan's ``number``."""

    account_id: UUID
    owner_id: UUID
    pay_account_id: UUID
    number: str
    instalment: ShownInstalment


@dataclass(frozen=True, slots=True)
class DuePage:
    """Instalments of some loans, the oldest of each first. ``next`` is the loan after which the next page begins."""

    instalments: tuple[DueInstalment, ...]
    next: UUID | None


@dataclass(frozen=True, slots=True)
class EarlyRepayment:
    """What repaying a loan early takes on a day.

    ``due`` is what is due already; ``accrued`` the interest of the days since the last instalment; ``full`` all that would
    have to be paid to end it.
    """

    on: date
    due: Money
    accrued: Money
    full: Money


@dataclass(frozen=True, slots=True)
class EarlyRepaymentPreview:
    """What repaying ``amount`` early would do: what is owed after it, and the instalments before and after it."""

    quote: EarlyRepayment
    amount: Money
    left: Money
    before: tuple[Instalment, ...]
    after: tuple[Instalment, ...]

    @property
    def interest_saved(self) -> Money:
        """By how much less interest the instalments to come will bear, less the interest of the days that is paid now."""
        saved = sum(each.interest_minor for each in self.before) - sum(each.interest_minor for each in self.after)
        return Money(saved, self.amount.currency) - self.quote.accrued


@dataclass(frozen=True, slots=True)
class Course:
    """What an early repayment on a day starts from: charges to be made first, and the sums of ``EarlyRepayment``."""

    charged_through: int
    charges: tuple[Instalment, ...]
    starts_on: date
    due_minor: int
    accrued_minor: int
    full_minor: int


def charge_loan_interest(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Charge every loan the interest of the instalments that are due; return how many were charged.

    Booked on the due date, however late it runs; each charge's id is made from its plan and number, so it is made once. A
    loan that can't be charged is left out, told to the log, and tried again by the next run.
    """
    now, charged, after_day, after = clock.now(), 0, date.min, UUID(int=0)
    by = now.date() + timedelta(days=1)  # where the day is furthest on; each loan's institution has its own zone
    for _ in range(CHUNKS_MAX):
        asked = {"by": by, "after_day": after_day, "after": after, "limit": CHUNK}
        due = run(STATEMENTS["loans_due"], asked)
        if not due:
            break
        charged += _charge_chunk([account_id for account_id, _ in due], now, clock)
        after, after_day = due[-1]
    return charged


def instalments_due(institution_id: UUID, *, on: date, after: UUID | None = None, limit: int = 100) -> DuePage:
    """Return the instalments that are due on a date, or overdue, and not paid: of up to ``limit`` loans at a time.

    For whoever collects: a payment from ``pay_account_id`` to the loan's number is all there is to do; what it paid of
    which instalment then follows from the books. A page may be empty and yet have a next one.
    """
    size = min(max(limit, 1), DUE_LOANS_MAX)
    rows = LoanRow.objects.filter(account__institution_id=institution_id, first_due_on__lte=on + timedelta(days=31))
    rows = rows.exclude(account__state=AccountState.CLOSED.value)
    if after is not None:
        rows = rows.filter(account_id__gt=after)
    found = list(rows.order_by("account_id")[: size + 1])
    loans = accounts(row.account_id for row in found[:size])
    items = []
    for books in books_of_loans(found[:size], on=on):
        of = loans[books.loan.account_id]
        items += [
            DueInstalment(of.id, of.owner_id, books.loan.pay_account_id, of.alias(AliasKind.NUMBER) or "", each)
            for each in shown(of, books).schedule
            if each.state in (InstalmentState.DUE, InstalmentState.OVERDUE)
        ]
    return DuePage(tuple(items), found[size - 1].account_id if len(found) > size else None)


def early_repayment(
    account_id: UUID, *, customer_id: UUID | None = None, clock: Clock = SYSTEM_CLOCK
) -> EarlyRepayment:
    """Return what repaying a loan today would take.

    Raises:
        LoanUnknown, AccountUnknown: there is no such loan, or it is not this customer's.
    """
    of = account(account_id, customer_id=customer_id)
    row = LoanRow.objects.filter(account_id=account_id).first()
    if row is None:
        raise LoanUnknown(field="account_id")
    today = business_day(of, clock.now())
    (books,) = books_of_loans([row], on=today)
    course = course_of(books, early=True)
    return EarlyRepayment(
        today,
        Money(course.due_minor, of.currency),
        Money(course.accrued_minor, of.currency),
        Money(course.full_minor, of.currency),
    )


def preview_early_repayment(
    account_id: UUID, *, amount: Money | None, customer_id: UUID | None = None, clock: Clock = SYSTEM_CLOCK
) -> EarlyRepaymentPreview:
    """Show what ``repay_early`` would do today, in part or (``amount`` ``None``) whole; changes nothing.

    Raises:
        LoanUnknown, AccountUnknown, CurrencyMismatch, LessThanDue, MoreThanOwed, InvalidTerms: as ``repay_early``.
    """
    quote = early_repayment(account_id, customer_id=customer_id, clock=clock)
    of = account(account_id)
    if amount is not None and amount.currency != of.currency:
        raise CurrencyMismatch(field="amount", given=amount.currency.code, expected=of.currency.code)
    (books,) = books_of_loans([LoanRow.objects.get(account_id=account_id)], on=quote.on)
    course = course_of(books, early=True)
    repaid_minor = course.full_minor if amount is None else amount.amount_minor
    check_amount(repaid_minor, course, of)
    left_minor = course.full_minor - repaid_minor
    return EarlyRepaymentPreview(
        quote=quote,
        amount=Money(repaid_minor, of.currency),
        left=Money(left_minor, of.currency),
        before=books.instalments[course.charged_through :],
        after=new_schedule(books, course, left_minor, of),
    )


def repay_early(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    account_id: UUID,
    from_account_id: UUID,
    amount: Money | None,
    by: people.Author,
    reason: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Loan:
    """Repay a loan early, in part or (``amount`` ``None``) whole, from an account of its owner; return it with its new plan.

    In part, the dates that are left stay and their instalments become lower. Same id, same content: the first answer.
    ``by`` is the customer, who may pay from the account, or staff with a reason.

    Raises:
        LoanUnknown, AccountUnknown: no such loan or account, or they are not of one owner and one currency.
        NotPermitted: ``by`` is staff without ``banking.loans.grant``. CurrencyMismatch: another currency.
        LessThanDue, MoreThanOwed: the amount is not between what is due and what is owed.
        InvalidTerms: what would be left is too little for the dates that are left.
        AccountBlocked, AccountDormant, AccountClosed, BalanceTooLow: the account to pay from.
        SameIdOtherContent: the id came before with other content. BooksBusy: nothing was changed.
    """
    of, payer = account(account_id), account(from_account_id)
    said = _permitted(by, of, payer, reason)
    if amount is not None and amount.currency != of.currency:
        raise CurrencyMismatch(field="amount", given=amount.currency.code, expected=of.currency.code)
    with transaction.atomic():
        states = _lock(of.id, payer.id)
        before = LoanPlanRow.objects.filter(id=id).first()
        if before is not None:
            if (before.loan_id, before.from_account_id) != (of.id, payer.id) or (
                amount is not None and before.repaid_minor != amount.amount_minor
            ):
                raise platform.SameIdOtherContent(field="id")
            return loan(account_id, clock=clock)
        if states[payer.id] in _UNUSABLE:
            raise _UNUSABLE[states[payer.id]](field="from_account_id")
        if by.actor.startswith(_CUSTOMER) and not may_pay(UUID(by.actor.removeprefix(_CUSTOMER)), payer):
            raise AccountUnknown(field="from_account_id")
        _repay(id, of, payer, amount, by.actor, said, clock)
    return loan(account_id, clock=clock)


def _permitted(by: people.Author, of: BankAccount, payer: BankAccount, reason: str) -> str:
    """Refuse accounts that do not belong together and authors who may not; return the reason, which staff must give."""
    if of.product.kind is not ProductKind.LOAN:
        raise LoanUnknown(field="account_id")
    if payer.product.kind is ProductKind.LOAN or (payer.owner_id, payer.ledger) != (of.owner_id, of.ledger):
        raise AccountUnknown(field="from_account_id")
    if by.actor.startswith(_CUSTOMER):
        return ""
    people.require(by, "banking.loans.grant", of.institution_id)
    return people.clean_reason(reason)


def _lock(loan_id: UUID, payer_id: UUID) -> dict[UUID, AccountState]:
    """Lock the loan's account FOR UPDATE and the payer's FOR SHARE, in order of id."""
    states = {}
    for id_ in sorted((loan_id, payer_id)):
        if id_ == loan_id:
            states[id_] = AccountState(run(STATEMENTS["lock_account_for_change"], {"id": id_})[0][0])
        else:
            states[id_] = lock_accounts([id_])[id_].state
    return states


def _repay(
    id_: UUID, of: BankAccount, payer: BankAccount, amount: Money | None, actor: str, reason: str, clock: Clock
) -> None:
    now = clock.now()
    today = business_day(of, now)
    (books,) = books_of_loans([LoanRow.objects.select_for_update().get(account_id=of.id)], on=today)
    course = course_of(books, early=True)
    repaid_minor = course.full_minor if amount is None else amount.amount_minor
    check_amount(repaid_minor, course, of)
    left_minor = course.full_minor - repaid_minor
    instalments = new_schedule(books, course, left_minor, of)
    plan = LoanPlanRow(
        id=id_,
        loan_id=of.id,
        number=books.plan.number + 1,
        starts_on=course.starts_on,
        principal_minor=left_minor,
        from_account_id=payer.id,
        repaid_minor=repaid_minor,
        accrued_minor=course.accrued_minor,
        credited_before_minor=books.repaid_minor + repaid_minor,
        made_at=now,
    )
    write_plan(plan, instalments)
    LoanRow.objects.filter(account_id=of.id).update(
        plan=plan.number, charged_through=0, next_due_on=instalments[0].due_on if instalments else None
    )
    platform.record(
        actor=actor,
        action=events.LOAN_REPAID_EARLY,
        subject=f"account:{of.id}",
        before={"owed_minor": books.owed_minor, "instalments": len(books.instalments) - course.charged_through},
        after={"owed_minor": left_minor, "instalments": len(instalments), "repaid_minor": repaid_minor},
        reason=reason,
        institution_id=of.institution_id,
        customer_id=of.owner_id,
        clock=clock,
    )
    platform.emit(events.LOAN_REPAID_EARLY, {"account_id": str(of.id)}, institution_id=of.institution_id, clock=clock)
    penalties = penalty_transfers(of, books, now)
    post(chained([*penalties, *_repayment_transfers(id_, books, course, of, payer, repaid_minor)]), clock=clock)


def check_amount(repaid_minor: int, course: Course, of: BankAccount) -> None:
    """Refuse an early repayment of more than is owed, or of no more than is due."""
    if repaid_minor > course.full_minor or course.full_minor <= 0:
        raise MoreThanOwed(field="amount")
    least_minor = course.due_minor + course.accrued_minor
    if repaid_minor < course.full_minor and repaid_minor <= least_minor:
        raise LessThanDue(field="amount", due=Money(least_minor, of.currency))


def new_schedule(books: Books, course: Course, left_minor: int, of: BankAccount) -> tuple[Instalment, ...]:
    """Return the instalments of what is left over the contract's dates that are left."""
    if not left_minor:
        return ()
    ends = [each.period_end for each in books.instalments if each.number > course.charged_through]
    return schedule_over(left_minor, course.starts_on, ends, terms_of(books.loan), workdays_of(of))


def course_of(books: Books, *, early: bool) -> Course:
    """Return where a loan stands on the day of its books: instalments due but not charged, what is due, what has accrued since.

    For an early repayment an instalment counts whose period is over, though a holiday has moved its due date past today. No
    interest accrues on interest or penalties.
    """
    today, charged_before = books.on, books.loan.charged_through
    due = [each for each in books.instalments if each.due_on <= today or (early and each.period_end <= today)]
    charges = tuple(each for each in due if each.number > charged_before)
    charged_through = max([charged_before, *(each.number for each in charges)])
    parts = books.parts
    unpaid_interest_minor = sum(
        each.interest_minor - part.interest_minor
        for each, part in zip(books.instalments[:charged_through], parts, strict=False)
    )
    unpaid_penalties_minor = sum(books.penalties) - sum(part.penalty_minor for part in parts)
    owed_minor = books.owed_minor + books.uncharged_minor + sum(each.interest_minor for each in charges)
    bearing_minor = owed_minor - unpaid_interest_minor - unpaid_penalties_minor
    last = books.instalments[charged_through - 1].period_end if charged_through else books.plan.starts_on
    terms = terms_of(books.loan)
    accrued_minor = (
        rounded(interest_of(bearing_minor, terms.annual_rate_ppm, terms.day_count, last, today))
        if last < today and bearing_minor > 0
        else 0
    )
    unpaid_minor = sum(each.total_minor - part.total_minor for each, part in zip(due, parts, strict=False))
    due_minor = unpaid_minor + sum(books.penalties)
    return Course(charged_through, charges, max(last, today), due_minor, accrued_minor, owed_minor + accrued_minor)


def _charge_chunk(ids: Sequence[UUID], now: datetime, clock: Clock) -> int:
    """Charge some loans in one transaction; where that fails, each by itself."""
    try:
        return _charge_all(ids, now, clock)
    except (RaseedError, DatabaseError):
        charged = 0
        for id_ in ids:
            try:
                charged += _charge_all([id_], now, clock)
            except (RaseedError, DatabaseError) as error:
                _log.exception("loan_interest_not_charged", account=str(id_), error=type(error).__name__)
        return charged


def _charge_all(ids: Sequence[UUID], now: datetime, clock: Clock) -> int:
    with transaction.atomic():
        lock_accounts(ids)
        found = accounts(ids, with_aliases=False)
        rows = list(LoanRow.objects.select_for_update().filter(account_id__in=ids).order_by("account_id"))
        transfers, charged = [], 0
        for books in books_today(rows, found, now):
            of = found[books.loan.account_id]
            course = course_of(books, early=False)
            if not course.charges:
                continue
            charged += len(course.charges)
            upcoming = books.instalments[course.charged_through :]
            LoanRow.objects.filter(account_id=of.id).update(
                charged_through=course.charged_through, next_due_on=upcoming[0].due_on if upcoming else None
            )
            transfers += charge_transfers(books, course.charges, of)
        post(transfers, clock=clock)
    return charged


def charge_transfers(books: Books, charges: Sequence[Instalment], of: BankAccount) -> list[ledger.NewTransfer]:
    """Return the postings of instalments whose interest falls due; each has the id that its plan and number give it."""
    assert connection.in_atomic_block, "what was charged is kept with its postings"
    return [
        _interest_transfer(
            derived_id("loan interest", books.plan.id, each.number), of, each.interest_minor, each.due_on
        )
        for each in charges
        if each.interest_minor
    ]


def _interest_transfer(id_: UUID, of: BankAccount, amount_minor: int, booked_on: date) -> ledger.NewTransfer:
    return ledger.NewTransfer(
        id=id_,
        debit_account_id=of.id,
        credit_account_id=internal_account(of.institution_id, InternalRole.INTEREST_INCOME, of.currency.code).id,
        amount=amount_minor,
        ledger=of.ledger,
        code=PostingCode.LOAN_INTEREST,
        booked_on=booked_on,
    )


def _repayment_transfers(
    id_: UUID, books: Books, course: Course, of: BankAccount, payer: BankAccount, repaid_minor: int
) -> list[ledger.NewTransfer]:
    """Return the postings of an early repayment: interest first, so that the loan never holds more credit than it owes."""
    today = books.on
    charges = [replace(each, due_on=min(each.due_on, today)) for each in course.charges]
    transfers = charge_transfers(books, charges, of)
    if course.accrued_minor:
        transfers.append(_interest_transfer(derived_id("loan accrued", id_), of, course.accrued_minor, today))
    transfers.append(
        ledger.NewTransfer(
            id=id_,
            debit_account_id=payer.id,
            credit_account_id=of.id,
            amount=repaid_minor,
            ledger=of.ledger,
            code=PostingCode.LOAN_REPAID_EARLY,
            booked_on=today,
        )
    )
    return transfers
