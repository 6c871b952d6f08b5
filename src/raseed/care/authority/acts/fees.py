"""Giving a payment's fee back."""

from __future__ import annotations

from typing import Final

from raseed.kernel.clock import Clock
from raseed.kernel.errors import mark
from raseed.kernel.money import Money
from raseed.payments import api as payments

from ..domain import Asked
from ..registry import Action
from .owned import own_payment


def _weigh(asked: Asked, clock: Clock) -> Money:
    del clock
    return payments.fee_to_give_back(own_payment(asked).id)


def _perform(asked: Asked, clock: Clock) -> None:
    payments.give_back_fee(payment_id=own_payment(asked).id, cause=asked.id, clock=clock)


REFUND_FEE: Final = Action(
    code="refund_fee",
    words=mark("Give a payment's fee back"),
    subject="payment",
    has_amount=True,
    asks_amount=False,
    weigh=_weigh,
    perform=_perform,
)
