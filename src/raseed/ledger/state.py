"""The state that posting reads and changes: balances, pending transfers, ids already known.

All of it is called inside the posting transaction, after ``ledger_apply`` or ``ledger_lock`` took the locks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg.errors import SerializationFailure

from . import records, wire
from .columns import UNIX_TO_POSTGRES_US
from .domain import CreateTransferResult as Result
from .evaluation import ONES, PENDING, POST, VOID, ZERO, AccountState, Intent, Known, PendingState, State, resolved_as
from .wire import ID, INT4, INT8

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg
    from numpy.typing import NDArray

NEVER_US = (1 << 63) - 1
"""PostgreSQL's 'infinity' as microseconds."""


@dataclass(slots=True)
class BalanceRow:
    """An account's row: its balances, how many entries it has, and the last of them."""

    state: AccountState
    entries: int
    last_id: bytes

    def add(
        self, debits_pending: int, debits_posted: int, credits_pending: int, credits_posted: int, entries: int
    ) -> None:
        """Follow what was added to the row."""
        state = self.state
        state.debits_pending += debits_pending
        state.debits_posted += debits_posted
        state.credits_pending += credits_pending
        state.credits_posted += credits_posted
        self.entries += entries


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
        b" FROM ledger_balances($1)",
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
    assert found == len(ids), f"amended {found} of {len(ids)} locked accounts"


@dataclass(slots=True)
class Taken:
    """Pending transfers taken out, as columns; ``places`` says which of the ids asked for were found, in order."""

    places: NDArray[np.int64]
    debit: NDArray[Any]
    credit: NDArray[Any]
    amount: NDArray[np.int64]
    user_data: NDArray[Any]
    expires_us: NDArray[np.int64]
    ledger: NDArray[np.int64]
    code: NDArray[np.int64]

    def pending(self, row: int) -> PendingState:
        """Return one of them in the form in which it is evaluated."""
        expires_us = int(self.expires_us[row])
        return PendingState(
            self.debit[row].tobytes(), self.credit[row].tobytes(), int(self.amount[row]), int(self.ledger[row]),
            int(self.code[row]), self.user_data[row].tobytes(), None if expires_us == NEVER_US else expires_us,
        )  # fmt: skip


NONE_TAKEN = Taken(*[np.empty(0, kind) for kind in (np.int64, ID, ID, np.int64, ID, np.int64, np.int64, np.int64)])


def postgres_us(unix: int) -> int:
    """Return an instant in PostgreSQL's microseconds."""
    return unix - UNIX_TO_POSTGRES_US


def take(connection: psycopg.Connection[Any], ids: NDArray[Any]) -> Taken:
    """Take pending transfers out of what is pending (ids given sorted); ``expires_us`` is ``NEVER_US`` for never.

    Those that the batch does not resolve after all are kept again.
    """
    answer = wire.call(
        connection,
        b"SELECT places, debit_ids, credit_ids, amounts, user_datas, expiries, ledgers, codes FROM ledger_take($1)",
        [wire.uuids(ids)],
    )
    kinds = (INT4, ID, ID, INT8, ID, INT8, INT4, INT4)
    columns = [wire.read_array(answer.get_value(0, at), kind) for at, kind in enumerate(kinds)]
    columns = [column if column.dtype == ID else column.astype(np.int64) for column in columns]
    columns[0] = columns[0] - 1
    columns[5] = np.where(columns[5] == NEVER_US, NEVER_US, columns[5] + UNIX_TO_POSTGRES_US)
    return Taken(*columns)


def take_pendings(connection: psycopg.Connection[Any], ids: Sequence[bytes]) -> dict[bytes, PendingState]:
    """Take pending transfers out as ``take`` does (ids given sorted); those that are not pending are left out."""
    if not ids:
        return {}
    taken = take(connection, cells(ids))
    return {ids[place]: taken.pending(row) for row, place in enumerate(taken.places.tolist())}


def resolved(connection: psycopg.Connection[Any], ids: Sequence[bytes]) -> dict[bytes, PendingState]:
    """Read pending transfers that were resolved, with what became of them; others are left out."""
    if not ids:
        return {}
    answer = wire.call(
        connection,
        b"SELECT id, debit_account_id, credit_account_id, amount, ledger, code, user_data, flags FROM ledger_resolved($1)",
        [wire.uuids(cells(ids))],
    )
    found = {}
    for row in range(answer.ntuples):
        v = [answer.get_value(row, at) or b"" for at in range(8)]
        amount, ledger, code, flags = (int.from_bytes(v[at]) for at in (3, 4, 5, 7))
        found[v[0]] = PendingState(v[1], v[2], amount, ledger, code, v[6], None, resolved_as(flags))
    return found


def known_transfers(connection: psycopg.Connection[Any], ids: Iterable[bytes]) -> dict[bytes, Known]:
    """Read the transfers, posted or failed, that the books hold under these ids."""
    wanted = list(ids)
    if not wanted:
        return {}
    answer = wire.call(
        connection,
        b"SELECT id, debit_account_id, credit_account_id, amount, ledger, code, flags::int4, pending_id, timeout_s,"
        b" user_data, booked_on, result::int4 FROM ledger_known($1)",
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


def books(
    connection: psycopg.Connection[Any],
    intents: Sequence[Intent],
    accounts: dict[bytes, AccountState],
    taken: dict[bytes, PendingState],
    *,
    may_expire: bool = False,
) -> State:
    """Return everything that the answers to these intents depend on, given their accounts and what they took.

    Raises:
        psycopg.errors.SerializationFailure: a pending transfer that is resolved here came into the books just now, too late
            to be taken. The transaction may be tried again.
    """
    missing = {i.pending_id for i in intents if i.flags & (POST | VOID)} - {ZERO, ONES} - taken.keys()
    pendings = taken | resolved(connection, sorted(missing))
    missing -= pendings.keys()
    known = known_transfers(connection, missing | {i.id for i in intents})
    for id_ in missing & known.keys():
        if known[id_].intent.flags & PENDING and known[id_].result == Result.OK:
            raise SerializationFailure("a pending transfer appeared after it was looked for")
    return State(accounts, pendings, known, may_expire)


def keep_pendings(connection: psycopg.Connection[Any], pending: dict[bytes, PendingState]) -> None:
    """Keep pending transfers: those made in this batch, and those taken and not resolved after all."""
    if not pending:
        return
    rows = PENDINGS.empty(len(pending))
    states = list(pending.values())
    rows["id"] = cells(pending)
    rows["debit_account_id"], rows["credit_account_id"] = (
        cells(s.debit for s in states), cells(s.credit for s in states),
    )  # fmt: skip
    rows["user_data"] = cells(s.user_data for s in states)
    rows["amount"] = [s.amount for s in states]
    rows["expires_at"] = [NEVER_US if s.expires_us is None else postgres_us(s.expires_us) for s in states]
    rows["ledger"], rows["code"] = [s.ledger for s in states], [s.code for s in states]
    PENDINGS.copy(connection, rows)


PENDINGS = wire.Rows(
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
    ],
)
