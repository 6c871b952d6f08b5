"""Posting a well-formed batch: one pass over its accounts, the exact rules only where they can matter.

1. Take the pending transfers that posts and voids resolve, and fill in from them what these leave out; group the batch by
   account (numpy); let ``ledger_apply`` lock, check and change the accounts in the order of their ids, as if every transfer
   were accepted.
2. An account that *might* break a rule comes back untouched. Only the chains that touch such accounts, or ids that exist
   already, and posts and voids that do not fit what they resolve are evaluated in turn (``evaluation``), and what that
   changes is amended.
3. Link each account's transfers into its history, and append.

Why this is exact: an account that was let through has room for all its adverse amounts of this batch together without
any of the favourable ones, so no order of events and no refusal elsewhere can break its limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from . import marks, records, state, wire
from .columns import unix_us
from .domain import AMOUNT_MAX
from .domain import CreateTransferResult as Result
from .evaluation import LINKED, PENDING, VOID, AccountState, evaluate
from .grouping import Grouping, group, sorted_order
from .wire import ID, INT4, INT8

if TYPE_CHECKING:
    import psycopg
    from numpy.typing import NDArray

    from raseed.kernel.clock import Clock

    from .columns import Columns

_ANSWERS: Final = b"SELECT batches, xid, touched, prev, refused, crossing, existing, standing FROM "
_APPLY_PLAIN: Final = _ANSWERS + b"ledger_apply_plain($1,$2,$3,$4,$5,$6,$7,$8)"
_APPLY_ANY: Final = _ANSWERS + b"ledger_apply_any($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)"


@dataclass(slots=True)
class Holds:
    """The pending transfers that the batch's posts and voids resolve, taken out."""

    taken: state.Taken
    positions: NDArray[np.int64]
    """For each of those taken, the position of what resolves it."""
    unfit: set[int]
    """Positions of posts and voids that can't resolve what they name: it is not there, or another, or its time is over."""

    def refuse_late(self, now_us: int) -> None:
        """Refuse those that came in time and then waited for the locks until after the deadline."""
        self.unfit |= set(self.positions[self.taken.expires_us <= now_us].tolist())


@dataclass(slots=True)
class Batch:
    """A batch on its way; accounts by their index in the grouping, transfers by their position."""

    columns: Columns
    grouping: Grouping
    numbers: NDArray[np.int64]
    """The batch numbers, taken after the locks."""
    xid: int
    now_us: int
    previous: NDArray[Any]
    """Each account's last transfer before this batch."""
    suspects: set[int]
    """Accounts left untouched, or not found: they need the exact rules."""
    missing: set[int]
    standing: dict[int, state.BalanceRow]
    """How the suspects stand (as before the batch, until they are amended), and the accounts that cross a mark."""
    existing: set[bytes]
    holds: Holds
    results: list[Result] = field(default_factory=list)
    accepted: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))

    def sorted_entries(self, account: int) -> NDArray[np.int64]:
        """Return the accepted entries of one account, in order."""
        entries = self.grouping.entries(account)
        kept: NDArray[np.int64] = entries[self.accepted[entries >> 1]]
        return kept


def post_optimistic(
    connection: psycopg.Connection[Any], columns: Columns, clock: Clock, *, check_ids: bool
) -> tuple[list[Result], int]:
    """Post a batch in the open transaction; answer a result each, and the transaction's number.

    Raises:
        psycopg.errors.UniqueViolation: an id exists already and ``check_ids`` was off, or another transaction posted
            the same id at the same moment with other accounts. Nothing of the transaction can be kept then.
        psycopg.errors.SerializationFailure: see ``state.books``.
    """
    earlier_us = unix_us(clock.now())
    holds = _take_holds(connection, columns, earlier_us)
    batch = _apply(connection, columns, holds, check_ids=check_ids)
    batch.now_us = max(unix_us(clock.now()), earlier_us)
    holds.refuse_late(batch.now_us)
    batch.results = [Result.OK] * len(columns)
    batch.accepted = np.ones(len(columns), bool)
    if batch.suspects or batch.existing or holds.unfit:
        _evaluate_some(connection, batch)
        _amend(connection, batch)
    _append(connection, batch)
    if not columns.all_plain:
        _keep_pendings(connection, batch)
    _mark(connection, batch)
    return batch.results, batch.xid


