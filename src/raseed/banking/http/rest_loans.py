"""Loans as they stand, and their schedules."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from ninja import Path, Query
from pydantic import Field, WithJsonSchema

from raseed.kernel.money import Currency, Money
from raseed.platform.rest.callers import ApiRequest
from raseed.platform.rest.fields import FROM_TEXT, Given, Id, MoneyGiven, Taken, whole
from raseed.platform.rest.routes import Resource

from .. import api as banking
from .rest_accounts import account_here
from .rest_products import SEE_OWN, VIEW

loans = Resource("Loans", "Loans as they stand, with the schedule of their instalments.")
_PAGE_MAX = 100


class InstalmentGiven(Given):
    """An instalment and what has been paid of it; ``penalty`` is what being late with it costs until today, often zero."""

    number: int
    due_on: date
    principal: MoneyGiven
    interest: MoneyGiven
    penalty: MoneyGiven
    paid_principal: MoneyGiven
    paid_interest: MoneyGiven
    paid_penalty: MoneyGiven
    state: Literal["upcoming", "due", "overdue", "paid"]


class PenaltyRuleGiven(Given):
    """What being late costs by the contract: an amount or a share of what is unpaid, once or for each day after the free ones."""

    kind: Literal["none", "fixed", "percent", "fixed_a_day", "percent_a_day"]
    amount: MoneyGiven | None
    rate_ppm: int | None
    grace_days: int
    cap: MoneyGiven | None
    cap_ppm: int | None


class LoanGiven(Given):
    """A loan as it stands on ``as_of``; instalments are paid to ``number``.

    ``due`` and ``arrears`` hold the penalties, which are told apart as ``penalties_due``.
    """

    account_id: UUID
    number: str
    as_of: date
    pay_account_id: UUID
    principal: MoneyGiven
    granted_on: date
    annual_rate_ppm: int
    instalments: int
    owed: MoneyGiven
    repaid: MoneyGiven
    due: MoneyGiven
    arrears: MoneyGiven
    penalties_due: MoneyGiven
    days_past_due: int
    late_penalty: PenaltyRuleGiven
    next_instalment: InstalmentGiven | None


class Schedule(Given):
    """Instalments in order; ``next`` asks for those that follow, as ``after``; null: there are none."""

    instalments: list[InstalmentGiven]
    next: int | None


class ScheduleAsked(Taken):
    """Which instalments: those after a number."""

    after: Annotated[int, whole(0, 1000), FROM_TEXT] = 0
    limit: Annotated[
        int,
        Field(ge=1, le=_PAGE_MAX),
        FROM_TEXT,
        WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _PAGE_MAX}),
    ] = _PAGE_MAX


@loans.get("/accounts/{account_id}/loan", permission=VIEW, own=SEE_OWN, answer=LoanGiven)
def show_loan(request: ApiRequest, account_id: Path[Id]) -> LoanGiven:
    """Show the loan that an account is: what is owed, due and overdue today."""
    account_here(request.caller, account_id)
    found = banking.loan(account_id, customer_id=request.caller.customer_id)
    following = found.next_instalment
    return LoanGiven(
        account_id=found.account.id,
        number=found.number,
        as_of=found.as_of,
        pay_account_id=found.pay_account_id,
        principal=MoneyGiven.of(found.principal),
        granted_on=found.granted_on,
        annual_rate_ppm=found.terms.annual_rate_ppm,
        instalments=len(found.schedule),
        owed=MoneyGiven.of(found.owed),
        repaid=MoneyGiven.of(found.repaid),
        due=MoneyGiven.of(found.due),
        arrears=MoneyGiven.of(found.arrears),
        penalties_due=MoneyGiven.of(found.penalties_due),
        days_past_due=found.days_past_due,
        late_penalty=_rule(found.penalty_rule, found.account.currency),
        next_instalment=None if following is None else _instalment(following),
    )


@loans.get("/accounts/{account_id}/loan/schedule", permission=VIEW, own=SEE_OWN, answer=Schedule)
def list_instalments(request: ApiRequest, account_id: Path[Id], asked: Query[ScheduleAsked]) -> Schedule:
    """List a loan's instalments with what has been paid of each."""
    account_here(request.caller, account_id)
    page = banking.loan_schedule(
        account_id, after=asked.after, limit=asked.limit, customer_id=request.caller.customer_id
    )
    return Schedule(instalments=[_instalment(each) for each in page.instalments], next=page.next)


def _instalment(each: banking.ShownInstalment) -> InstalmentGiven:
    return InstalmentGiven(
        number=each.number,
        due_on=each.due_on,
        principal=MoneyGiven.of(each.principal),
        interest=MoneyGiven.of(each.interest),
        penalty=MoneyGiven.of(each.penalty),
        paid_principal=MoneyGiven.of(each.paid_principal),
        paid_interest=MoneyGiven.of(each.paid_interest),
        paid_penalty=MoneyGiven.of(each.paid_penalty),
        state=each.state.value,
    )


def _rule(rule: banking.PenaltyRule, unit: Currency) -> PenaltyRuleGiven:
    def money(minor: int | None) -> MoneyGiven | None:
        return None if minor is None else MoneyGiven.of(Money(minor, unit))

    return PenaltyRuleGiven(
        kind=rule.kind.value,
        amount=money(rule.amount_minor),
        rate_ppm=rule.rate_ppm,
        grace_days=rule.grace_days,
        cap=money(rule.cap_minor),
        cap_ppm=rule.cap_ppm,
    )
