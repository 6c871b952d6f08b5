"""Posting a batch with pending, post, void or linked transfers, or with mistakes in it: every transfer in turn.

Take the pending transfers that it resolves, lock all accounts that it may touch, read what is known, evaluate, write. Slower than ``optimistic``, and able
to say what is wrong with anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from . import marks, records, state
from .columns import unix_us
from .domain import CreateTransferResult as Result
from .evaluation import ONES, POST, STATE_PENDING, VOID, ZERO, Effect, Intent, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from numpy.typing import NDArray

    from raseed.kernel.clock import Clock


@dataclass(slots=True)
class _Touched:
    """What the batch does to one account: its entries in order, as (position, the four sums' changes)."""

    entries_before: int
    last_id: bytes
    positions: list[int] = field(default_factory=list)
    ids: list[bytes] = field(default_factory=list)
    changes: list[tuple[int, int, int, int]] = field(default_factory=list)

    def crosses_mark(self) -> bool:
        """Say whether these entries pass a multiple of the marks' spacing."""
        return marks.crosses(self.entries_before, self.entries_before + len(self.positions))


def post_exact(
    connection: psycopg.Connection[Any], intents: Sequence[Intent], clock: Clock, *, may_expire: bool = False
) -> tuple[list[Result], int]:
    """Post any batch in the open transaction; answer a result each, and the transaction's number.

    Raises:
        psycopg.errors.SerializationFailure: see ``state.books``.
        psycopg.errors.UniqueViolation: another transaction posted one of the ids at the same moment, with other
            accounts. Nothing of the transaction can be kept then.
    """
    resolved_ids = sorted({i.pending_id for i in intents if i.flags & (POST | VOID)} - {ZERO, ONES})
    pendings = state.take_pendings(connection, resolved_ids)
    accounts = {side for i in intents for side in (i.debit, i.credit)} - {ZERO, ONES}
    accounts |= {side for p in pendings.values() for side in (p.debit, p.credit)}
    locked = state.lock(connection, sorted(accounts), len(intents))
    now_us = unix_us(clock.now())
    balances = {id_: row.state for id_, row in locked.accounts.items()}
    books = state.books(connection, intents, balances, pendings, may_expire=may_expire)
    results, effects = evaluate(intents, books, now_us)
    _write(connection, intents, results, effects, locked, now_us)
    state.keep_pendings(connection, {id_: p for id_, p in books.pendings.items() if p.state == STATE_PENDING})
    return results, locked.xid


def _write(
    connection: psycopg.Connection[Any],
    intents: Sequence[Intent],
    results: Sequence[Result],
    effects: Sequence[Effect | None],
    locked: state.Locked,
    now_us: int,
) -> None:
    touched: dict[bytes, _Touched] = {}
    kept: list[tuple[int, Intent, int, bytes, bytes]] = []
    for position, (intent, result, effect) in enumerate(zip(intents, results, effects, strict=True)):
        code = records.kept_code(result)
        if effect is not None:
            resolved = effect.intent
            debit_prev = _touch(
                touched,
                locked,
                resolved.debit,
                position,
                resolved.id,
                (effect.debit_pending, effect.debit_posted, 0, 0),
            )
            credit_prev = _touch(
                touched,
                locked,
                resolved.credit,
                position,
                resolved.id,
                (0, 0, effect.credit_pending, effect.credit_posted),
            )
            kept.append((position, resolved, 0, debit_prev, credit_prev))
        elif code > 0:
            kept.append((position, intent, code, ZERO, ZERO))
    if not kept:
        return
    _append(connection, kept, locked.batches, now_us)
    if touched:
        _amend(connection, touched)
        _mark(connection, touched, locked.batches, now_us)


def _touch(
    touched: dict[bytes, _Touched],
    locked: state.Locked,
    account: bytes,
    position: int,
    transfer_id: bytes,
    change: tuple[int, int, int, int],
) -> bytes:
    """Add an entry to an account; return the transfer that touched it before."""
    found = touched.get(account)
    if found is None:
        found = touched[account] = _Touched(locked.accounts[account].entries, locked.accounts[account].last_id)
    before = found.last_id
    found.last_id = transfer_id
    found.positions.append(position)
    found.ids.append(transfer_id)
    found.changes.append(change)
    return before


def _append(
    connection: psycopg.Connection[Any],
    kept: Sequence[tuple[int, Intent, int, bytes, bytes]],
    batches: NDArray[np.int64],
    now_us: int,
) -> None:
    rows = np.zeros(len(kept), records.RECORD)
    intents = [intent for _, intent, _, _, _ in kept]
    rows["seq"] = records.seqs(batches, np.array([position for position, *_ in kept]))
    rows["posted_us"] = now_us
    rows["id"], rows["debit"] = state.cells(i.id for i in intents), state.cells(i.debit for i in intents)
    rows["credit"], rows["user_data"] = (
        state.cells(i.credit for i in intents),
        state.cells(i.user_data for i in intents),
    )
    rows["pending_id"] = state.cells(i.pending_id for i in intents)
    rows["amount"], rows["ledger"] = [i.amount for i in intents], [i.ledger for i in intents]
    rows["code"], rows["timeout_s"] = [i.code for i in intents], [i.timeout_s for i in intents]
    rows["booked"], rows["flags"] = [i.booked for i in intents], [i.flags for i in intents]
    rows["result"] = [code for _, _, code, _, _ in kept]
    debit_prev = state.cells(debit for _, _, _, debit, _ in kept)
    credit_prev = state.cells(credit for _, _, _, _, credit in kept)
    records.append(connection, rows, debit_prev, credit_prev)


def _amend(connection: psycopg.Connection[Any], touched: dict[bytes, _Touched]) -> None:
    accounts = sorted(touched)
    sums = np.array([[sum(column) for column in zip(*touched[id_].changes, strict=True)] for id_ in accounts], np.int64)
    state.amend(
        connection,
        state.cells(accounts),
        (sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3]),
        np.array([len(touched[id_].positions) for id_ in accounts]),
        state.cells(touched[id_].last_id for id_ in accounts),
    )


def _mark(
    connection: psycopg.Connection[Any], touched: dict[bytes, _Touched], batches: NDArray[np.int64], now_us: int
) -> None:
    """Mark accounts whose entries passed a multiple of the spacing; their rows tell after the batch."""
    crossing = [id_ for id_, row in touched.items() if row.crosses_mark()]
    collected = marks.Marks(now_us)
    after = state.balances(connection, crossing) if crossing else {}
    for id_ in crossing:
        row = touched[id_]
        changes = np.array(row.changes, np.int64)
        collected.add(
            id_,
            after[id_],
            records.seqs(batches, np.array(row.positions)),
            state.cells(row.ids),
            (changes[:, 0], changes[:, 1], changes[:, 2], changes[:, 3]),
        )
    collected.write(connection)
