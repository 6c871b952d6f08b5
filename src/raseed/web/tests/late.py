"""A loan that is late, for the tests of pages: lent two months ago, a month overdue, with a penalty by its contract."""

from __future__ import annotations

from datetime import date, timedelta

from raseed.banking import api as banking
from raseed.banking.api import BankAccount, Loan, PenaltyKind, PenaltyRule
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.people import api as people

NAMES = {"ar": "قرض شخصي", "he": "הלוואה", "en": "Personal loan"}
RULE = PenaltyRule(PenaltyKind.PERCENT_A_DAY, rate_ppm=1_000, grace_days=5, cap_minor=50_00)
MONTH = timedelta(days=30)


def late_loan(current: BankAccount, rule: PenaltyRule = RULE) -> Loan:
    """Lend 1,200 to the holder of an account, in twelve instalments without interest of which the first was due a month ago."""
    then = ManualClock(SYSTEM_CLOCK.now() - 2 * MONTH)
    product = banking.offer_product(
        institution_id=current.institution_id, kind=banking.ProductKind.LOAN, names=NAMES, code="late", clock=then
    )
    banking.set_loan_penalty_rule(
        product.id, rule, valid_from=date(2020, 1, 1), by=people.SYSTEM, reason="planted", clock=then
    )
    due_on = banking.business_day(current, SYSTEM_CLOCK.now()) - MONTH
    terms = banking.LoanTerms(0, 12, due_on, business_days=banking.BusinessDayRule.UNCHANGED)
    granted = banking.grant_loan(
        id=new_id(), product_id=product.id, pay_to_account_id=current.id, principal_minor=1_200_00, terms=terms,
        by=people.SYSTEM, reason="planted", clock=then,
    )  # fmt: skip
    banking.charge_loan_interest()
    banking.charge_loan_penalties()
    return banking.loan(granted.account.id)
