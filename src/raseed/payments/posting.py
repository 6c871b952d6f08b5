"""What a payment is to the ledger: its transfers, and what the ledger's refusals mean to a payer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from raseed.banking.api import AccountClosed, MoreThanOwed
from raseed.kernel.clock import Clock
from raseed.kernel.errors import RaseedError
from raseed.ledger import api as ledger

from .errors import NotEnoughMoney, PaymentIdTaken, RecipientClosed, RefusedByBooks

TRANSFER_CODE: Final = 100
FEE_CODE: Final = 101

_Result = ledger.CreateTransferResult
_MEANINGS: Final[Mapping[ledger.CreateTransferResult, type[RaseedError]]] = {
    _Result.EXCEEDS_CREDITS: NotEnoughMoney,
    _Result.EXCEEDS_DEBITS: MoreThanOwed,
    _Result.DEBIT_ACCOUNT_ALREADY_CLOSED: AccountClosed,
    _Result.CREDIT_ACCOUNT_ALREADY_CLOSED: RecipientClosed,
}
_PLAIN: Final = ledger.TransferFlags(0)
_PENDING: Final = ledger.TransferFlags.PENDING


@dataclass(frozen=True, slots=True)
class Posting:
    """A payment that is to be posted: from an account to another, and to whom its fee goes if it has one.

    ``held``: the money is only held, until it is posted or let go of.
    """

    id: UUID
    from_account_id: UUID
    to_account_id: UUID
    amount_minor: int
    fee_minor: int
    ledger: int
    booked_on: date
    fees_account_id: UUID | None
    held: bool = False


def transfers_of(posting: Posting) -> list[ledger.NewTransfer]:
    """Return the ledger's transfers of a payment: one, or two that stand and fall together where there is a fee."""
    own = _PENDING if posting.held else _PLAIN
    transfers = [
        ledger.NewTransfer(
            id=posting.id,
            debit_account_id=posting.from_account_id,
            credit_account_id=posting.to_account_id,
            amount=posting.amount_minor,
            ledger=posting.ledger,
            code=TRANSFER_CODE,
            flags=own | ledger.TransferFlags.LINKED if posting.fee_minor else own,
            user_data=posting.id,
            booked_on=posting.booked_on,
        )
    ]
    if posting.fee_minor:
        assert posting.fees_account_id is not None, "a fee is paid to somebody"
        transfers.append(
            ledger.NewTransfer(
                id=fee_transfer_id(posting.id),
                debit_account_id=posting.from_account_id,
                credit_account_id=posting.fees_account_id,
                amount=posting.fee_minor,
                ledger=posting.ledger,
                code=FEE_CODE,
                flags=own,
                user_data=posting.id,
                booked_on=posting.booked_on,
            )
        )
    return transfers


def fee_transfer_id(payment_id: UUID) -> UUID:
    """Return the id of a payment's fee transfer: made from the payment's, so that a repeat makes the same."""
    return UUID(bytes=hashlib.sha256(b"raseed payment fee\x00" + payment_id.bytes).digest()[:16])


def post(postings: Sequence[Posting], clock: Clock) -> dict[UUID, RaseedError]:
    """Post payments in the open transaction, in one call of the ledger; return those that the books refused.

    Raises:
        PaymentIdTaken: the ledger has a transfer under a payment's id that no payment made.
        LedgerBusy: roll back and begin again.
    """
    if not postings:
        return {}
    chains = [transfers_of(posting) for posting in postings]
    results = ledger.post([transfer for chain in chains for transfer in chain], clock=clock)
    if results.count(_Result.OK) == len(results):
        return {}
    answers = iter(results)
    refused = {}
    for posting, chain in zip(postings, chains, strict=True):
        refusal = _meaning([next(answers) for _ in chain])
        if refusal is not None:
            refused[posting.id] = refusal
    return refused


def _meaning(results: Sequence[ledger.CreateTransferResult]) -> RaseedError | None:
    """Return what the results of one payment's transfers mean; in a broken chain the one that broke it says why."""
    told = [result for result in results if result not in (_Result.OK, _Result.LINKED_EVENT_FAILED)]
    if not told:
        assert _Result.LINKED_EVENT_FAILED not in results, "a chain breaks for a reason"
        return None
    result = told[0]
    if result.name.startswith("EXISTS") or result is _Result.ID_ALREADY_FAILED:
        raise PaymentIdTaken(field="id")
    kind = _MEANINGS.get(result)
    return kind(field="amount") if kind else RefusedByBooks(reason=result.name.lower())
