"""Payment holidays: the next instalments of a loan are put off, and as many dates are added at its end.

What is due already stays due, unchanged. Interest goes on meanwhile: the first instalment after the holiday bears that of the
whole time since the last one, and what is left is spread anew over the dates that follow; the last instalment takes what
rounding leaves, so that principals add up as before. Nothing is forgiven by it, and nothing is charged for it. Penalties of
what is due stay with it, and go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from . import events
from .amortisation import INSTALMENTS_MAX, Instalment, schedule_over
from .domain import AccountState, BankAccount, business_day
from .errors import AccountClosed, InvalidTerms, LoanUnknown
from .granting import write_plan
from .holidays import workdays_of
from .late.charging import penalty_transfers
from .loans import Books, Loan, books_of_loans, loan, terms_of
from .models import InstalmentRow, LoanPlanRow, LoanRow
from .posting import post
from .queries import account
from .repayment import Course, charge_transfers, course_of
from .sql import STATEMENTS, run
from .workdays import months_later

HOLIDAY_INSTALMENTS_MAX: Final = 12
"""The most instalments that are put off at once."""


@dataclass(frozen=True, slots=True)
class _NewPlan:
    """What a loan would be paid by: what is due already, then the dates after the holiday."""

    course: Course
    carried: tuple[Instalment, ...]
    coming: tuple[Instalment, ...]
    paid_whole_minor: int

    @property
    def instalments(self) -> tuple[Instalment, ...]:
        both = (*self.carried, *self.coming)
        return tuple(replace(each, number=number) for number, each in enumerate(both, start=1))


def preview_loan_holiday(
    account_id: UUID, *, instalments: int, customer_id: UUID | None = None, clock: Clock = SYSTEM_CLOCK
) -> tuple[Instalment, ...]:
    """Return the instalments that a loan would have after a holiday. Raises as ``give_loan_holiday``; changes nothing."""
    of = account(account_id, customer_id=customer_id)
    row = LoanRow.objects.filter(account_id=account_id).first()
    if row is None:
        raise LoanUnknown(field="account_id")
    (books,) = books_of_loans([row], on=business_day(of, clock.now()))
    return _planned(books, of, instalments).instalments


def give_loan_holiday(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    account_id: UUID,
    instalments: int,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Loan:
    """Put off the next instalments of a loan; ``id`` becomes its new plan's. Same id, same content: the loan as it is.

    Raises:
        LoanUnknown, AccountUnknown: no such loan. AccountClosed: it is over.
        NotPermitted: ``by`` lacks ``banking.loans.grant``. UnacceptableText: no reason.
        InvalidTerms: no instalment is to come, or more than ``HOLIDAY_INSTALMENTS_MAX`` are to be put off.
        SameIdOtherContent: the id came before with other content. BooksBusy: nothing was changed.
    """
    of = account(account_id)
    people.require(by, "banking.loans.grant", of.institution_id)
    said = people.clean_reason(reason)
    with transaction.atomic():
        state = AccountState(run(STATEMENTS["lock_account_for_change"], {"id": account_id})[0][0])
        row = LoanRow.objects.select_for_update().filter(account_id=account_id).first()
        if row is None:
            raise LoanUnknown(field="account_id")
        before = LoanPlanRow.objects.filter(id=id).first()
        if before is not None:
            if (
                before.loan_id != account_id
                or before.from_account_id is not None
                or _put_off(row, before) != instalments
            ):
                raise platform.SameIdOtherContent(field="id")
            return loan(account_id, clock=clock)
        if state is AccountState.CLOSED:
            raise AccountClosed(field="account_id")
        _give(id, of, row, instalments, by.actor, said, clock)
    return loan(account_id, clock=clock)


def _planned(books: Books, of: BankAccount, put_off: int) -> _NewPlan:
    if not 0 < put_off <= HOLIDAY_INSTALMENTS_MAX:
        raise InvalidTerms(field="instalments")
    course = course_of(books, early=False)
    due, coming = books.instalments[: course.charged_through], books.instalments[course.charged_through :]
    if not coming:
        raise InvalidTerms(field="instalments")
    whole, paid_whole_minor = 0, 0
    for each, part, penalty_minor in zip(due, books.parts, books.penalties, strict=False):
        if penalty_minor or part.total_minor != each.total_minor:
            break  # with a penalty it stays, though paid: what settled that is no arrears of those behind it
        whole, paid_whole_minor = whole + 1, paid_whole_minor + part.total_minor
    carried = due[whole:]
    last = due[-1].period_end if due else books.plan.starts_on
    terms = terms_of(books.loan)
    principal_minor = sum(each.principal_minor for each in coming)
    ends = [each.period_end for each in coming]
    after = [*ends[put_off:], *_dates_after(books, ends[-1], put_off)][: len(ends)]
    if principal_minor == 0 or len(carried) + len(after) > INSTALMENTS_MAX:
        raise InvalidTerms(field="instalments")
    return _NewPlan(
        course=course,
        carried=carried,
        coming=schedule_over(principal_minor, last, after, terms, workdays_of(of)),
        paid_whole_minor=paid_whole_minor,
    )


def _dates_after(books: Books, last_end: date, count: int) -> list[date]:
    """Return the contract's dates after its last one, counted from its first, so that none drifts."""
    terms = terms_of(books.loan)
    first = terms.first_due_on
    passed = (last_end.year - first.year) * 12 + last_end.month - first.month
    try:
        return [
            months_later(first, passed + number * terms.every_months, last_of_month=terms.last_of_month)
            for number in range(1, count + 1)
        ]
    except ValueError:
        raise InvalidTerms(field="instalments") from None


