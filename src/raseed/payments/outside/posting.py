"""What the end of a held payment is to the ledger: what was pending is posted, or let go of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from raseed.kernel.clock import Clock
from raseed.ledger import api as ledger

from ..domain import Payment
from ..posting import FEE_CODE, TRANSFER_CODE, fee_transfer_id

_POST: Final = ledger.TransferFlags.POST_PENDING_TRANSFER
_VOID: Final = ledger.TransferFlags.VOID_PENDING_TRANSFER
_LINKED: Final = ledger.TransferFlags.LINKED


class BooksRefuse(Exception):
    """The ledger does not take the end of a held payment: a person has to look."""


def end_transfer_id(pending_id: UUID, *, settles: bool) -> UUID:
    """Return the id of the transfer that ends a pending one: made from its id, so that a repeat makes the same."""
    said = b"raseed payment settled\x00" if settles else b"raseed payment returned\x00"
    return UUID(bytes=hashlib.sha256(said + pending_id.bytes).digest()[:16])


def post_ends(ends: Sequence[tuple[Payment, int, date, bool]], clock: Clock) -> None:
    """Post or void what payments hold, in the open transaction, in one call of the ledger.

    Args:
        ends: each payment, its ledger, the date on which it is booked, and whether it settles.
        clock: the ledger's.

    Raises:
        BooksRefuse: the ledger did not take one of them; nothing may be kept.
        LedgerBusy: roll back and begin again.
    """
    transfers = [
        transfer for payment, number, day, settles in ends for transfer in _ends(payment, number, day, settles)
    ]
    results = ledger.post(transfers, clock=clock)
    refused = {result.name for result in results if result is not ledger.CreateTransferResult.OK}
    if refused:
        raise BooksRefuse(", ".join(sorted(refused)))


def _ends(payment: Payment, number: int, day: date, settles: bool) -> list[ledger.NewTransfer]:  # noqa: FBT001  (of a tuple)
    pendings = [(payment.id, TRANSFER_CODE)]
    if payment.fee.amount_minor:
        pendings.append((fee_transfer_id(payment.id), FEE_CODE))
    flags = _POST if settles else _VOID
    return [
        ledger.NewTransfer(
            id=end_transfer_id(pending_id, settles=settles),
            debit_account_id=None,
            credit_account_id=None,
            amount=0,
            ledger=number,
            code=code,
            flags=flags | _LINKED if place < len(pendings) else flags,
            pending_id=pending_id,
            user_data=payment.id,
            booked_on=day,
        )
        for place, (pending_id, code) in enumerate(pendings, start=1)
    ]