def _take_holds(connection: psycopg.Connection[Any], columns: Columns, now_us: int) -> Holds:
    """Take what posts and voids resolve, and fill in what they leave out. Those that don't fit move nothing."""
    if not len(columns.posts):
        return Holds(state.NONE_TAKEN, columns.posts, set())
    posts = columns.posts[sorted_order(columns.pending_id[columns.posts])]
    taken = state.take(connection, columns.pending_id[posts])
    positions = posts[taken.places]
    amounts, is_void = columns.amount[positions], columns.flags[positions] & VOID != 0
    is_all = (amounts == 0) | (amounts == AMOUNT_MAX)
    fits = (
        (taken.expires_us > now_us)
        & (is_all | (amounts == taken.amount) | ((amounts < taken.amount) & ~is_void))
        & ((columns.ledger[positions] == 0) | (columns.ledger[positions] == taken.ledger))
        & ((columns.code[positions] == 0) | (columns.code[positions] == taken.code))
    )
    nothing = np.zeros(1, ID)
    for named, actual in ((columns.debit, taken.debit), (columns.credit, taken.credit)):
        fits &= (named[positions] == nothing) | (named[positions] == actual)
    amount = np.where(is_all, taken.amount, amounts)[fits]
    fitting = positions[fits]
    debit, credit, user_data = columns.debit.copy(), columns.credit.copy(), columns.user_data.copy()
    debit[fitting], credit[fitting] = taken.debit[fits], taken.credit[fits]
    given = user_data[fitting]
    user_data[fitting] = np.where(given == nothing, taken.user_data[fits], given)
    columns.debit, columns.credit, columns.user_data = debit, credit, user_data
    columns.amount[fitting], columns.ledger[fitting], columns.code[fitting] = (
        amount,
        taken.ledger[fits],
        taken.code[fits],
    )
    columns.pending_change[fitting] = -taken.amount[fits]
    columns.posted_change[fitting] = np.where(is_void[fits], 0, amount)
    return Holds(taken, positions, set(columns.posts.tolist()) - set(fitting.tolist()))


def _apply(connection: psycopg.Connection[Any], columns: Columns, holds: Holds, *, check_ids: bool) -> Batch:
    grouping = group(columns)
    lasts = columns.id[grouping.order[grouping.starts + grouping.counts - 1] >> 1]
    is_plain = columns.all_plain and columns.one_ledger
    ledgers = wire.int4(int(columns.ledger[0])) if is_plain else wire.int4s(grouping.ledgers)
    shared = [wire.uuids(grouping.ids), ledgers, *(wire.int8s(side) for side in grouping.adverse)]
    last = [
        wire.uuids(lasts), wire.int4s(grouping.counts), wire.uuids(columns.id) if check_ids else None,
        wire.int4(records.batches_for(len(columns))),
    ]  # fmt: skip
    if is_plain:
        answer = wire.call(connection, _APPLY_PLAIN, [*shared, *last])
    else:
        answer = wire.call(connection, _APPLY_ANY, [*shared, *(wire.int8s(column) for column in grouping.sums), *last])
    touched = wire.read_array(answer.get_value(0, 2), INT4).astype(np.int64) - 1
    previous = wire.read_array(answer.get_value(0, 3), ID)
    missing: set[int] = set()
    if len(touched) < len(grouping.ids):
        found, previous = previous, np.zeros(len(grouping.ids), ID)
        previous[touched] = found
        missing = set(range(len(grouping.ids))) - set(touched.tolist())
    refused, crossing = ((wire.read_array(answer.get_value(0, at), INT4) - 1).tolist() for at in (4, 5))
    standing = wire.read_matrix(answer.get_value(0, 7), 7).tolist()
    return Batch(
        columns=columns,
        grouping=grouping,
        numbers=wire.read_array(answer.get_value(0, 0), INT8),
        xid=int.from_bytes(answer.get_value(0, 1) or b""),
        now_us=0,
        previous=previous,
        suspects=missing.union(refused),
        missing=missing,
        standing={
            account: state.BalanceRow(AccountState(*row[:6]), row[6], previous[account].tobytes())
            for account, row in zip([*refused, *crossing], standing, strict=True)
        },
        existing={cell.tobytes() for cell in wire.read_array(answer.get_value(0, 6), ID)},
        holds=holds,
    )


