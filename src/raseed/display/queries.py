"""Reads of balances for screens."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.ledger import api as ledger

from .domain import ShownBalance, liability_balance
from .errors import BalanceUnknown


def shown_balances(account_ids: Iterable[UUID], *, clock: Clock = SYSTEM_CLOCK) -> dict[UUID, ShownBalance]:
    """Return the balance to show of each account that exists, read in one look-up.

    The time is taken before the books are read, so that everything committed before it is in the balance.
    """
    as_of = clock.now()
    accounts = ledger.look_up_accounts(tuple(account_ids))
    currencies = {number: ledger.ledger_info(number).currency for number in {a.ledger for a in accounts.values()}}
    return {
        account.id: liability_balance(
            account.id,
            debits_pending=account.balances.debits_pending,
            debits_posted=account.balances.debits_posted,
            credits_posted=account.balances.credits_posted,
            currency=currencies[account.ledger],
            as_of=as_of,
        )
        for account in accounts.values()
    }


def shown_balance(account_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> ShownBalance:
    """Return the balance to show of one account.

    Raises:
        BalanceUnknown: the ledger has no such account.
    """
    found = shown_balances((account_id,), clock=clock).get(account_id)
    if found is None:
        raise BalanceUnknown
    return found