def _give(id_: UUID, of: BankAccount, row: LoanRow, put_off: int, actor: str, reason: str, clock: Clock) -> None:
    now = clock.now()
    (books,) = books_of_loans([row], on=business_day(of, now))
    planned = _planned(books, of, put_off)
    instalments = planned.instalments
    plan = LoanPlanRow(
        id=id_,
        loan_id=of.id,
        number=books.plan.number + 1,
        starts_on=planned.carried[-1].period_end if planned.carried else _starts_on(books, planned.course),
        principal_minor=sum(each.principal_minor for each in instalments),
        repaid_minor=0,
        accrued_minor=0,
        credited_before_minor=books.plan.credited_before_minor + planned.paid_whole_minor,
        made_at=now,
    )
    write_plan(plan, instalments)
    LoanRow.objects.filter(account_id=of.id).update(
        plan=plan.number, charged_through=len(planned.carried), next_due_on=planned.coming[0].due_on
    )
    platform.record(
        actor=actor,
        action=events.LOAN_HOLIDAY_GIVEN,
        subject=f"account:{of.id}",
        before=_facts(books.instalments[planned.course.charged_through :]),
        after={**_facts(planned.coming), "put_off": put_off},
        reason=reason,
        institution_id=of.institution_id,
        customer_id=of.owner_id,
        clock=clock,
    )
    platform.emit(events.LOAN_HOLIDAY_GIVEN, {"account_id": str(of.id)}, institution_id=of.institution_id, clock=clock)
    penalties = penalty_transfers(of, books, now)
    post([*penalties, *charge_transfers(books, planned.course.charges, of)], clock=clock)


def _starts_on(books: Books, course: Course) -> date:
    return books.instalments[course.charged_through - 1].period_end if course.charged_through else books.plan.starts_on


def _facts(coming: Sequence[Instalment]) -> dict[str, platform.AuditValue]:
    return {
        "instalments": len(coming),
        "next_due_on": coming[0].due_on.isoformat(),
        "last_due_on": coming[-1].due_on.isoformat(),
        "interest_minor": sum(each.interest_minor for each in coming),
    }


def _put_off(row: LoanRow, plan: LoanPlanRow) -> int:
    """Return how many instalments a plan put off: by how many dates it ends later than the one before."""
    ends = []
    for number in (plan.number - 1, plan.number):
        rows = InstalmentRow.objects.filter(plan__loan_id=row.account_id, plan__number=number)
        ends.append(rows.order_by("-number").values_list("period_end", flat=True)[0])
    months = (ends[1].year - ends[0].year) * 12 + ends[1].month - ends[0].month
    return months // row.every_months
