"""What a screen may say about a balance: the amounts, the instant, and how far they are proven."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from raseed.kernel.errors import NotFound, mark
from raseed.kernel.money import Currency, Money


class Proof(StrEnum):
    """How far a shown balance is proven.

    Certificates (a leaf in a signed sum tree) do not exist yet, so there is one state, and it is said plainly.
    """

    NOT_YET_CERTIFIED = "not_yet_certified"


PROOF_SENTENCES = {
    Proof.NOT_YET_CERTIFIED: mark("Read from the books just now; not yet certified."),
}


class BalanceUnknown(NotFound):
    """A balance was asked for of an account that the ledger does not have."""

    code = "balance_unknown"
    sentence = mark("There is no account with this balance.")
    hint = mark("Open the list of your accounts and choose one.")


@dataclass(frozen=True, slots=True)
class ShownBalance:
    """A balance fit to be shown.

    Attributes:
        account_id: the ledger account it belongs to.
        booked: what the institution owes the customer (negative: the customer owes), credits − debits posted.
        available: what can be spent now: ``booked`` less what is held by pending debits.
        as_of: the instant (UTC) before which every committed movement is counted.
        proof: how far this is proven.
    """

    account_id: UUID
    booked: Money
    available: Money
    as_of: datetime
    proof: Proof


def liability_balance(
    account_id: UUID,
    *,
    debits_pending: int,
    debits_posted: int,
    credits_posted: int,
    currency: Currency,
    as_of: datetime,
) -> ShownBalance:
    """Return the balance of an account whose normal side is credit: the institution owes it to its holder.

    All amounts are minor units of ``currency``.
    """
    booked = credits_posted - debits_posted
    return ShownBalance(
        account_id=account_id,
        booked=Money(booked, currency),
        available=Money(booked - debits_pending, currency),
        as_of=as_of,
        proof=Proof.NOT_YET_CERTIFIED,
    )
