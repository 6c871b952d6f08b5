"""Loans: granted by staff, charged as they fall due, paid by their borrowers, but for those that are to be behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, time, timedelta
from functools import partial
from typing import Final

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind, ProductKind
from raseed.demo.world.cast import PlannedLoan
from raseed.kernel.clock import Clock
from raseed.kernel.money import Money
from raseed.payments import api as payments

from .stage import PROPOSER, Scene, Stage

FIRST_DUE_AFTER: Final = timedelta(days=30)
WHOLE: Final = 100
_NOTES: Final = {"ar": "قسط القرض", "he": "תשלום על ההלוואה", "en": "Loan instalment"}


class Lending:
    """Knows which instalments fall due when, as soon as their loans are granted."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._due: dict[date, list[payments.Instruction]] = defaultdict(list)

    def scenes(self, day: int) -> Iterator[Scene]:
        """Yield what is done about loans on a day: charging and paying what is due, then granting."""
        on = self._stage.on(day)
        if on in self._due:
            yield Scene(day, time(3, 10), lambda clock: banking.charge_loan_interest(clock=clock))
        if self._due.get(on):
            yield Scene(day, time(9, 15), lambda clock: payments.send_many(self._due[on], clock=clock))
        for planned in self._stage.cast.loans:
            if planned.day == day:
                yield Scene(day, time(11), partial(self._grant, planned))

    def _grant(self, planned: PlannedLoan, clock: Clock) -> None:
        stage, on, pay_to = self._stage, self._stage.on(planned.day), planned.borrower.bank_id
        assert pay_to is not None, "who borrows has an account at the bank"
        of = stage.product(ProductKind.LOAN)
        terms = banking.standard_terms(
            of.id, instalments=planned.instalments, first_due_on=on + FIRST_DUE_AFTER, on=on
        )  # fmt: skip
        granted = banking.grant_loan(
            id=planned.id, product_id=of.id, pay_to_account_id=pay_to, principal_minor=planned.principal_minor,
            terms=terms, by=stage.staff(PROPOSER), reason="papers complete, income checked", clock=clock,
        )  # fmt: skip
        for each in granted.schedule:
            share = WHOLE if planned.paid is None else min(WHOLE, max(0, planned.paid - (each.number - 1) * WHOLE))
            if each.due_on < stage.planted_on:
                self._due[each.due_on] += [self._payment(planned, granted, each, share)] if share else []

    def _payment(
        self, planned: PlannedLoan, granted: banking.Loan, due: banking.ShownInstalment, share: int
    ) -> payments.Instruction:
        assert planned.borrower.bank_id is not None, "instalments are paid from the account that the loan came to"
        return payments.Instruction(
            id=self._stage.id_of(f"instalment {planned.id} {due.number}"),
            actor_customer_id=planned.borrower.id,
            from_account_id=planned.borrower.bank_id,
            to=Alias(AliasKind.NUMBER, granted.number),
            amount=Money(due.total.amount_minor * share // WHOLE, due.total.currency),
            note=_NOTES[planned.borrower.language],
        )
