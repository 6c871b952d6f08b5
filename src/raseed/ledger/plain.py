"""Posting a batch of plain transfers: one pass over its accounts, the exact rules only where they can matter.

1. Group the batch by account (numpy) and let ``ledger_apply`` lock, check and add, in the order of account ids.
2. An account that *might* break a rule comes back untouched. Only the transfers that touch such accounts, or ids that
   exist already, are evaluated one after the other (``evaluation``); what that changes is amended.
3. Link each account's transfers into its history, and append.

Why this is exact: an account that was let through has room for all its adverse amounts of this batch together without
any of the favourable ones, so no order of events and no refusal elsewhere can break its limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import marks, records, state, wire
from .columns import Columns, unix_us
from .domain import CreateTransferResult as Result
from .evaluation import AccountState, Intent, State, evaluate
from .wire import ID, INT4, INT8

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg
    from numpy.typing import NDArray

    from raseed.kernel.clock import Clock

_ONE_NO_ID = np.zeros(1, ID)


@dataclass(slots=True)
class Grouping:
    """The batch's entries (two a transfer, debit first) sorted by account, each account's in the batch's order."""

    order: NDArray[np.int64]
    """Entry numbers (2 × position, + 1 for the credit side) in sorted order."""
    account: NDArray[np.int64]
    """For each sorted entry, the index of its account."""
    starts: NDArray[np.int64]
    ids: NDArray[Any]
    ledgers: NDArray[np.int64]
    debits: NDArray[np.int64]
    credits: NDArray[np.int64]
    counts: NDArray[np.int64]

    def entries(self, account: int) -> NDArray[np.int64]:
        """Return the entry numbers of one account, in the batch's order."""
        start = self.starts[account]
        return self.order[start : start + self.counts[account]]


def group(columns: Columns) -> Grouping:
    """Sort a batch's entries by account; an account named under two ledgers gets the ledger −1, which none has."""
    sides = np.empty(2 * len(columns), ID)
    sides[0::2], sides[1::2] = columns.debit, columns.credit
    words = sides.view(">u8").reshape(-1, 2).astype(np.uint64)
    order = np.lexsort((words[:, 1], words[:, 0]))
    ordered = words[order]
    first = np.ones(len(order), bool)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(first)
    is_debit = order & 1 == 0
    amounts = columns.amount[order >> 1]
    ledgers = columns.ledger[order >> 1]
    low, high = np.minimum.reduceat(ledgers, starts), np.maximum.reduceat(ledgers, starts)
    return Grouping(
        order=order,
        account=np.cumsum(first) - 1,
        starts=starts,
        ids=sides[order[starts]],
        ledgers=np.where(low == high, low, -1),
        debits=np.add.reduceat(np.where(is_debit, amounts, 0), starts),
        credits=np.add.reduceat(np.where(is_debit, 0, amounts), starts),
        counts=np.diff(np.append(starts, len(order))),
    )


@dataclass(slots=True)
class Applied:
    """What ``ledger_apply`` answered; accounts by their index in the grouping."""

    batches: NDArray[np.int64]
    xid: int
    previous: NDArray[Any]
    """Each account's last transfer before this batch."""
    suspects: set[int]
    """Accounts left untouched, or not found: they need the exact rules."""
    missing: set[int]
    crossing: set[int]
    existing: set[bytes]


def post_plain(
    connection: psycopg.Connection[Any], columns: Columns, clock: Clock, *, check_ids: bool
) -> tuple[list[Result], int]:
    """Post a batch of plain transfers in the open transaction; answer a result each, and the transaction's number.

    Raises:
        psycopg.errors.UniqueViolation: an id exists already and ``check_ids`` was off, or another transaction posted
            the same id at the same moment with other accounts. Nothing of the transaction can be kept then.
    """
    grouping = group(columns)
    applied = _apply(connection, columns, grouping, check_ids=check_ids)
    now_us = unix_us(clock.now())
    results = [Result.OK] * len(columns)
    accepted = np.ones(len(columns), bool)
    amended: set[int] = set()
    if applied.suspects or applied.existing:
        _evaluate_some(connection, columns, grouping, applied, results, now_us)
        accepted = np.fromiter((result is Result.OK for result in results), bool, len(results))
        amended = _amend(connection, columns, grouping, applied, accepted)
    _append(connection, columns, grouping, applied, results, accepted, now_us)
    if applied.crossing or amended:
        _mark(connection, columns, grouping, applied, accepted, amended, now_us)
    return results, applied.xid


