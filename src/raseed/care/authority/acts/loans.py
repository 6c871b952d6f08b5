"""Waiving what being late with a loan costs: by a waiver of banking's for this one loan, whose charges come back of themselves."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext, override

from raseed.banking import api as banking
from raseed.bills.api import NothingToWaive
from raseed.kernel.clock import Clock
from raseed.kernel.errors import mark
from raseed.kernel.money import Money
from raseed.people import api as people

from ..domain import Asked
from ..registry import Action
from .owned import own_account

NAME: Final = mark("Waived by customer care")


def _late(asked: Asked) -> banking.Loan:
    return banking.loan(own_account(asked).id, on=asked.through)


def _weigh(asked: Asked, clock: Clock) -> Money:
    del clock
    due = _late(asked).penalties_due
    if not due.amount_minor:
        raise NothingToWaive(field="subject")
    return due


def _perform(asked: Asked, clock: Clock) -> None:
    """Waive the days since the oldest penalty that is not paid; banking takes back what was charged with its next run."""
    late = _late(asked)
    since = [each.due_on for each in late.schedule if each.unpaid_penalty.amount_minor]
    if not since:
        raise NothingToWaive(field="subject")
    names = {}
    for language in people.LANGUAGES:
        with override(language):
            names[language] = gettext(NAME)
    banking.give_penalty_waiver(
        banking.NewPenaltyWaiver(
            id=asked.id,
            institution_id=asked.institution_id,
            names=names,
            first_day=min(since),
            last_day=asked.through,
            scope=banking.WaiverScope.LOANS,
            member_ids=[late.account.id],
        ),
        reason=asked.reason,
        by=people.SYSTEM,
        clock=clock,
    )


WAIVE_LOAN_PENALTY: Final = Action(
    code="waive_loan_penalty",
    words=mark("Waive the late penalties of a loan"),
    subject="account",
    has_amount=True,
    asks_amount=False,
    weigh=_weigh,
    perform=_perform,
)
