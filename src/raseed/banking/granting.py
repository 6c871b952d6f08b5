"""Granting a loan: its account, its contract, its first schedule and the paying out, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import AMOUNT_MINOR_MAX
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform

from . import events
from .amortisation import Instalment, LoanTerms, schedule
from .domain import (
    AccountState,
    BankAccount,
    FeeEvent,
    InternalRole,
    NewBankAccount,
    Product,
    ProductKind,
    business_day,
)
from .errors import AccountOpenedDifferently, AccountUnknown, InvalidTerms, ProductNotOffered
from .holidays import workdays_of
from .late.rules import rule_row
from .loans import Loan, loan, terms_of
from .models import InstalmentRow, LoanPlanRow, LoanRow
from .opening import open_accounts
from .posting import PostingCode, chained, derived_id, post
from .queries import account, fee_minor, internal_account, lock_accounts, product
from .rates import annual_rate_ppm


def standard_terms(product_id: UUID, *, instalments: int, first_due_on: date, on: date) -> LoanTerms:
    """Return the terms of a loan of a product granted on a date: equal monthly instalments at the rate of the day."""
    return LoanTerms(
        annual_rate_ppm=annual_rate_ppm(product_id, on=on), instalments=instalments, first_due_on=first_due_on
    )


def preview_schedule(
    *, pay_to_account_id: UUID, principal_minor: int, terms: LoanTerms, clock: Clock = SYSTEM_CLOCK
) -> tuple[Instalment, ...]:
    """Return the schedule that a loan would have if it were granted today. Raises as ``grant_loan``; changes nothing."""
    pay_to = account(pay_to_account_id)
    if not 0 < principal_minor <= AMOUNT_MINOR_MAX:
        raise InvalidTerms(field="principal")
    return schedule(principal_minor, business_day(pay_to, clock.now()), terms, workdays_of(pay_to))


def grant_loan(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    product_id: UUID,
    pay_to_account_id: UUID,
    principal_minor: int,
    terms: LoanTerms,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Loan:
    """Grant a loan to the owner of an account and pay it out there, less the fee for granting; ``id`` becomes its account's.

    Same id, same content: the loan that is there. ``standard_terms`` gives terms at the product's rate of the day.

    Raises:
        NotPermitted: ``by`` lacks ``banking.loans.grant``. UnacceptableText: no reason.
        ProductNotOffered: no such loan product in the account's books. InvalidTerms: terms that can't be.
        AccountUnknown, AccountClosed, RefusedByLedger: the account to pay to. BalanceTooLow: the fee is more than it holds.
        AccountOpenedDifferently: the id has another account. BooksBusy: nothing was changed.
    """
    offered, pay_to = product(product_id), account(pay_to_account_id)
    people.require(by, "banking.loans.grant", offered.institution_id)
    said = people.clean_reason(reason)
    known = _granted(id, product_id, pay_to, principal_minor, terms, clock)
    if known is not None:
        return known
    _check(offered, pay_to)
    instalments = preview_schedule(
        pay_to_account_id=pay_to_account_id, principal_minor=principal_minor, terms=terms, clock=clock
    )
    try:
        _grant(id, product_id, pay_to, principal_minor, terms, instalments, by.actor, said, clock)
    except (
        IntegrityError,
        AccountOpenedDifferently,
    ) as error:  # the same id at the same instant: with the same content, or this one says not
        known = _granted(id, product_id, pay_to, principal_minor, terms, clock)
        if known is None:
            raise AccountOpenedDifferently(field="id") from error
        return known
    return loan(id, clock=clock)


def _granted(
    id_: UUID, product_id: UUID, pay_to: BankAccount, principal_minor: int, terms: LoanTerms, clock: Clock
) -> Loan | None:
    """Return the loan that this id has already, if it has one and it is the one wanted."""
    row = LoanRow.objects.select_related("account").filter(account_id=id_).first()
    if row is None:
        return None
    there = (row.account.product_id, row.pay_account_id, row.principal_minor, terms_of(row))
    if there != (product_id, pay_to.id, principal_minor, terms):
        raise AccountOpenedDifferently(field="id")
    return loan(id_, clock=clock)


def _check(offered: Product, pay_to: BankAccount) -> None:
    if offered.kind is not ProductKind.LOAN:
        raise ProductNotOffered(field="product_id")
    if (offered.institution_id, offered.currency) != (pay_to.institution_id, pay_to.currency):
        raise ProductNotOffered(field="product_id")
    if pay_to.product.kind is ProductKind.LOAN:
        raise AccountUnknown(field="pay_to_account_id")


def _grant(
    id_: UUID,
    product_id: UUID,
    pay_to: BankAccount,
    principal_minor: int,
    terms: LoanTerms,
    instalments: Sequence[Instalment],
    actor: str,
    reason: str,
    clock: Clock,
) -> None:
    now = clock.now()
    today = business_day(pay_to, now)
    with transaction.atomic():
        state = lock_accounts([pay_to.id])[pay_to.id].state
        if state not in (AccountState.OPEN, AccountState.DORMANT):
            raise AccountUnknown(field="pay_to_account_id")
        new = NewBankAccount(
            id_, pay_to.institution_id, pay_to.owner_id, ProductKind.LOAN, product_id=product_id, opened_on=today
        )
        if not open_accounts([new], now=now):
            raise AccountOpenedDifferently(field="id")
        fee = fee_minor(product_id, FeeEvent.LOAN_GRANT, on=today)
        _write(new, pay_to, principal_minor, fee, terms, instalments, today, now)
        platform.record(
            actor=actor,
            action="banking.loan_granted",
            subject=f"account:{id_}",
            after={
                "principal_minor": principal_minor,
                "fee_minor": fee,
                "annual_rate_ppm": terms.annual_rate_ppm,
                "instalments": terms.instalments,
                "method": terms.method.value,
                "pay_to": str(pay_to.id),
            },
            reason=reason,
            institution_id=pay_to.institution_id,
            customer_id=pay_to.owner_id,
            clock=clock,
        )
        platform.emit(events.LOAN_GRANTED, {"account_id": str(id_)}, institution_id=pay_to.institution_id, clock=clock)
        post(_pay_out(id_, pay_to, principal_minor, fee, today), clock=clock)


def _write(
    new: NewBankAccount,
    pay_to: BankAccount,
    principal_minor: int,
    fee: int,
    terms: LoanTerms,
    instalments: Sequence[Instalment],
    today: date,
    now: datetime,
) -> None:
    assert new.product_id is not None, "a loan is granted of a product that was named"
    LoanRow.objects.create(
        account_id=new.id,
        pay_account_id=pay_to.id,
        principal_minor=principal_minor,
        fee_minor=fee,
        annual_rate_ppm=terms.annual_rate_ppm,
        instalments=terms.instalments,
        first_due_on=terms.first_due_on,
        method=terms.method.value,
        every_months=terms.every_months,
        day_count=terms.day_count.value,
        last_of_month=terms.last_of_month,
        business_days=terms.business_days.value,
        granted_on=today,
        granted_at=now,
        plan=1,
        charged_through=0,
        next_due_on=instalments[0].due_on,
        penalty_rule=rule_row(new.product_id, on=today),
    )
    plan = LoanPlanRow(
        id=new.id,
        loan_id=new.id,
        number=1,
        starts_on=today,
        principal_minor=principal_minor,
        repaid_minor=0,
        accrued_minor=0,
        credited_before_minor=0,
        made_at=now,
    )
    write_plan(plan, instalments)


def write_plan(plan: LoanPlanRow, instalments: Sequence[Instalment]) -> None:
    """Keep a plan with its instalments."""
    plan.instalments = len(instalments)
    plan.save(force_insert=True)
    InstalmentRow.objects.bulk_create(
        InstalmentRow(
            plan_id=plan.id,
            number=each.number,
            period_end=each.period_end,
            due_on=each.due_on,
            principal_minor=each.principal_minor,
            interest_minor=each.interest_minor,
        )
        for each in instalments
    )


def _pay_out(id_: UUID, pay_to: BankAccount, principal_minor: int, fee: int, today: date) -> list[ledger.NewTransfer]:
    transfers = [
        ledger.NewTransfer(
            id=derived_id("loan paid out", id_),
            debit_account_id=id_,
            credit_account_id=pay_to.id,
            amount=principal_minor,
            ledger=pay_to.ledger,
            code=PostingCode.LOAN_PAID_OUT,
            booked_on=today,
        )
    ]
    if fee:
        fees = internal_account(pay_to.institution_id, InternalRole.FEES, pay_to.currency.code)
        transfers.append(
            ledger.NewTransfer(
                id=derived_id("loan fee", id_),
                debit_account_id=pay_to.id,
                credit_account_id=fees.id,
                amount=fee,
                ledger=pay_to.ledger,
                code=PostingCode.LOAN_FEE,
                booked_on=today,
            )
        )
    return chained(transfers)
