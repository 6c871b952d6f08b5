"""The state that posting reads and changes: balances, pending transfers, ids already known.

All of it is called inside the posting transaction, after ``ledger_apply`` or ``ledger_lock`` took the locks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import records, wire
from .columns import UNIX_TO_POSTGRES_US
from .domain import CreateTransferResult as Result
from .evaluation import AccountState, Intent, Known, PendingState
from .wire import ID, INT4, INT8

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg
    from numpy.typing import NDArray

_NEVER_US = (1 << 63) - 1
"""PostgreSQL's 'infinity' as microseconds."""


@dataclass(slots=True)
class BalanceRow:
    """An account's row: its balances, how many entries it has, and the last of them."""

    state: AccountState
    entries: int
    last_id: bytes


@dataclass(slots=True)
class Locked:
    """Accounts locked for a batch, and the batch's numbers, taken after the locks."""

    batches: NDArray[np.int64]
    xid: int
    accounts: dict[bytes, BalanceRow]


def cells(ids: Iterable[bytes]) -> NDArray[Any]:
    """Return ids as a column of 16-byte cells."""
    return np.frombuffer(b"".join(ids), ID)


def balances(connection: psycopg.Connection[Any], ids: Sequence[bytes]) -> dict[bytes, BalanceRow]:
    """Read balances as this transaction sees them; unknown ids are left out."""
    answer = wire.call(
        connection,
        b"SELECT id, debits_pending, debits_posted, credits_pending, credits_posted, entries, last_id, ledger, flags"
        b" FROM ledger_balance WHERE id = ANY($1::uuid[])",
        [wire.uuids(cells(ids))],
    )
    found = {}
    for row in range(answer.ntuples):
        values = [answer.get_value(row, at) or b"" for at in range(9)]
        sums = [int.from_bytes(value) for value in values[1:6]]
        account = AccountState(int.from_bytes(values[7]), int.from_bytes(values[8]), *sums[:4])
        found[values[0]] = BalanceRow(account, sums[4], values[6])
    return found


def lock(connection: psycopg.Connection[Any], ids: Sequence[bytes], transfers: int) -> Locked:
    """Lock accounts in the order of their ids (given sorted) and take numbers for so many transfers.

    Unknown ids are left out.
    """
    answer = wire.call(
        connection,
        b"SELECT batches, xid, touched, debits_pending, debits_posted, credits_pending, credits_posted, entries,"
        b" last_id, ledger, flags FROM ledger_lock($1,$2)",
        [wire.uuids(cells(ids)), wire.int4(records.batches_for(transfers))],
    )
    touched = wire.read_array(answer.get_value(0, 2), INT4).tolist()
    sums = [wire.read_array(answer.get_value(0, at), INT8).tolist() for at in range(3, 8)]
    last_ids = [cell.tobytes() for cell in wire.read_array(answer.get_value(0, 8), ID)]
    ledgers, flags = (wire.read_array(answer.get_value(0, at), INT4).tolist() for at in (9, 10))
    accounts = {
        ids[place - 1]: BalanceRow(
            AccountState(ledgers[row], flags[row], sums[0][row], sums[1][row], sums[2][row], sums[3][row]),
            sums[4][row],
            last_ids[row],
        )
        for row, place in enumerate(touched)
    }
    batches = wire.read_array(answer.get_value(0, 0), INT8)
    return Locked(batches, int.from_bytes(answer.get_value(0, 1) or b""), accounts)


def amend(
    connection: psycopg.Connection[Any],
    ids: NDArray[Any],
    sums: tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]],
    entries: NDArray[Any],
    last_ids: NDArray[Any],
) -> None:
    """Add to the four sums (debits pending, posted, credits pending, posted) and entries of accounts held locked."""
    answer = wire.call(
        connection,
        b"SELECT ledger_amend($1,$2,$3,$4,$5,$6,$7)",
        [wire.uuids(ids), *(wire.int8s(column) for column in sums), wire.int4s(entries), wire.uuids(last_ids)],
    )
    found = int.from_bytes(answer.get_value(0, 0) or b"")
    assert found == len(ids), f"amended {found} of {len(ids)} locked accounts"  # noqa: S101 - a bug of ours, stop