def _anomalous(batch: Batch) -> list[int]:
    """Return the positions of all transfers that need the exact rules, with their whole chains, in order."""
    columns = batch.columns
    concerned = np.zeros(len(columns), bool)
    for account in batch.suspects:
        concerned[batch.grouping.entries(account) >> 1] = True
    if batch.existing:
        concerned |= np.fromiter((cell.tobytes() in batch.existing for cell in columns.id), bool, len(columns))
    concerned[list(batch.holds.unfit)] = True
    if not columns.all_plain:
        starts_chain = np.ones(len(columns), bool)
        starts_chain[1:] = columns.flags[:-1] & LINKED == 0
        chain = np.cumsum(starts_chain) - 1
        concerned = np.isin(chain, chain[concerned])
    positions: list[int] = np.flatnonzero(concerned).tolist()
    return positions


def _evaluate_some(connection: psycopg.Connection[Any], batch: Batch) -> None:
    columns, grouping = batch.columns, batch.grouping
    found = batch.suspects - batch.missing
    accounts = {grouping.ids[at].tobytes(): replace(batch.standing[at].state) for at in found}
    positions = _anomalous(batch)
    intents = [columns.intent(at) for at in positions]
    for at in positions:
        for account in grouping.account_of[2 * at : 2 * at + 2].tolist():
            if account not in batch.suspects:
                # Let through whole: it has room for anything in this batch, so a clean slate stands for it.
                accounts.setdefault(grouping.ids[account].tobytes(), AccountState(int(grouping.ledgers[account]), 0))
    rows = {at: row for row, at in enumerate(batch.holds.positions.tolist())}
    pendings = {
        intent.pending_id: batch.holds.taken.pending(rows[at])
        for at, intent in zip(positions, intents, strict=True)
        if at in rows
    }
    books = state.books(connection, intents, accounts, pendings)
    answers, _ = evaluate(intents, books, batch.now_us)
    for at, answer in zip(positions, answers, strict=True):
        batch.results[at] = answer
        batch.accepted[at] = answer is Result.OK
    assert not any(batch.accepted[at] for at in batch.holds.unfit), "what does not fit was accepted"


def _amend(connection: psycopg.Connection[Any], batch: Batch) -> None:
    """Bring the accounts that the exact rules concerned to what was accepted."""
    grouping, columns = batch.grouping, batch.columns
    refused = np.flatnonzero(~batch.accepted)
    sides = np.concatenate([grouping.account_of[2 * refused], grouping.account_of[2 * refused + 1]])
    accounts = sorted((batch.suspects | set(sides.tolist())) - batch.missing)
    if not accounts:
        return
    pending, posted = columns.pending_change, columns.posted_change
    changes = np.zeros((5, len(accounts)), np.int64)
    lasts = np.empty(len(accounts), ID)
    for row, account in enumerate(accounts):
        kept = batch.sorted_entries(account)
        debits, credits = kept[kept & 1 == 0] >> 1, kept[kept & 1 == 1] >> 1
        changes[:, row] = (
            pending[debits].sum(), posted[debits].sum(), pending[credits].sum(), posted[credits].sum(), len(kept),
        )  # fmt: skip
        if account not in batch.suspects:
            changes[:, row] -= [*(int(side[account]) for side in grouping.sums), int(grouping.counts[account])]
        lasts[row] = columns.id[kept[-1] >> 1] if len(kept) else batch.previous[account]
        if account in batch.standing:
            batch.standing[account].add(*changes[:, row].tolist())
    state.amend(connection, grouping.ids[accounts], (changes[0], changes[1], changes[2], changes[3]), changes[4], lasts)


