"""Opening a blocked account again, where the reason for the block is one that customer care may lift."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from raseed.banking import api as banking
from raseed.banking.api import AccountState, BlockReason
from raseed.kernel.clock import Clock
from raseed.kernel.errors import mark
from raseed.people.api import Author

from ..domain import Asked
from ..errors import BlockStays, NothingToDecide
from ..registry import Action
from .owned import own_account

BLOCK: Final = "banking.accounts.block"
LIFTED: Final = frozenset({BlockReason.CUSTOMER_ASKED, BlockReason.LOST_OR_STOLEN, BlockReason.OTHER})
"""Courts, suspected fraud, deaths and expired papers are not customer care's to judge."""


def _blocked(asked: Asked) -> banking.BankAccount:
    of = own_account(asked)
    if of.state is not AccountState.BLOCKED:
        raise NothingToDecide(field="subject")
    if of.block_reason is not None and of.block_reason not in LIFTED:
        raise BlockStays(field="subject")
    return of


def _weigh(asked: Asked, clock: Clock) -> None:
    del clock
    _blocked(asked)


def _perform(asked: Asked, clock: Clock) -> None:
    """Unblock it as whoever asked: their limit, or an approval, is what permits it here."""
    of = _blocked(asked)
    here = MappingProxyType({asked.institution_id: frozenset({BLOCK})})
    banking.unblock_account(account_id=of.id, by=Author(asked.actor, here), reason=asked.reason, clock=clock)


UNBLOCK_ACCOUNT: Final = Action(
    code="unblock_account",
    words=mark("Open a blocked account again"),
    subject="account",
    has_amount=False,
    asks_amount=False,
    weigh=_weigh,
    perform=_perform,
)