def pendings(connection: psycopg.Connection[Any], ids: Sequence[bytes]) -> dict[bytes, PendingState]:
    """Read pending transfers as they are now; unknown ids are left out."""
    if not ids:
        return {}
    answer = wire.call(
        connection,
        b"SELECT id, debit_account_id, credit_account_id, amount, user_data, expires_at, ledger, code, state"
        b" FROM ledger_pending WHERE id = ANY($1::uuid[])",
        [wire.uuids(cells(ids))],
    )
    found = {}
    for row in range(answer.ntuples):
        values = [answer.get_value(row, at) or b"" for at in range(9)]
        amount, expires, ledger, code, stage = (
            int.from_bytes(values[at], signed=True) for at in (3, 5, 6, 7, 8)
        )
        expires_us = None if expires == _NEVER_US else expires + UNIX_TO_POSTGRES_US
        found[values[0]] = PendingState(
            values[1], values[2], amount, ledger, code, values[4], expires_us, stage
        )
    return found


def known_transfers(connection: psycopg.Connection[Any], ids: Iterable[bytes]) -> dict[bytes, Known]:
    """Read the transfers, posted or failed, that the books hold under these ids."""
    wanted = list(ids)
    if not wanted:
        return {}
    answer = wire.call(
        connection,
        b"SELECT t.id, debit_account_id, credit_account_id, amount, ledger, code, flags::int4, pending_id, timeout_s,"
        b" user_data, booked_on, result::int4 FROM unnest($1::uuid[]) wanted (id) JOIN ledger_transfer t USING (id)",
        [wire.uuids(cells(wanted))],
    )
    found = {}
    for row in range(answer.ntuples):
        v = [answer.get_value(row, at) or b"" for at in range(12)]
        amount, ledger, code, flags, timeout_s, booked, result = (
            int.from_bytes(v[at], signed=True) for at in (3, 4, 5, 6, 8, 10, 11)
        )
        intent = Intent(v[0], v[1], v[2], amount, ledger, code, flags, v[7], timeout_s, v[9], booked)
        found[v[0]] = Known(intent, Result(result))
    return found


def keep_pendings(connection: psycopg.Connection[Any], new: dict[bytes, PendingState]) -> None:
    """Keep the state of pending transfers made in this batch."""
    if not new:
        return
    rows = _PENDINGS.empty(len(new))
    states = list(new.values())
    rows["id"] = cells(new)
    rows["debit_account_id"], rows["credit_account_id"] = (
        cells(s.debit for s in states), cells(s.credit for s in states),
    )  # fmt: skip
    rows["user_data"] = cells(s.user_data for s in states)
    rows["amount"] = [s.amount for s in states]
    rows["expires_at"] = [
        _NEVER_US if s.expires_us is None else s.expires_us - UNIX_TO_POSTGRES_US for s in states
    ]
    rows["ledger"], rows["code"] = [s.ledger for s in states], [s.code for s in states]
    rows["state"] = [s.state for s in states]
    _PENDINGS.copy(connection, rows)


def resolve_pendings(connection: psycopg.Connection[Any], resolved: dict[bytes, int]) -> None:
    """Note what became of pending transfers that were pending before this batch."""
    if not resolved:
        return
    answer = wire.call(
        connection,
        b"SELECT ledger_resolve($1,$2)",
        [wire.uuids(cells(resolved)), wire.int4s(np.array(list(resolved.values())))],
    )
    found = int.from_bytes(answer.get_value(0, 0) or b"")
    assert found == len(resolved), f"resolved {found} of {len(resolved)} pending transfers"  # noqa: S101 - as above


_PENDINGS = wire.Rows(
    "ledger_pending",
    [
        ("id", ID),
        ("debit_account_id", ID),
        ("credit_account_id", ID),
        ("amount", INT8),
        ("user_data", ID),
        ("expires_at", INT8),
        ("ledger", INT4),
        ("code", INT4),
        ("state", np.dtype(">i2")),
    ],
)