def _apply(
    connection: psycopg.Connection[Any], columns: Columns, grouping: Grouping, *, check_ids: bool
) -> Applied:
    ends = grouping.starts + grouping.counts - 1
    lasts = columns.id[grouping.order[ends] >> 1]
    answer = wire.call(
        connection,
        b"SELECT batches, xid, touched, prev, refused, crossing, existing FROM ledger_apply($1,$2,$3,$4,$5,$6,$7,$8)",
        [
            wire.uuids(grouping.ids), wire.int4s(grouping.ledgers), wire.int8s(grouping.debits),
            wire.int8s(grouping.credits), wire.uuids(lasts), wire.int4s(grouping.counts),
            wire.uuids(columns.id) if check_ids else None, wire.int4(records.batches_for(len(columns))),
        ],
    )  # fmt: skip
    batches = wire.read_array(answer.get_value(0, 0), INT8)
    xid = int.from_bytes(answer.get_value(0, 1) or b"")
    touched = wire.read_array(answer.get_value(0, 2), INT4).astype(np.int64) - 1
    previous = np.zeros(len(grouping.ids), ID)
    previous[touched] = wire.read_array(answer.get_value(0, 3), ID)
    refused, crossing = (
        set((wire.read_array(answer.get_value(0, at), INT4).astype(np.int64) - 1).tolist()) for at in (4, 5)
    )
    missing = set()
    if len(touched) < len(grouping.ids):
        missing = set(range(len(grouping.ids))) - set(touched.tolist())
    existing = {cell.tobytes() for cell in wire.read_array(answer.get_value(0, 6), ID)}
    return Applied(batches, xid, previous, refused | missing, missing, crossing, existing)


def _positions(columns: Columns, grouping: Grouping, applied: Applied) -> list[int]:
    """Return the positions of the transfers that need the exact rules, in order."""
    positions = {int(entry) >> 1 for account in applied.suspects for entry in grouping.entries(account)}
    if applied.existing:
        positions |= {at for at, cell in enumerate(columns.id) if cell.tobytes() in applied.existing}
    return sorted(positions)


def _evaluate_some(
    connection: psycopg.Connection[Any],
    columns: Columns,
    grouping: Grouping,
    applied: Applied,
    results: list[Result],
    now_us: int,
) -> None:
    suspects = state.balances(connection, [grouping.ids[at].tobytes() for at in applied.suspects])
    accounts = {id_: row.state for id_, row in suspects.items()}
    account_of = np.empty(len(grouping.order), np.int64)
    account_of[grouping.order] = grouping.account
    intents = []
    positions = _positions(columns, grouping, applied)
    for at in positions:
        for account in (int(account_of[2 * at]), int(account_of[2 * at + 1])):
            if account not in applied.suspects:
                # Let through whole: it has room for anything in this batch, so a clean slate stands for it.
                accounts.setdefault(
                    grouping.ids[account].tobytes(), AccountState(int(grouping.ledgers[account]), 0)
                )
        intents.append(
            Intent(
                columns.id[at].tobytes(), columns.debit[at].tobytes(), columns.credit[at].tobytes(),
                int(columns.amount[at]), int(columns.ledger[at]), int(columns.code[at]), 0, bytes(16), 0,
                columns.user_data[at].tobytes(), int(columns.booked[at]),
            )
        )  # fmt: skip
    known = state.known_transfers(connection, applied.existing)
    answers, _ = evaluate(intents, State(accounts, {}, known), now_us)
    for at, answer in zip(positions, answers, strict=True):
        results[at] = answer


