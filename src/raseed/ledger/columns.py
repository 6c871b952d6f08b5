"""A batch as columns: what numpy and the wire need, made once from the transfers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .domain import AMOUNT_MAX, NewTransfer
from .evaluation import ONES, ZERO, Intent
from .wire import ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DAY_ZERO: Final = date(2000, 1, 1).toordinal()
"""PostgreSQL's dates count from here."""
UNIX_TO_POSTGRES_US: Final = 946_684_800_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SUM_MAX: Final = float(1 << 61)


def unix_us(instant: datetime) -> int:
    """Return an instant as whole microseconds since 1970, exactly."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def day_number(day: date) -> int:
    """Return a date as PostgreSQL's day number."""
    return day.toordinal() - DAY_ZERO


def intent_of(transfer: NewTransfer, today: int) -> Intent:
    """Return a transfer in the form in which it is evaluated."""
    booked = transfer.booked_on
    return Intent(
        transfer.id.bytes,
        transfer.debit_account_id.bytes if transfer.debit_account_id else ZERO,
        transfer.credit_account_id.bytes if transfer.credit_account_id else ZERO,
        transfer.amount,
        transfer.ledger,
        transfer.code,
        int(transfer.flags),
        transfer.pending_id.bytes if transfer.pending_id else ZERO,
        transfer.timeout_s,
        transfer.user_data.bytes if transfer.user_data else ZERO,
        today if booked is None else day_number(booked),
        booked is None,
    )


@dataclass(slots=True)
class Columns:
    """The plain transfers of a batch, a column a field; ids as 16-byte cells, numbers as 64-bit."""

    id: NDArray[Any]
    debit: NDArray[Any]
    credit: NDArray[Any]
    amount: NDArray[np.int64]
    ledger: NDArray[np.int64]
    code: NDArray[np.int64]
    user_data: NDArray[Any]
    booked: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.amount)


def plain_columns(transfers: Sequence[NewTransfer], today: int) -> Columns | None:
    """Return the batch as columns, or None where any of it needs the exact rules from the start.

    Those are flags, pending ids and timeouts, an id twice, and whatever is malformed.
    """
    if any(t.flags or t.pending_id or t.timeout_s for t in transfers):
        return None
    try:
        ids = b"".join([t.id.int.to_bytes(16) for t in transfers])
        columns = Columns(
            id=np.frombuffer(ids, ID),
            debit=_ids([t.debit_account_id.int for t in transfers]),  # type: ignore[union-attr]
            credit=_ids([t.credit_account_id.int for t in transfers]),  # type: ignore[union-attr]
            amount=np.array([t.amount for t in transfers], np.int64),
            ledger=np.array([t.ledger for t in transfers], np.int64),
            code=np.array([t.code for t in transfers], np.int64),
            user_data=_ids([t.user_data.int if t.user_data else 0 for t in transfers]),
            booked=np.array([day_number(t.booked_on) if t.booked_on else today for t in transfers], np.int64),
        )
    except (AttributeError, OverflowError):
        return None
    return columns if _well_formed(columns) else None


def _ids(numbers: list[int]) -> NDArray[Any]:
    return np.frombuffer(b"".join([number.to_bytes(16) for number in numbers]), ID)


def _well_formed(columns: Columns) -> bool:
    reserved = np.frombuffer(ZERO + ONES, ID)
    ids, debit, credit = columns.id.tobytes(), columns.debit, columns.credit
    unique = len({ids[at : at + 16] for at in range(0, len(ids), 16)}) == len(columns)
    int4_max = (1 << 31) - 1
    return bool(
        unique
        and (columns.amount > 0).all()
        and float(columns.amount.astype(np.float64).sum()) < min(_SUM_MAX, AMOUNT_MAX)
        and ((columns.ledger > 0) & (columns.ledger <= int4_max) & (columns.code > 0) & (columns.code <= int4_max)).all()
        and not any(np.any(column == value) for column in (columns.id, debit, credit) for value in reserved)
        and (debit != credit).all()
    )
