"""Loans that another bank's books bring: granted in history, with the schedule that its contract had.

They were paid out, and partly paid back, before they came here: their money moved through accounts that the books' lines
tell of. So nothing is paid out to a customer again: the pay-out is between the loan and the account (``through``) that
stands for what moved outside, whoever posts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.ledger import api as ledger
from raseed.platform import api as platform

from . import events
from .amortisation import Instalment, LoanTerms, schedule
from .domain import BankAccount, NewBankAccount, ProductKind
from .errors import AccountUnknown, InvalidTerms
from .holidays import workdays_of
from .models import InstalmentRow, LoanPlanRow, LoanRow
from .opening import open_accounts
from .posting import PostingCode, derived_id
from .queries import accounts

INSTALMENTS_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class BroughtLoan:
    """A loan as another bank's books have it; ``id`` becomes its account's. It bears no interest.

    A loan with interest would need to know what of it had been charged; no books that we read say so.
    """

    id: UUID
    pay_account_id: UUID
    principal_minor: int
    terms: LoanTerms
    granted_on: date


def bring_in_loans(
    loans: Sequence[BroughtLoan], *, product_id: UUID, through: UUID, clock: Clock = SYSTEM_CLOCK
) -> list[ledger.NewTransfer]:
    """Keep loans with their schedules, and return the pay-outs, which the caller posts in the open transaction.

    Ids must be new. One audit record and one event tell of all.

    Raises:
        InvalidTerms: interest, or a schedule that can't be. AccountUnknown: no such account to pay from.
        AccountOpenedDifferently: an id has another account.
    """
    assert connection.in_atomic_block, "brought loans are kept by their importer's transaction"
    if not loans:
        return []
    payers = accounts({each.pay_account_id for each in loans}, with_aliases=False)
    if any(each.pay_account_id not in payers for each in loans):
        raise AccountUnknown(field="pay_account_id")
    schedules = _schedules(loans, payers)
    now = clock.now()
    open_accounts(
        (
            NewBankAccount(
                each.id, payers[each.pay_account_id].institution_id, payers[each.pay_account_id].owner_id,
                ProductKind.LOAN, product_id=product_id, opened_on=each.granted_on,
            )
            for each in loans
        ),
        now=now,
    )  # fmt: skip
    _write(loans, schedules, clock)
    institution_id = payers[loans[0].pay_account_id].institution_id
    platform.record(
        actor="system",
        action="banking.loans_brought_in",
        subject=f"institution:{institution_id}",
        after={"count": len(loans), "principal_minor": sum(each.principal_minor for each in loans)},
        institution_id=institution_id,
        clock=clock,
    )
    platform.emit(events.LOANS_BROUGHT_IN, {"count": len(loans)}, institution_id=institution_id, clock=clock)
    return [
        ledger.NewTransfer(
            id=derived_id("loan paid out", each.id),
            debit_account_id=each.id,
            credit_account_id=through,
            amount=each.principal_minor,
            ledger=payers[each.pay_account_id].ledger,
            code=PostingCode.LOAN_PAID_OUT,
            booked_on=each.granted_on,
        )
        for each in loans
    ]


def _schedules(loans: Sequence[BroughtLoan], payers: dict[UUID, BankAccount]) -> dict[UUID, tuple[Instalment, ...]]:
    workdays = workdays_of(payers[loans[0].pay_account_id])
    found = {}
    for each in loans:
        if each.terms.annual_rate_ppm:
            raise InvalidTerms(field="annual_rate_ppm")
        found[each.id] = schedule(each.principal_minor, each.granted_on, each.terms, workdays)
    return found


def _write(loans: Sequence[BroughtLoan], schedules: dict[UUID, tuple[Instalment, ...]], clock: Clock) -> None:
    now = clock.now()
    LoanRow.objects.bulk_create(
        LoanRow(
            account_id=each.id, pay_account_id=each.pay_account_id, principal_minor=each.principal_minor, fee_minor=0,
            annual_rate_ppm=0, instalments=each.terms.instalments, first_due_on=each.terms.first_due_on,
            method=each.terms.method.value, every_months=each.terms.every_months, day_count=each.terms.day_count.value,
            last_of_month=each.terms.last_of_month, business_days=each.terms.business_days.value,
            granted_on=each.granted_on, granted_at=now, plan=1, charged_through=0,
            next_due_on=schedules[each.id][0].due_on,
        )
        for each in loans
    )  # fmt: skip
    LoanPlanRow.objects.bulk_create(
        LoanPlanRow(
            id=each.id, loan_id=each.id, number=1, starts_on=each.granted_on, principal_minor=each.principal_minor,
            instalments=len(schedules[each.id]), repaid_minor=0, accrued_minor=0, credited_before_minor=0, made_at=now,
        )
        for each in loans
    )  # fmt: skip
    InstalmentRow.objects.bulk_create(
        (
            InstalmentRow(
                plan_id=id_, number=each.number, period_end=each.period_end, due_on=each.due_on,
                principal_minor=each.principal_minor, interest_minor=each.interest_minor,
            )
            for id_, instalments in schedules.items()
            for each in instalments
        ),
        batch_size=INSTALMENTS_AT_ONCE,
    )  # fmt: skip
