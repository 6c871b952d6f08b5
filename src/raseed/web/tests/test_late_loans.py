"""What being late with a loan costs is read on its page: the rule in words, what to pay today, what is waived; zero is said."""

from __future__ import annotations

import pytest

from raseed.banking import api as banking
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.late import MONTH, late_loan
from raseed.web.tests.street import Street, signed_in, words_of


def read(loan: banking.Loan, language: str = "en") -> str:
    return words_of(signed_in(language=language).get(f"/accounts/{loan.account.id}/details").content.decode())


def test_a_late_loan_says_what_to_pay_today_and_what_of_it_is_penalty(street: Street) -> None:
    loan = late_loan(street.layla_current)
    assert (loan.penalties_due.amount_minor, loan.due.amount_minor) == (2_50, 202_50 if len_due(loan) == 2 else 102_50)
    told = read(loan)
    assert "Of that, late penalty EGP 2.50" in told
    assert "late penalty EGP 2.50" in told
    assert "A share of what is owed for each day" in told
    assert "Days without a penalty 5" in told
    assert "A penalty never costs a penalty." in told
    assert f"To pay today EGP {loan.due.decimal_text()}" in told


def len_due(loan: banking.Loan) -> int:
    """Return how many instalments are due: the second may be due today."""
    return sum(each.unpaid.amount_minor > 0 and each.due_on <= loan.as_of for each in loan.schedule)


@pytest.mark.parametrize("language", ["ar", "he"])
def test_it_is_said_in_the_readers_language(street: Street, language: str) -> None:
    told = read(late_loan(street.layla_current), language)
    assert {"ar": "منه غرامة تأخير", "he": "מתוכו קנס פיגורים"}[language] in told


def test_zero_is_said_as_zero(street: Street) -> None:
    told = read(late_loan(street.layla_current, banking.NO_PENALTY))
    assert "Of that, late penalty EGP 0.00" in told
    assert "Late penalty No penalty" in told
    assert "never costs a penalty" not in told


def test_what_is_waived_is_off_at_once_and_until_when_is_said(street: Street) -> None:
    loan = late_loan(street.layla_current)
    new = banking.NewPenaltyWaiver(
        id=new_id(), institution_id=loan.account.institution_id, names={"en": "Flood"}, first_day=loan.as_of - MONTH,
        last_day=loan.as_of + MONTH,
    )  # fmt: skip
    banking.give_penalty_waiver(new, reason="the flood", by=people.SYSTEM)
    told = read(loan)
    assert "Of that, late penalty EGP 0.00 being late costs nothing until" in told
