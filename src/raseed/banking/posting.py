"""What banking itself posts: interest, loans, the last of a closed account. Ids are made from what they are for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Final
from uuid import UUID

from raseed.kernel.clock import Clock
from raseed.kernel.errors import RaseedError
from raseed.ledger import api as ledger

from .errors import AccountClosed, BalanceTooLow, BooksBusy, MoreThanOwed, RefusedByLedger


class PostingCode(IntEnum):
    """What a transfer of banking's own is, as the ledger keeps it."""

    INTEREST_CREDITED = 110
    LOAN_PAID_OUT = 120
    LOAN_INTEREST = 121
    LOAN_REPAID_EARLY = 122
    LOAN_FEE = 123
    LOAN_PENALTY = 124
    LOAN_PENALTY_TAKEN_BACK = 125
    CLOSING_PAY_OUT = 130
    COLLECTION_PAID_OUT = 140
    GOODWILL = 150


_Result = ledger.CreateTransferResult
_MEANINGS: Final[Mapping[ledger.CreateTransferResult, type[RaseedError]]] = {
    _Result.EXCEEDS_CREDITS: BalanceTooLow,
    _Result.EXCEEDS_DEBITS: MoreThanOwed,
    _Result.DEBIT_ACCOUNT_ALREADY_CLOSED: AccountClosed,
    _Result.CREDIT_ACCOUNT_ALREADY_CLOSED: AccountClosed,
}
_DONE: Final = frozenset({_Result.OK, _Result.EXISTS})


def derived_id(what: str, of: UUID, *more: object) -> UUID:
    """Return the id of a transfer from what it is for, so that whoever does it again makes the same."""
    said = "\x00".join(["raseed banking", what, *(str(each) for each in more)])
    return UUID(bytes=hashlib.sha256(said.encode() + b"\x00" + of.bytes).digest()[:16])


def chained(transfers: Sequence[ledger.NewTransfer]) -> list[ledger.NewTransfer]:
    """Return transfers linked so that they stand or fall together."""
    linked = ledger.TransferFlags.LINKED
    return [replace(each, flags=each.flags | linked) for each in transfers[:-1]] + list(transfers[-1:])


def post(transfers: Sequence[ledger.NewTransfer], *, clock: Clock) -> None:
    """Post transfers in the open transaction, all of them or an error; one that is there already is done.

    Raises:
        BalanceTooLow, MoreThanOwed, AccountClosed, RefusedByLedger: the first refusal; the caller's transaction falls.
        BooksBusy: others stood in the way; nothing was changed.
    """
    if not transfers:
        return
    try:
        results = ledger.post(transfers, clock=clock)
    except ledger.LedgerBusy as busy:
        raise BooksBusy from busy
    refused = [result for result in results if result not in _DONE and result is not _Result.LINKED_EVENT_FAILED]
    if refused:
        kind = _MEANINGS.get(refused[0])
        raise kind() if kind else RefusedByLedger(reason=refused[0].name.lower())
