"""Bills: a payment refunded, whole or in part; a penalty waived; a later day to pay on."""

from __future__ import annotations

from datetime import date
from typing import Final

from raseed.bills import api as bills
from raseed.kernel.clock import Clock
from raseed.kernel.errors import InputError, mark
from raseed.kernel.money import CurrencyMismatch, Money

from ..domain import Asked
from ..registry import Action, subject_id
from .owned import at_institution, named_amount, own_payment

UNTIL: Final = "until"


def _weigh_refund(asked: Asked, clock: Clock) -> Money:
    del clock
    left, amount = bills.refundable(own_payment(asked).id), named_amount(asked)
    if amount.currency != left.currency:
        raise CurrencyMismatch(field="amount", given=amount.currency.code, expected=left.currency.code)
    if left.amount_minor < amount.amount_minor:
        raise bills.RefundTooMuch(field="amount", amount=left.decimal_text(), currency=left.currency.code)
    return amount


def _refund(asked: Asked, clock: Clock) -> None:
    bills.refund_with_authority(
        id=asked.id, order_id=own_payment(asked).id, amount=named_amount(asked), reason=asked.reason, actor=asked.actor,
        clock=clock,
    )  # fmt: skip


def _own_bill(asked: Asked) -> bills.Bill:
    found = bills.bill(subject_id(asked, "bill"), asked.customer_id)
    at_institution(asked, bills.biller(found.biller_id).institution_id)
    return found


def _weigh_penalty(asked: Asked, clock: Clock) -> Money:
    del clock
    penalty = bills.penalty_of_bill(_own_bill(asked).id, customer_id=asked.customer_id, on=asked.through)
    if not penalty.amount_minor:
        raise bills.NothingToWaive(field="subject")
    return penalty


def _waive(asked: Asked, clock: Clock) -> None:
    bills.waive_bill_penalty(
        id=asked.id, bill_id=_own_bill(asked).id, customer_id=asked.customer_id, through=asked.through,
        reason=asked.reason, actor=asked.actor, clock=clock,
    )  # fmt: skip


def _until(asked: Asked) -> date:
    try:
        return date.fromisoformat(asked.details[UNTIL])
    except (KeyError, ValueError):
        raise InputError(field=UNTIL) from None


def _weigh_extension(asked: Asked, clock: Clock) -> None:
    bills.check_extension(_own_bill(asked).id, customer_id=asked.customer_id, until=_until(asked), clock=clock)


def _extend(asked: Asked, clock: Clock) -> None:
    bills.extend_bill(
        id=asked.id, bill_id=_own_bill(asked).id, customer_id=asked.customer_id, until=_until(asked),
        reason=asked.reason, actor=asked.actor, clock=clock,
    )  # fmt: skip


REFUND_BILL_PAYMENT: Final = Action(
    code="refund_bill_payment",
    words=mark("Refund a payment of a bill, or part of it"),
    subject="payment",
    has_amount=True,
    asks_amount=True,
    weigh=_weigh_refund,
    perform=_refund,
)
WAIVE_BILL_PENALTY: Final = Action(
    code="waive_bill_penalty",
    words=mark("Waive the late penalty of a bill"),
    subject="bill",
    has_amount=True,
    asks_amount=False,
    weigh=_weigh_penalty,
    perform=_waive,
)
EXTEND_DUE_DATE: Final = Action(
    code="extend_due_date",
    words=mark("Let a bill be paid later"),
    subject="bill",
    has_amount=False,
    asks_amount=False,
    weigh=_weigh_extension,
    perform=_extend,
    details=(UNTIL,),
)
