"""A credit out of good will: from the institution's goodwill account, with its reason on the customer's statement."""

from __future__ import annotations

from typing import Final

from raseed.banking import api as banking
from raseed.kernel.clock import Clock
from raseed.kernel.errors import mark
from raseed.kernel.money import Money

from ..domain import Asked
from ..registry import Action
from .owned import named_amount, own_account


def _weigh(asked: Asked, clock: Clock) -> Money:
    del clock
    amount = named_amount(asked)
    banking.check_goodwill(own_account(asked), amount)
    return amount


def _perform(asked: Asked, clock: Clock) -> None:
    banking.give_goodwill(id=asked.id, account_id=own_account(asked).id, amount=named_amount(asked), clock=clock)


GOODWILL_CREDIT: Final = Action(
    code="goodwill_credit",
    words=mark("Give a goodwill credit"),
    subject="account",
    has_amount=True,
    asks_amount=True,
    weigh=_weigh,
    perform=_perform,
)