def _links(batch: Batch) -> NDArray[Any]:
    """Return, for each entry, the transfer that touched its account before."""
    columns, grouping = batch.columns, batch.grouping
    links = np.zeros(2 * len(columns), ID)
    order, account = grouping.order, grouping.account
    if not batch.accepted.all():
        kept = batch.accepted[order >> 1]
        order, account = order[kept], account[kept]
    if not len(order):
        return links
    before = np.empty(len(order), ID)
    before[1:] = columns.id[order[:-1] >> 1]
    first = np.ones(len(order), bool)
    first[1:] = account[1:] != account[:-1]
    before[first] = batch.previous[account[first]]
    links[order] = before
    return links


def _append(connection: psycopg.Connection[Any], batch: Batch) -> None:
    columns = batch.columns
    kept = np.arange(len(columns))
    codes = np.zeros(len(columns), np.int64)
    refused = np.flatnonzero(~batch.accepted)
    if len(refused):
        codes[refused] = [records.kept_code(batch.results[at]) for at in refused.tolist()]
        kept = np.flatnonzero(codes >= 0)
        if not len(kept):
            return
    rows = np.zeros(len(kept), records.RECORD)
    rows["seq"] = records.seqs(batch.numbers, kept)
    rows["posted_us"] = batch.now_us
    rows["result"] = codes[kept]
    fields = ["id", "debit", "credit", "amount", "ledger", "code", "user_data", "booked"]
    if not columns.all_plain:
        fields += ["flags", "pending_id", "timeout_s"]
    for name in fields:
        rows[name] = getattr(columns, name)[kept]
    links = _links(batch)
    records.append(connection, rows, links[0::2][kept], links[1::2][kept])


def _keep_pendings(connection: psycopg.Connection[Any], batch: Batch) -> None:
    columns = batch.columns
    made = np.flatnonzero((columns.flags & PENDING != 0) & batch.accepted)
    taken, left = batch.holds.taken, np.flatnonzero(~batch.accepted[batch.holds.positions])
    if len(made):
        timeouts = columns.timeout_s[made]
        rows = state.PENDINGS.empty(len(made))
        rows["id"], rows["user_data"], rows["amount"] = columns.id[made], columns.user_data[made], columns.amount[made]
        rows["debit_account_id"], rows["credit_account_id"] = columns.debit[made], columns.credit[made]
        rows["ledger"], rows["code"] = columns.ledger[made], columns.code[made]
        rows["expires_at"] = np.where(timeouts, state.postgres_us(batch.now_us) + timeouts * 1_000_000, state.NEVER_US)
        state.PENDINGS.copy(connection, rows)
    if len(left):
        ids = columns.pending_id[batch.holds.positions[left]]
        state.keep_pendings(
            connection, {id_.tobytes(): taken.pending(row) for id_, row in zip(ids, left.tolist(), strict=True)}
        )


def _mark(connection: psycopg.Connection[Any], batch: Batch) -> None:
    """Mark the accounts that cross. None does that neither crossed nor was a suspect: fewer entries pass no further."""
    columns, grouping = batch.columns, batch.grouping
    collected = marks.Marks(batch.now_us)
    pending, posted = columns.pending_change, columns.posted_change
    for account, after in sorted(batch.standing.items()):
        kept = batch.sorted_entries(account)
        if not marks.crosses(after.entries - len(kept), after.entries):
            continue
        positions, is_debit = kept >> 1, kept & 1 == 0
        held, moved = pending[positions], posted[positions]
        collected.add(
            grouping.ids[account].tobytes(),
            after,
            records.seqs(batch.numbers, positions),
            columns.id[positions],
            (
                np.where(is_debit, held, 0),
                np.where(is_debit, moved, 0),
                np.where(is_debit, 0, held),
                np.where(is_debit, 0, moved),
            ),
        )
    collected.write(connection)