def _amend(
    connection: psycopg.Connection[Any],
    columns: Columns,
    grouping: Grouping,
    applied: Applied,
    accepted: NDArray[np.bool_],
) -> set[int]:
    """Bring the accounts that the exact rules concerned to what was accepted; return them."""
    account_of = np.empty(len(grouping.order), np.int64)
    account_of[grouping.order] = grouping.account
    refused = np.flatnonzero(~accepted)
    touched = (applied.suspects | set(account_of[2 * refused].tolist()) | set(account_of[2 * refused + 1].tolist()))
    accounts = sorted(touched - applied.missing)
    if not accounts:
        return set()
    debits, credits, counts = [], [], []
    lasts = np.empty(len(accounts), ID)
    for row, account in enumerate(accounts):
        entries = grouping.entries(account)
        kept = entries[accepted[entries >> 1]]
        is_debit = kept & 1 == 0
        amounts = columns.amount[kept >> 1]
        untouched = account in applied.suspects
        debits.append(int(amounts[is_debit].sum()) - (0 if untouched else int(grouping.debits[account])))
        credits.append(int(amounts[~is_debit].sum()) - (0 if untouched else int(grouping.credits[account])))
        counts.append(len(kept) - (0 if untouched else int(grouping.counts[account])))
        lasts[row] = columns.id[kept[-1] >> 1] if len(kept) else applied.previous[account]
    state.amend(
        connection,
        grouping.ids[accounts],
        (np.zeros(len(accounts)), np.array(debits), np.zeros(len(accounts)), np.array(credits)),
        np.array(counts),
        lasts,
    )
    return set(accounts)


def _links(
    columns: Columns, grouping: Grouping, applied: Applied, accepted: NDArray[np.bool_]
) -> NDArray[Any]:
    """Return, for each entry, the transfer that touched its account before."""
    links = np.zeros(2 * len(columns), ID)
    kept = accepted[grouping.order >> 1]
    order, account = grouping.order[kept], grouping.account[kept]
    if not len(order):
        return links
    before = np.concatenate([_ONE_NO_ID, columns.id[order[:-1] >> 1]])
    first = np.ones(len(order), bool)
    first[1:] = account[1:] != account[:-1]
    before[first] = applied.previous[account[first]]
    links[order] = before
    return links


def _append(
    connection: psycopg.Connection[Any],
    columns: Columns,
    grouping: Grouping,
    applied: Applied,
    results: Iterable[Result],
    accepted: NDArray[np.bool_],
    now_us: int,
) -> None:
    codes = np.zeros(len(columns), np.int64)
    if not accepted.all():
        codes = np.fromiter((records.kept_code(result) for result in results), np.int64, len(columns))
    kept = np.flatnonzero(codes >= 0)
    if not len(kept):
        return
    rows = np.zeros(len(kept), records.RECORD)
    rows["seq"] = records.seqs(applied.batches, kept)
    rows["posted_us"] = now_us
    rows["id"], rows["debit"], rows["credit"] = columns.id[kept], columns.debit[kept], columns.credit[kept]
    rows["amount"], rows["ledger"], rows["code"] = columns.amount[kept], columns.ledger[kept], columns.code[kept]
    rows["user_data"], rows["booked"], rows["result"] = columns.user_data[kept], columns.booked[kept], codes[kept]
    links = _links(columns, grouping, applied, accepted)
    records.append(connection, rows, links[0::2][kept], links[1::2][kept])


def _mark(
    connection: psycopg.Connection[Any],
    columns: Columns,
    grouping: Grouping,
    applied: Applied,
    accepted: NDArray[np.bool_],
    amended: set[int],
    now_us: int,
) -> None:
    collected = marks.Marks(now_us)
    accounts = sorted(applied.crossing | amended)
    after = state.balances(connection, [grouping.ids[at].tobytes() for at in accounts])
    for account in accounts:
        entries = grouping.entries(account)
        kept = entries[accepted[entries >> 1]]
        if not len(kept):
            continue
        positions, is_debit = kept >> 1, kept & 1 == 0
        amounts = columns.amount[positions]
        nothing = np.zeros(len(kept), np.int64)
        account_id = grouping.ids[account].tobytes()
        collected.add(
            account_id,
            after[account_id],
            records.seqs(applied.batches, positions),
            columns.id[positions],
            (nothing, np.where(is_debit, amounts, 0), nothing, np.where(is_debit, 0, amounts)),
        )
    collected.write(connection)
