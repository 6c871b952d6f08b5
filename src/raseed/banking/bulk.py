"""Opening many accounts at once, by COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.platform import api as platform

from .domain import NewBankAccount, ProductKind
from .errors import ProductNotOffered
from .events import ACCOUNTS_OPENED
from .opening import open_accounts, refusal_of


def open_many(accounts: Iterable[NewBankAccount], *, actor: str = "system", clock: Clock = SYSTEM_CLOCK) -> int:
    """Open accounts in one transaction, all or none; return how many were new.

    Accounts already there with the same content are left as they are, so that a repeated import changes nothing. One
    audit record and one event (``banking.accounts_opened``) tell of all. Owners are not looked up: who opens in bulk
    has just registered them. Takes an iterator of any length; memory holds 8,190 at a time.

    Raises:
        AliasTaken, AccountOpenedDifferently, ProductNotOffered, InvalidAlias: nothing was opened.
    """
    try:
        with transaction.atomic():
            opened = open_accounts(_no_loans(accounts), now=clock.now())
            if opened:
                platform.record(
                    actor=actor,
                    action="banking.accounts_opened",
                    subject="accounts:many",
                    after={"count": opened},
                    clock=clock,
                )
                platform.emit(ACCOUNTS_OPENED, {"count": opened}, clock=clock)
    except IntegrityError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error
    return opened


def _no_loans(accounts: Iterable[NewBankAccount]) -> Iterator[NewBankAccount]:
    """Pass on accounts as they come; a loan is granted, not opened."""
    for new in accounts:
        if new.kind is ProductKind.LOAN:
            raise ProductNotOffered(field="kind")
        yield new
