"""The firm's salaries: a payment file each month, handed in, confirmed and carried out; once one came with a typing error."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import time
from functools import partial
from typing import Final

from raseed.banking import api as banking
from raseed.demo.payroll import Payroll, Salary, salaries_pain001, with_bad_iban
from raseed.demo.world.cast import Cast
from raseed.demo.world.history import DAYS
from raseed.demo.world.places import CURRENCY
from raseed.kernel.clock import Clock
from raseed.payments import api as payments

from .stage import Scene, Stage

PAYDAY: Final = 28
_REFUSED_ONCE: Final = 1
"""The month, counted back, in which the first file that was handed in had a bad IBAN."""


def scenes(stage: Stage) -> Iterator[Scene]:
    """Yield the files of each payday in the past."""
    paydays = [day for day in range(1 - DAYS, 0) if stage.on(day).day == PAYDAY]
    for n, day in enumerate(reversed(paydays), 1):
        if n == _REFUSED_ONCE:
            yield Scene(day, time(9), partial(_hand_in, stage, day, bad=True))
        yield Scene(day, time(9, 30), partial(_pay, stage, day))


def payroll_of(cast: Cast) -> Payroll:
    """Return what the firm's bookkeeper keeps: the IBANs are those of the accounts as they were opened."""
    wanted = [cast.firm.account_id, *(person.bank_id for person, _ in cast.workers if person.bank_id)]
    found = banking.accounts(wanted)

    def iban(account_id: object) -> str:
        return next((each.alias(banking.AliasKind.IBAN) or "" for id_, each in found.items() if id_ == account_id), "")

    return Payroll(
        firm=cast.firm.names[cast.firm.language],
        phone=cast.firm.phone,
        iban=iban(cast.firm.account_id),
        currency=CURRENCY,
        salaries=tuple(
            Salary(person.names[person.language], iban(person.bank_id), amount_minor)
            for person, amount_minor in cast.workers
        ),
    )


def _hand_in(stage: Stage, day: int, clock: Clock, *, bad: bool = False) -> payments.Order:
    payroll, on = payroll_of(stage.cast), stage.on(day)
    data = salaries_pain001(
        with_bad_iban(payroll) if bad else payroll,
        message_id=f"SALARIES-{on:%Y-%m}",
        created_at=clock.now(),
        on=on,
    )
    return payments.receive_order_file(
        id=stage.id_of(f"salaries {day} {bad}"),
        stream=io.BytesIO(data),
        actor_customer_id=stage.cast.firm.id,
        file_name=f"salaries-{on:%Y-%m}.xml",
        clock=clock,
    )


def _pay(stage: Stage, day: int, clock: Clock) -> None:
    order = _hand_in(stage, day, clock)
    if order.state in (payments.OrderState.ACCEPTED, payments.OrderState.EXECUTING):
        payments.confirm_order(order_id=order.id, actor_customer_id=stage.cast.firm.id, clock=clock)
        payments.execute_order(order.id, clock=clock)
